//! Alarms.

use orb_core::Timestamp;
use orb_core::alarm::{Acknowledgement, Alarm, AlarmId};
use orb_core::fact::AlarmRecord;

use super::Context;
use super::stored::{Column as _, Place, stored};
use crate::store::error::StoreError;
use crate::store::names::Names;
use crate::store::text::Text as _;

stored! {
    /// A row of `alarms`.
    StoredAlarm in alarms;
    key { ledger_id: String, id: i64 }
    data {
        kind: String,
        symbol: Option<String>,
        text: String,
        since: i64,
        acknowledged_by: Option<String>,
        acknowledged_reason: Option<String>,
        acknowledged_at: Option<i64>,
        ended_at: Option<i64>,
    }
    once {}
}

impl StoredAlarm {
    /// Makes the row of a fact.
    pub(in crate::store) fn of(record: &AlarmRecord, context: Context<'_>) -> Self {
        let AlarmRecord { alarm, ended } = record;
        let by = alarm.acknowledged.as_ref();
        Self {
            ledger_id: context.ledger.to_owned(),
            id: i64::try_from(alarm.id.0).unwrap_or(i64::MAX),
            kind: alarm.kind.text().to_owned(),
            symbol: alarm.symbol.map(|symbol| context.names.symbol(symbol).to_owned()),
            text: alarm.text.clone(),
            since: alarm.since.column(),
            acknowledged_by: by.map(|by| by.actor.clone()),
            acknowledged_reason: by.map(|by| by.reason.clone()),
            acknowledged_at: by.map(|by| by.at.column()),
            ended_at: ended.map(|at| at.column()),
        }
    }

    /// Reads the row; `None` where its symbol is not known any more.
    pub(in crate::store) fn read(self, names: &Names) -> Result<Option<AlarmRecord>, StoreError> {
        let key = self.id.to_string();
        let kind = Place { table: "alarms", key: &key }.value("kind", &self.kind)?;
        let symbol = match &self.symbol {
            None => None,
            Some(name) => match names.known_symbol(name) {
                None => return Ok(None),
                known => known,
            },
        };
        let acknowledged = self.acknowledged_at.map(|at| Acknowledgement {
            actor: self.acknowledged_by.unwrap_or_default(),
            reason: self.acknowledged_reason.unwrap_or_default(),
            at: Timestamp::from_micros(at),
        });
        let id = AlarmId(u64::try_from(self.id).unwrap_or_default());
        let since = Timestamp::from_micros(self.since);
        let alarm = Alarm { id, kind, symbol, text: self.text, since, acknowledged };
        Ok(Some(AlarmRecord { alarm, ended: self.ended_at.map(Timestamp::from_micros) }))
    }
}
