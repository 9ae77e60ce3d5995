//! Records of older versions, as those versions left them, under today's programs.

use std::{fs::File, io, path::Path};

use flate2::read::GzDecoder;
use orb_core::Money;
use orbd::{
    store::{DatabaseUrl, Ledger, PageRequest, Reader, TradeFilter, TradeRow},
    view::Environment,
};
use tempfile::TempDir;

use crate::daemon::{orbd, text};

/// What an older version left.
struct Old {
    /// Its last migration.
    version: &'static str,
    account: &'static str,
    /// Symbol, side, shares, micro-dollars paid and taken, and why it was left; by the time of the exit.
    trades: &'static [Trade],
}

type Trade = (&'static str, &'static str, i64, i64, i64, &'static str);

const OLD: [Old; 2] = [
    Old {
        version: "0002",
        account: "PA93FE3A6E8F",
        trades: &[
            ("HUSKEL", "long", 35, 16_741_900_000, 17_142_300_000, "target"),
            ("BRONEK", "long", 294, 15_496_740_000, 15_285_060_000, "stop"),
            ("FLIMON", "long", 2857, 23_227_410_000, 22_970_280_000, "stop"),
            ("DRAVEK", "long", 59, 13_795_380_000, 13_824_290_000, "flatten"),
            ("GRELTA", "long", 263, 25_610_940_000, 25_981_770_000, "flatten"),
        ],
    },
    Old {
        version: "0007",
        account: "PA6B876419AB",
        trades: &[
            ("SKEDAR", "short", 41, 10_764_550_000, 10_964_630_000, "stop"),
            ("HUSKEL", "long", 35, 16_741_550_000, 17_141_250_000, "target"),
            ("VULPEK", "long", 93, 17_239_410_000, 17_038_530_000, "stop"),
            ("PLOVAN", "long", 1000, 21_680_000_000, 21_460_000_000, "stop"),
            ("GRELTA", "long", 263, 25_608_310_000, 26_013_330_000, "target"),
            ("RUNDAK", "short", 222, 13_222_320_000, 13_029_180_000, "time_exit"),
        ],
    },
];

impl Old {
    /// Puts the records into a new folder.
    fn unpack(&self) -> TempDir {
        let folder = TempDir::new().unwrap();
        for (kept, name) in [("db", "orb.db"), ("logs.db", "orb.logs.db")] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/upgrade/{}.{kept}.gz", self.version));
            let mut from = GzDecoder::new(File::open(path).unwrap());
            io::copy(&mut from, &mut File::create(folder.path().join(name)).unwrap()).unwrap();
        }
        folder
    }
}

/// Reads the trades of a folder in the form in which they are written down here.
fn trades(folder: &Path, old: &Old) -> Vec<(String, String, i64, i64, i64, String)> {
    let url = DatabaseUrl::sqlite(folder.join("orb.db"));
    let reader = Reader::open(&url, &Ledger::new(Environment::Sim, old.account)).unwrap();
    let mut rows = reader.list_trades(&TradeFilter::default(), &PageRequest::first(1000)).unwrap().rows;
    rows.sort_by_key(|row| row.trade.exit_time);
    rows.into_iter()
        .map(|TradeRow { trade, attempt, .. }| {
            let reason = trade.exit_reason.map(|reason| reason.code().to_owned()).unwrap_or_default();
            let [paid, taken] = [trade.entry_notional, trade.exit_notional].map(Money::micros);
            (attempt.symbol, trade.side.to_string(), trade.entered.shares(), paid, taken, reason)
        })
        .collect()
}

/// Returns the trades that must be there.
fn expected(old: &Old) -> Vec<(String, String, i64, i64, i64, String)> {
    let owned = |&(symbol, side, shares, paid, taken, reason): &Trade| {
        (symbol.to_owned(), side.to_owned(), shares, paid, taken, reason.to_owned())
    };
    old.trades.iter().map(owned).collect()
}

#[test]
fn records_of_older_versions_are_brought_to_this_schema_and_nothing_in_them_changes() {
    for old in OLD {
        let folder = old.unpack();
        let place = text(folder.path());
        let status = orbd(&["migrate", "status", "--data-dir", place]).succeeded().out;
        assert!(status.contains("pending"), "{status}");
        let applied = orbd(&["migrate", "up", "--data-dir", place]).succeeded().out;
        assert!(applied.contains("0011        applied now"), "{applied}");
        let again = orbd(&["migrate", "up", "--data-dir", place]).succeeded().out;
        assert!(!again.contains("applied now"), "{again}");

        assert_eq!(trades(folder.path(), &old), expected(&old), "{}", old.version);
        let verified = orbd(&["verify", "--data-dir", place]).succeeded().out;
        assert!(verified.contains("Every row is as it was written."), "{verified}");
        let copy = folder.path().join("copy.db");
        orbd(&["backup", "--data-dir", place, "--to", text(&copy)]).succeeded();
    }
}

#[test]
fn a_copy_made_before_an_upgrade_is_restored_by_putting_it_in_place() {
    let old = &OLD[1];
    let folder = old.unpack();
    let place = text(folder.path());
    // What the runbook says: a copy first, then the upgrade; back by the copy, without log lines.
    let copy = folder.path().join("copy.db");
    orbd(&["migrate", "up", "--data-dir", place]).succeeded();
    orbd(&["backup", "--data-dir", place, "--to", text(&copy)]).succeeded();
    let restored = TempDir::new().unwrap();
    std::fs::copy(&copy, restored.path().join("orb.db")).unwrap();
    let status = orbd(&["migrate", "up", "--data-dir", text(restored.path())]).succeeded().out;
    assert!(status.contains("logs 0002   applied now"), "log lines have a new file: {status}");
    assert_eq!(trades(restored.path(), old), expected(old));
    orbd(&["verify", "--data-dir", text(restored.path())]).succeeded();
}
