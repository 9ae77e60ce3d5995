//! The conversation on the data stream.

use serde_json::{Value, json};

use super::subscription::{Refusal, Subscription};
use crate::config::{Credentials, Feed};

/// Represents one client's conversation.
#[derive(Clone, Debug)]
pub(crate) struct DataSession {
    feed: Feed,
    is_authenticated: bool,
    subscription: Subscription,
}

/// What a conversation needs to know of the world.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DataRules<'a> {
    /// The credentials that are right; `None` while all are refused.
    pub(crate) credentials: Option<&'a Credentials>,
    /// What the account has subscribed to.
    pub(crate) feed: Feed,
    /// True when no further connection is allowed.
    pub(crate) is_full: bool,
    /// Every authentication is answered with this error.
    pub(crate) refused_with: Option<u16>,
    /// Symbols of trades and quotes at most, on the IEX feed.
    pub(crate) symbols_max: Option<usize>,
}

/// Says what follows from a client's message.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// What is answered, without the array around it.
    pub(crate) message: Value,
    /// True when the connection ends after it.
    pub(crate) ends: bool,
}

/// Returns an error of the data stream.
pub(crate) fn error(code: u16) -> Value {
    let message = match code {
        400 => "invalid syntax",
        401 => "not authenticated",
        402 => "auth failed",
        403 => "already authenticated",
        404 => "auth timeout",
        405 => "symbol limit exceeded",
        406 => "connection limit exceeded",
        407 => "slow client",
        408 => "v2 not enabled",
        409 => "insufficient subscription",
        410 => "invalid subscribe action for this feed",
        411 => "insufficient scope",
        _ => "internal error",
    };
    json!({"T": "error", "code": code, "msg": message})
}

/// Returns the first message on every data connection.
pub(crate) fn connected() -> Value {
    json!({"T": "success", "msg": "connected"})
}

impl DataSession {
    pub(crate) fn new(feed: Feed) -> Self {
        Self { feed, is_authenticated: false, subscription: Subscription::default() }
    }

    pub(crate) const fn is_authenticated(&self) -> bool {
        self.is_authenticated
    }

    pub(crate) fn wants(&self, kind: &str, symbol: &str) -> bool {
        self.is_authenticated && self.subscription.wants(kind, symbol)
    }

    /// Takes what a client said; `None` for what could not be read.
    pub(crate) fn on_message(&mut self, said: Option<&Value>, rules: DataRules<'_>) -> Answer {
        let stay = |message| Answer { message, ends: false };
        let Some(said) = said.and_then(Value::as_object) else { return stay(error(400)) };
        match said.get("action").and_then(Value::as_str) {
            Some("auth") => self.authenticate(said.get("key"), said.get("secret"), rules),
            Some("subscribe" | "unsubscribe") if !self.is_authenticated => stay(error(401)),
            Some(action @ ("subscribe" | "unsubscribe")) => {
                let symbols_max = if self.feed == Feed::Iex { rules.symbols_max } else { None };
                stay(match self.subscription.change(said, action == "subscribe", symbols_max) {
                    Ok(()) => self.subscription.answer(),
                    Err(Refusal::Syntax) => error(400),
                    Err(Refusal::Channel) => error(410),
                    Err(Refusal::TooMany) => error(405),
                })
            }
            Some(_) | None => stay(error(400)),
        }
    }

    fn authenticate(&mut self, key: Option<&Value>, secret: Option<&Value>, rules: DataRules<'_>) -> Answer {
        let given = key.and_then(Value::as_str).zip(secret.and_then(Value::as_str));
        let is_right = rules.credentials.zip(given).is_some_and(|(right, (key, secret))| right.are(key, secret));
        let (code, ends) = match () {
            () if self.is_authenticated => (403, false),
            () if !is_right => (402, false),
            () if rules.refused_with.is_some() => (rules.refused_with.unwrap_or(500), true),
            () if self.feed == Feed::Sip && rules.feed == Feed::Iex => (409, true),
            () if rules.is_full => (406, true),
            () => {
                self.is_authenticated = true;
                return Answer { message: json!({"T": "success", "msg": "authenticated"}), ends: false };
            }
        };
        Answer { message: error(code), ends }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(credentials: &Credentials) -> DataRules<'_> {
        let (feed, symbols_max) = (Feed::Sip, Some(30));
        DataRules { credentials: Some(credentials), feed, is_full: false, refused_with: None, symbols_max }
    }

    fn auth() -> Value {
        json!({"action": "auth", "key": "sim", "secret": "sim"})
    }

    #[track_caller]
    fn check(session: &mut DataSession, rules: DataRules<'_>, said: &Value, code: u16) {
        assert_eq!(session.on_message(Some(said), rules).message["code"], json!(code), "{said}");
    }

    #[test]
    fn every_error_code_has_its_cause() {
        let right = Credentials::default();
        let rules = rules(&right);
        let mut session = DataSession::new(Feed::Iex);
        assert_eq!(session.on_message(None, rules).message["code"], json!(400));
        check(&mut session, rules, &json!({"action": "dance"}), 400);
        check(&mut session, rules, &json!({"action": "subscribe", "bars": ["*"]}), 401);
        check(&mut session, rules, &json!({"action": "auth", "key": "sim", "secret": "wrong"}), 402);
        check(&mut session, DataRules { is_full: true, ..rules }, &auth(), 406);
        check(&mut session, DataRules { refused_with: Some(408), ..rules }, &auth(), 408);
        check(&mut session, DataRules { credentials: None, ..rules }, &auth(), 402);
        check(&mut DataSession::new(Feed::Sip), DataRules { feed: Feed::Iex, ..rules }, &auth(), 409);
        assert_eq!(session.on_message(Some(&auth()), rules).message["msg"], json!("authenticated"));
        check(&mut session, rules, &auth(), 403);
        check(&mut session, rules, &json!({"action": "subscribe", "trades": ["*"]}), 405);
        check(&mut session, rules, &json!({"action": "subscribe", "news": ["*"]}), 410);
        check(&mut session, rules, &json!({"action": "subscribe", "bars": "SPY"}), 400);
    }

    #[test]
    fn answers_carry_the_full_lists() {
        let right = Credentials::default();
        let rules = rules(&right);
        let mut session = DataSession::new(Feed::Sip);
        let _ = session.on_message(Some(&auth()), rules);
        let _ = session.on_message(Some(&json!({"action": "subscribe", "bars": ["*"], "trades": ["B", "A"]})), rules);
        let answer = session.on_message(Some(&json!({"action": "unsubscribe", "trades": ["B"]})), rules).message;
        assert_eq!((&answer["trades"], &answer["bars"], &answer["quotes"]), (&json!(["A"]), &json!(["*"]), &json!([])));
        assert!(
            session.wants("b", "Z") && session.wants("t", "A") && session.wants("c", "A") && !session.wants("t", "B")
        );
    }
}
