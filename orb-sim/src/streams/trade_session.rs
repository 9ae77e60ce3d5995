//! The conversation on the stream of trade updates.

use serde_json::{Value, json};

use crate::config::Credentials;

/// Represents one client's conversation.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct TradeSession {
    is_authorized: bool,
    is_listening: bool,
}

impl TradeSession {
    /// Tells whether trade updates are to be sent.
    pub(crate) const fn is_listening(self) -> bool {
        self.is_listening
    }

    pub(crate) const fn is_authorized(self) -> bool {
        self.is_authorized
    }

    /// Takes what a client said, `None` for what could not be read, and returns the answer.
    ///
    /// Both forms of authentication are known: `{"action":"auth","key","secret"}` and
    /// `{"action":"authenticate","data":{"key_id","secret_key"}}`, with either pair of names in either place.
    pub(crate) fn on_message(&mut self, said: Option<&Value>, right: Option<&Credentials>) -> Value {
        let Some(said) = said else { return json!({"stream": "error", "data": {"error": "invalid syntax"}}) };
        let data = said.get("data").filter(|data| data.is_object()).unwrap_or(said);
        match said.get("action").and_then(Value::as_str) {
            Some("auth" | "authenticate") => {
                let text = |names: [&str; 2]| names.into_iter().find_map(|name| data.get(name).and_then(Value::as_str));
                let given = text(["key_id", "key"]).zip(text(["secret_key", "secret"]));
                self.is_authorized |= right.zip(given).is_some_and(|(right, (key, secret))| right.are(key, secret));
                authorization(self.is_authorized, "authenticate")
            }
            Some("listen") if !self.is_authorized => authorization(false, "listen"),
            Some("listen" | "unlisten") => self.listen(data.get("streams")),
            Some(_) | None => json!({"stream": "error", "data": {"error": "unknown action"}}),
        }
    }

    /// Listens to exactly the streams that are named.
    fn listen(&mut self, streams: Option<&Value>) -> Value {
        let names = streams.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        self.is_listening = names.iter().any(|name| name == "trade_updates");
        let known: &[&str] = if self.is_listening { &["trade_updates"] } else { &[] };
        json!({"stream": "listening", "data": {"streams": known}})
    }
}

fn authorization(is_authorized: bool, action: &str) -> Value {
    let status = if is_authorized { "authorized" } else { "unauthorized" };
    json!({"stream": "authorization", "data": {"status": status, "action": action}})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(session: &mut TradeSession, said: &Value, answer: &Value) {
        assert_eq!(session.on_message(Some(said), Some(&Credentials::default()))["data"], *answer, "{said}");
    }

    #[test]
    fn both_forms_of_authentication_are_known() {
        let yes = json!({"status": "authorized", "action": "authenticate"});
        check(&mut TradeSession::default(), &json!({"action":"auth","key":"sim","secret":"sim"}), &yes);
        let data = json!({"key_id": "sim", "secret_key": "sim"});
        check(&mut TradeSession::default(), &json!({"action":"authenticate","data":data}), &yes);
        let no = json!({"status": "unauthorized", "action": "authenticate"});
        check(&mut TradeSession::default(), &json!({"action":"auth","key":"sim","secret":"x"}), &no);
        check(&mut TradeSession::default(), &json!({"action":"auth"}), &no);
    }

    #[test]
    fn listening_needs_authorization_and_is_taken_back() {
        let mut session = TradeSession::default();
        let listen = json!({"action":"listen","data":{"streams":["trade_updates","other"]}});
        check(&mut session, &listen, &json!({"status": "unauthorized", "action": "listen"}));
        let _ = session
            .on_message(Some(&json!({"action":"auth","key":"sim","secret":"sim"})), Some(&Credentials::default()));
        check(&mut session, &listen, &json!({"streams": ["trade_updates"]}));
        assert!(session.is_listening());
        check(&mut session, &json!({"action":"listen","data":{"streams":[]}}), &json!({"streams": []}));
        assert!(!session.is_listening());
    }
}
