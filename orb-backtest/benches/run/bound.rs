//! The machine's own bound: `orb-classic`'s rule for each symbol alone, without account, orders, slots or records.

use super::market::{MINUTES, Market};

/// Holds one symbol's state of a day.
#[derive(Clone, Copy)]
struct State {
    high: i64,
    low: i64,
    /// 0 waiting, +1 long, -1 short, 2 done.
    side: i64,
    stop: i64,
    target: i64,
    entry: i64,
}

const FRESH: State = State { high: i64::MIN, low: i64::MAX, side: 0, stop: 0, target: 0, entry: 0 };

/// Returns the range's length in bars for each symbol, so that the loop knows nothing at compile time.
pub(crate) fn opens(market: &Market) -> Vec<usize> {
    vec![5; market.symbols.len()]
}

/// Runs the rule over all bars and returns the sum of the results, in micro-dollars a share.
pub(crate) fn by_hand(market: &Market, opens: &[usize]) -> i64 {
    let symbols = market.symbols.len();
    let mut result = 0;
    let mut states = vec![FRESH; symbols];
    for day in &market.days {
        states.fill(FRESH);
        for (minute, batch) in day.bars.chunks(symbols).enumerate() {
            for ((bar, state), open) in batch.iter().zip(&mut states).zip(opens) {
                let (high, low, close) = (bar.high.micros(), bar.low.micros(), bar.close.micros());
                if minute < *open {
                    state.high = state.high.max(high);
                    state.low = state.low.min(low);
                } else if state.side == 0 && minute < MINUTES - 30 {
                    enter(state, high, low);
                } else if state.side.abs() == 1 {
                    result += leave(state, high, low, close, minute);
                }
            }
        }
    }
    result
}

fn enter(state: &mut State, high: i64, low: i64) {
    let (up, down) = (state.high + 10_000, state.low - 10_000);
    match (high >= up, low <= down) {
        (true, true) => state.side = 2,
        (true, false) => {
            *state = State { side: 1, entry: up, stop: state.low, target: 3 * up - 2 * state.low, ..*state }
        }
        (false, true) => {
            *state = State { side: -1, entry: down, stop: state.high, target: 3 * down - 2 * state.high, ..*state };
        }
        (false, false) => {}
    }
}

fn leave(state: &mut State, high: i64, low: i64, close: i64, minute: usize) -> i64 {
    let (against, toward) = if state.side == 1 { (low, high) } else { (-high, -low) };
    let side = state.side;
    let at = if against <= side * state.stop {
        state.stop
    } else if toward >= side * state.target {
        state.target
    } else if minute >= MINUTES - 5 {
        close
    } else {
        return 0;
    };
    state.side = 2;
    side * (at - state.entry)
}
