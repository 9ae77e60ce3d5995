//! The commands that were given, from the records.

use orb_api::v1;
use tonic::Status;

use super::{Handle, convert, records, validate};
use crate::store::{AuditFilter, AuditRow};

pub(super) async fn list(
    handle: &Handle,
    request: &v1::ListAuditEntriesRequest,
) -> Result<v1::ListAuditEntriesResponse, Status> {
    let page = records::page(validate::page_size(request.page_size)?, &request.page_token);
    let times = validate::time_range(request.time_from.as_ref(), request.time_to.as_ref())?;
    let filter = AuditFilter {
        actors: validate::actors(&request.actors)?,
        from: times.from,
        to: times.to,
        order: validate::sort_order(request.order)?,
    };
    let ledger = Some(convert::ledger(&handle.current().ledger));
    let id = handle.reader.ledger_id().to_owned();
    let found = records::read(&handle.reader, move |reader| reader.list_audits(&filter, &page)).await?;
    let entries = found.rows.into_iter().map(|row| entry(&id, row)).collect();
    Ok(v1::ListAuditEntriesResponse { ledger, entries, next_page_token: found.next.unwrap_or_default() })
}

fn entry(ledger_id: &str, row: AuditRow) -> v1::AuditEntry {
    let AuditRow { number, audit } = row;
    v1::AuditEntry {
        ledger_id: ledger_id.to_owned(),
        number,
        time: Some(convert::instant(audit.at)),
        actor: audit.actor,
        command: audit.command,
        reason: audit.reason,
        accepted: audit.accepted,
        result: audit.result,
        request_id: audit.request_id,
    }
}
