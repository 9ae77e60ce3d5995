//! The run phase: the engine that trades live over bars in memory, on one thread.
//!
//! Beside it the machine's own bound: a loop written by hand for one rule, over the same bars.

mod bound;
mod market;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use market::Market;
use orb_backtest::FillModel;
use std::hint::black_box;

/// The number in the goals: 20 symbols, 252 sessions of 390 minutes.
fn year_of_20(criterion: &mut Criterion) {
    let market = Market::walk(20, 252);
    let mut group = criterion.benchmark_group("run/20x252");
    group.sample_size(10).throughput(Throughput::Elements(market.bars()));
    for name in ["orb-classic", "orb-etf", "orb-sip"] {
        group.bench_function(name, |bencher| bencher.iter(|| market.run(name, FillModel::Pessimistic)));
    }
    let opens = bound::opens(&market);
    group.bench_function("by-hand", |bencher| bencher.iter(|| bound::by_hand(black_box(&market), black_box(&opens))));
    group.finish();
}

/// The cost of a bar as the number of symbols grows; about two million bars each.
fn by_symbols(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("run/symbols");
    group.sample_size(10);
    for (symbols, sessions) in [(1, 5_040), (5, 1_008), (20, 252), (50, 101), (200, 25)] {
        let market = Market::walk(symbols, sessions);
        group.throughput(Throughput::Elements(market.bars()));
        let run = |market: &Market| market.run("orb-classic", FillModel::Pessimistic);
        group.bench_with_input(BenchmarkId::from_parameter(symbols), &market, |bencher, market| {
            bencher.iter(|| run(market));
        });
    }
    group.finish();
}

criterion_group!(benches, year_of_20, by_symbols);
criterion_main!(benches);
