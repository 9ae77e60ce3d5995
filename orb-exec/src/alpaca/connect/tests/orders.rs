//! The stream of order news.

use super::*;

const OURS: &str = "20260213-orb5-AAPL-1-e";

/// Writes news of an order as the stream carries it.
fn news_json(event: &str, order: &str, filled: i64) -> Value {
    json!({
        "stream": "trade_updates",
        "data": {
            "event": event, "timestamp": "2026-02-13T14:36:00Z", "price": "10.5", "qty": "1",
            "order": {
                "id": order, "client_order_id": OURS, "symbol": "AAPL", "qty": "10", "filled_qty": filled.to_string(),
                "type": "limit", "limit_price": "10.5", "side": "buy", "status": "new",
            },
        },
    })
}

#[tokio::test]
async fn binary_and_text_frames_carry_news() {
    let rig = Rig::at(at(-1, 0)).await;
    let mut live = rig.connect_compared().await;
    live.orders.binary(&news_json("new", "o1", 0)).await;
    live.orders.text(&news_json("partial_fill", "o1", 3)).await;
    live.orders.binary(&json!({ "stream": "hologram", "data": 7 })).await;
    live.orders.binary(&news_json("fill", "o1", 10)).await;
    for expected in ["New o1", "PartialFill o1 o1@3", "Fill o1 o1@10"] {
        assert_eq!(live.event().await, expected);
    }
    let sent = live.orders.sent + live.prices.sent;
    until(|| rig.clock.frames_done() == sent && rig.clock.busy_count() == 0).await;
}

#[tokio::test]
async fn a_refused_key_is_told() {
    let rig = Rig::at(at(-1, 0)).await;
    let opening = rig.begin();
    let mut orders = within(rig.orders.accept()).await;
    within(orders.hear()).await;
    orders.binary(&json!({ "stream": "authorization", "data": { "status": "unauthorized" } })).await;
    let error = within(opening).await.unwrap().0.unwrap_err();
    assert!(matches!(error, ConnectError::Orders(StreamError::Unauthorized(_))), "{error}");
}

#[tokio::test]
async fn after_a_break_the_whole_state_comes_before_what_happened_since() {
    let rig = Rig::at(at(-1, 0)).await;
    let mut live = rig.connect_compared().await;
    rig.source.permits.forget_permits(usize::MAX >> 4);
    within(live.orders.cut()).await;
    assert_eq!(live.event().await, "trouble reconciling");
    within(rig.clock.asleep()).await;
    rig.clock.advance(Span::from_seconds(1));
    live.orders = within(rig.orders.accept_orders()).await;
    within(rig.source.begun.subscribe().wait_for(|begun| *begun == 2)).await.unwrap();
    live.orders.binary(&news_json("partial_fill", "o1", 3)).await;
    live.orders.binary(&news_json("fill", "o1", 10)).await;
    let sent = live.orders.sent;
    let done = rig.clock.frames_done();
    assert!(done >= sent || live.events.is_empty());
    // News came while it was read, so it is read three times before what is known is told.
    rig.source.permits.add_permits(3);
    assert_eq!(live.event().await, "snapshot");
    assert_eq!(live.event().await, "PartialFill o1 o1@3");
    assert_eq!(live.event().await, "Fill o1 o1@10");
}

#[tokio::test]
async fn a_state_that_cannot_be_read_is_asked_for_again() {
    let rig = Rig::at(at(-1, 0)).await;
    rig.source.snapshots.lock().unwrap().extend([None, None]);
    let mut live = rig.connect().await;
    for begun in 1..=2 {
        within(rig.source.begun.subscribe().wait_for(|count| *count == begun)).await.unwrap();
        until(|| rig.clock.busy_count() == 0).await;
        within(rig.clock.asleep()).await;
        rig.clock.advance(Span::from_seconds(2));
    }
    assert_eq!(live.event().await, "snapshot");
}

#[tokio::test]
async fn the_state_is_compared_from_time_to_time_and_read_again_when_news_came_meanwhile() {
    let mut rig = Rig::at(at(-1, 0)).await;
    rig.settings.compare_every = Some(Span::from_seconds(60));
    let mut live = rig.connect_compared().await;
    rig.source.permits.forget_permits(usize::MAX >> 4);
    within(rig.clock.asleep()).await;
    rig.clock.advance(Span::from_seconds(60));
    within(rig.source.begun.subscribe().wait_for(|begun| *begun == 2)).await.unwrap();
    live.orders.binary(&news_json("new", "o1", 0)).await;
    assert_eq!(live.event().await, "New o1", "news does not wait for a comparison");
    rig.source.permits.add_permits(1);
    within(rig.source.begun.subscribe().wait_for(|begun| *begun == 3)).await.unwrap();
    assert!(live.events.is_empty(), "what was read may be older than the news");
    rig.source.permits.add_permits(1);
    assert_eq!(live.event().await, "snapshot");
}

#[tokio::test]
async fn what_is_unclear_is_looked_up() {
    let foreign = {
        let mut news = news_json("new", "o9", 0);
        news["data"]["order"]["symbol"] = json!("GME");
        news
    };
    for odd in [json!({ "stream": "trade_updates", "data": [] }), news_json("teleported", "o1", 0), foreign] {
        let rig = Rig::at(at(-1, 0)).await;
        let mut live = rig.connect_compared().await;
        rig.clock.advance(Span::from_seconds(5));
        live.orders.binary(&odd).await;
        assert_eq!(live.event().await, "snapshot", "{odd}");
        live.orders.binary(&news_json("new", "o1", 0)).await;
        assert_eq!(live.event().await, "New o1", "the connection lives on");
    }
}

#[tokio::test]
async fn an_execution_that_is_taken_back_is_told() {
    let rig = Rig::at(at(-1, 0)).await;
    let mut live = rig.connect_compared().await;
    live.orders.binary(&news_json("trade_bust", "o1", 3)).await;
    assert_eq!(live.event().await, "Busted o1");
}
