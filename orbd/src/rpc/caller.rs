//! Who calls: what `GetCaller` tells.

use orb_api::v1;
use tonic::{Request, Status};

use super::{Handle, command, convert};
use crate::auth::Role;

pub(super) fn get_caller(
    handle: &Handle,
    request: &Request<v1::GetCallerRequest>,
) -> Result<v1::GetCallerResponse, Status> {
    let caller = command::caller(request)?;
    Ok(v1::GetCallerResponse {
        ledger: Some(convert::ledger(&handle.current().ledger)),
        actor: caller.actor.to_string(),
        role: role(caller.role).into(),
        expire_time: caller.expires.map(convert::instant),
    })
}

const fn role(role: Role) -> v1::Role {
    match role {
        Role::Viewer => v1::Role::Viewer,
        Role::Operator => v1::Role::Operator,
        Role::Admin => v1::Role::Admin,
    }
}
