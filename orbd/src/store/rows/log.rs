//! Log lines.

use std::collections::BTreeMap;

use orb_core::Timestamp;
use orb_core::effect::Component;

use crate::store::logs::{LogLine, LogSearch};
use crate::store::text::{Text as _, severity_of_text, severity_text};
use crate::view::LogView;

/// A row of `logs`.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable)]
#[diesel(table_name = crate::store::schema::logs)]
pub(in crate::store) struct StoredLog {
    pub(in crate::store) id: i64,
    pub(in crate::store) at: i64,
    pub(in crate::store) engine_at: Option<i64>,
    pub(in crate::store) severity: String,
    pub(in crate::store) component: String,
    pub(in crate::store) message: String,
    pub(in crate::store) fields: String,
    pub(in crate::store) strategy: Option<String>,
}

/// A row of `logs` before the database numbers it.
#[derive(Clone, Debug, diesel::Insertable)]
#[diesel(table_name = crate::store::schema::logs)]
pub(in crate::store) struct NewLog {
    pub(in crate::store) at: i64,
    pub(in crate::store) engine_at: Option<i64>,
    pub(in crate::store) severity: &'static str,
    pub(in crate::store) component: &'static str,
    pub(in crate::store) message: String,
    pub(in crate::store) fields: String,
    pub(in crate::store) ledger_id: Option<String>,
    pub(in crate::store) strategy: Option<String>,
    pub(in crate::store) search: String,
}

impl NewLog {
    /// Makes the row of a line.
    pub(in crate::store) fn of(line: &LogLine) -> Self {
        let fields: BTreeMap<&str, &str> =
            line.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        Self {
            at: line.at.micros(),
            engine_at: line.engine_time.map(Timestamp::micros),
            severity: severity_text(line.severity),
            component: line.component.text(),
            // A server has no text with a zero in it, and would refuse the lines beside this one too.
            message: line.message.replace('\0', " "),
            fields: serde_json::to_string(&fields).unwrap_or_else(|_| "{}".to_owned()),
            ledger_id: line.ledger_id.clone(),
            strategy: line.strategy.clone(),
            search: LogSearch::index(&line.message, &line.fields),
        }
    }
}

impl StoredLog {
    /// Reads the row; what cannot be read is left out, since a log line is better than none.
    pub(in crate::store) fn read(self) -> LogView {
        let fields: BTreeMap<String, String> = serde_json::from_str(&self.fields).unwrap_or_default();
        LogView {
            id: u64::try_from(self.id).unwrap_or_default(),
            at: Timestamp::from_micros(self.at),
            engine_time: self.engine_at.map(Timestamp::from_micros),
            severity: severity_of_text(&self.severity),
            component: Component::of_text(&self.component).unwrap_or(Component::Executor),
            message: self.message,
            fields: fields.into_iter().collect(),
            strategy: self.strategy,
        }
    }
}
