//! The document about the JSON of orbctl is made from what orbctl writes.

use std::{env, fmt::Write as _, fs};

use crate::fake::{Fake, Mood};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/orbctl-json.md");

const INTRODUCTION: &str = "\
# The JSON of orbctl

With `--output json` each row is one object on a line of its own, and nothing else is on standard output. `--output csv`
has the same names as its header, without the lists.

- Names are those of the fields of the API (package `orb.v1`), or are made of them: `day_net` is the `net` of `day_pnl`.
  They stay: a version of orbctl adds names and never changes one.
- Money, prices and R multiples are decimal strings in US dollars, exact, with a dot and at most six places: `\"10.5\"`.
- Instants are in UTC as RFC 3339: `\"2026-02-13T14:35:00Z\"`, with a fraction only where there is one. Dates are
  New York dates: `\"2026-02-13\"`.
- Spans are numbers of seconds; their names end in `_seconds`, but for `unprotected` in the days of `readiness`.
- Parts of one (`win_rate`) and ratios are numbers.
- Values of an enum are their names in the API without the prefix. States are in capitals (`\"FILLED\"`), words in small
  letters (`\"long\"`). One that this orbctl does not know is `\"unknown(7)\"`.
- What is absent is `null`; a list without items is `[]`.
- Each object names its `ledger_id`, but for the contexts of `config`, which ask no daemon.
- With `--follow` each object begins with `event` (`snapshot`, `update`, `removed`, `resync`) and `sequence`.

The examples below are one object of each command, spread over lines to be read.
";

/// The commands of the document, in its order.
const COMMANDS: &[&[&str]] = &[
    &["status"],
    &["account"],
    &["positions"],
    &["orders"],
    &["fills"],
    &["signals"],
    &["why", "NVDA"],
    &["universe"],
    &["decisions"],
    &["trades"],
    &["metrics"],
    &["equity"],
    &["parity"],
    &["readiness"],
    &["logs"],
    &["audit"],
    &["alarms"],
    &["limits"],
    &["limits", "set", "--max-positions", "6", "--yes", "--request-id", "r1"],
    &["config", "show"],
    &["config", "reload", "--request-id", "r1"],
    &["kill", "--flatten", "--request-id", "r1"],
    &["pause", "--request-id", "r1"],
    &["resume", "--yes", "--request-id", "r1"],
    &["close", "NVDA", "--yes", "--request-id", "r1"],
    &["close", "--all", "--yes", "--request-id", "r1"],
    &["cancel", "2026-02-13-orb-classic-AAPL-1-entry", "--request-id", "r1"],
    &["cancel", "--all", "--request-id", "r1"],
];

fn document() -> String {
    let fake = Fake::start(Mood::Willing);
    let mut text = INTRODUCTION.to_owned();
    for command in COMMANDS {
        let run = fake.run(&[command, &["--output", "json"][..]].concat());
        assert_eq!(run.code, Some(0), "{run:?}");
        let line = run.out.lines().next().unwrap();
        writeln!(text, "\n## `orbctl {}`\n\n```json\n{}\n```", command.join(" "), spread(line)).unwrap();
    }
    text
}

/// Puts each member of an object on a line of its own; the order stays as orbctl writes it.
fn spread(line: &str) -> String {
    let mut text = String::new();
    let (mut depth, mut is_quoted, mut is_escaped) = (0_usize, false, false);
    for letter in line.chars() {
        let break_after = !is_quoted && depth == 1 && matches!(letter, ',');
        match letter {
            '"' if !is_escaped => is_quoted = !is_quoted,
            '{' | '[' if !is_quoted => depth += 1,
            '}' | ']' if !is_quoted => depth -= 1,
            _ => {}
        }
        is_escaped = letter == '\\' && !is_escaped;
        if !is_quoted && depth == 0 && letter == '}' {
            text.push('\n');
        }
        text.push(letter);
        if break_after || (!is_quoted && depth == 1 && letter == '{') {
            text.push_str("\n  ");
        }
    }
    text
}

#[test]
fn the_document_about_json_is_what_orbctl_writes() {
    let expect = document();
    if env::var_os("ORB_WRITE_DOCS").is_some() {
        fs::write(PATH, &expect).unwrap();
    }
    let found = fs::read_to_string(PATH).unwrap_or_default();
    assert!(found == expect, "docs/orbctl-json.md differs: run this test with ORB_WRITE_DOCS=1 and look at the change");
}
