//! Trades by what they have in common.

use chrono::Weekday;
use orb_core::fact::Trade;
use orb_core::metrics::{Sample, SessionHour};
use orb_core::{Side, Span};

use crate::rig::{days_of, dollars, held, trade};

#[test]
fn hours_count_from_the_open_and_are_named_in_new_york_time() {
    let days = days_of(&[1_000; 3]);
    let entries = [(0, 5), (0, 59), (1, 60), (1, 389), (0, -1), (7, 5)];
    let trades = entries.map(|(day, minute)| held(trade(day, 10), day, minute, 390));
    let hours = Sample::new(&trades, &days).by_hour();
    let counts: Vec<_> = hours.iter().map(|group| (group.key, group.trades.count)).collect();
    let hour = |hour| Some(SessionHour(hour));
    // Before the open, and on a day that the sample does not have, there is no hour.
    assert_eq!(counts, [(None, 2), (hour(0), 2), (hour(1), 1), (hour(6), 1)]);
    assert_eq!((SessionHour(0).to_string(), SessionHour(6).to_string()), ("09:30-10:30".into(), "15:30-16:30".into()));
    assert_eq!(SessionHour::of(Span::from_minutes(24 * 60)), None);
}

#[test]
fn weekdays_are_those_of_the_session_from_monday() {
    let trades = [6, 0, 7, 4].map(|day| trade(day, 10));
    let groups = Sample::new(&trades, &[]).by_weekday();
    let counts: Vec<_> = groups.iter().map(|group| (group.key, group.trades.count)).collect();
    assert_eq!(counts, [(Weekday::Mon, 2), (Weekday::Fri, 1), (Weekday::Sun, 1)]);
}

#[test]
fn a_group_has_the_figures_of_its_trades_and_the_slippage_of_their_strategy() {
    let short = Trade { side: Side::Short, ..trade(0, 30) };
    let trades = [trade(0, 10), short, trade(1, -4)];
    let slippage = [orb_core::Price::from_cents(1)];
    let groups = Sample::new(&trades, &[]).with_slippage(&slippage).by_side();
    let nets: Vec<_> = groups.iter().map(|group| (group.key, group.trades.net, group.trades.slippage)).collect();
    assert_eq!(nets, [(Side::Long, dollars(6), dollars(4)), (Side::Short, dollars(-30), dollars(2))]);
}
