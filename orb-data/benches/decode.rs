//! How fast bars come out of zstd Parquet: 20 symbols, 252 sessions, one-minute bars, 1.9 million rows.
//!
//! `arrow` decodes the columns through the parquet crate and does nothing with them: what this machine can do on one
//! thread. `load` makes checked bars of them in memory, `stream` gives them day by day.

use std::fs::File;
use std::hint::black_box;
use std::num::NonZero;
use std::path::{Path, PathBuf};

use criterion::{
    BatchSize, BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use orb_core::{Calendar, Date};
use orb_data::bars::stream;
use orb_data::synthetic::{SyntheticMarket, SyntheticOptions};
use orb_data::{BarSet, LoadOptions, load, nyse_calendar, write};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const SYMBOLS: usize = 20;
const SESSIONS: usize = 252;

fn decode(criterion: &mut Criterion) {
    let calendar = nyse_calendar(2024, 2026);
    let folder = tempfile::tempdir().expect("a folder");
    let (symbols, single) = (folder.path().join("symbols"), folder.path().join("single"));
    let rows = write_market(&calendar, &symbols, &single);
    for (name, root) in [("a file for each symbol", &symbols), ("one file by time", &single)] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).throughput(Throughput::Elements(rows));
        bench(&mut group, &calendar, root);
        group.finish();
    }
}

fn bench(group: &mut BenchmarkGroup<'_, WallTime>, calendar: &Calendar, root: &Path) {
    let files: Vec<PathBuf> =
        std::fs::read_dir(root).expect("a folder").map(|entry| entry.expect("a file").path()).collect();
    group.bench_function("arrow, 1 thread", |bencher| {
        bencher.iter(|| files.iter().map(|path| decode_only(path)).sum::<usize>());
    });
    for threads in [1, 2] {
        let options = LoadOptions { threads: NonZero::new(threads), ..LoadOptions::new(calendar) };
        let paths = || vec![root.to_owned()];
        group.bench_function(format!("load, {threads} threads"), |bencher| {
            bencher.iter_batched(paths, |paths| load(&paths, options).expect("bars"), BatchSize::PerIteration);
        });
        group.bench_function(format!("stream, {threads} threads"), |bencher| {
            bencher.iter_batched(paths, |paths| count_streamed(&paths, options), BatchSize::PerIteration);
        });
    }
}

fn decode_only(path: &Path) -> usize {
    let builder = ParquetRecordBatchReaderBuilder::try_new(File::open(path).expect("a file")).expect("Parquet");
    let batches = builder.with_batch_size(8_192).build().expect("a reader");
    batches.map(|batch| black_box(batch.expect("rows")).num_rows()).sum()
}

fn count_streamed(paths: &[PathBuf], options: LoadOptions<'_>) -> usize {
    let count = stream(paths, &[], options, |days| {
        let mut bars = 0;
        while let Some(day) = days.next_day().expect("files in order") {
            bars += day.trade.map_or(0, |session| session.bars().len());
        }
        bars
    });
    count.expect("bars")
}

/// Writes the market in both layouts and returns its number of rows.
fn write_market(calendar: &Calendar, symbols: &Path, single: &Path) -> u64 {
    let first_date = Date::from_ymd_opt(2025, 1, 2).expect("a date");
    let options = SyntheticOptions { symbols: SYMBOLS, sessions: SESSIONS, first_date };
    let market = SyntheticMarket::new(7, options).generate(calendar).expect("a market");
    for folder in [symbols, single] {
        std::fs::create_dir(folder).expect("a folder");
    }
    write::write(&single.join("bars.parquet"), &market.trade).expect("a file");
    for (symbol, name) in market.symbols().iter() {
        let bars = market.trade.iter().filter(|bar| bar.symbol == symbol).copied().collect();
        let set = BarSet::from_bars(market.symbols().clone(), market.bar_length(), calendar, bars).expect("valid bars");
        write::write(&symbols.join(format!("{name}.parquet")), &set).expect("a file");
    }
    market.trade.len() as u64
}

criterion_group!(benches, decode);
criterion_main!(benches);
