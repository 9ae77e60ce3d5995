//! `ControlService`: the state of the daemon, and the commands that stop it.

use std::future::Future;

use orb_api::v1::{self, control_service_server::ControlService};
use orb_core::{
    Symbol, SymbolId,
    event::{Authorised, Command},
    hold::{Clearing, HoldKind},
};
use tokio::time::Instant;
use tonic::{Request, Response, Status};

use super::{
    Accepted, Handle, Streams, alarms, cancel, close_all,
    command::{Asked, audit, caller, follow, follow_until, send, send_parts},
    config, convert,
    environment::{self, UnderWay},
    limits, reload,
    replay::{Replies, used_for_another},
    touched::{self, Touched},
    validate,
};
use crate::view::View;

/// The holds that are cleared where a request names none.
const RESUMED_BY_DEFAULT: [HoldKind; 2] = [HoldKind::OperatorPause, HoldKind::EnvironmentSwitched];

/// Serves `orb.v1.ControlService`.
#[derive(Clone, Debug)]
pub struct Control {
    pub(super) handle: Handle,
    pub(super) foreign: super::foreign::Foreign,
    replies: Replies,
    streams: Streams,
}

impl Control {
    /// Makes the service.
    #[must_use]
    pub fn new(handle: Handle, streams: Streams) -> Self {
        Self { handle, foreign: super::foreign::Foreign::default(), replies: Replies::default(), streams }
    }

    /// Does a command once and records what became of it, which `describe` says; a repetition gets the first reply.
    ///
    /// A command that was finished before the daemon was started is not done again either: `again` tells of the
    /// present state in the form of a reply.
    pub(super) async fn once<M, F>(
        &self,
        asked: Asked,
        work: F,
        describe: fn(&M) -> String,
        again: impl FnOnce(&View, String) -> M + Send,
    ) -> Result<(M, bool), Status>
    where
        M: prost::Message + Default + 'static,
        F: Future<Output = Result<M, Status>> + Send + 'static,
    {
        let under_way = Some(self.handle.switchboard.begin());
        self.once_beside(under_way, asked, work, describe, again).await
    }

    /// Does as [`once`](Self::once), and is not waited for by a switch of the environment where it is one itself.
    async fn once_beside<M, F>(
        &self,
        under_way: Option<UnderWay>,
        asked: Asked,
        work: F,
        describe: fn(&M) -> String,
        again: impl FnOnce(&View, String) -> M + Send,
    ) -> Result<(M, bool), Status>
    where
        M: prost::Message + Default + 'static,
        F: Future<Output = Result<M, Status>> + Send + 'static,
    {
        let Authorised { request_id, actor, reason, command } = asked.authorised.clone();
        if self.was_finished_before(&asked)? {
            return Ok((again(&self.handle.current(), request_id), true));
        }
        let fingerprint = format!("{actor} {} {command:?} {reason}", asked.command);
        let handle = self.handle.clone();
        let recorded = async move {
            let result = work.await;
            let text = result.as_ref().map(describe).map_err(Clone::clone);
            audit(&handle, asked, &text).await;
            drop(under_way);
            result
        };
        self.replies.once(&request_id, fingerprint, recorded).await
    }

    /// Tells whether the records of before the start say that this command was carried out.
    fn was_finished_before(&self, asked: &Asked) -> Result<bool, Status> {
        let wanted = &asked.authorised;
        let Some(done) = self.handle.finished.find(&wanted.request_id) else { return Ok(false) };
        if (&done.actor, &done.command, &done.reason) == (&wanted.actor, &asked.command, &wanted.reason) {
            return Ok(true);
        }
        Err(used_for_another(&wanted.request_id))
    }
}

#[tonic::async_trait]
impl ControlService for Control {
    async fn get_status(&self, _: Request<v1::GetStatusRequest>) -> Result<Response<v1::GetStatusResponse>, Status> {
        Ok(Response::new(status(&self.handle.current())))
    }

    async fn set_kill_switch(
        &self,
        request: Request<v1::SetKillSwitchRequest>,
    ) -> Result<Response<v1::SetKillSwitchResponse>, Status> {
        let deadline = follow_until(request.metadata());
        let asked = asked_kill(&request)?;
        let work = kill(self.handle.clone(), asked.clone(), deadline);
        let (mut reply, replayed) = self.once(asked, work, kill_text, kill_again).await?;
        reply.replayed = replayed;
        Ok(Response::new(reply))
    }

    async fn pause_entries(
        &self,
        request: Request<v1::PauseEntriesRequest>,
    ) -> Result<Response<v1::PauseEntriesResponse>, Status> {
        let asked = asked_pause(&request)?;
        let work = pause(self.handle.clone(), asked.clone());
        let text = |reply: &v1::PauseEntriesResponse| reply.state().as_str_name().to_owned();
        let (mut reply, replayed) = self.once(asked, work, text, pause_reply).await?;
        reply.replayed = replayed;
        Ok(Response::new(reply))
    }

    async fn resume_entries(
        &self,
        request: Request<v1::ResumeEntriesRequest>,
    ) -> Result<Response<v1::ResumeEntriesResponse>, Status> {
        let (asked, kinds) = asked_resume(&request)?;
        let work = resume(self.handle.clone(), asked.clone(), kinds);
        let text = |reply: &v1::ResumeEntriesResponse| reply.state().as_str_name().to_owned();
        let again = |view: &View, id| resume_reply(view, id, Vec::new());
        let (mut reply, replayed) = self.once(asked, work, text, again).await?;
        reply.replayed = replayed;
        Ok(Response::new(reply))
    }

    async fn close_position(
        &self,
        request: Request<v1::ClosePositionRequest>,
    ) -> Result<Response<v1::ClosePositionResponse>, Status> {
        let deadline = follow_until(request.metadata());
        let (asked, symbol) = asked_close(&request, &self.handle.current())?;
        let work = close(self.handle.clone(), asked.clone(), symbol, deadline);
        let text = |reply: &v1::ClosePositionResponse| reply.outcome().as_str_name().to_owned();
        let again = |view: &View, id| close_reply(view, id, symbol, None);
        let (mut reply, replayed) = self.once(asked, work, text, again).await?;
        reply.replayed = replayed;
        Ok(Response::new(reply))
    }

    type WatchStatusStream = super::Feed<v1::WatchStatusResponse>;

    async fn watch_status(
        &self,
        request: Request<v1::WatchStatusRequest>,
    ) -> Result<Response<Self::WatchStatusStream>, Status> {
        Ok(Response::new(self.streams.status(&request)?))
    }

    async fn get_caller(
        &self,
        request: Request<v1::GetCallerRequest>,
    ) -> Result<Response<v1::GetCallerResponse>, Status> {
        super::caller::get_caller(&self.handle, &request).map(Response::new)
    }

    async fn close_all_positions(
        &self,
        request: Request<v1::CloseAllPositionsRequest>,
    ) -> Result<Response<v1::CloseAllPositionsResponse>, Status> {
        close_all::close_all_positions(self, request).await.map(Response::new)
    }

    async fn cancel_order(
        &self,
        request: Request<v1::CancelOrderRequest>,
    ) -> Result<Response<v1::CancelOrderResponse>, Status> {
        cancel::cancel_order(self, request).await.map(Response::new)
    }

    async fn cancel_all_orders(
        &self,
        request: Request<v1::CancelAllOrdersRequest>,
    ) -> Result<Response<v1::CancelAllOrdersResponse>, Status> {
        cancel::cancel_all_orders(self, request).await.map(Response::new)
    }

    async fn acknowledge_alarms(
        &self,
        request: Request<v1::AcknowledgeAlarmsRequest>,
    ) -> Result<Response<v1::AcknowledgeAlarmsResponse>, Status> {
        alarms::acknowledge(self, request).await.map(Response::new)
    }

    async fn list_environments(
        &self,
        _: Request<v1::ListEnvironmentsRequest>,
    ) -> Result<Response<v1::ListEnvironmentsResponse>, Status> {
        environment::list(&self.handle).await.map(Response::new)
    }

    async fn set_environment(
        &self,
        request: Request<v1::SetEnvironmentRequest>,
    ) -> Result<Response<v1::SetEnvironmentResponse>, Status> {
        let (asked, wanted) = environment::asked(&request)?;
        let work = environment::switch(self.handle.clone(), asked.clone(), wanted);
        let (text, again) = (environment::text, environment::reply_of);
        let (mut reply, replayed) = self.once_beside(None, asked, work, text, again).await?;
        reply.replayed = replayed;
        Ok(Response::new(reply))
    }

    async fn get_risk_limits(
        &self,
        _: Request<v1::GetRiskLimitsRequest>,
    ) -> Result<Response<v1::GetRiskLimitsResponse>, Status> {
        Ok(Response::new(limits::get(&self.handle.current())))
    }

    async fn set_risk_limits(
        &self,
        request: Request<v1::SetRiskLimitsRequest>,
    ) -> Result<Response<v1::SetRiskLimitsResponse>, Status> {
        limits::set(self, request).await.map(Response::new)
    }

    async fn get_config(&self, _: Request<v1::GetConfigRequest>) -> Result<Response<v1::GetConfigResponse>, Status> {
        Ok(Response::new(config::get(&self.handle)))
    }

    async fn reload_config(
        &self,
        request: Request<v1::ReloadConfigRequest>,
    ) -> Result<Response<v1::ReloadConfigResponse>, Status> {
        let (asked, validate_only) = reload::asked(&request)?;
        let work = reload::reload(self.handle.clone(), asked.clone(), validate_only);
        // A switch that comes first is not to wait for it, nor it for that.
        let (mut reply, replayed) = self.once_beside(None, asked, work, reload::text, reload::again).await?;
        reply.replayed = replayed;
        Ok(Response::new(reply))
    }
}

/// Returns the status as a view shows it.
pub(super) fn status(view: &View) -> v1::GetStatusResponse {
    v1::GetStatusResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        state: convert::trading_state(view.state).into(),
        holds: convert::holds(view),
        session: view.session.as_ref().map(convert::session),
        engine_time: view.now.map(convert::instant),
        server_time: Some(convert::instant(convert::wall_clock())),
        build: Some(v1::Build { version: view.build.version.clone(), revision: view.build.revision.clone() }),
        config_name: view.config.name.clone(),
        strategies: view.config.strategies.iter().map(ToString::to_string).collect(),
        slots: Some(v1::Slots { used: view.slots.used, total: view.slots.total }),
        open_positions: count(view.positions.len()),
        working_entries: count(view.working_entries.len()),
        day_pnl: Some(convert::day_pnl(&view.day)),
        day_trades: view.day.trades_closed,
        day_wins: view.day.wins,
        loss_limit: loss_limit(view),
        feed: Some(feed(view)),
        health: view.health.iter().map(convert::health).collect(),
        simulated_speed: view.simulated_speed,
        alarms: alarms::list(view),
        last_reconcile_time: view.reconciled_at.map(convert::instant),
    }
}

pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

pub(super) fn loss_limit(view: &View) -> Option<v1::LossLimit> {
    let (limit, equity_open) = (view.loss_limit?, view.day.equity_open?);
    Some(v1::LossLimit {
        limit: convert::money(limit.limit),
        distance: convert::money(limit.distance),
        session_open_equity: convert::money(equity_open),
    })
}

fn feed(view: &View) -> v1::Feed {
    let age = view.now.and_then(|now| view.feed.age(now));
    v1::Feed {
        name: view.feed.name.to_string(),
        last_data_time: view.feed.last_data.map(convert::instant),
        age: age.map(|age| orb_api::time::duration_from_micros(age.micros())),
    }
}

pub(super) fn asked<T>(
    request: &Request<T>,
    id: &str,
    reason: String,
    command: Command,
    text: String,
) -> Result<Asked, Status> {
    let actor = caller(request)?.actor.to_string();
    let authorised = Authorised { request_id: validate::request_id(id)?, actor, reason, command };
    Ok(Asked { authorised, command: text })
}

fn asked_kill(request: &Request<v1::SetKillSwitchRequest>) -> Result<Asked, Status> {
    let message = request.get_ref();
    let (id, flatten) = (&message.request_id, message.flatten);
    match v1::KillSwitchAction::try_from(message.action) {
        Ok(v1::KillSwitchAction::Engage) => {
            let text = if flatten { "SetKillSwitch ENGAGE flatten" } else { "SetKillSwitch ENGAGE" };
            let reason = validate::reason(&message.reason)?;
            asked(request, id, reason, Command::Kill { flatten }, text.to_owned())
        }
        Ok(v1::KillSwitchAction::Release) if flatten => {
            Err(validate::invalid("flatten", "goes with KILL_SWITCH_ACTION_ENGAGE only; leave it out to release"))
        }
        Ok(v1::KillSwitchAction::Release) => {
            let reason = validate::needed_reason(&message.reason, "releasing the kill switch")?;
            asked(request, id, reason, Command::Clear(HoldKind::Kill), "SetKillSwitch RELEASE".to_owned())
        }
        Ok(v1::KillSwitchAction::Unspecified) | Err(_) => {
            Err(validate::invalid("action", "give KILL_SWITCH_ACTION_ENGAGE or KILL_SWITCH_ACTION_RELEASE"))
        }
    }
}

/// Engages or releases; what is not verified in time is said to be so, and is no failure.
async fn kill(handle: Handle, asked: Asked, deadline: Instant) -> Result<v1::SetKillSwitchResponse, Status> {
    let request_id = asked.authorised.request_id.clone();
    let command = asked.authorised.command;
    let Accepted { before, after, .. } = send(&handle, &asked).await?;
    let Command::Kill { flatten } = command else {
        return Ok(kill_reply(&after, request_id, true));
    };
    let effective_time = after.now.map(convert::instant);
    let mut touched = Touched::default();
    touched.see(&before);
    let is_done = |view: &View| {
        touched.see(view);
        view.working_entries.is_empty() && (!flatten || view.positions.is_empty())
    };
    let last = follow(handle.view.clone(), after, deadline, is_done).await;
    let is_complete = last.working_entries.is_empty() && (!flatten || last.positions.is_empty());
    let cancelled_orders = touched.cancelled(&last);
    Ok(v1::SetKillSwitchResponse {
        effective_time,
        orders_cancelled: count(cancelled_orders.len()),
        cancelled_orders,
        unconfirmed_orders: last.working_entries.iter().map(|entry| convert::order_ref(&last, entry)).collect(),
        closed_positions: if flatten { touched.closed(&handle, &last).await } else { Vec::new() },
        ..kill_reply(&last, request_id, is_complete)
    })
}

fn kill_reply(view: &View, request_id: String, complete: bool) -> v1::SetKillSwitchResponse {
    v1::SetKillSwitchResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        state: convert::trading_state(view.state).into(),
        holds: convert::holds(view),
        remaining_positions: view.positions.iter().map(|position| touched::remaining(view, position)).collect(),
        complete,
        ..v1::SetKillSwitchResponse::default()
    }
}

/// Replies to a kill or a release that was carried out before the daemon was started.
fn kill_again(view: &View, request_id: String) -> v1::SetKillSwitchResponse {
    kill_reply(view, request_id, view.working_entries.is_empty())
}

fn kill_text(reply: &v1::SetKillSwitchResponse) -> String {
    let state = reply.state().as_str_name();
    let (cancelled, unconfirmed) = (reply.orders_cancelled, reply.unconfirmed_orders.len());
    let (closed, open) = (reply.closed_positions.len(), reply.remaining_positions.len());
    format!("{state}; {cancelled} entries cancelled, {unconfirmed} unconfirmed; {closed} positions closed, {open} open")
}

fn asked_pause(request: &Request<v1::PauseEntriesRequest>) -> Result<Asked, Status> {
    let message = request.get_ref();
    let reason = validate::reason(&message.reason)?;
    asked(request, &message.request_id, reason, Command::Pause, "PauseEntries".to_owned())
}

async fn pause(handle: Handle, asked: Asked) -> Result<v1::PauseEntriesResponse, Status> {
    let request_id = asked.authorised.request_id.clone();
    let view = send(&handle, &asked).await?.after;
    Ok(pause_reply(&view, request_id))
}

fn pause_reply(view: &View, request_id: String) -> v1::PauseEntriesResponse {
    v1::PauseEntriesResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        state: convert::trading_state(view.state).into(),
        holds: convert::holds(view),
    }
}

fn asked_resume(request: &Request<v1::ResumeEntriesRequest>) -> Result<(Asked, Vec<HoldKind>), Status> {
    let message = request.get_ref();
    let kinds = resumable(&message.holds)?;
    let reason = if kinds.iter().all(|kind| RESUMED_BY_DEFAULT.contains(kind)) {
        validate::reason(&message.reason)?
    } else {
        validate::needed_reason(&message.reason, "clearing such a hold")?
    };
    let names: Vec<_> = kinds.iter().map(|kind| kind.name()).collect();
    let text = format!("ResumeEntries {}", names.join(" "));
    // One request may stand for several engine commands; the first is the one that is checked for repetition.
    let first = kinds.first().copied().unwrap_or(HoldKind::OperatorPause);
    Ok((asked(request, &message.request_id, reason, Command::Clear(first), text)?, kinds))
}

/// Returns the holds to clear, each once: those that an operator may clear, but the kill switch.
fn resumable(values: &[i32]) -> Result<Vec<HoldKind>, Status> {
    if values.is_empty() {
        return Ok(RESUMED_BY_DEFAULT.to_vec());
    }
    let mut kinds = Vec::new();
    for &value in values {
        let kind = HoldKind::ALL.iter().copied().find(|kind| convert::hold_kind(*kind) as i32 == value);
        match kind {
            Some(HoldKind::Kill) => {
                return Err(validate::invalid("holds", "the kill switch is released by SetKillSwitch with RELEASE"));
            }
            Some(kind) if kind.clearing() == Clearing::Operator => kinds.push(kind),
            Some(kind) => {
                let what = format!("{} ends by itself and cannot be cleared; leave it out", kind.name());
                return Err(validate::invalid("holds", what));
            }
            None => {
                return Err(validate::invalid("holds", format!("{value} is not a hold; give HOLD_KIND_BREAKER, ...")));
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    Ok(kinds)
}

async fn resume(handle: Handle, asked: Asked, kinds: Vec<HoldKind>) -> Result<v1::ResumeEntriesResponse, Status> {
    let mut view = handle.current();
    let in_force = |view: &View, kind| view.holds.iter().any(|hold| hold.kind == kind);
    let mut cleared = Vec::new();
    let parts: Vec<_> = kinds.iter().map(|kind| (kind.name().to_owned(), Command::Clear(*kind))).collect();
    for (kind, accepted) in kinds.into_iter().zip(send_parts(&handle, &asked, &parts).await?) {
        if in_force(&accepted.before, kind) && !in_force(&accepted.after, kind) {
            cleared.push(convert::hold_kind(kind).into());
        }
        view = accepted.after;
    }
    Ok(resume_reply(&view, asked.authorised.request_id, cleared))
}

fn resume_reply(view: &View, request_id: String, cleared: Vec<i32>) -> v1::ResumeEntriesResponse {
    v1::ResumeEntriesResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        state: convert::trading_state(view.state).into(),
        holds: convert::holds(view),
        cleared,
    }
}

fn asked_close(request: &Request<v1::ClosePositionRequest>, view: &View) -> Result<(Asked, SymbolId), Status> {
    let message = request.get_ref();
    let symbol = validate::symbol("symbol", &message.symbol)?;
    let reason = validate::reason(&message.reason)?;
    // A ticker that the engine does not know cannot be open.
    let id = view.symbols.id(&symbol).ok_or_else(|| not_open(&symbol, view));
    let (id, text) = (id?, format!("ClosePosition {symbol}"));
    Ok((asked(request, &message.request_id, reason, Command::Close(id), text)?, id))
}

fn not_open(symbol: &Symbol, view: &View) -> Status {
    let open: Vec<&str> = view.positions.iter().map(|position| &*position.symbol).collect();
    let open = if open.is_empty() { "none".to_owned() } else { open.join(", ") };
    Status::not_found(format!("there is no open position in {symbol}; open are: {open}"))
}

async fn close(
    handle: Handle,
    asked: Asked,
    symbol: SymbolId,
    deadline: Instant,
) -> Result<v1::ClosePositionResponse, Status> {
    let request_id = asked.authorised.request_id.clone();
    let Accepted { before, after, .. } = send(&handle, &asked).await?;
    let mut touched = Touched::default();
    for position in [before.position(symbol), after.position(symbol)].into_iter().flatten() {
        touched.see_position(position);
    }
    let last = follow(handle.view.clone(), after, deadline, |view| view.position(symbol).is_none()).await;
    let closed = touched.closed(&handle, &last).await.pop();
    Ok(close_reply(&last, request_id, symbol, closed))
}

fn close_reply(
    view: &View,
    request_id: String,
    symbol: SymbolId,
    closed: Option<v1::ClosedPosition>,
) -> v1::ClosePositionResponse {
    let remaining = view.position(symbol).map(|position| touched::remaining(view, position));
    let outcome = if remaining.is_none() { v1::CloseOutcome::Closed } else { v1::CloseOutcome::InProgress };
    v1::ClosePositionResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        outcome: outcome.into(),
        closed,
        remaining,
    }
}
