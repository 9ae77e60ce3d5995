//! Channels that a reload adds, turns elsewhere and takes away.

use std::sync::Arc;

use tokio::sync::broadcast;

use super::made::{config, notice, open};
use super::server::{Answer, Server, body};
use crate::monitoring::Meters;
use crate::notify::channel::Channel;
use crate::notify::config::Target;
use crate::notify::kind::Weight;
use crate::notify::notifier::Notifier;
use crate::view::Update;

fn notifier() -> (Notifier, broadcast::Sender<Arc<Update>>) {
    let updates = broadcast::Sender::new(8);
    (Notifier::start(&[], updates.subscribe(), false, &Meters::default()), updates)
}

fn channel(server: &Server, path: &str) -> Channel {
    let address = server.url(path);
    open(&config("desk", Target::Webhook), &[("ORB_NOTIFY_DESK_URL", &address)]).expect("a channel")
}

#[tokio::test]
async fn a_channel_that_is_turned_elsewhere_keeps_what_waits() {
    let dead = Server::start(vec![Answer::With(503, "", String::new())]).await;
    let good = Server::start(vec![Answer::ok()]).await;
    let (mut notifier, _updates) = notifier();
    notifier.take_up(vec![channel(&dead, "/in")]).await;
    notifier.teller().tell(&notice(1, Weight::Alarm, "first"));
    // It has failed once, and rests.
    dead.requests(1).await;
    notifier.teller().tell(&notice(2, Weight::Info, "second"));
    notifier.take_up(vec![channel(&good, "/in")]).await;
    let said: Vec<_> = body(&good.requests(1).await[0])["notices"].as_array().expect("notices").clone();
    let texts: Vec<_> = said.iter().map(|notice| notice["text"].as_str().expect("a text")).collect();
    assert_eq!(texts, ["first", "second"]);
}

#[tokio::test]
async fn a_channel_that_is_taken_away_is_told_nothing_more() {
    let (first, other) = (Server::start(vec![Answer::ok()]).await, Server::start(vec![Answer::ok()]).await);
    let (mut notifier, _updates) = notifier();
    let teller = notifier.teller();
    notifier.take_up(vec![channel(&first, "/in")]).await;
    teller.tell(&notice(1, Weight::Info, "before"));
    first.requests(1).await;
    let elsewhere = open(&config("other", Target::Webhook), &[("ORB_NOTIFY_OTHER_URL", &other.url("/in"))]);
    notifier.take_up(vec![elsewhere.expect("a channel")]).await;
    teller.tell(&notice(2, Weight::Info, "after"));
    assert_eq!(body(&other.requests(1).await[0])["notices"][0]["text"], "after");
    assert_eq!(first.requests(1).await.len(), 1, "the channel that is gone was told");
    assert_eq!(teller.channels().len(), 1);
}

#[tokio::test]
async fn the_same_configuration_and_secrets_are_the_same_channel() {
    let server = Server::start(vec![Answer::ok()]).await;
    let one = channel(&server, "/in");
    assert!(one.is_same(&channel(&server, "/in")));
    assert!(!one.is_same(&channel(&server, "/out")), "another secret");
    assert!(!format!("{one:?}").contains("/in"), "{one:?}");
}
