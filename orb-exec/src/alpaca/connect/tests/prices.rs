//! The stream of prices.

use super::*;

#[tokio::test]
async fn a_refused_key_is_told_and_not_tried_again() {
    let rig = Rig::at(at(-5, 0)).await;
    let opening = rig.begin();
    let mut orders = within(rig.orders.accept_orders()).await;
    let mut prices = within(rig.prices.accept()).await;
    prices.text(&json!([{ "T": "success", "msg": "connected" }])).await;
    within(prices.hear()).await;
    prices.text(&json!([{ "T": "error", "code": 402, "msg": "auth failed" }])).await;
    let (market, _) = within(opening).await.unwrap();
    assert!(matches!(market, Err(ConnectError::Prices(StreamError::Unauthorized(words))) if words == "auth failed"));
    assert!(within(orders.farewell()).await, "the other stream is closed in good order");
    assert_eq!(rig.clock.busy_count(), 0);
}

#[tokio::test]
async fn a_crowded_server_is_asked_again_later() {
    let rig = Rig::at(at(-5, 0)).await;
    let opening = rig.begin();
    within(rig.orders.accept_orders()).await;
    let mut refused = within(rig.prices.accept()).await;
    refused.text(&json!([{ "T": "success", "msg": "connected" }])).await;
    within(refused.hear()).await;
    refused.text(&json!([{ "T": "error", "code": 406, "msg": "connection limit exceeded" }])).await;
    assert!(within(refused.farewell()).await);
    within(rig.clock.asleep()).await;
    rig.clock.advance(Span::from_seconds(10));
    within(rig.prices.accept_prices()).await;
    assert!(within(opening).await.unwrap().0.is_ok());
}

#[tokio::test]
async fn servers_of_another_kind_are_an_error() {
    for (answer, status) in [
        ("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n", Some(429)),
        ("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>", Some(200)),
        ("220 mail.example ESMTP\r\n", None),
    ] {
        let mut rig = Rig::at(at(-5, 0)).await;
        rig.settings.connect_tries = 1;
        let opening = rig.begin();
        within(rig.orders.refuse(answer)).await;
        let error = within(opening).await.unwrap().0.unwrap_err();
        match status {
            Some(status) => {
                let ConnectError::Orders(error) = error else { panic!("{error}") };
                assert!(matches!(error, StreamError::Refused(told) if told == status), "{error}");
                assert_eq!(error.is_crowded(), status == 429);
            }
            None => assert!(matches!(error, ConnectError::Orders(StreamError::Unreachable(_))), "{error}"),
        }
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let mut rig = Rig::at(at(-5, 0)).await;
    (rig.settings.connect_tries, rig.settings.answer_within) = (1, Duration::from_millis(50));
    let opening = rig.begin();
    let _silent = within(rig.orders.accept()).await;
    let error = within(opening).await.unwrap().0.unwrap_err();
    let awaited = matches!(error, ConnectError::Orders(StreamError::NoAnswer { awaited: "authorized", .. }));
    assert!(awaited, "{error}");
}

#[tokio::test]
async fn beyond_the_limit_of_symbols_bars_alone_are_subscribed() {
    let rig = Rig::at(at(-5, 0)).await;
    let opening = rig.begin();
    within(rig.orders.accept_orders()).await;
    let mut prices = within(rig.prices.accept()).await;
    prices.text(&json!([{ "T": "success", "msg": "connected" }])).await;
    within(prices.hear()).await;
    prices.text(&json!([{ "T": "success", "msg": "authenticated" }])).await;
    assert_eq!(within(prices.hear()).await["quotes"], json!(["AAPL", "MSFT"]));
    prices.text(&json!([{ "T": "error", "code": 405, "msg": "symbol limit exceeded" }])).await;
    let again = within(prices.hear()).await;
    assert_eq!((&again["quotes"], &again["bars"]), (&Value::Null, &json!(["AAPL", "MSFT"])));
    prices.text(&json!([{ "T": "subscription" }])).await;
    assert!(within(opening).await.unwrap().0.is_ok());
}

#[tokio::test]
async fn a_key_has_one_owner() {
    let rig = Rig::at(at(-5, 0)).await;
    let live = rig.connect().await;
    let second = within(rig.begin()).await.unwrap().0;
    assert!(matches!(second, Err(ConnectError::Orders(StreamError::KeyInUse(_)))));
    drop(live);
}

#[tokio::test]
async fn lanes_come_in_their_order_and_every_frame_is_accounted_for() {
    let rig = Rig::at(at(1, 50)).await;
    // Subscribed within the session: the first minute comes by request.
    rig.source.bars.lock().unwrap().push_back(Some(vec![bar(0, 0)]));
    rig.clock.advance(Span::from_millis(1_950));
    let mut live = rig.connect_compared().await;
    live.prices
        .text(&json!([
            { "T": "q", "S": "AAPL", "bp": 10.0, "ap": 10.1 },
            { "T": "t", "S": "MSFT", "p": 10.2, "s": 100, "c": ["@"], "z": "C" },
            { "T": "q", "S": "AAPL", "bp": 10.3, "ap": 10.4 },
            { "T": "hologram" }, 7,
            { "T": "s", "S": "MSFT", "sc": "H", "rc": "T1", "z": "C" },
        ]))
        .await;
    let sent = live.prices.sent + live.orders.sent;
    until(|| rig.clock.frames_done() == sent).await;
    let mut steps = Vec::new();
    for _ in 0..5 {
        steps.push(live.step().await);
    }
    // Quotes mark even before the gap is filled; what came for the trade while it was open is not given.
    let expected = ["trouble stale_data", "halt 1 true", "quote 0 10.3", "backfill 0:1", "recovered stale_data"];
    assert!(expected.iter().all(|step| steps.iter().any(|given| given == step)), "{steps:?}");
    let counts = live.market.counts();
    assert_eq!((counts.taken, counts.unknown, counts.malformed), (4, 1, 1));
    assert_eq!(rig.clock.busy_count(), 0);
}

#[tokio::test]
async fn minutes_come_whole_and_a_wakeup_in_its_time() {
    let rig = Rig::at(at(-1, 0)).await;
    let mut live = rig.connect_compared().await;
    rig.clock.advance_to(at(1, 50));
    live.prices.text(&json!([bar_json("MSFT", 0), bar_json("AAPL", 0)])).await;
    assert_eq!(live.step().await, "live 0:2");
    rig.clock.advance(Span::from_minutes(1));
    live.prices.text(&json!([bar_json("MSFT", 1)])).await;
    until(|| live.market.counts().taken == 3).await;
    let soon = at(2, 100);
    let (pushed, parked) = (rig.clock.pushed_count(), rig.clock.parked_count());
    {
        let mut waiting = core::pin::pin!(live.market.next(Some(soon)));
        assert!(timeout(Duration::ZERO, &mut waiting).await.is_err(), "one bar is missing and the time has not come");
        rig.clock.advance(Span::from_millis(50));
        assert_eq!(within(waiting).await, MarketStep::Wakeup(soon));
    }
    assert!(rig.clock.parked_count() > parked && pushed > 0);
    rig.clock.advance(Span::from_millis(150));
    assert_eq!(live.step().await, "live 1:1");
    live.prices.text(&json!([bar_json("AAPL", 1)])).await;
    assert_eq!(live.step().await, "live 1:1", "the late bar comes alone");
}

#[tokio::test]
async fn the_bars_of_seven_thousand_symbols_come_as_one_batch() {
    let names: Vec<String> = (0..7_000).map(|number| format!("S{number}")).collect();
    let mut rig = Rig::at(at(-1, 0)).await;
    rig.symbols = Arc::new(SymbolTable::new(names.iter().map(|name| Symbol::new(name).unwrap())));
    let mut live = rig.connect_compared().await;
    rig.clock.advance_to(at(1, 50));
    for frame in names.chunks(500) {
        let bars: Vec<Value> = frame.iter().map(|name| bar_json(name, 0)).collect();
        live.prices.text(&Value::from(bars)).await;
    }
    assert_eq!(live.step().await, "live 0:7000");
    assert_eq!(live.market.counts().lost, 0);
}

#[tokio::test]
async fn a_connection_lost_within_a_batch_is_made_again_and_the_gap_filled_in_order() {
    let rig = Rig::at(at(-1, 0)).await;
    let mut live = rig.connect_compared().await;
    rig.clock.advance_to(at(1, 50));
    let batch = json!([bar_json("AAPL", 0), bar_json("MSFT", 0)]).to_string();
    live.prices.raw(&batch[..batch.len() - 20]).await;
    until(|| live.market.counts().malformed == 1).await;
    within(live.prices.cut()).await;
    until(|| live.market.counts().lost == 1).await;
    rig.source.bars.lock().unwrap().push_back(Some(vec![bar(1, 0), bar(0, 0), bar(1, 1), bar(0, 1)]));
    let lost = within(live.market.next(None)).await;
    assert_eq!(lost, MarketStep::Feed(at(1, 50), FeedState::Trouble(orb_core::hold::HoldKind::StaleData)));
    within(rig.clock.asleep()).await;
    rig.clock.advance_to(at(2, 2_050));
    live.prices = within(rig.prices.accept_prices()).await;
    live.prices.text(&json!([{ "T": "q", "S": "AAPL", "bp": 10.0, "ap": 10.1 }])).await;
    let mut steps = Vec::new();
    while steps.last().is_none_or(|last| last != "recovered stale_data") {
        steps.push(live.step().await);
    }
    steps.retain(|step| !step.starts_with("quote"));
    assert_eq!(steps, ["backfill 0:2", "backfill 1:2", "recovered stale_data"]);
    assert_eq!(*rig.source.asked.lock().unwrap(), [(at(0, 0), at(2, 0))]);
    rig.clock.advance(Span::from_minutes(1));
    live.prices.text(&json!([bar_json("AAPL", 2), bar_json("MSFT", 2)])).await;
    let mut last = live.step().await;
    while last.starts_with("quote") {
        last = live.step().await;
    }
    assert_eq!(last, "live 2:2");
}

#[tokio::test]
async fn a_mute_connection_is_ended_and_made_again() {
    let rig = Rig::at(at(-1, 0)).await;
    let mut live = rig.connect_compared().await;
    rig.clock.advance_to(at(1, 15_000));
    assert_eq!(live.step().await, "trouble stale_data");
    assert!(within(live.prices.farewell()).await, "the silent connection is closed in good order");
    within(rig.clock.asleep()).await;
    rig.clock.advance(Span::from_seconds(2));
    within(rig.prices.accept_prices()).await;
    assert_eq!(live.market.counts().lost, 1);
}

#[tokio::test]
async fn a_server_that_answers_no_ping_is_left() {
    let mut rig = Rig::at(at(-1, 0)).await;
    let rapid = Duration::from_millis(20);
    (rig.settings.ping_every, rig.settings.pong_within) = (rapid, rapid);
    let opening = rig.begin();
    within(rig.orders.accept_orders()).await;
    // Nobody reads from this connection any more, so nobody answers.
    let _deaf = within(rig.prices.accept_prices()).await;
    let market = within(opening).await.unwrap().0.unwrap();
    until(|| market.counts().lost > 0).await;
}

#[tokio::test]
async fn thousands_of_bars_in_one_frame_are_one_batch() {
    let mut rig = Rig::at(at(-1, 0)).await;
    let names: Vec<String> = (0..7_000).map(|number| format!("S{number}")).collect();
    rig.symbols = Arc::new(SymbolTable::new(names.iter().map(|name| Symbol::new(name).unwrap())));
    rig.settings.ticks = Some(Vec::new());
    let mut live = rig.connect_compared().await;
    rig.clock.advance_to(at(1, 50));
    let bars: Vec<Value> = names.iter().map(|name| bar_json(name, 0)).collect();
    live.prices.text(&json!(bars)).await;
    assert_eq!(live.step().await, "live 0:7000");
}

#[tokio::test]
async fn the_day_ends_with_its_session_after_the_last_wakeup() {
    let rig = Rig::at(at(389, 0)).await;
    rig.source.bars.lock().unwrap().push_back(None);
    let mut live = rig.connect_compared().await;
    rig.clock.advance(Span::from_minutes(2));
    let mut steps = Vec::new();
    while steps.last() != Some(&MarketStep::End) {
        assert!(steps.len() < 5, "{steps:?}");
        let wakeup = (!steps.contains(&MarketStep::Wakeup(at(391, 0)))).then_some(at(390, 0));
        steps.push(within(live.market.next(wakeup)).await);
    }
    assert!(steps.contains(&MarketStep::Wakeup(at(391, 0))));
}

#[tokio::test]
async fn a_stop_closes_both_streams_in_good_order() {
    let rig = Rig::at(at(-1, 0)).await;
    let mut live = rig.connect_compared().await;
    rig.stop.cancel();
    assert!(within(live.prices.farewell()).await && within(live.orders.farewell()).await);
    assert_eq!(live.market.counts().lost, 0, "a stop is no loss");
    until(|| rig.clock.busy_count() == 0).await;
}
