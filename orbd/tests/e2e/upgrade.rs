//! Records of older versions, as those versions left them, under today's programs.

use std::{
    fmt::Debug,
    fs::File,
    io,
    path::Path,
    process::{Child, Stdio},
};

use flate2::read::GzDecoder;
use orb_core::{Money, Timestamp};
use orbd::{
    store::{
        AuditFilter, CommandFilter, DatabaseUrl, DateRange, DecisionFilter, FillFilter, Ledger, LogFilter, OrderFilter,
        Page, PageRequest, Reader, SignalFilter, TradeFilter, TradeRow,
    },
    view::Environment,
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    cluster::Cluster,
    daemon::{orbd, text},
};

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
            io::copy(&mut self.kept(kept), &mut File::create(folder.path().join(name)).unwrap()).unwrap();
        }
        folder
    }

    /// Puts the records into a new database on a server, and returns its address.
    fn restore(&self, cluster: &Cluster) -> String {
        let url = cluster.database();
        let mut psql = cluster.program("psql");
        psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", &url])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped());
        let mut psql: Child = psql.spawn().unwrap();
        io::copy(&mut self.kept("sql"), &mut psql.stdin.take().unwrap()).unwrap();
        let ended = psql.wait_with_output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        url
    }

    /// Opens a file that is kept.
    fn kept(&self, kept: &str) -> GzDecoder<File> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/upgrade/{}.{kept}.gz", self.version));
        GzDecoder::new(File::open(path).unwrap())
    }

    fn reader(&self, database: &str) -> Reader {
        Reader::open(&DatabaseUrl::parse(database).unwrap(), &Ledger::new(Environment::Sim, self.account)).unwrap()
    }
}

/// Returns the address of a folder's records.
fn in_folder(folder: &Path) -> String {
    format!("sqlite://{}", folder.join("orb.db").display())
}

/// Reads the trades in the form in which they are written down here.
fn trades(database: &str, old: &Old) -> Vec<(String, String, i64, i64, i64, String)> {
    let mut rows = old.reader(database).list_trades(&TradeFilter::default(), &PageRequest::first(1000)).unwrap().rows;
    rows.sort_by_key(|row| row.trade.exit_time);
    rows.into_iter()
        .map(|TradeRow { trade, attempt, .. }| {
            let reason = trade.exit_reason.map(|reason| reason.code().to_owned()).unwrap_or_default();
            let [paid, taken] = [trade.entry_notional, trade.exit_notional].map(Money::micros);
            (attempt.symbol, trade.side.to_string(), trade.entered.shares(), paid, taken, reason)
        })
        .collect()
}

/// Reads everything that there is, a line for each row, under the name of what it is.
fn everything(database: &str, old: &Old) -> Vec<(&'static str, Vec<String>)> {
    let (reader, page) = (old.reader(database), PageRequest::first(1000));
    let always = (Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
    let sessions = reader.sessions(DateRange::default()).unwrap();
    let explained = sessions.iter().flat_map(|session| reader.explanations(session.date, None).unwrap()).collect();
    let unprotected = reader.unprotected_times().unwrap();
    vec![
        ("trades", all(&reader.list_trades(&TradeFilter::default(), &page).unwrap())),
        ("signals", all(&reader.list_signals(&SignalFilter::default(), &page).unwrap())),
        ("orders", all(&reader.list_orders(&OrderFilter::default(), &page).unwrap())),
        ("fills", all(&reader.list_fills(&FillFilter::default(), &page).unwrap())),
        ("decisions", all(&reader.list_decisions(&DecisionFilter::default(), &page).unwrap())),
        ("commands", all(&reader.list_commands(&CommandFilter::default(), &page).unwrap())),
        ("audits", all(&reader.list_audits(&AuditFilter::default(), &page).unwrap())),
        ("logs", all(&reader.list_logs(&LogFilter::default(), &page).unwrap())),
        ("sessions", lines(&sessions)),
        ("equity", lines(&reader.equity(always.0, always.1).unwrap())),
        ("holds", lines(&reader.holds(always.0, always.1).unwrap())),
        ("parity", lines(&reader.parity_reports(DateRange::default()).unwrap())),
        ("unprotected", lines(&unprotected)),
        ("explanations", explained),
        ("chains", vec![chains(database)]),
    ]
}

/// Lists the rows of a page that has them all.
fn all<T: Debug>(page: &Page<T>) -> Vec<String> {
    assert!(page.next.is_none(), "there are more rows");
    lines(&page.rows)
}

fn lines<T: Debug>(rows: &[T]) -> Vec<String> {
    rows.iter().map(|row| format!("{row:?}")).collect()
}

/// Verifies the records, and returns how far the chains go and their last hashes.
fn chains(database: &str) -> String {
    let told: Value =
        serde_json::from_str(&orbd(&["verify", "--json", "--database", database]).succeeded().out).unwrap();
    assert_eq!(told["sound"], true, "{told}");
    told["ledgers"].to_string()
}

/// Returns the trades that must be there.
fn expected(old: &Old) -> Vec<(String, String, i64, i64, i64, String)> {
    let owned = |&(symbol, side, shares, paid, taken, reason): &Trade| {
        (symbol.to_owned(), side.to_owned(), shares, paid, taken, reason.to_owned())
    };
    old.trades.iter().map(owned).collect()
}

/// Brings records to this version's schema, and looks at what is told.
fn upgrade(database: &str) {
    let of = |action| orbd(&["migrate", action, "--database", database]).succeeded().out;
    let status = of("status");
    assert!(status.contains("pending"), "{status}");
    let applied = of("up");
    assert!(applied.contains("0011        applied now"), "{applied}");
    let again = of("up");
    assert!(!again.contains("applied now"), "{again}");
}

#[test]
fn records_of_older_versions_are_brought_to_this_schema_and_nothing_in_them_changes() {
    for old in OLD {
        let folder = old.unpack();
        let (place, database) = (text(folder.path()), in_folder(folder.path()));
        upgrade(&database);
        assert_eq!(trades(&database, &old), expected(&old), "{}", old.version);
        let verified = orbd(&["verify", "--data-dir", place]).succeeded().out;
        assert!(verified.contains("Every row is as it was written."), "{verified}");
        let copy = folder.path().join("copy.db");
        orbd(&["backup", "--data-dir", place, "--to", text(&copy)]).succeeded();
    }
}

#[test]
fn records_of_older_versions_on_a_server_are_those_in_a_file_after_the_upgrade() {
    let Some(cluster) = Cluster::start() else { return };
    for old in OLD {
        let (folder, server) = (old.unpack(), old.restore(&cluster));
        let file = in_folder(folder.path());
        upgrade(&file);
        upgrade(&server);
        assert_eq!(trades(&server, &old), expected(&old), "{}", old.version);
        for (on_server, in_file) in everything(&server, &old).into_iter().zip(everything(&file, &old)) {
            assert_eq!(on_server, in_file, "{}", old.version);
        }
        let copy = folder.path().join("copy.db");
        orbd(&["backup", "--database", &server, "--to", text(&copy)]).succeeded();
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
    assert_eq!(trades(&in_folder(restored.path()), old), expected(old));
    orbd(&["verify", "--data-dir", text(restored.path())]).succeeded();
}
