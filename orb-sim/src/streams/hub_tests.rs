//! What goes out to connections, and what goes wrong on the way.

use super::*;
use crate::faults::FaultPlan;
use crate::speed::Speed;

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

struct Rig {
    hub: Hub,
    clock: SimClock,
}

fn rig(plan: &str, frames_max: usize) -> Rig {
    let plan: FaultPlan = plan.parse().expect("a plan");
    let clock = SimClock::new(NOW, Speed::Max);
    let rules = HubRules {
        credentials: Credentials::default(),
        feed: Feed::Sip,
        data_connections_max: 1,
        frames_max,
        refused_with: None,
    };
    Rig { hub: Hub::new(clock.clone(), rules, StreamFaults::new(&plan), "A".to_owned()), clock }
}

impl Rig {
    fn say(&mut self, link: &Link, said: &Value) {
        let _ = self.hub.said(NOW, link.id, true, said.to_string().as_bytes(), true);
    }

    /// Opens a data connection that wants everything, and takes the conversation so far.
    fn data(&mut self, endpoint: Endpoint) -> Link {
        let mut link = self.hub.open(endpoint, Codec::Json, false);
        self.say(&link, &json!({"action": "auth", "key": "sim", "secret": "sim"}));
        self.say(&link, &json!({"action": "subscribe", "bars": ["*"], "trades": ["*"]}));
        while link.frames.try_recv().is_ok() {}
        link
    }

    fn trades(&mut self) -> Link {
        let mut link = self.hub.open(Endpoint::TradeUpdates, Codec::Json, false);
        self.say(&link, &json!({"action": "auth", "key": "sim", "secret": "sim"}));
        self.say(&link, &json!({"action": "listen", "data": {"streams": ["trade_updates"]}}));
        while link.frames.try_recv().is_ok() {}
        link
    }

    /// Publishes bars of a symbol with the volumes given, each at an instant of its own.
    fn bars(&mut self, volumes: &[i64]) {
        for volume in volumes {
            self.hub.publish(NOW, DataMessage::new("b", "A", vec![("v", Field::Integer(*volume))]));
            self.hub.flush(NOW);
        }
    }
}

/// Takes what came: the volumes, -1 for what has none.
fn volumes(link: &mut Link) -> Vec<i64> {
    let mut volumes = Vec::new();
    while let Ok(frame) = link.frames.try_recv() {
        let messages: Vec<Value> = serde_json::from_slice(&frame.bytes).expect("an array");
        volumes.extend(messages.iter().map(|message| message["v"].as_i64().unwrap_or(-1)));
    }
    volumes
}

#[track_caller]
fn check(plan: &str, expected: &[i64]) {
    let mut rig = rig(plan, 100);
    let mut link = rig.data(Endpoint::Data(Feed::Sip));
    rig.bars(&[1, 2, 3, 4]);
    assert_eq!(volumes(&mut link), expected, "{plan}");
}

#[test]
fn without_faults_everything_comes_in_order() {
    check("", &[1, 2, 3, 4]);
}

#[test]
fn messages_are_dropped_doubled_and_reordered() {
    check("[[stream]]\nfault = 'drop'\nwhen = { nth = [2] }", &[1, 3, 4]);
    check("[[stream]]\nfault = 'duplicate'\nkind = 'b'\nwhen = { nth = [3] }", &[1, 2, 3, 3, 4]);
    check("[[stream]]\nfault = 'reorder'\nwhen = { nth = [2] }", &[1, 3, 2, 4]);
    check("[[stream]]\nfault = 'drop'\nstream = 'trade_updates'", &[1, 2, 3, 4]);
    check("[[stream]]\nfault = 'drop'\nsymbol = 'B'", &[1, 2, 3, 4]);
    check("[[stream]]\nfault = 'unknown_type'\nwhen = { nth = [2] }", &[1, -1, 2, 3, 4]);
}

#[test]
fn unknown_fields_and_words_come_with_what_is_known() {
    let mut rig = rig("[[stream]]\nfault = 'unknown_field'\nstream = 'data'\n[[stream]]\nfault = 'unknown_word'", 100);
    let (mut data, mut trades) = (rig.data(Endpoint::Data(Feed::Sip)), rig.trades());
    rig.bars(&[1]);
    rig.hub.update(NOW, json!({"event": "fill", "order": {"symbol": "A", "status": "filled"}}));
    let bars: Value = serde_json::from_slice(&data.frames.try_recv().expect("bars").bytes).expect("JSON");
    assert_eq!((&bars[0]["v"], &bars[0]["mood"]), (&json!(1), &json!("fine")));
    let frame = trades.frames.try_recv().expect("an update");
    assert!(!frame.is_text, "trade updates are binary frames");
    let update: Value = serde_json::from_slice(&frame.bytes).expect("JSON");
    assert_eq!(update["data"]["event"], json!("contemplated"));
}

#[test]
fn a_delayed_message_comes_at_its_time() {
    let mut rig = rig("[[stream]]\nfault = { delay_ms = 5 }\nwhen = { nth = [1] }", 100);
    let mut link = rig.data(Endpoint::Data(Feed::Sip));
    rig.bars(&[1, 2]);
    assert_eq!(volumes(&mut link), [2]);
    let due = NOW + Span::from_millis(5);
    assert_eq!(rig.hub.next_due(), Some(due));
    rig.hub.flush(due);
    assert_eq!((volumes(&mut link), rig.hub.next_due()), (vec![1], None));
}

#[test]
fn a_mute_socket_stays_open_and_silent() {
    let mut rig = rig("[[stream]]\nfault = { mute_seconds = 60 }\nwhen = { nth = [2] }", 100);
    let mut link = rig.data(Endpoint::Data(Feed::Sip));
    rig.bars(&[1, 2, 3]);
    assert_eq!(volumes(&mut link), [1]);
    assert_eq!(link.ending.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    let later = NOW + Span::from_seconds(60);
    rig.hub.publish(later, DataMessage::new("b", "A", vec![("v", Field::Integer(4))]));
    rig.hub.flush(later);
    assert_eq!(volumes(&mut link), [4]);
}

#[test]
fn a_dead_session_lingers() {
    let mut rig = rig("[[stream]]\nfault = { linger = 90 }\nwhen = { nth = [2] }", 100);
    let mut link = rig.data(Endpoint::Data(Feed::Sip));
    rig.bars(&[1, 2]);
    assert_eq!(link.ending.try_recv(), Ok(Ending::Cut));
    rig.hub.closed(link.id, 0);
    let mut again = rig.data(Endpoint::Data(Feed::Sip));
    let Ok(Ending::Told(Some(frame))) = again.ending.try_recv() else { panic!("it is told") };
    assert!(std::str::from_utf8(&frame.bytes).expect("text").contains("406"));
}

#[test]
fn a_second_connection_is_refused_until_the_first_is_closed() {
    let mut rig = rig("", 100);
    let first = rig.data(Endpoint::Data(Feed::Sip));
    let mut second = rig.data(Endpoint::Data(Feed::Iex));
    assert!(matches!(second.ending.try_recv(), Ok(Ending::Told(_))));
    assert_eq!(rig.data(Endpoint::Test).ending.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    rig.hub.closed(first.id, 0);
    assert_eq!(rig.data(Endpoint::Data(Feed::Sip)).ending.try_recv(), Err(oneshot::error::TryRecvError::Empty));
}

#[test]
fn a_slow_client_is_told_so_and_nobody_waits() {
    let mut rig = rig("", 3);
    let mut link = rig.data(Endpoint::Data(Feed::Sip));
    rig.bars(&[1, 2, 3, 4, 5]);
    assert_eq!(volumes(&mut link), [1, 2, 3]);
    let Ok(Ending::Told(Some(frame))) = link.ending.try_recv() else { panic!("it is told") };
    assert!(std::str::from_utf8(&frame.bytes).expect("text").contains("407"));
}

#[test]
fn frames_of_a_client_in_lock_step_hold_time_and_those_of_an_observer_do_not() {
    let mut rig = rig("", 100);
    let _client = rig.clock.register();
    let observer = rig.hub.open(Endpoint::Data(Feed::Sip), Codec::Json, true);
    let is_held = |clock: &SimClock| matches!(clock.step(Some(NOW)), crate::clock::Step::Held(_));
    assert!(!is_held(&rig.clock));
    let link = rig.hub.open(Endpoint::TradeUpdates, Codec::Json, false);
    rig.say(&link, &json!({"action": "auth", "key": "sim", "secret": "sim"}));
    assert!(is_held(&rig.clock));
    rig.hub.closed(link.id, 0);
    assert!(!is_held(&rig.clock));
    drop(observer);
}

#[test]
fn the_test_stream_shows_the_first_symbol_under_its_own_name() {
    let mut rig = rig("", 100);
    let mut link = rig.hub.open(Endpoint::Test, Codec::Json, false);
    rig.say(&link, &json!({"action": "auth", "key": "sim", "secret": "sim"}));
    rig.say(&link, &json!({"action": "subscribe", "bars": ["FAKEPACA"]}));
    while link.frames.try_recv().is_ok() {}
    rig.bars(&[9]);
    let bars: Value = serde_json::from_slice(&link.frames.try_recv().expect("bars").bytes).expect("JSON");
    assert_eq!(bars[0]["S"], json!(TEST_SYMBOL));
}
