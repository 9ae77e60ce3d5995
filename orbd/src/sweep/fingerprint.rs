//! Tells apart what results depend on: grid, data, program.

use std::fmt::Write as _;
use std::fs::File;
use std::io;

use orb_core::{Bar, Price};
use sha2::{Digest as _, Sha256};

use super::grid::Grid;
use super::record::Fingerprint;
use crate::backtest::Market;

/// Computes the fingerprint of a search.
///
/// # Errors
/// When the program's own file cannot be read.
pub(super) fn of(grid: &Grid, market: &Market) -> io::Result<Fingerprint> {
    Ok(Fingerprint { grid: of_grid(grid), data: of_market(market), build: of_build()? })
}

/// Hashes what the file says, not how it says it: a comment or another order of keys makes no other search.
fn of_grid(grid: &Grid) -> String {
    let Grid { base, axes, search, objective, fill_model, walk_forward, .. } = grid;
    let walk_forward = walk_forward.map(|lined| lined.value);
    let said = format!("{base:?} {axes:?} {search:?} {objective:?} {fill_model:?} {walk_forward:?}");
    short(Sha256::new().chain_update(said))
}

/// Hashes the bars of the run and what was known before each of its days, in which warm-up and earlier bars are.
fn of_market(market: &Market) -> String {
    let mut hash = Sha256::new();
    market.symbols.iter().for_each(|(_, symbol)| {
        hash.update(symbol.as_str());
        hash.update(b"\n");
    });
    hash.update(market.bar_length.micros().to_le_bytes());
    for day in &market.days {
        hash.update(format!("{:?}", day.session));
        hash.update(format!("{:?}", day.reference));
        market.bars_of(day).iter().for_each(|bar| hash.update(bytes(bar)));
    }
    short(hash)
}

fn bytes(bar: &Bar) -> [u8; 52] {
    let mut bytes = [0; 52];
    let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(Price::micros);
    let words = [bar.start.micros(), open, high, low, close, bar.volume.cast_signed()];
    bytes[..4].copy_from_slice(&bar.symbol.0.to_le_bytes());
    for (place, word) in bytes[4..].chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    bytes
}

/// Hashes the program itself: another build may trade otherwise, whatever its version says.
fn of_build() -> io::Result<String> {
    let mut program = File::open(std::env::current_exe()?)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match io::Read::read(&mut program, &mut buffer)? {
            0 => return Ok(short(hash)),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// Writes the first eight bytes of a hash.
fn short(hash: Sha256) -> String {
    hash.finalize()[..8].iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
