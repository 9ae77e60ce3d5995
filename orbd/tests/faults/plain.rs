//! A day on which nothing goes wrong: what the others differ from.

use orb_core::fact::ExitReason;

use crate::rig::{breakout, classic, day, survive};

#[test]
fn nothing_goes_wrong() {
    let outcome = survive(day(vec![breakout("AAA")], classic()), "");
    assert_eq!(outcome.trades.len(), 1);
    assert_eq!(outcome.trades[0].trade.exit_reason, Some(ExitReason::TimeExit));
}
