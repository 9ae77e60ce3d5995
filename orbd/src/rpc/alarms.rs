//! Alarms of the status, and `AcknowledgeAlarms`.

use orb_api::v1;
use orb_core::{alarm::AlarmId, event::Command};
use tonic::{Request, Status};

use super::{
    Control, Handle,
    command::{Asked, send_parts},
    control::asked,
    convert, validate,
};
use crate::view::{AlarmView, View};

/// Alarms of one request, at most.
const ALARMS_MAX: usize = 1_000;

/// Lists what needs a person, oldest first.
pub(super) fn list(view: &View) -> Vec<v1::Alarm> {
    view.alarms.iter().map(shown).collect()
}

fn shown(view: &AlarmView) -> v1::Alarm {
    let AlarmView { alarm, symbol } = view;
    v1::Alarm {
        id: alarm.id.0.to_string(),
        code: alarm.kind.name().to_owned(),
        symbol: symbol.as_deref().map(str::to_owned),
        message: alarm.text.clone(),
        since: Some(convert::instant(alarm.since)),
        acknowledged_by: alarm.acknowledged.as_ref().map(|by| by.actor.clone()),
        acknowledged_time: alarm.acknowledged.as_ref().map(|by| convert::instant(by.at)),
    }
}

/// Acknowledges alarms.
pub(super) async fn acknowledge(
    control: &Control,
    request: Request<v1::AcknowledgeAlarmsRequest>,
) -> Result<v1::AcknowledgeAlarmsResponse, Status> {
    let (asked, ids) = asked_alarms(&request)?;
    let work = take_note(control.handle.clone(), asked.clone(), ids);
    let text = |reply: &v1::AcknowledgeAlarmsResponse| format!("{} alarms are left", reply.alarms.len());
    let (mut reply, replayed) = control.once(asked, work, text, reply).await?;
    reply.replayed = replayed;
    Ok(reply)
}

fn asked_alarms(request: &Request<v1::AcknowledgeAlarmsRequest>) -> Result<(Asked, Vec<AlarmId>), Status> {
    let message = request.get_ref();
    if message.alarm_ids.len() > ALARMS_MAX {
        return Err(validate::invalid("alarm_ids", format!("give at most {ALARMS_MAX}, or none for all")));
    }
    let ids = message.alarm_ids.iter().map(|text| alarm_id(text)).collect::<Result<Vec<_>, _>>()?;
    let reason = validate::reason(&message.reason)?;
    let text = ["AcknowledgeAlarms"].into_iter().chain(message.alarm_ids.iter().map(String::as_str));
    let text = text.collect::<Vec<_>>().join(" ");
    let first = ids.first().copied();
    Ok((asked(request, &message.request_id, reason, Command::AcknowledgeAlarms(first), text)?, ids))
}

fn alarm_id(text: &str) -> Result<AlarmId, Status> {
    let id = text.parse().ok().filter(|id| *id > 0);
    id.map(AlarmId).ok_or_else(|| validate::invalid("alarm_ids", "an id is a number, as GetStatus shows it"))
}

async fn take_note(handle: Handle, asked: Asked, ids: Vec<AlarmId>) -> Result<v1::AcknowledgeAlarmsResponse, Status> {
    let view = handle.current();
    let is_there = |id: &AlarmId| view.alarms.iter().any(|known| known.alarm.id == *id);
    if let Some(missing) = ids.iter().find(|id| !is_there(id)) {
        return Err(Status::not_found(format!(
            "there is no alarm {}: its cause may have ended; nothing was done",
            missing.0
        )));
    }
    let part = |id: &AlarmId| (format!("alarm-{}", id.0), Command::AcknowledgeAlarms(Some(*id)));
    let all = || vec![("alarms".to_owned(), Command::AcknowledgeAlarms(None))];
    let parts = if ids.is_empty() { all() } else { ids.iter().map(part).collect() };
    let accepted = send_parts(&handle, &asked, &parts).await?;
    let after = accepted.last().map_or(view, |accepted| accepted.after.clone());
    Ok(reply(&after, asked.authorised.request_id))
}

fn reply(view: &View, request_id: String) -> v1::AcknowledgeAlarmsResponse {
    v1::AcknowledgeAlarmsResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        alarms: list(view),
    }
}
