//! Mail at servers of all kinds.

use base64::Engine as _;

use super::made::{HUNTER, config, mail, message, notice, open};
use super::smtp::{MailServer, Manner};
use super::tls::certificate;
use crate::notify::config::Encryption;
use crate::notify::error::SendError;
use crate::notify::kind::Weight;
use crate::notify::message::Message;

const PASSWORD: (&str, &str) = ("ORB_NOTIFY_POST_PASSWORD", "hunter2");

fn said_once(server: &MailServer, line: &str) {
    let said = server.said();
    assert_eq!(said.iter().filter(|said| *said == line).count(), 1, "{line}: {said:#?}");
}

#[tokio::test]
async fn a_mail_has_sender_receivers_subject_and_text() {
    let server = MailServer::start(Manner::default()).await;
    let channel = open(&config("post", mail(server.port, Encryption::None, None)), &[]).expect("a channel");
    channel.send(&message("SPY left by stop")).await.expect("taken");
    for line in [
        "MAIL FROM:<orb@example.com>",
        "RCPT TO:<me@example.com>",
        "RCPT TO:<you@example.com>",
        "Subject: [PAPER] SPY left by stop",
        "Auto-Submitted: auto-generated",
        "10:02:14 New York, ledger paper-1f3a9c02",
    ] {
        said_once(&server, line);
    }
    assert!(!server.said().iter().any(|line| line.starts_with("AUTH")), "nobody signs in without a user");
}

#[tokio::test]
async fn what_people_typed_makes_no_header_of_a_mail() {
    let server = MailServer::start(Manner::default()).await;
    let channel = open(&config("post", mail(server.port, Encryption::None, None)), &[]).expect("a channel");
    let text = "caf\u{e9}\r\nBcc: all@example.com\r\n\r\n.\r\nMAIL FROM:<evil@example.com>";
    channel.send(&message(text)).await.expect("taken");
    let said = server.said();
    // What belongs to the subject begins with a blank where it goes on in the next line.
    let is_other = |line: &String| line.to_ascii_lowercase().starts_with("bcc:") || line.starts_with("MAIL FROM:<evil");
    assert!(!said.iter().any(is_other), "{said:#?}");
    assert_eq!(said.iter().filter(|line| line.starts_with("RCPT")).count(), 2, "{said:#?}");
}

#[tokio::test]
async fn a_user_signs_in_once_the_way_is_encrypted() {
    let (file, tls) = certificate("localhost");
    let implicit = MailServer::start(Manner { implicit: Some(tls.clone()), ..Manner::default() }).await;
    let starttls = MailServer::start(Manner { starttls: Some(tls), ..Manner::default() }).await;
    for (server, encryption) in [(&implicit, Encryption::Implicit), (&starttls, Encryption::Starttls)] {
        let mut config = config("post", mail(server.port, encryption, Some("me@example.com")));
        config.ca_file = Some(file.path().to_owned());
        let channel = open(&config, &[PASSWORD]).expect("a channel");
        channel.send(&message("hello")).await.expect("taken");
        let plain = base64::engine::general_purpose::STANDARD.encode("\0me@example.com\0hunter2");
        said_once(server, &format!("tls: AUTH PLAIN {plain}"));
        said_once(server, "tls: Subject: [PAPER] hello");
        let said = server.said();
        let in_the_clear: Vec<_> = said.iter().filter(|line| !line.starts_with("tls: ")).collect();
        assert!(in_the_clear.iter().all(|line| line.starts_with("EHLO") || *line == "STARTTLS"), "{said:#?}");
    }
}

#[tokio::test]
async fn a_mail_server_that_offers_no_encryption_is_told_nothing() {
    let server = MailServer::start(Manner::default()).await;
    let config = config("post", mail(server.port, Encryption::Starttls, Some("me@example.com")));
    let error = open(&config, &[PASSWORD]).expect("a channel").send(&message("hello")).await.expect_err("refused");
    assert!(matches!(error, SendError::Tls(_)) && error.to_string().contains("STARTTLS"), "{error}");
    assert!(server.said().iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{:?}", server.said());
}

#[tokio::test]
async fn a_mail_server_that_does_not_prove_who_it_is_is_told_nothing() {
    let (_, tls) = certificate("localhost");
    let (file, other) = certificate("other.example");
    let unknown = MailServer::start(Manner { starttls: Some(tls), ..Manner::default() }).await;
    let wrong = MailServer::start(Manner { implicit: Some(other), ..Manner::default() }).await;
    for (server, encryption, trusted) in
        [(&unknown, Encryption::Starttls, None), (&wrong, Encryption::Implicit, Some(file.path().to_owned()))]
    {
        let mut config = config("post", mail(server.port, encryption, Some("me@example.com")));
        config.ca_file = trusted;
        let error = open(&config, &[PASSWORD]).expect("a channel").send(&message("hello")).await.expect_err("no proof");
        assert!(error.is_passing() && !matches!(error, SendError::Late(_)), "{error}");
        let said = server.said();
        assert!(!said.iter().any(|line| line.contains("AUTH") || line.contains("hello")), "{said:?}");
    }
}

#[tokio::test]
async fn a_mail_server_s_answers_are_sorted_and_its_words_left_out() {
    let cases: [(&'static str, &'static str, bool, &str); 4] = [
        (
            "AUTH",
            "535 5.7.8 user or password hunter2 wrong",
            false,
            "it refused (535); look at `user` and its password",
        ),
        ("MAIL", "451 4.7.1 try later hunter2", true, "it has too much to do (451)"),
        ("RCPT", "550 5.1.1 no such user hunter2", false, "it refused (550); look at `from` and `to`"),
        ("DATA", "554 5.7.1 spam hunter2", false, "it refused (554); look at the channel's settings"),
    ];
    for (begin, answer, is_passing, told) in cases {
        let server = MailServer::start(Manner { answers: vec![(begin, answer)], ..Manner::default() }).await;
        let config = config("post", mail(server.port, Encryption::None, Some("me@example.com")));
        let channel = open(&config, &[PASSWORD]).expect("a channel");
        let error = channel.send(&message("hello")).await.expect_err("refused");
        assert_eq!((error.to_string().as_str(), error.is_passing()), (told, is_passing), "{begin}");
        assert!(!format!("{error:?} {channel:?}").contains(HUNTER), "{error:?} {channel:?}");
    }
}

#[tokio::test]
async fn many_lines_are_one_mail() {
    let server = MailServer::start(Manner::default()).await;
    let channel = open(&config("post", mail(server.port, Encryption::None, None)), &[]).expect("a channel");
    let notices =
        (0..50).map(|number| notice(number, Weight::Info, &format!("n{number} {}", "x".repeat(280)))).collect();
    channel.send(&Message { notices, left_out: 3 }).await.expect("taken");
    said_once(&server, "Subject: [PAPER] 50 messages together, 3 more left out");
    assert!(server.said().iter().all(|line| line.len() <= 998), "no line is longer than mail allows");
}
