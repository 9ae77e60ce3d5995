//! `orbd data` against a local Alpaca: reference data is fetched once, survives whatever interrupts it, and says the same
//! as the bars that it sums up.

use std::{
    fs,
    path::PathBuf,
    time::{Duration, Instant},
};

use orb_core::{
    Bar, Calendar, Date, Price, Session, Span, Symbol, SymbolTable,
    event::SymbolReference,
    history::{History, Split},
};
use orb_data::{
    BarSet, Dataset, Dropped, Loaded,
    dataset::Table,
    reference::{Reference, Wanted},
};
use orb_sim::broker::MarginRequirement;
use orb_sim::{Running, Server, SimConfig, market::MarketSource};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::daemon::{Ended, Process, orbd, program, signal, text};

/// Sessions of history.
const DAYS: usize = 16;
/// The date from which on `OLD` is called `NEW`, and `SPLIT` has four shares for one.
const CHANGED: &str = "2026-02-20";
const MINUTE: Span = Span::from_minutes(1);

fn calendar() -> Calendar {
    orb_data::nyse_calendar(2025, 2027)
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn today(calendar: &Calendar) -> Session {
    *calendar.session(date("2026-03-02")).unwrap()
}

/// Returns the bars of a session: nine minutes, each of another price and volume, and one in the afternoon.
fn bars(table: &SymbolTable, names: &[(&str, i64)], session: &Session, day: i64) -> Vec<Bar> {
    let minutes = [0, 1, 2, 3, 4, 5, 6, 7, 8, 200];
    let of_name = |&(name, cents): &(&str, i64)| {
        let symbol = table.id(&Symbol::new(name).unwrap()).unwrap();
        minutes.map(move |minute: i64| {
            let base = cents + day % 7 + minute % 5;
            let [open, high, low, close] = [0, 9, -9, 4].map(|more| Price::from_cents(base + more));
            // A quarter of the shares at four times the price.
            let volume = u64::try_from((1_200 + 40 * day + 8 * minute) * 10_000 / cents).unwrap();
            Bar { symbol, start: session.open + Span::from_minutes(minute), open, high, low, close, volume }
        })
    };
    names.iter().flat_map(of_name).collect()
}

/// A market of sixteen days before 2026-03-02, on which one symbol changes its name and another is split.
fn market(calendar: &Calendar) -> Loaded {
    let index = calendar.index_of(today(calendar).date).unwrap();
    let table = SymbolTable::new(["AA", "BB", "OLD", "NEW", "SPLIT"].map(|name| Symbol::new(name).unwrap()));
    let mut warmup = Vec::new();
    for (day, session) in (0..).zip(&calendar.sessions()[index - DAYS..index]) {
        let names = match session.date < date(CHANGED) {
            true => [("AA", 1_000), ("BB", 5_000), ("OLD", 2_000), ("SPLIT", 40_000)],
            false => [("AA", 1_000), ("BB", 5_000), ("NEW", 2_000), ("SPLIT", 10_000)],
        };
        warmup.extend(bars(&table, &names, session, day));
    }
    let trade = bars(&table, &[("AA", 1_000), ("NEW", 2_000)], &today(calendar), 0);
    let set = |bars| BarSet::from_bars(table.clone(), MINUTE, calendar, bars).unwrap();
    Loaded { trade: set(trade), warmup: set(warmup), dropped: Dropped::default() }
}

/// A simulator that knows this market, and a folder for a dataset.
struct Place {
    running: Running,
    folder: TempDir,
}

impl Place {
    async fn new(faults: &str) -> Self {
        let mut config = SimConfig::new(MarketSource::Loaded(Box::new(market(&calendar()))));
        config.faults = faults.parse().unwrap();
        config.margin_requirements.insert(Symbol::new("AA").unwrap(), MarginRequirement { long: 100, short: 150 });
        let splits =
            json!([{"symbol": "SPLIT", "new_rate": 4, "old_rate": 1, "ex_date": CHANGED, "process_date": CHANGED}]);
        let names = json!([{"old_symbol": "OLD", "new_symbol": "NEW", "process_date": CHANGED}]);
        config.corporate_actions.insert("forward_splits".to_owned(), splits);
        config.corporate_actions.insert("name_changes".to_owned(), names);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let place = Self { running: Server::start(config, listener).await.unwrap(), folder: TempDir::new().unwrap() };
        let (state, address) = (place.folder.path().join("state"), place.running.address());
        let file = format!(
            "environment = \"sim\"\nsymbols = [\"AA\"]\n[alpaca]\nfeed = \"sip\"\nurl = \"http://{address}\"\n\
             [daemon]\ndata_dir = \"{}\"\n",
            state.display()
        );
        fs::write(place.config(), file).unwrap();
        place
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("orb.toml")
    }

    fn dataset(&self) -> PathBuf {
        self.folder.path().join("dataset")
    }

    /// Returns the arguments of a fetch of reference data of some symbols.
    fn arguments(&self, symbols: &[&str]) -> Vec<String> {
        let (dataset, config) = (self.dataset(), self.config());
        let before = ["data", "fetch", text(&dataset), "--config", text(&config), "--reference", "--json", "--symbols"];
        before.iter().chain(symbols).map(|&argument| argument.to_owned()).collect()
    }

    /// Fetches reference data of some symbols and returns what is told.
    async fn fetch(&self, symbols: &[&str]) -> Value {
        let ended = run(self.arguments(symbols)).await.succeeded();
        serde_json::from_str(&ended.out).unwrap()
    }

    /// Verifies the dataset; the problems that are told.
    fn problems(&self) -> Vec<String> {
        let ended = orbd(&["data", "verify", text(&self.dataset()), "--json"]);
        let told: Value = serde_json::from_str(&ended.out).unwrap();
        assert_eq!(ended.code, Some(i32::from(told["sound"] == false)), "{ended:?}");
        told["problems"].as_array().unwrap().iter().map(|problem| problem.as_str().unwrap().to_owned()).collect()
    }

    fn known(&self, symbol: &str) -> SymbolReference {
        let (calendar, symbols) = (calendar(), [Symbol::new(symbol).unwrap()]);
        let session = today(&calendar);
        let wanted = Wanted { session: &session, symbols: &symbols, sessions: DAYS };
        let dataset = Dataset::open(&self.dataset()).unwrap();
        Reference::read(&dataset, &calendar, &wanted, &[5]).unwrap().symbols[&symbols[0]].engine
    }
}

/// Runs `orbd` to its end, while the simulator of this process answers.
async fn run(arguments: Vec<String>) -> Ended {
    let done = tokio::task::spawn_blocking(move || orbd(&arguments.iter().map(String::as_str).collect::<Vec<_>>()));
    done.await.unwrap()
}

/// Returns what the bars of the market say of a symbol, under the names that it had, with its splits.
fn by_bars(names: [&str; 2], split: Option<Split>) -> SymbolReference {
    let (calendar, loaded) = (calendar(), market(&calendar()));
    let first = calendar.index_of(today(&calendar).date).unwrap() - DAYS;
    let mut history = History::new(1, MINUTE);
    for (index, session) in (first..).zip(loaded.warmup.sessions()) {
        let is_after = session.session().date >= date(CHANGED);
        if session.session().date == date(CHANGED) {
            split.into_iter().for_each(|split| history.split(orb_core::SymbolId(0), split));
        }
        let symbol = loaded.warmup.symbols().id(&Symbol::new(names[usize::from(is_after)]).unwrap()).unwrap();
        let of_symbol = session.bars().iter().filter(|bar| bar.symbol == symbol);
        let bars: Vec<Bar> = of_symbol.map(|bar| Bar { symbol: orb_core::SymbolId(0), ..*bar }).collect();
        history.add_session(index, &session.session(), &bars);
    }
    let mut known = history.reference(first + DAYS)[0];
    // Only ranges of five minutes were asked for.
    (known.margin_long, known.margin_short) = if names[1] == "AA" { OWN_MARGINS } else { USUAL_MARGINS };
    [0, 2, 3, 4].into_iter().for_each(|length| known.opening_volume_sum14[length] = None);
    known
}

/// What the broker requires of ordinary stocks, long and short, per cent.
const USUAL_MARGINS: (Option<u16>, Option<u16>) = (Some(30), Some(30));

/// What it requires of AA.
const OWN_MARGINS: (Option<u16>, Option<u16>) = (Some(100), Some(150));

/// What is known of a symbol that the broker does not list: nothing, and so it is not sold short.
fn not_listed() -> SymbolReference {
    SymbolReference { unshortable: true, untradable: true, ..SymbolReference::default() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reference_data_is_fetched_once_and_says_what_the_bars_say() {
    let place = Place::new("").await;
    let told = place.fetch(&["AA", "BB", "GHOST"]).await;
    assert_eq!((&told["days"], &told["ranges"], &told["assets"]), (&json!(32), &json!(32), &json!(5)));
    // The clock, the listing, the actions, the days of all symbols, and the ranges of sixteen sessions.
    assert_eq!(told["requests"], json!(4 + DAYS));
    assert_eq!(place.problems(), Vec::<String>::new());
    let again = place.fetch(&["AA", "BB", "GHOST"]).await;
    assert_eq!((&again["days"], &again["ranges"], &again["requests"]), (&json!(0), &json!(0), &json!(2)), "{again}");

    let (aa, bars) = (place.known("AA"), by_bars(["AA", "AA"], None));
    assert!(aa.atr14.is_some() && aa.opening_volume_sum14[1].is_some(), "{aa:?}");
    assert_eq!(aa, bars);
    assert_eq!(place.known("GHOST"), not_listed(), "no such symbol, asked for once");
    let status = orbd(&["data", "status", text(&place.dataset())]).succeeded().out;
    for line in ["daily: 32 rows of 16 sessions from 2026-02-05", "opening-5m: 32 rows", "assets: 5 rows of 1 sessions"]
    {
        assert!(status.contains(line), "{line:?} is missing:\n{status}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_name_and_a_split_leave_the_history_whole() {
    let place = Place::new("").await;
    place.fetch(&["NEW", "SPLIT"]).await;
    assert_eq!(place.known("NEW"), by_bars(["OLD", "NEW"], None));
    let (split, whole) = (place.known("SPLIT"), by_bars(["SPLIT", "SPLIT"], Some(Split { after: 4, before: 1 })));
    assert_eq!(split, whole);
    assert!(split.previous_close.is_some_and(|close| close < Price::from_cents(10_100)), "{split:?}");
    assert_ne!(split, by_bars(["SPLIT", "SPLIT"], None), "without the split it is another history");
    // What another company may be called now has no past under this name.
    let (margin_long, margin_short) = USUAL_MARGINS;
    assert_eq!(place.known("OLD"), SymbolReference { margin_long, margin_short, ..SymbolReference::default() });
    let dataset = Dataset::open(&place.dataset()).unwrap();
    let names = |date: &str| {
        let mut names: Vec<String> =
            dataset.daily(self::date(date)).unwrap().iter().map(|day| day.symbol.to_string()).collect();
        names.sort();
        names
    };
    assert_eq!(
        (names("2026-02-19"), names(CHANGED)),
        (vec!["OLD".into(), "SPLIT".into()], vec!["NEW".into(), "SPLIT".into()])
    );
}

/// Interrupts a fetch in its midst by a signal, and lets it go on.
async fn interrupted_by(name: &str) {
    let place = Place::new("[[http]]\nfault = { latency_ms = 60 }\npath = \"/v2/stocks/bars\"\n").await;
    let mut command = program(env!("CARGO_BIN_EXE_orbd"));
    command.args(place.arguments(&["AA", "BB"]));
    let mut process = Process::start(command);
    let ranges = place.dataset().join("opening-5m");
    let deadline = Instant::now() + Duration::from_secs(60);
    while fs::read_dir(&ranges).map_or(0, Iterator::count) < 4 {
        assert!(Instant::now() < deadline, "no range is fetched: {process:?}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    signal(&process, name);
    let ended = tokio::task::spawn_blocking(move || process.wait()).await.unwrap();
    assert_eq!(ended.code, None, "{ended:?}");
    let kept = fs::read_dir(&ranges).unwrap().count();
    assert!(kept < DAYS, "it was over already");
    // At most the session that was being written is not whole.
    let unfinished = place.problems();
    assert!(unfinished.len() <= 1, "{unfinished:?}");
    let told = place.fetch(&["AA", "BB"]).await;
    assert!(told["requests"].as_u64().unwrap() <= (2 + DAYS - kept + 1) as u64, "{kept} sessions were there: {told}");
    orbd(&["data", "compact", text(&place.dataset())]).succeeded();
    assert_eq!(place.problems(), Vec::<String>::new());
    assert_eq!(place.known("BB"), by_bars(["BB", "BB"], None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_is_killed_goes_on_where_it_was() {
    interrupted_by("KILL").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fetch_that_is_interrupted_goes_on_where_it_was() {
    interrupted_by("INT").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_requests_and_broken_answers_are_asked_again_until_all_is_there() {
    let place = Place::new(
        "[[http]]\nfault = \"too_many_requests\"\npath = \"/v2/stocks/bars\"\nwhen = { nth = [2, 3] }\n\
         [[http]]\nfault = \"truncated\"\npath = \"/v2/stocks/bars\"\nwhen = { nth = [6] }\n\
         [[http]]\nfault = { status = 500 }\npath = \"/v1/corporate-actions\"\nwhen = { nth = [1] }\n\
         [[http]]\nfault = \"html\"\npath = \"/v2/assets\"\nwhen = { nth = [1] }\n",
    )
    .await;
    // The client library panics where an answer is cut off, which is contained and told.
    let ended = run(place.arguments(&["AA", "BB"])).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(place.problems(), Vec::<String>::new());
    assert_eq!((place.known("AA"), place.known("BB")), (by_bars(["AA", "AA"], None), by_bars(["BB", "BB"], None)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_found_and_fetched_again() {
    let place = Place::new("").await;
    place.fetch(&["AA"]).await;
    let folder = place.dataset().join("opening-5m").join("date=2026-02-12");
    let file = folder.join("part-0001.parquet");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    fs::write(&file, bytes).unwrap();
    let problems = place.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(
        problems[0].starts_with("opening-5m, 2026-02-12: ") && problems[0].contains("import or fetch it again"),
        "{problems:?}"
    );
    // The remedy that is named.
    fs::remove_dir_all(&folder).unwrap();
    let told = place.fetch(&["AA"]).await;
    assert_eq!((&told["ranges"], &told["requests"]), (&json!(1), &json!(3)), "{told}");
    assert_eq!((place.problems(), place.known("AA")), (Vec::new(), by_bars(["AA", "AA"], None)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_and_leaves_what_was_there_whole() {
    let place = Place::new("").await;
    place.fetch(&["AA"]).await;
    // No file may become larger than 512 bytes, which no table fits into; the signal of it is ignored, as on a disk that
    // is full there is none.
    let mut command = program("sh");
    let limited = "trap '' XFSZ; ulimit -f 1; exec \"$@\"";
    command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_orbd")]).args(place.arguments(&["AA", "BB"]));
    let mut process = Process::start(command);
    let ended = tokio::task::spawn_blocking(move || process.wait()).await.unwrap();
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains("its space") && ended.err.contains("goes on from there"), "{}", ended.err);
    assert_eq!(place.known("AA"), by_bars(["AA", "AA"], None), "what was there is there");
    place.fetch(&["AA", "BB"]).await;
    assert_eq!((place.problems(), place.known("BB")), (Vec::new(), by_bars(["BB", "BB"], None)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_cannot_be_used_is_named() {
    let place = Place::new("").await;
    fs::write(place.dataset(), "a file").unwrap();
    let ended = run(place.arguments(&["AA"])).await;
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(ended.err.contains(text(&place.dataset())), "{}", ended.err);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whole_days_of_minutes_say_what_need_not_be_asked_for_again() {
    let place = Place::new("").await;
    let (dataset, config) = (place.dataset(), place.config());
    let minutes = ["data", "fetch", text(&dataset), "--config", text(&config), "--symbols", "AA", "--json"];
    let from = ["--from", "2026-02-05"];
    let told = run(minutes.iter().chain(&from).map(|&argument| argument.to_owned()).collect()).await.succeeded();
    let told: Value = serde_json::from_str(&told.out).unwrap();
    assert_eq!((&told["sessions"], &told["added"]), (&json!(DAYS), &json!(10 * DAYS)));
    let told = place.fetch(&["AA"]).await;
    assert_eq!((&told["days"], &told["ranges"], &told["requests"]), (&json!(0), &json!(0), &json!(3)), "{told}");
    assert_eq!((place.problems(), place.known("AA")), (Vec::new(), by_bars(["AA", "AA"], None)));
    assert!(Dataset::open(&dataset).unwrap().has_everything(Table::Actions, date(CHANGED)).unwrap());
}

/// As the unit `orb-data` asks each morning, whatever year it is at the broker.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn days_back_count_from_the_last_session_that_is_over_at_the_broker() {
    let place = Place::new("").await;
    let (dataset, config) = (place.dataset(), place.config());
    let fetch = |from: &str| {
        let arguments = ["data", "fetch", text(&dataset), "--config", text(&config), "--json", "--from", from];
        run(arguments.map(str::to_owned).to_vec())
    };
    let sessions = |ended: Ended| serde_json::from_str::<Value>(&ended.succeeded().out).unwrap()["sessions"].clone();
    // From 2026-02-06 to 2026-02-27, and then the day before too.
    assert_eq!(sessions(fetch("21d").await), DAYS - 1);
    assert_eq!(sessions(fetch("22d").await), 1);
    let ended = fetch("0d").await;
    assert!(ended.code == Some(2) && ended.err.contains("1 to 10000 days before the last date as 45d"), "{ended:?}");
}
