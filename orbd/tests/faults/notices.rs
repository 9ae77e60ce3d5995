//! Channels for notices that are dead, on a day like any other: nothing of what is traded or recorded changes.

use std::net::TcpListener;

use orbd::notify::{ChannelConfig, Encryption, Kind, MESSAGES_PER_MINUTE, MailTarget, Target, Weight};
use orbd::rehearsal::{Outcome, Rehearsal};

use crate::rig::{breakout, classic, day, price, range, survive};

/// Makes a channel to a mail server on a port of this machine.
fn channel(name: &str, port: u16) -> ChannelConfig {
    let mailbox = || "orb@example.com".parse().expect("an address");
    let mail = MailTarget {
        server: "localhost".to_owned(),
        port,
        encryption: Encryption::None,
        user: None,
        from: mailbox(),
        to: vec![mailbox()],
    };
    ChannelConfig {
        name: name.to_owned(),
        kinds: Kind::ALL.to_vec(),
        weight: Weight::Info,
        per_minute: MESSAGES_PER_MINUTE,
        ca_file: None,
        target: Target::Email(mail),
    }
}

/// Everything that was traded and decided, in letters.
fn traded(outcome: &Outcome) -> String {
    format!("{:#?}\n{:#?}\n{:#?}\n{:#?}", outcome.trades, outcome.fills, outcome.signals, outcome.decisions)
}

#[test]
fn dead_channels_leave_a_day_s_trades_equal_to_the_byte() {
    // Never two orders at one instant: which of them comes first is up to the machine.
    let stopped = || range("BBB").stay(3).to(price("101.2")).to(price("99"));
    let day = || day(vec![breakout("AAA"), stopped()], classic());
    let without = survive(day(), "");
    assert_eq!(without.trades.len(), 2);
    // One takes connections and says nothing, at the other nobody listens.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let ports = [&silent, &closed].map(|listener| listener.local_addr().expect("an address").port());
    drop(closed);
    let notify = vec![channel("silent", ports[0]), channel("closed", ports[1])];
    let with = survive(Rehearsal { notify, ..day() }, "");
    assert_eq!(traded(&with), traded(&without));
    silent.set_nonblocking(true).expect("a listener");
    assert!(silent.accept().is_ok(), "it was tried");
}
