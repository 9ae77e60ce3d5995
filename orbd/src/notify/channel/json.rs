//! What is posted: orb's own JSON, and what Slack and Telegram take. All of it is plain text to them.

use serde_json::{Value, json};

use super::super::kind::Weight;
use super::super::message::Message;
use super::super::notice::Notice;

/// UTF-16 units of a message of Telegram; it takes 4096.
const TELEGRAM_UNITS_MAX: usize = 4_000;

/// Returns orb's own form, described in docs/notifications.md; keys may be added to it, and none goes.
pub(in crate::notify) fn webhook(message: &Message) -> Value {
    json!({
        "schema": "orb.notification.v1",
        "text": message.text(),
        "severity": message.weight().name(),
        "left_out": message.left_out,
        "notices": message.notices.iter().map(notice).collect::<Vec<_>>(),
    })
}

fn notice(notice: &Notice) -> Value {
    let fields: serde_json::Map<_, _> =
        notice.fields.iter().map(|(name, value)| ((*name).to_owned(), Value::from(value.as_str()))).collect();
    json!({
        "id": notice.id,
        "environment": notice.origin.environment.name(),
        "ledger": &*notice.origin.ledger,
        "kind": notice.kind.name(),
        "severity": notice.weight.name(),
        "at": notice.at.to_string(),
        "text": notice.text,
        "fields": fields,
    })
}

/// Returns what an incoming webhook of Slack takes; nothing in the text is formatted, called out or looked up.
pub(in crate::notify) fn slack(message: &Message) -> Value {
    let text = message.text().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({ "text": text, "mrkdwn": false, "unfurl_links": false, "unfurl_media": false })
}

/// Returns what Telegram's `sendMessage` takes, without a mode of parsing; what is only told makes no sound.
pub(in crate::notify) fn telegram(message: &Message, chat: &str) -> Value {
    let chat = chat.parse::<i64>().map_or_else(|_| Value::from(chat), Value::from);
    json!({
        "chat_id": chat,
        "text": shortened(&message.text(), TELEGRAM_UNITS_MAX),
        "disable_notification": message.weight() == Weight::Info,
        "link_preview_options": { "is_disabled": true },
    })
}

/// Returns as much of a text as fits into so many UTF-16 units.
pub(in crate::notify) fn shortened(text: &str, units_max: usize) -> String {
    let mut units = 0;
    let fits = |letter: &char| {
        units += letter.len_utf16();
        units <= units_max
    };
    text.chars().take_while(fits).collect()
}
