//! An ingest of Sentry that is dead, on a day with alarms: nothing of what is traded or recorded changes.

use std::net::TcpListener;

use orbd::reporting::{self, SentryConfig};
use orbd::view::Environment;

use crate::rig::{breakout, classic, day, story, survive};
use crate::traded::traded;

#[test]
fn a_dead_ingest_leaves_what_is_traded_on_a_day_of_alarms_as_it_is() {
    // The entry's stop stands where it was not ordered, and cannot be moved: alarms and their end.
    let fault = "fault = { displaced_cents = -200, replace_rejected = true }";
    let plan = format!("[[order]]\n{fault}\nside = \"sell\"\ntype = \"stop\"\nclass = \"bracket\"\n");
    let play = || survive(day(vec![breakout("AAA")], classic()), &plan);
    // It takes connections and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let dsn = format!("http://hunter2@127.0.0.1:{port}/1").into();
    reporting::start_at(&dsn, SentryConfig { is_on: true, per_minute: 60 }, Environment::Sim);
    let with = play();
    reporting::finish(false);
    let without = play();
    assert_eq!(traded(&with), traded(&without));
    silent.set_nonblocking(true).expect("a listener");
    assert!(silent.accept().is_ok(), "there was something to report\n{}", story(&with));
}
