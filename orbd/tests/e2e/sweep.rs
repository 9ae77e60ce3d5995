//! `orbd sweep` as its users see it: killed and continued, in parts, and with bad input.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    client::names,
    daemon::{Process, orbd, program, text},
    market::Files,
};

/// Thirty combinations, a third of which contradict themselves.
const GRID: &str = "[fixed]\nslippage = 0.01\n[axes]\nrange_minutes = [5, 15]\nentry_cutoff = [1, 30, 60]\n\
                    target_r = { from = 1, to = 3, step = 0.5 }\nmax_positions = [3]\n";
/// Those that are refused included.
const COMBINATIONS: usize = 30;

fn grid(text: &str) -> Files {
    let files = Files::stairs();
    fs::write(files.folder.path().join("grid.toml"), text).unwrap();
    files
}

/// Runs a search in a folder and returns what it printed.
#[track_caller]
fn sweep(folder: &Path, arguments: &[&str]) -> String {
    let arguments: Vec<_> = arguments.iter().map(|text| text.replace('@', folder.to_str().unwrap())).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    orbd(&[&["sweep"], &arguments[..]].concat()).succeeded().out
}

const BASE: [&str; 4] = ["--grid", "@/grid.toml", "--bars", "@/bars.csv"];

fn lines(path: &Path) -> usize {
    fs::read(path).unwrap_or_default().iter().filter(|&&byte| byte == b'\n').count()
}

#[test]
fn a_search_that_is_killed_continues_to_the_same_end() {
    let files = grid(GRID);
    let folder = files.folder.path();
    let whole = sweep(folder, &[&BASE[..], &["--out", "@/whole.jsonl", "--threads", "2", "--json"]].concat());
    assert_eq!(lines(&folder.join("whole.jsonl")), COMBINATIONS + 1);
    let (grid, bars, out) = (folder.join("grid.toml"), folder.join("bars.csv"), folder.join("killed.jsonl"));
    let mut seen = 0;
    // Killed each time after some more combinations.
    for least in [2, 9, 15] {
        let arguments = ["sweep", "--grid", text(&grid), "--bars", text(&bars), "--out", text(&out), "--threads", "1"];
        let mut command = program(env!("CARGO_BIN_EXE_orbd"));
        command.args(arguments);
        let process = Process::start(command);
        let deadline = Instant::now() + Duration::from_secs(60);
        while lines(&out) < least {
            assert!(Instant::now() < deadline, "it does not write: {process:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        drop(process);
        let now = lines(&out);
        assert!(now >= seen && now < COMBINATIONS + 1, "{now} lines after {seen}: it was not killed half way");
        seen = now;
    }
    let continued = sweep(folder, &[&BASE[..], &["--out", "@/killed.jsonl", "--threads", "2", "--json"]].concat());
    assert_eq!(continued, whole);
    assert_eq!(fs::read(&out).unwrap(), fs::read(folder.join("whole.jsonl")).unwrap());
}

#[test]
fn parts_join_to_the_whole_search() {
    let files = grid(GRID);
    let folder = files.folder.path();
    let shown = ["--csv", "@/whole.csv", "--heatmap", "@/whole.html"];
    let whole = sweep(folder, &[&BASE[..], &["--out", "@/whole.jsonl"], &shown].concat());
    for part in ["1/2", "2/2"] {
        let out = format!("@/{}.jsonl", &part[..1]);
        let said = sweep(folder, &[&BASE[..], &["--shard", part, "--out", &out]].concat());
        assert!(said.contains("15 of 30 combinations") && said.contains("orbd sweep merge"), "{said}");
    }
    let shown = ["--csv", "@/joined.csv", "--heatmap", "@/joined.html"];
    let parts = ["merge", "@/2.jsonl", "@/1.jsonl", "--out", "@/joined.jsonl"];
    assert_eq!(sweep(folder, &[&parts[..], &shown].concat()), whole);
    for extension in ["jsonl", "csv", "html"] {
        let read = |name: &str| fs::read(folder.join(format!("{name}.{extension}"))).unwrap();
        assert_eq!(read("joined"), read("whole"), "{extension}");
    }
    // A whole file is shown again without bars.
    assert_eq!(sweep(folder, &["merge", "@/whole.jsonl"]), whole);
}

#[test]
fn a_combination_has_the_figures_of_its_backtest() {
    let files = grid(GRID);
    let folder = files.folder.path();
    let found: Value = serde_json::from_str(&sweep(folder, &[&BASE[..], &["--json"]].concat())).unwrap();
    assert!(folder.join("grid.results.jsonl").is_file(), "{:?}", names(folder));
    let best = &found["ranked"][0];
    let settings = best["settings"].as_object().unwrap();
    let settings: Vec<_> = settings.iter().map(|(key, value)| format!("{key}={}", value.as_str().unwrap())).collect();
    let mut arguments = vec!["backtest", "--bars", text(&files.bars), "--json", "--set", "slippage=0.01"];
    arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
    let alone: Value = serde_json::from_str(&orbd(&arguments).succeeded().out).unwrap();
    for model in ["pessimistic", "optimistic"] {
        assert!(alone[model]["trades"].as_u64() > Some(0), "{alone}");
        for figure in ["trades", "net_pnl"] {
            let name = if figure == "net_pnl" { "net" } else { figure };
            assert_eq!(best[model][name], alone[model][figure], "{model} {figure}");
        }
    }
}

/// Checks that a search is refused in these words and writes nothing.
#[track_caller]
fn refused(grid_text: &str, arguments: &[&str], says: &[&str]) {
    let files = grid(grid_text);
    let folder = files.folder.path();
    let before = names(folder);
    let arguments = [&["sweep"], &BASE[..], arguments].concat();
    let arguments: Vec<_> = arguments.iter().map(|text| text.replace('@', folder.to_str().unwrap())).collect();
    let ended = orbd(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(matches!(ended.code, Some(1 | 2)) && ended.out.is_empty(), "{ended:?}");
    for part in says {
        let part = part.replace('@', folder.to_str().unwrap());
        assert!(ended.err.contains(&part), "{part:?} is missing: {}", ended.err);
    }
    assert_eq!(names(folder), before, "something was written");
}

#[test]
fn searches_that_are_wrong() {
    let axes = "[axes]\nrange_minutes = [5]\n";
    refused(
        "[axes]\nmax_position = [5]\n",
        &[],
        &["@/grid.toml:2: there is no key `max_position`", "`max_positions`?"],
    );
    refused("[axes]\nrange_minutes = [7]\n", &[], &["@/grid.toml:2: ", "expected 1, 5, 15, 30 or 60 minutes"]);
    refused("[axes]\nrange_minutes = []\n", &[], &["@/grid.toml:2: ", "has no values"]);
    refused("[axes]\ntarget_r = { from = 1, to = 2, step = 0 }\n", &[], &["@/grid.toml:2: ", "never ends"]);
    refused(&format!("from = 2026-02-27\n{axes}"), &[], &["@/grid.toml:1: from 2026-02-27 lies outside", "2026-03-02"]);
    refused(axes, &["--to", "2027-01-01"], &["--to 2027-01-01 lies outside the bars", "2026-03-02"]);
    refused("[axes]\nsymbols = [\"STEP00\", \"SPY\"]\n", &[], &["@/grid.toml:2: ", "there are no bars of SPY"]);
    refused("[axes]\nentry_cutoff = [1]\n", &[], &["@/grid.toml:1: ", "all 1 combinations are refused"]);
    refused(axes, &["--shard", "3/2"], &["--shard", "as in 2/3"]);
    refused(axes, &["--shard", "1/2", "--json"], &["--shard: a part has no ranking"]);
    refused(axes, &["--out", "@/bars.csv"], &["--out: @/bars.csv holds bars"]);
    refused(axes, &["--out", "@/none/out.jsonl"], &["--out", "there is no folder"]);
    refused(axes, &["--csv", "@/a", "--heatmap", "@/a"], &["--csv and --heatmap both name"]);
    refused(axes, &["--threads", "0"], &["--threads"]);
}

#[test]
fn results_of_another_search_are_kept() {
    let files = grid("[axes]\nrange_minutes = [5, 15]\n");
    let folder = files.folder.path();
    sweep(folder, &BASE);
    let results = folder.join("grid.results.jsonl");
    let before = fs::read(&results).unwrap();
    fs::write(folder.join("grid.toml"), "[axes]\nrange_minutes = [5, 30]\n").unwrap();
    let ended = orbd(&["sweep", "--grid", text(&folder.join("grid.toml")), "--bars", text(&files.bars)]);
    assert!(ended.code == Some(1) && ended.err.contains("of another grid"), "{ended:?}");
    assert_eq!(fs::read(&results).unwrap(), before);
}
