//! Requests and replies of a REST API as values, apart from any server.

use serde_json::Value;

/// Holds a request after its credentials were checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Request {
    /// `GET`, `POST`, `PATCH`, `PUT` or `DELETE`.
    pub method: String,
    /// Decoded path, beginning with `/`, without the query: `/v2/orders/0d2c...`.
    pub path: String,
    /// Decoded query parameters in their order.
    pub query: Vec<(String, String)>,
    /// Body as it came; empty without one.
    pub body: Vec<u8>,
}

impl Request {
    /// Returns the first query parameter of a name; `None` when it is absent.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// Holds a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// JSON body; `None` for an empty one, as a 204 has.
    pub body: Option<Value>,
}

impl Reply {
    /// Makes a reply of status 200.
    #[must_use]
    pub const fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }

    /// Makes an error reply as Alpaca writes it: a code of eight digits, whose first three are the status, and a
    /// sentence.
    #[must_use]
    pub fn error(status: u16, code: i64, message: &str) -> Self {
        Self { status, body: Some(serde_json::json!({ "code": code, "message": message })) }
    }
}
