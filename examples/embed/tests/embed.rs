//! The example runs, and the README shows it as it is.

use std::process::Command;

#[test]
fn the_example_trades_its_bars() {
    let output = Command::new(env!("CARGO_BIN_EXE_embed")).output().expect("the example starts");
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(text, "ACME long 493 at 100.62, out at 102.26 (target)\nnet 805.069 after fees of 3.451\n");
}

#[test]
fn the_readme_shows_the_example() {
    let readme = include_str!("../../../README.md");
    let example = include_str!("../src/main.rs");
    let shown = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next());
    assert_eq!(shown, Some(example), "copy examples/embed/src/main.rs into README.md's block of Rust");
}

#[test]
fn the_readme_lists_every_key() {
    let readme = include_str!("../../../README.md");
    let shown: Vec<_> = readme.lines().filter(|line| line.starts_with("- `")).collect();
    let keys: Vec<_> = orb_core::config::KEYS.iter().map(|key| format!("- `{}`: {}", key.name, key.help)).collect();
    assert_eq!(shown, keys, "list the keys in README.md as `orbd backtest --help` does");
}
