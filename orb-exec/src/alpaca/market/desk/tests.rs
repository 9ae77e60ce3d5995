use orb_core::{Date, Price, SymbolId};

use super::*;

const SYMBOLS: u32 = 2;

fn open() -> Timestamp {
    Timestamp::parse_rfc3339("2026-02-13T14:30:00Z").unwrap()
}

/// Returns an instant so many minutes and milliseconds after the open.
fn at(minute: i64, millis: i64) -> Timestamp {
    open() + Span::from_minutes(minute) + Span::from_millis(millis)
}

fn calendar() -> Arc<Calendar> {
    let session = |day| {
        let date = Date::from_ymd_opt(2026, 2, day).unwrap();
        let open = Timestamp::from_datetime(date.and_hms_opt(14, 30, 0).unwrap().and_utc());
        Session { date, open, close: open + Span::from_minutes(390) }
    };
    Arc::new(Calendar::new(vec![session(12), session(13), session(17)]).unwrap())
}

fn desk_at(now: Timestamp, ends_with_session: bool) -> Desk {
    let settings = DeskSettings {
        bar_grace: Span::from_millis(250),
        stale_after: Span::from_seconds(75),
        stale_after_ticks: None,
        ends_with_session,
    };
    Desk::new(now, SYMBOLS as usize, calendar(), settings)
}

/// Makes a desk that was subscribed before the open.
fn desk() -> Desk {
    let mut desk = desk_at(at(-5, 0), true);
    desk.on_news(at(-5, 0), News::Subscribed(at(-5, 0)));
    desk
}

fn bar(symbol: u32, minute: i64) -> Bar {
    let price = Price::from_cents(1_000 + minute);
    let start = at(minute, 0);
    Bar { symbol: SymbolId(symbol), start, open: price, high: price, low: price, close: price, volume: 1 }
}

fn hear(desk: &mut Desk, now: Timestamp) {
    desk.on_signs(&Signs { heard: Some(now), ..Signs::default() });
}

/// Gives bars to the desk and returns what it makes of them and of the time.
fn give(desk: &mut Desk, now: Timestamp, bars: &[Bar]) -> Vec<String> {
    hear(desk, now);
    bars.iter().for_each(|bar| desk.on_news(now, News::Bar(*bar)));
    told(desk, now)
}

/// Returns what the desk has to give at an instant, in short: `live 0:AB` are the bars of minute 0 of both symbols.
fn told(desk: &mut Desk, now: Timestamp) -> Vec<String> {
    desk.on_time(now);
    let name = |symbol: SymbolId| if symbol == SymbolId(0) { 'A' } else { 'B' };
    let minute = |bar: &Bar| (bar.start - open()).minutes();
    let tell = |step| match step {
        MarketStep::Market(_, origin, Prices::Bars(bars)) => {
            let origin = if origin == Origin::Live { "live" } else { "backfill" };
            let names: String = bars.iter().map(|bar| name(bar.symbol)).collect();
            assert!(bars.iter().all(|bar| bar.start == bars[0].start), "bars of one minute only: {bars:?}");
            format!("{origin} {}:{names}", minute(&bars[0]))
        }
        MarketStep::Market(_, _, Prices::Correction(bar)) => {
            format!("correction {}:{}", minute(&bar), name(bar.symbol))
        }
        MarketStep::Market(_, _, Prices::Halt { symbol, halted }) => format!("halt {} {halted}", name(symbol)),
        MarketStep::Feed(_, FeedState::Trouble(kind)) => format!("trouble {}", kind.name()),
        MarketStep::Feed(_, FeedState::Recovered(kind)) => format!("recovered {}", kind.name()),
        other @ (MarketStep::Market(..) | MarketStep::Wakeup(_) | MarketStep::Advanced(_) | MarketStep::End) => {
            format!("{other:?}")
        }
    };
    core::iter::from_fn(|| desk.take_step(now)).map(tell).collect()
}

#[test]
fn a_minute_is_one_batch_and_what_is_late_another() {
    let mut desk = desk();
    assert_eq!(give(&mut desk, at(1, 30), &[bar(1, 0)]), [""; 0]);
    assert_eq!(desk.deadline(at(1, 30)), Some(at(1, 250)));
    assert_eq!(give(&mut desk, at(1, 40), &[bar(0, 0)]), ["live 0:AB"]);
    assert_eq!(give(&mut desk, at(2, 40), &[bar(1, 1)]), [""; 0]);
    assert_eq!(told(&mut desk, at(2, 250)), ["live 1:B"]);
    assert_eq!(give(&mut desk, at(2, 300), &[bar(0, 1)]), ["live 1:A"]);
}

#[test]
fn a_correction_replaces_what_waits_and_corrects_what_was_given() {
    let mut desk = desk();
    let corrected = Bar { volume: 9, ..bar(0, 0) };
    assert_eq!(give(&mut desk, at(1, 40), &[bar(0, 0)]), [""; 0]);
    desk.on_news(at(1, 41), News::Updated(corrected));
    desk.on_time(at(1, 250));
    let step = desk.take_step(at(1, 250));
    assert_eq!(step, Some(MarketStep::Market(at(1, 250), Origin::Live, Prices::Bars(vec![corrected]))));
    desk.on_news(at(1, 900), News::Updated(corrected));
    assert_eq!(told(&mut desk, at(1, 900)), ["correction 0:A"]);
}

#[test]
fn bars_outside_of_the_session_and_of_the_future_are_none() {
    let mut desk = desk();
    assert_eq!(give(&mut desk, at(-3, 50), &[bar(0, -4), bar(1, -4)]), [""; 0]);
    assert_eq!(give(&mut desk, at(1, 50), &[bar(0, 7), bar(1, 7)]), [""; 0]);
    assert_eq!(give(&mut desk, at(390, 50), &[bar(0, 389), bar(1, 389)]), ["live 389:AB"]);
    assert_eq!(give(&mut desk, at(391, 50), &[bar(0, 390), bar(1, 390)]), [""; 0]);
}

#[test]
fn a_start_within_the_session_gives_what_was_before_in_order_and_then_goes_on() {
    let mut desk = desk_at(at(2, 10_000), true);
    desk.on_news(at(2, 10_000), News::Subscribed(at(2, 10_000)));
    assert_eq!(told(&mut desk, at(2, 10_000)), ["trouble stale_data"]);
    let [DeskAct::Fetch(gap)] = desk.take_acts()[..] else { panic!("the gap is asked for") };
    assert_eq!((gap.from, gap.to), (at(0, 0), at(2, 0)));
    // The request takes so long that the next minute ends meanwhile.
    assert_eq!(give(&mut desk, at(3, 40), &[bar(0, 2), bar(1, 2)]), [""; 0], "nothing goes before what was missed");
    let trade = Trade { symbol: SymbolId(0), price: Price::from_cents(1), size: 1 };
    assert_eq!(desk.trade(at(3, 40), &trade), None);
    let quote = Quote { symbol: SymbolId(0), bid: Price::from_cents(1), ask: Price::from_cents(2) };
    assert!(desk.quote(at(3, 40), &quote).is_some(), "a quote only marks");
    let fetched = vec![bar(1, 1), bar(0, 1), bar(0, 0), bar(0, -1), bar(0, 2)];
    desk.on_news(at(3, 500), News::Filled(gap.number, Some(fetched)));
    let all = ["backfill 0:A", "backfill 1:AB", "recovered stale_data", "live 2:AB"];
    assert_eq!(told(&mut desk, at(3, 500)), all);
    assert!(desk.trade(at(3, 500), &trade).is_some());
}

#[test]
fn after_a_break_only_what_was_missed_is_given() {
    let mut desk = desk();
    for minute in 0..3 {
        assert_eq!(give(&mut desk, at(minute + 1, 40), &[bar(0, minute), bar(1, minute)]).len(), 1);
    }
    desk.on_news(at(3, 30_000), News::Lost);
    assert_eq!(told(&mut desk, at(3, 30_000)), ["trouble stale_data"]);
    desk.on_news(at(5, 20_000), News::Subscribed(at(5, 20_000)));
    assert_eq!(told(&mut desk, at(5, 20_000)), [""; 0]);
    let [DeskAct::Fetch(gap)] = desk.take_acts()[..] else { panic!("the gap is asked for") };
    let fetched = (2..5).flat_map(|minute| [bar(0, minute), bar(1, minute)]).collect();
    desk.on_news(at(5, 20_100), News::Filled(gap.number, Some(fetched)));
    assert_eq!(told(&mut desk, at(5, 20_100)), ["backfill 3:AB", "backfill 4:AB"]);
    assert_eq!(give(&mut desk, at(6, 40), &[bar(0, 5), bar(1, 5)]), ["recovered stale_data", "live 5:AB"]);
}

#[test]
fn silence_is_trouble_and_ends_the_connection_once() {
    let mut desk = desk();
    assert_eq!(give(&mut desk, at(1, 40), &[bar(0, 0), bar(1, 0)]), ["live 0:AB"]);
    assert_eq!(desk.deadline(at(1, 40)), Some(at(2, 15_040)));
    assert_eq!(told(&mut desk, at(2, 15_040)), ["trouble stale_data"]);
    assert_eq!(desk.take_acts(), [DeskAct::Reconnect]);
    assert_eq!(told(&mut desk, at(9, 0)), [""; 0]);
    assert_eq!(desk.take_acts(), []);
}

#[test]
fn a_gap_that_stays_open_lets_prices_go_on_and_is_repeated_whole_at_last() {
    let mut desk = desk_at(at(2, 10_000), true);
    desk.on_news(at(2, 10_000), News::Subscribed(at(2, 10_000)));
    let mut now = at(2, 10_000);
    for failure in 1..=3 {
        told(&mut desk, now);
        let [DeskAct::Fetch(gap)] = desk.take_acts()[..] else { panic!("the gap is asked for") };
        desk.on_news(now, News::Filled(gap.number, None));
        now = now + Span::from_seconds(1 << failure);
    }
    assert_eq!(give(&mut desk, at(3, 40), &[bar(0, 2), bar(1, 2)]), ["live 2:AB"]);
    let [DeskAct::Fetch(gap)] = desk.take_acts()[..] else { panic!("the gap is asked for again") };
    let fetched = (0..2).flat_map(|minute| [bar(0, minute), bar(1, minute)]).collect();
    desk.on_news(at(3, 500), News::Filled(gap.number, Some(fetched)));
    let all = ["backfill 0:AB", "backfill 1:AB", "recovered stale_data"];
    assert_eq!(told(&mut desk, at(3, 500)), all);
}

#[test]
fn lost_news_leaves_a_gap_and_halts_are_passed_on() {
    let mut desk = desk();
    desk.on_news(at(1, 0), News::Halt { symbol: SymbolId(1), halted: true });
    assert_eq!(told(&mut desk, at(1, 0)), ["halt B true"]);
    assert_eq!(give(&mut desk, at(1, 40), &[bar(0, 0)]), ["live 0:A"], "a halted symbol is not waited for");
    desk.on_signs(&Signs { heard: Some(at(1, 50)), dropped_news: true, ..Signs::default() });
    assert_eq!(told(&mut desk, at(1, 50)), ["trouble stale_data"]);
    assert_eq!(desk.take_acts(), [DeskAct::Reconnect]);
}

#[test]
fn the_day_ends_a_minute_after_the_close_or_the_next_one_follows() {
    let mut day = desk_at(at(0, 0), true);
    assert_eq!((day.end(), day.is_over()), (Some(at(391, 0)), false));
    day.on_time(at(391, 0));
    assert_eq!(day.end(), Some(at(391, 0)), "the end stays the end");

    let mut days = desk_at(at(0, 0), false);
    assert_eq!(days.end(), None);
    days.on_time(at(391, 0));
    let next_open = calendar().sessions()[2].open;
    days.on_news(next_open - Span::from_seconds(1), News::Subscribed(next_open - Span::from_seconds(1)));
    assert_eq!(days.session.map(|session| session.open), Some(next_open));
    days.on_time(next_open + Span::from_minutes(391));
    assert!(days.is_over());
}
