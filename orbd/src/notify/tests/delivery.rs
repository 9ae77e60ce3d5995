//! What becomes of a message at servers of all kinds.

use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::registry::Registry;

use super::made::{HUNTER, config, message, notice, open, telegram};
use super::server::{Answer, Server, body};
use crate::monitoring::Meters;
use crate::notify::config::Target;
use crate::notify::error::SendError;
use crate::notify::kind::{Kind, Weight};
use crate::notify::lane::Lane;

const PATH: &str = "/services/T0001/hunter2-path/hunter2";

async fn sent(server: &Server, deadline: Duration) -> Result<(), SendError> {
    let channel = open(&config("desk", Target::Webhook), &[("ORB_NOTIFY_DESK_URL", &server.url(PATH))]);
    channel.expect("a channel").within(deadline).send(&message("hello")).await
}

async fn refused(answer: Answer) -> SendError {
    let server = Server::start(vec![answer]).await;
    let error = sent(&server, Duration::from_secs(5)).await.expect_err("not taken");
    assert!(!format!("{error} {error:?}").contains(HUNTER), "{error:?}");
    error
}

#[tokio::test]
async fn a_webhook_is_posted_to_with_its_token() {
    let server = Server::start(vec![Answer::ok()]).await;
    let secrets = [("ORB_NOTIFY_MY_DESK_URL", &*server.url("/in?x=1")), ("ORB_NOTIFY_MY_DESK_TOKEN", "t0ken")];
    let channel = open(&config("my-desk", Target::Webhook), &secrets).expect("a channel");
    channel.send(&message("hello")).await.expect("taken");
    let request = &server.requests(1).await[0];
    assert!(request.starts_with("POST /in?x=1 HTTP/1.1\r\n"), "{request}");
    for header in ["authorization: Bearer t0ken", "content-type: application/json", "connection: close"] {
        assert!(request.lines().any(|line| line == header), "{header}: {request}");
    }
    assert_eq!(body(request)["notices"][0]["text"], "hello");
}

#[tokio::test]
async fn slack_and_telegram_get_theirs() {
    let server = Server::start(vec![Answer::ok()]).await;
    let channel = open(&config("s", Target::Slack), &[("ORB_NOTIFY_S_URL", &server.url("/services/x"))]);
    channel.expect("a channel").send(&message("hello")).await.expect("taken");
    let channel = open(&config("t", telegram(&server.url(""))), &[("ORB_NOTIFY_T_TOKEN", "123:hunter2_-")]);
    channel.expect("a channel").send(&message("hello")).await.expect("taken");
    let requests = server.requests(2).await;
    assert!(requests[0].starts_with("POST /services/x ") && body(&requests[0])["text"].is_string(), "{requests:?}");
    assert!(requests[1].starts_with("POST /bot123:hunter2_-/sendMessage "), "{requests:?}");
    assert_eq!(body(&requests[1])["chat_id"], -1_001_234_567_890_i64);
}

#[tokio::test]
async fn answers_are_sorted_by_what_can_be_done() {
    let with = |status, headers, said: &str| Answer::With(status, headers, said.to_owned());
    let error = refused(with(429, "retry-after: 7\r\n", "")).await;
    assert_eq!((error.is_passing(), error.wait()), (true, Some(Duration::from_secs(7))));
    let error = refused(with(429, "", r#"{"ok":false,"parameters":{"retry_after":3}}"#)).await;
    assert_eq!(error.wait(), Some(Duration::from_secs(3)));
    assert!(matches!(refused(with(500, "", "")).await, SendError::Failed { status: 500 }));
    assert!(matches!(refused(with(503, "", "")).await, SendError::Busy { status: 503, wait: None }));
    let error = refused(with(404, "", "no_service")).await;
    assert!(!error.is_passing() && error.to_string().contains("(404: no_service)"), "{error}");
    let error = refused(with(302, "location: http://127.0.0.1:9/\r\n", "")).await;
    assert!(!error.is_passing() && error.to_string().contains("which is not followed"), "{error}");
    assert!(matches!(refused(Answer::Hangup).await, SendError::Unreachable(_)));
}

#[tokio::test]
async fn what_a_server_repeats_of_a_secret_is_in_no_error() {
    let said = format!("no such hook {PATH}, hunter2-path");
    let error = refused(Answer::With(410, "", said)).await;
    assert!(error.to_string().contains("no such hook ***"), "{error}");
    let server = Server::start(vec![Answer::With(401, "", r#"{"description":"bad 123:hunter2_-"}"#.to_owned())]).await;
    let channel = open(&config("t", telegram(&server.url(""))), &[("ORB_NOTIFY_T_TOKEN", "123:hunter2_-")]);
    let channel = channel.expect("a channel");
    let error = channel.send(&message("hello")).await.expect_err("refused");
    assert_eq!(error.to_string(), "it refused (401: bad ***); look at the secret of the channel");
    assert!(!format!("{channel:?} {error:?}").contains(HUNTER), "{channel:?}");
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let server = Server::start(vec![Answer::Silence]).await;
    let error = sent(&server, Duration::from_millis(200)).await.expect_err("no answer");
    assert!(matches!(error, SendError::Late(_)) && error.is_passing(), "{error}");
}

#[tokio::test]
async fn a_port_that_nobody_listens_on_is_no_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/hunter2", listener.local_addr().expect("an address"));
    drop(listener);
    let channel = open(&config("desk", Target::Slack), &[("ORB_NOTIFY_DESK_URL", &url)]).expect("a channel");
    let error = channel.send(&message("hello")).await.expect_err("nobody is there");
    assert!(matches!(error, SendError::Unreachable(_)) && !error.to_string().contains(HUNTER), "{error}");
}

#[test]
fn an_address_without_encryption_is_for_this_machine_only() {
    let of = |url: &str| open(&config("desk", Target::Webhook), &[("ORB_NOTIFY_DESK_URL", url)]);
    for good in
        ["https://hooks.example/hunter2", "http://127.0.0.1:1/hunter2", "http://[::1]:1/x", "http://localhost:1/"]
    {
        assert!(of(good).is_ok(), "{good}");
    }
    for bad in
        ["http://hooks.example/hunter2", "ftp://x/hunter2", "hunter2", "https://me:hunter2@x/", "http://10.0.0.1/"]
    {
        let error = of(bad).expect_err(bad).to_string();
        assert!(error.starts_with("ORB_NOTIFY_DESK_URL is no address") && !error.contains(HUNTER), "{error}");
    }
    let error = open(&config("desk", Target::Slack), &[]).expect_err("there is none").to_string();
    assert!(error.contains("orb-notify-desk-url") && error.contains("ORB_NOTIFY_DESK_URL"), "{error}");
    let error = open(&config("t", telegram("http://127.0.0.1:1")), &[("ORB_NOTIFY_T_TOKEN", "a/../hunter2")]);
    assert!(error.is_err_and(|error| !error.to_string().contains(HUNTER)));
}

/// Counts what the figures show of a channel.
fn shown(meters: &Meters, line: &str) -> bool {
    let (mut registry, mut text) = (Registry::with_prefix("orb"), String::new());
    meters.register(&mut registry);
    encode(&mut text, &registry).expect("text");
    text.lines().any(|shown| shown == format!("orb_notifications_total{line}"))
}

#[tokio::test]
async fn what_is_held_back_goes_as_one_message_with_its_count() {
    let server = Server::start(vec![Answer::ok()]).await;
    let mut config = config("desk", Target::Webhook);
    config.per_minute = 60;
    let channel = open(&config, &[("ORB_NOTIFY_DESK_URL", &server.url(PATH))]).expect("a channel");
    let meters = Meters::default();
    let (lane, task) = Lane::open(channel, &meters);
    (0..12).for_each(|number| lane.tell(&notice(number, Weight::Info, &format!("n{number}"))));
    let task = tokio::spawn(task);
    let requests = server.requests(6).await;
    assert_eq!(body(&requests[4])["notices"].as_array().map(Vec::len), Some(1));
    let last = body(&requests[5]);
    assert_eq!(last["notices"].as_array().map(Vec::len), Some(7), "{last}");
    assert!(last["text"].as_str().is_some_and(|text| text.starts_with("[PAPER] 7 messages together")), "{last}");
    lane.end();
    task.await.expect("it ends by itself");
    assert!(shown(&meters, "{channel=\"desk\",result=\"sent\"} 12"));
    assert!(shown(&meters, "{channel=\"desk\",result=\"dropped\"} 0"));
}

#[tokio::test]
async fn what_failed_goes_again_together_with_what_came_meanwhile() {
    let answers = vec![Answer::With(500, "", String::new()), Answer::ok()];
    let server = Server::start(answers).await;
    let channel = open(&config("desk", Target::Webhook), &[("ORB_NOTIFY_DESK_URL", &server.url(PATH))]);
    let meters = Meters::default();
    let (lane, task) = Lane::open(channel.expect("a channel"), &meters);
    let task = tokio::spawn(task);
    lane.tell(&notice(1, Weight::Info, "first"));
    server.requests(1).await;
    lane.tell(&notice(2, Weight::Alarm, "second"));
    let requests = server.requests(2).await;
    let told = body(&requests[1])["text"].as_str().expect("a text").to_owned();
    assert!(told.contains("first") && told.contains("ALARM: second"), "{told}");
    assert_eq!(body(&requests[0])["notices"][0]["id"], body(&requests[1])["notices"][0]["id"], "the same id again");
    lane.end();
    task.await.expect("it ends by itself");
    assert!(shown(&meters, "{channel=\"desk\",result=\"sent\"} 2"));
    assert!(shown(&meters, "{channel=\"desk\",result=\"retried\"} 1"));
}

#[tokio::test]
async fn a_refused_message_is_counted_and_the_next_one_goes() {
    let server = Server::start(vec![Answer::With(400, "", "invalid_payload".to_owned()), Answer::ok()]).await;
    let channel = open(&config("desk", Target::Slack), &[("ORB_NOTIFY_DESK_URL", &server.url(PATH))]);
    let meters = Meters::default();
    let (lane, task) = Lane::open(channel.expect("a channel"), &meters);
    let task = tokio::spawn(task);
    lane.tell(&notice(1, Weight::Info, "first"));
    server.requests(1).await;
    lane.tell(&notice(2, Weight::Info, "second"));
    let requests = server.requests(2).await;
    assert!(!requests[1].contains("first"), "{}", requests[1]);
    lane.end();
    task.await.expect("it ends by itself");
    assert!(shown(&meters, "{channel=\"desk\",result=\"failed\"} 1"));
}

#[tokio::test]
async fn a_channel_gets_what_it_asked_for() {
    let server = Server::start(vec![Answer::ok()]).await;
    let mut config = config("desk", Target::Webhook);
    (config.kinds, config.weight) = (vec![Kind::Exit], Weight::Warning);
    let channel = open(&config, &[("ORB_NOTIFY_DESK_URL", &server.url(PATH))]).expect("a channel");
    let (lane, task) = Lane::open(channel, &Meters::default());
    lane.tell(&notice(1, Weight::Info, "too light"));
    let mut other = notice(2, Weight::Alarm, "of another kind");
    other.kind = Kind::Day;
    lane.tell(&other);
    lane.tell(&notice(3, Weight::Warning, "wanted"));
    lane.end();
    task.await;
    let seen = server.seen();
    assert_eq!((seen.len(), &body(&seen[0])["notices"][0]["text"]), (1, &"wanted".into()));
}

#[tokio::test]
async fn the_end_tries_once_more_and_counts_what_is_left() {
    let server = Server::start(vec![Answer::With(500, "", String::new())]).await;
    let channel = open(&config("desk", Target::Webhook), &[("ORB_NOTIFY_DESK_URL", &server.url(PATH))]);
    let meters = Meters::default();
    let (lane, task) = Lane::open(channel.expect("a channel"), &meters);
    let task = tokio::spawn(task);
    (0..3).for_each(|number| lane.tell(&notice(number, Weight::Info, "x")));
    server.requests(1).await;
    lane.end();
    tokio::time::timeout(Duration::from_secs(5), task).await.expect("soon").expect("it ends by itself");
    assert!(server.seen().len() <= 3, "it does not go on trying");
    assert!(shown(&meters, "{channel=\"desk\",result=\"dropped\"} 3"));
}
