//! What can become of a message on its way, or by the hand of somebody who writes it wrongly.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, RngSeed};

/// Texts that no reader likes.
const TOKENS: &[&str] = &[
    "null",
    "true",
    "-1",
    "0",
    "-0.0",
    "1e308",
    "1e400",
    "-1e400",
    "99999999999999999999999999999999999999",
    "18446744073709551615",
    "-9223372036854775808",
    "0.0000000000000000000000000000001",
    "1e-400",
    "\"\"",
    "\"1e999999999\"",
    "\"NaN\"",
    "\"-Infinity\"",
    "\"0x10\"",
    "[]",
    "{}",
    "[null,[{}]]",
    "{\"a\":{\"a\":1},\"a\":2}",
    "\"2026-99-99T99:99:99Z\"",
    "\"-262144-01-01T00:00:00Z\"",
    "\"+262143-12-31T23:59:59.999999999Z\"",
    "\"2026-11-27T14:30:00.99999999999999999999+99:99\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "\"",
    "\\",
    "{",
    "]",
    ",",
    "<html><body>502 Bad Gateway</body></html>",
    "\u{feff}",
    "\u{1F680}\u{202E}",
];
/// Brackets within brackets: more than any message has, and more than a stack would bear.
const DEPTHS: &[usize] = &[100, 127, 128, 1_000, 100_000];

/// One thing that is done to a message.
#[derive(Clone, Debug)]
pub(crate) enum Change {
    /// Bits are turned.
    Flip(Index, u8),
    /// The rest is missing.
    Cut(Index),
    /// A stretch is missing.
    Remove(Index, usize),
    /// A stretch comes twice.
    Repeat(Index, usize),
    /// Something comes between.
    Insert(Index, &'static str),
    /// A value is another one.
    Value(Index, &'static str),
    /// A value is a bottomless list or object.
    Deep(Index, usize, bool),
    /// A value is a very long text or number.
    Long(Index, u8, usize),
}

/// Returns changes to a message: mostly few, so that most of it stays what it was.
pub(crate) fn changes() -> impl Strategy<Value = Vec<Change>> {
    vec(change(), 0..4)
}

fn change() -> impl Strategy<Value = Change> {
    let at = any::<Index>;
    prop_oneof![
        3 => (at(), 1_u8..).prop_map(|(at, bits)| Change::Flip(at, bits)),
        1 => at().prop_map(Change::Cut),
        2 => (at(), 1_usize..40).prop_map(|(at, length)| Change::Remove(at, length)),
        1 => (at(), 1_usize..40).prop_map(|(at, length)| Change::Repeat(at, length)),
        3 => (at(), select(TOKENS)).prop_map(|(at, token)| Change::Insert(at, token)),
        8 => (at(), select(TOKENS)).prop_map(|(at, token)| Change::Value(at, token)),
        1 => (at(), select(DEPTHS), any::<bool>()).prop_map(|(at, depth, list)| Change::Deep(at, depth, list)),
        1 => (at(), select(&b"09ae. "[..]), 1_usize..5_000).prop_map(|(at, byte, length)| Change::Long(at, byte, length)),
    ]
}

/// Returns what becomes of a message.
pub(crate) fn changed(message: &str, changes: &[Change]) -> Vec<u8> {
    changes.iter().fold(message.as_bytes().to_vec(), apply)
}

fn apply(mut bytes: Vec<u8>, change: &Change) -> Vec<u8> {
    let place = |at: &Index| at.index(bytes.len() + 1);
    match change {
        Change::Flip(at, bits) => {
            let at = place(at);
            bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte ^= bits);
        }
        Change::Cut(at) => bytes.truncate(place(at)),
        Change::Remove(at, length) => {
            let at = place(at);
            bytes.drain(at..(at + length).min(bytes.len()));
        }
        Change::Repeat(at, length) => {
            let at = place(at);
            bytes.extend_from_within(at..(at + length).min(bytes.len()));
        }
        Change::Insert(at, token) => {
            let at = place(at);
            bytes.splice(at..at, token.bytes());
        }
        Change::Value(at, token) => replace_value(&mut bytes, at, token.as_bytes()),
        Change::Deep(at, depth, list) => {
            let (open, close) = if *list { ("[", "]") } else { ("{\"a\":", "}") };
            replace_value(&mut bytes, at, format!("{}1{}", open.repeat(*depth), close.repeat(*depth)).as_bytes());
        }
        Change::Long(at, byte, length) => replace_value(&mut bytes, at, &vec![*byte; *length]),
    }
    bytes
}

/// Puts something in the place of a value: of what stands between a colon, comma or bracket and the next of them.
fn replace_value(bytes: &mut Vec<u8>, at: &Index, value: &[u8]) {
    let begins: Vec<usize> =
        bytes.iter().enumerate().filter(|(_, byte)| b":[,=&/".contains(byte)).map(|(at, _)| at + 1).collect();
    let Some(&begin) = begins.get(at.index(begins.len().max(1))) else { return };
    let rest = &bytes[begin..];
    let length = rest.iter().position(|byte| b",]}&/".contains(byte)).unwrap_or(rest.len());
    bytes.splice(begin..begin + length, value.iter().copied());
}

/// Returns the settings of a test that makes so many inputs where `ORB_FUZZ_CASES` does not say how many.
///
/// Without it they are the same ones each time, so that a change is judged by its own faults; with it they are others
/// in every run.
pub(crate) fn cases(usual: u32) -> Config {
    let asked = std::env::var("ORB_FUZZ_CASES").ok();
    let rng_seed = if asked.is_some() { RngSeed::Random } else { RngSeed::Fixed(20_261_126) };
    let cases = asked.map_or(usual, |text| text.parse().expect("ORB_FUZZ_CASES is a number"));
    Config { max_shrink_iters: 2_000, failure_persistence: None, rng_seed, ..Config::with_cases(cases) }
}
