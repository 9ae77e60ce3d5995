//! What each service is given.

use serde_json::json;

use super::made::{message, notice};
use crate::notify::channel::json::{shortened, slack, telegram, webhook};
use crate::notify::kind::Weight;
use crate::notify::message::Message;
use crate::notify::notice::one_line;

/// What somebody may type as a reason.
const NASTY: &str = "<!channel> <https://evil.example|click> *bold* _it_ `code` [a](b) A&B > 1 \\ \"quoted\" \u{202e}x\u{7}\r\nBcc: all@example.com";

fn several() -> Message {
    let notices = vec![
        notice(1, Weight::Info, "SPY entered: long 100 at 512.34, stop 510.2"),
        notice(2, Weight::Alarm, "QQQ: 100 shares without a working stop"),
        notice(3, Weight::Warning, "PAUSED, entries are held by stale_data: market data are too old (orb)"),
    ];
    Message { notices, left_out: 2 }
}

#[test]
fn a_message_says_environment_and_ledger_and_what_happened() {
    let one = message("SPY left by target: long 100 at 514.5, net 120.5, 1.2000 R");
    assert_eq!(one.subject(), "[PAPER] SPY left by target: long 100 at 514.5, net 120.5, 1.2000 R");
    assert_eq!(
        one.text(),
        "[PAPER] SPY left by target: long 100 at 514.5, net 120.5, 1.2000 R\n10:02:14 New York, ledger paper-1f3a9c02"
    );
}

#[test]
fn several_are_told_together_with_alarms_first_and_the_count_of_what_is_left_out() {
    insta::assert_snapshot!(several().text(), @r"
    [PAPER] 3 messages together, 1 of them ALARMS, 2 more left out
    10:02:02 [PAPER] ALARM: QQQ: 100 shares without a working stop
    10:02:03 [PAPER] warning: PAUSED, entries are held by stale_data: market data are too old (orb)
    10:02:01 [PAPER] SPY entered: long 100 at 512.34, stop 510.2
    Times of New York, ledger paper-1f3a9c02
    ");
}

#[test]
fn of_very_many_the_heaviest_are_told_and_the_others_counted() {
    let light = (0..30).map(|number| notice(number, Weight::Info, &format!("light {number}")));
    let alarm = notice(31, Weight::Alarm, "the alarm");
    let many = Message { notices: light.chain([alarm]).collect(), left_out: 0 };
    let text = many.text();
    assert!(text.contains("the alarm") && text.contains("light 29") && !text.contains("light 5\n"), "{text}");
    assert!(text.contains("\nand 11 lighter ones\n"), "{text}");
}

#[test]
fn the_webhook_s_form_is_the_documented_one() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/notifications.md");
    let text = std::fs::read_to_string(path).expect("the page");
    let (_, rest) = text.split_once("```json\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let documented: serde_json::Value = serde_json::from_str(example).expect("JSON");
    let made = webhook(&message("SPY left by target: long 100 at 514.5, net 120.5, 1.2000 R"));
    assert_eq!(made, documented, "{made:#}");
}

#[test]
fn what_people_typed_is_plain_text_to_slack() {
    let body = slack(&message(NASTY));
    let text = body["text"].as_str().expect("a text");
    assert!(text.contains("&lt;!channel&gt; &lt;https://evil.example|click&gt; *bold*"), "{text}");
    assert!(text.contains("A&amp;B &gt; 1") && !text.contains('<') && !text.contains('>'), "{text}");
    assert!(!text.contains('\u{7}') && !text.contains('\u{202e}') && !text.contains('\r'), "{text}");
    assert_eq!((&body["mrkdwn"], &body["unfurl_links"]), (&json!(false), &json!(false)));
}

#[test]
fn what_people_typed_is_plain_text_to_telegram() {
    let body = telegram(&message(NASTY), "@desk");
    let text = body["text"].as_str().expect("a text");
    assert!(text.contains("<!channel>") && text.contains("*bold* _it_ `code` [a](b) A&B > 1 \\"), "{text}");
    assert!(body.get("parse_mode").is_none(), "without a mode nothing is parsed: {body}");
    assert_eq!((&body["chat_id"], &body["disable_notification"]), (&json!("@desk"), &json!(true)));
    let body = telegram(&several(), "-1001234567890");
    assert_eq!((&body["chat_id"], &body["disable_notification"]), (&json!(-1_001_234_567_890_i64), &json!(false)));
}

#[test]
fn a_message_fits_into_telegram_s_bound() {
    let long = "\u{1f680}".repeat(300);
    let notices = (0..20).map(|number| notice(number, Weight::Info, &long)).collect();
    let body = telegram(&Message { notices, left_out: 0 }, "1");
    let units = body["text"].as_str().expect("a text").encode_utf16().count();
    assert!((3_900..=4_000).contains(&units), "{units}");
    assert_eq!(shortened("a\u{1f680}b", 2), "a");
}

#[test]
fn a_sentence_stays_on_its_line_and_ends() {
    assert_eq!(one_line("a\r\nb\tc\u{2028}d"), "a  b c d");
    let long = one_line(&"x".repeat(5_000));
    assert_eq!((long.len(), long.ends_with("...")), (303, true));
}
