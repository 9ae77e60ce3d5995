//! Broken input of every kind, thrown at everything that the adapter reads.
//!
//! `ORB_FUZZ_CASES` says how many inputs each test makes; a few thousand by default.

#[path = "../../../orb-sim/tests/fuzz/mutate.rs"]
mod mutate;

use std::sync::Arc;

use orb_core::{Bar, Symbol, SymbolId, SymbolTable, Timestamp};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde::de::DeserializeOwned;

use self::mutate::{cases, changed, changes};
use super::errors;
use super::market::{Lanes, News};
use super::orders::OrderReader;
use super::rest::{Refusal, bars_in_page};
use super::snapshot::fills_of_lists;
use super::stream::read_message;
use super::wire::data::{DataMessage, SymbolIndex, read_frame};
use super::wire::lenient::Listed;
use super::wire::order::{Account, Asset, CalendarDay, ErrorBody, FillActivity, Order, Position, ServerClock};
use crate::WallClock;

/// Frames of the stream of prices, as they should be.
const FRAMES: &[&str] = &[
    r#"[{"T":"success","msg":"connected"}]"#,
    r#"[{"T":"error","code":406,"msg":"connection limit exceeded"}]"#,
    r#"[{"T":"subscription","trades":["SPY"],"quotes":[],"bars":["*"],"updatedBars":[],"dailyBars":[],"statuses":[]}]"#,
    r#"[{"T":"t","S":"SPY","i":7,"x":"V","p":600.25,"s":100,"t":"2026-11-27T14:35:00.123456789Z","c":["@","F"],"z":"B"},
        {"T":"q","S":"SPY","bx":"V","bp":600.24,"bs":3,"ax":"N","ap":600.26,"as":1,"t":"2026-11-27T14:35:00.2Z","c":["R"],"z":"B"}]"#,
    r#"[{"T":"b","S":"SPY","o":600.1,"h":600.5,"l":599.98,"c":600.25,"v":1200,"t":"2026-11-27T14:35:00Z","n":30,"vw":600.2},
        {"T":"u","S":"SPY","o":600.1,"h":600.6,"l":599.98,"c":600.25,"v":1300,"t":"2026-11-27T14:35:00Z","n":31,"vw":600.2}]"#,
    r#"[{"T":"s","S":"SPY","sc":"H","sm":"Trading Halt","rc":"LUDP","rm":"Volatility","t":"2026-11-27T14:36:00Z","z":"C"},
        {"T":"l","S":"SPY","u":610.1,"d":590.2,"i":"B","t":"2026-11-27T14:36:00Z","z":"B"},
        {"T":"x","S":"SPY","i":7,"x":"V","p":600.25,"s":100,"a":"C","t":"2026-11-27T14:36:00Z","z":"B"},
        {"T":"c","S":"SPY","x":"V","oi":7,"op":600.2,"os":100,"oc":["@"],"ci":8,"cp":600.3,"cs":100,"cc":["@"],"z":"B"}]"#,
];
/// An order with a leg, as Alpaca writes it.
const ORDER: &str = r#"{"id":"61e69015-8549-4bfd-b9c3-01e75843f47d","client_order_id":"20261127-orb5-SPY-1-e",
    "created_at":"2026-11-27T14:35:00.123456789Z","submitted_at":"2026-11-27T14:35:00.1Z","replaced_by":null,"replaces":null,
    "symbol":"SPY","asset_class":"us_equity","notional":null,"qty":"100","filled_qty":"40","filled_avg_price":"174.4",
    "order_class":"oto","order_type":"limit","type":"limit","side":"buy","time_in_force":"day","limit_price":"174.44",
    "stop_price":null,"status":"partially_filled","extended_hours":false,"legs":[{"id":"leg-1","client_order_id":"x",
    "symbol":"SPY","qty":"100","filled_qty":"0","type":"stop","side":"sell","stop_price":"170.1","status":"held","legs":null}]}"#;
/// Messages of the stream of order news, as they should be; `ORDER` stands for one.
const NEWS: &[&str] = &[
    r#"{"stream":"authorization","data":{"status":"authorized","action":"authenticate"}}"#,
    r#"{"stream":"listening","data":{"streams":["trade_updates"]}}"#,
    r#"{"stream":"trade_updates","data":{"event":"partial_fill","execution_id":"7a2b","order":ORDER,
        "timestamp":"2026-11-27T14:35:00.123456789Z","price":"174.41","qty":"15","position_qty":"40"}}"#,
    r#"{"stream":"trade_updates","data":{"event":"new","execution_id":"7a2c","order":ORDER,"timestamp":"2026-11-27T14:35:00Z"}}"#,
    r#"{"stream":"trade_updates","data":{"event":"rejected","reason":"halted","order":ORDER,"timestamp":"2026-11-27T14:35:00Z"}}"#,
    r#"{"stream":"trade_updates","data":{"event":"replaced","order":ORDER,"timestamp":"2026-11-27T14:35:00Z"}}"#,
];
/// Answers of the REST hosts, as they should be; `ORDER` stands for one.
const ANSWERS: &[&str] = &[
    "ORDER",
    "[ORDER,ORDER]",
    r#"[{"symbol":"SPY","qty":"-100","side":"short","avg_entry_price":"600.1","qty_available":"0"}]"#,
    r#"[{"id":"20261127000000000::1","activity_type":"FILL","transaction_time":"2026-11-27T14:35:00.1Z","type":"fill",
        "price":"174.41","qty":"15","side":"buy","symbol":"SPY","leaves_qty":"0","order_id":"61e69015","cum_qty":"40"}]"#,
    r#"{"account_number":"PA1","status":"ACTIVE","equity":"50012.345","cash":"-1000","buying_power":"200000","multiplier":"4",
        "trading_blocked":false,"account_blocked":false,"trade_suspended_by_user":false,"shorting_enabled":true}"#,
    r#"{"symbol":"BRK.B","status":"active","tradable":true,"shortable":true,"easy_to_borrow":true,"borrow_status":"easy_to_borrow"}"#,
    r#"{"timestamp":"2026-11-27T09:35:00.123456789-05:00","is_open":true,"next_open":"x","next_close":"y"}"#,
    r#"[{"date":"2026-11-27","open":"09:30","close":"13:00","session_open":"0400"}]"#,
    r#"{"code":40310000,"message":"insufficient qty available for order (requested: 1, available: 0)","available":"0",
        "held_for_orders":"100","related_orders":["a","b"],"existing_order_id":"x","base_price":"100.1","symbol":"SPY"}"#,
    r#"{"bars":{"SPY":[{"t":"2026-11-27T14:30:00Z","o":600.1,"h":600.5,"l":599.98,"c":600.25,"v":1200,"n":30,"vw":600.2}]},
        "next_page_token":null}"#,
];

fn symbols() -> SymbolTable {
    SymbolTable::new([Symbol::new("SPY").expect("a symbol")])
}

fn now() -> Timestamp {
    Timestamp::parse_rfc3339("2026-11-27T14:35:01Z").expect("an instant")
}

/// Takes a frame as the stream does, up to what the runtime is given; what comes through is sound.
fn take_frame(frame: &[u8]) -> Result<(), TestCaseError> {
    let index = SymbolIndex::of(&symbols());
    let mut count = 0;
    for message in read_frame(frame, &index) {
        prop_assert!(message.as_ref().map_or(true, is_sound), "{message:?}");
        count += 1;
    }
    prop_assert!(count <= frame.len(), "{count} messages of {} bytes", frame.len());
    let lanes = Lanes::new(WallClock::default());
    let said = lanes.push_frame(read_frame(frame, &index));
    prop_assert!(said.len() <= frame.len());
    let mut news: Vec<News> = Vec::new();
    let _ = lanes.take_news(&mut news);
    let is_whole = |news: &News| match news {
        News::Bar(bar) | News::Updated(bar) => bar.validated().is_ok(),
        News::Subscribed(_) | News::Lost | News::Halt { .. } | News::Filled(..) => true,
    };
    prop_assert!(news.iter().all(is_whole), "{news:?}");
    Ok(())
}

/// Tells whether what was understood is what the engine may be given.
fn is_sound(message: &DataMessage) -> bool {
    let known = |symbol: &SymbolId| symbol.index() == 0;
    let is_bar = |bar: &Bar| known(&bar.symbol) && bar.validated().is_ok();
    match message {
        DataMessage::Bar(bar) | DataMessage::Updated(bar) => is_bar(bar),
        DataMessage::Trade { symbol, price, size } => known(symbol) && price.micros() > 0 && *size > 0,
        DataMessage::Quote { symbol, bid, ask } => known(symbol) && bid.micros() > 0 && ask.micros() > 0,
        DataMessage::Halt { symbol, .. } => known(symbol),
        DataMessage::Success(text) | DataMessage::Error { message: text, .. } => text.chars().count() <= 200,
        DataMessage::Subscribed | DataMessage::Passed(_) => true,
    }
}

fn answer<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}

/// Reads an answer as each of those that there are, and says what it means to the engine.
fn read_answer(body: &[u8]) -> Result<(), TestCaseError> {
    let reader = OrderReader::new(Arc::new(symbols()));
    let alone = answer::<Order>(body);
    let listed = answer::<Listed<Order>>(body).unwrap_or_default().items;
    let orders: Vec<Order> = alone.into_iter().chain(listed).collect();
    for order in orders.iter().filter_map(|order| reader.read(order).ok()) {
        prop_assert!(order.quantity.shares() >= 0 && order.filled.shares() >= 0, "{order:?}");
        prop_assert!(order.kind.price().is_none_or(|price| price.micros() >= 0), "{order:?}");
    }
    let fills = answer::<Listed<FillActivity>>(body).unwrap_or_default().items;
    let fills = fills_of_lists(&reader, &orders, &fills);
    prop_assert!(fills.iter().all(|fill| fill.execution.quantity.shares() > 0), "{fills:?}");
    for held in answer::<Listed<Position>>(body).unwrap_or_default().items {
        let _ = super::broker::position(&held, SymbolId(0));
    }
    let _ = (answer::<Account>(body), answer::<Asset>(body), answer::<ServerClock>(body));
    let _ = answer::<Listed<CalendarDay>>(body);
    if let Some(body) = answer::<ErrorBody>(body) {
        let _ = errors::rejection(&Refusal { status: 403, is_brokers: true, body });
    }
    let _ = bars_in_page(body, SymbolId(0));
    Ok(())
}

fn with_order(example: &str) -> String {
    example.replace("ORDER", ORDER)
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn broken_frames_of_prices_are_survived(example in select(FRAMES), changes in changes()) {
        take_frame(&changed(example, &changes))?;
    }

    #[test]
    fn broken_order_news_are_survived(example in select(NEWS), changes in changes()) {
        let reader = OrderReader::new(Arc::new(symbols()));
        let _ = read_message(&changed(&with_order(example), &changes), &reader, now());
    }

    #[test]
    fn broken_answers_are_survived(example in select(ANSWERS), changes in changes()) {
        read_answer(&changed(&with_order(example), &changes))?;
    }

    #[test]
    fn any_bytes_are_survived(bytes in vec(any::<u8>(), 0..2_000)) {
        take_frame(&bytes)?;
        read_answer(&bytes)?;
        let _ = read_message(&bytes, &OrderReader::new(Arc::new(symbols())), now());
    }
}

/// Frames of a quarter of a megabyte of one byte, or of two in turn: none takes more than one look at each byte, and none more of
/// the stack than a small message does.
#[test]
fn frames_of_one_byte_over_and_over_are_survived() {
    let reader = OrderReader::new(Arc::new(symbols()));
    for unit in ["[", "{", "\"", ",", "\\", "0", "[]", "[,", "{\"a\":", "\"\\", "{},", "[\"", "]", "1,", " "] {
        for head in ["", "[", "{\"stream\":", "[{\"T\":"] {
            let text = format!("{head}{}", unit.repeat((1 << 18) / unit.len()));
            take_frame(text.as_bytes()).expect(unit);
            read_answer(text.as_bytes()).expect(unit);
            assert!(read_message(text.as_bytes(), &reader, now()).is_err(), "{head}{unit}...");
        }
    }
}
