//! One dataset for backtests and sweeps: bars that are imported are summed up, and the sums stand in for bars.

use std::{fs, path::Path};

use orb_core::Date;
use orb_data::{Dataset, dataset::Table};
use tempfile::TempDir;

use crate::{
    daemon::{orbd, text},
    market::{Files, Outcome, backtest},
};

fn date(text: &str) -> Date {
    text.parse().expect("as written by the test")
}

/// Settings under which the made-up market has Stocks in Play.
const SETTINGS: [&str; 8] =
    ["--preset", "orb-sip", "--set", "average_volume_min=100000", "--set", "atr_min=0.2", "--set", "rvol_min=0.5"];

fn run(dataset: &Path) -> Outcome {
    backtest(dataset, None, date("2026-03-02"), &SETTINGS)
}

fn import(dataset: &Path, bars: &Path, more: &[&str]) {
    let arguments = ["data", "import", text(dataset), "--bars", text(bars), "--quiet"];
    orbd(&[&arguments, more].concat()).succeeded();
}

#[test]
fn days_of_which_only_the_tables_are_there_count_as_their_minutes_do() {
    let files = Files::synthetic_in_one("parquet");
    let (folder, expect) =
        (TempDir::new().expect("as written by the test"), backtest(&files.bars, None, date("2026-03-02"), &SETTINGS));
    assert!(expect.trades.len() > 1, "{expect:?}");
    let dataset = folder.path().join("dataset");
    import(&dataset, &files.bars, &[]);
    assert_eq!(run(&dataset), expect);
    // Without the minutes of the days before, what was summed up of them is what is known.
    let opened = Dataset::open(&dataset).expect("as written by the test");
    assert_eq!(
        opened.table_dates(Table::Daily).expect("as written by the test"),
        opened.dates().expect("as written by the test")
    );
    for before in
        opened.dates().expect("as written by the test").into_iter().filter(|before| *before < date("2026-03-02"))
    {
        fs::remove_dir_all(dataset.join(format!("bars/date={before}"))).expect("as written by the test");
    }
    assert_eq!(
        Dataset::open(&dataset).expect("as written by the test").dates().expect("as written by the test"),
        [date("2026-03-02")]
    );
    assert_eq!(run(&dataset), expect);
    // Without the tables too, nothing is known any more.
    fs::remove_dir_all(dataset.join("daily")).expect("as written by the test");
    assert_eq!(run(&dataset).trades.len(), 1, "the header alone");
}

#[test]
fn bars_that_are_replaced_are_summed_up_again() {
    let folder = TempDir::new().expect("as written by the test");
    let (dataset, bars) = (folder.path().join("dataset"), folder.path().join("bars.csv"));
    let write = |close: &str| {
        let row = |minute: u32| format!("AA,2026-02-27T14:{:02}:00Z,10,11,9,{close},{}\n", 30 + minute, 100 + minute);
        let rows: String = (0..6).map(row).collect();
        fs::write(&bars, format!("symbol,ts,open,high,low,close,volume\n{rows}")).expect("as written by the test");
    };
    let close = || {
        Dataset::open(&dataset)
            .expect("as written by the test")
            .daily(date("2026-02-27"))
            .expect("as written by the test")[0]
            .close
            .to_string()
    };
    write("10.5");
    import(&dataset, &bars, &["--feed", "sip"]);
    assert_eq!(close(), "10.5");
    let opened = Dataset::open(&dataset).expect("as written by the test");
    assert_eq!(opened.openings(date("2026-02-27"), 5).expect("as written by the test")[0].volume, Some(510));
    write("10.25");
    import(&dataset, &bars, &["--feed", "sip", "--replace"]);
    assert_eq!(close(), "10.25");
}
