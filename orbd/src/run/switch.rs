//! Switching the environment while the API stays up.
//!
//! The new engine is made ready first, while the old one trades on: what can fail, fails then, and nothing has changed.
//! Then the old engine is stopped in good order, and it is looked once more whether anything is open. Then the choice is
//! kept, in one step: before it the old environment is in force, after it the new one, whenever the process is killed.
//! The step is a file in the state directory; on a server it is a row in the database, which a standby sees too and the
//! file follows, and until then the old ledger stays this process' own. At no moment are there two engines, and each has
//! the client of its own account and no other.

use std::path::Path;
use std::sync::Arc;

use orb_core::hold::{Hold, HoldKind};
use orb_core::time::Timestamp;
use orb_exec::alpaca::Environment;
use orb_exec::{Clock as _, WallClock};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::key_lock::KeyLock;
use super::site::{Ready, Site, Sites};
use crate::daemon::{Daemon, Ends, Left};
use crate::environment::{Chosen, environment_name};
use crate::failpoint::{self, Place};
use crate::guard::look_at;
use crate::reload::{Configuration, Source};
use crate::rpc::{BoardRequest, SwitchError, SwitchRequest, Switched};
use crate::runtime::HaltFile;
use crate::service::Readiness;
use crate::shutdown::{Hangup, Shutdown};
use crate::spill::{SpillError, spill_path};
use crate::store::{LeaseHold, Ledger};
use crate::summary;
use crate::view::View;

/// Where orb trades now, with what ends when it trades somewhere else.
pub(super) struct Current {
    pub(super) site: Site,
    pub(super) ledger: Ledger,
    #[expect(dead_code, reason = "held until another key is used")]
    pub(super) key: KeyLock,
    /// A simulator's clock is followed until it is dropped.
    pub(super) following: Option<DropGuard>,
    /// Keeps the ledger while its engine has ended and the next one has not begun; `None` for a file.
    pub(super) hold: Option<LeaseHold>,
}

/// Switches the environment when that is asked for.
pub(super) struct Switcher {
    pub(super) sites: Sites,
    pub(super) current: Current,
    /// What is in force.
    pub(super) configuration: Configuration,
    /// Where it is read again.
    pub(super) source: Arc<Source>,
    pub(super) readiness: Readiness,
    pub(super) requests: mpsc::Receiver<BoardRequest>,
    /// Ends the daemon, and every engine with it.
    pub(super) stop: CancellationToken,
}

/// Another environment, made ready beside the current one.
struct Next {
    site: Site,
    ledger: Ledger,
    key: KeyLock,
    ready: Ready,
    hold: Option<LeaseHold>,
    stop: CancellationToken,
}

/// What an attempt came to that did not end the daemon.
type Attempt<T> = Result<T, SwitchError>;

impl Switcher {
    /// Carries out switches and reloads until the engine ends or somebody stops the daemon.
    ///
    /// # Errors
    /// When there is no engine any more, neither the old one nor the new one: the daemon is to be ended.
    pub(super) async fn serve(
        &mut self,
        daemon: &mut Daemon,
        shutdown: &mut Shutdown,
        hangup: &mut Hangup,
        mut is_reload_due: bool,
    ) -> anyhow::Result<()> {
        loop {
            let going_on = tokio::select! {
                biased;
                () = daemon.session_over() => None,
                () = shutdown.wait() => None,
                () = asked_again(hangup, &mut is_reload_due) => self.reload_by_signal(daemon, shutdown).await,
                Some(request) = self.requests.recv() => match request {
                    BoardRequest::Switch(request) => Some(self.switch_for(daemon, request).await?),
                    BoardRequest::Reload(request) => self.reload_for(daemon, shutdown, request).await,
                }
            };
            if going_on.is_none() {
                return Ok(());
            }
        }
    }

    async fn switch_for(&mut self, daemon: &mut Daemon, request: SwitchRequest) -> anyhow::Result<()> {
        let SwitchRequest { environment, account_id, actor, reason, reply } = request;
        let wanted = Wanted { environment, account_id, actor, reason };
        let done = self.switch(daemon, &wanted).await;
        daemon.switchboard().set_switching(false);
        // The asker may have gone away; what was asked for is done all the same.
        let _ = reply.send(done?);
        Ok(())
    }

    async fn switch(&mut self, daemon: &mut Daemon, wanted: &Wanted) -> anyhow::Result<Attempt<Switched>> {
        let previous = self.current.ledger.view();
        if wanted.environment == self.current.site.config.environment {
            let is_typed = is_same(&wanted.account_id, self.current.ledger.account_id());
            let error = SwitchError::Account(environment_name(wanted.environment));
            return Ok(if is_typed { Ok(Switched { previous, view: daemon.view() }) } else { Err(error) });
        }
        let next = match self.prepare(daemon, wanted).await {
            Ok(next) => next,
            Err(refused) => return Ok(Err(refused)),
        };
        pass(Place::SwitchReady);
        daemon.switchboard().set_switching(true);
        // What was asked for before belongs into the books of before, with all that came of it.
        let quiet = if daemon.switchboard().until_quiet().await { Ok(()) } else { Err(SwitchError::Busy) };
        // It took a while to make the other engine ready: one that trades is not stopped in vain.
        if let Err(refused) = quiet.and_then(|()| refuse_open(open_in(&daemon.view()))) {
            next.stop.cancel();
            return Ok(Err(refused));
        }
        let left = daemon.stop_engine().await?;
        pass(Place::SwitchStopped);
        let target = next.ledger.id().to_owned();
        let chosen = match self.choose(daemon, &left, &next.ledger, wanted).await {
            Ok(chosen) => chosen,
            Err(refused) => {
                next.stop.cancel();
                drop(next);
                self.go_back(daemon, left.ends).await?;
                return Ok(Err(refused));
            }
        };
        pass(Place::SwitchChosen);
        let is_killed = kill_of(&daemon.view()).is_some();
        self.take_up(daemon, next, left.ends).await?;
        // What comes last of the first events.
        let last = if is_killed { HoldKind::Kill } else { HoldKind::EnvironmentSwitched };
        let is_held = daemon.until_held(last).await;
        pass(Place::SwitchSeated);
        let view = daemon.view();
        if !is_held || *view.ledger.id != *target {
            // It ended at once; the daemon ends with the reason.
            return Ok(Err(SwitchError::Stopping));
        }
        note_held(chosen, self.sites.folder.path());
        tell(&view, wanted)?;
        Ok(Ok(Switched { previous, view }))
    }

    /// Checks everything that can be checked and makes the other engine ready; nothing has changed when this returns.
    async fn prepare(&self, daemon: &Daemon, wanted: &Wanted) -> Attempt<Next> {
        let unusable = |why: String| SwitchError::unusable(wanted.environment, why);
        let config = self.configuration.environments.get(wanted.environment).map_err(|why| unusable(why.to_owned()))?;
        let site = Site::of(config).map_err(|error| unusable(format!("{error:#}")))?;
        refuse_open(open_in(&daemon.view()))?;
        self.refuse_behind()?;
        let account = account(&site).await?;
        if !is_same(&wanted.account_id, &account) {
            return Err(SwitchError::Account(environment_name(wanted.environment)));
        }
        refuse_open(open_at_broker(&self.current.site).await?)?;
        let key = site.lock().map_err(|error| unusable(error.to_string()))?;
        let (ledger, stop) = (Ledger::new(config.of_records(), &account), self.stop.child_token());
        let ready = self.sites.prepare(&site, ledger.clone(), daemon.gate(), stop.clone()).await;
        match ready {
            Ok(mut ready) => {
                ready.hold_as_switched();
                let hold = ready.hold_on();
                Ok(Next { site, ledger, key, ready, hold, stop })
            }
            Err(error) => {
                stop.cancel();
                Err(if is_spilling(&error) { SwitchError::Behind } else { unusable(format!("{error:#}")) })
            }
        }
    }

    /// Keeps the choice, unless something is open after all. From when this returns well the new environment counts.
    async fn choose(&self, daemon: &Daemon, left: &Left, ledger: &Ledger, wanted: &Wanted) -> Attempt<Chosen> {
        let (view, folder) = (daemon.view(), self.sites.folder.path());
        let orders = left.open_orders.iter().map(|id| format!("order {id}"));
        refuse_open(open_in(&view).into_iter().chain(orders).collect())?;
        self.refuse_behind()?;
        if let Some(kill) = kill_of(&view) {
            carry_over(kill, folder)?;
        }
        let chosen = Chosen {
            environment: wanted.environment,
            ledger: ledger.id().to_owned(),
            at: WallClock::default().now().to_string(),
            actor: wanted.actor.clone(),
            reason: wanted.reason.clone(),
            is_held: false,
        };
        self.pass_on(ledger).await?;
        pass(Place::SwitchPassed);
        if let Err(error) = chosen.write(folder) {
            self.stay().await;
            return Err(SwitchError::Unkept(error.to_string()));
        }
        Ok(chosen)
    }

    /// Refuses while a part of the records is in the spill file alone: the next engine would begin without it.
    fn refuse_behind(&self) -> Attempt<()> {
        if spill_path(self.sites.folder.path()).exists() { Err(SwitchError::Behind) } else { Ok(()) }
    }

    /// Says in a database that others see where orb goes on.
    async fn pass_on(&self, to: &Ledger) -> Attempt<()> {
        let Some(hold) = self.current.hold.clone() else { return Ok(()) };
        let to = to.clone();
        let passed = tokio::task::spawn_blocking(move || hold.pass_on(&to)).await;
        let Err(error) = passed.map_err(anyhow::Error::from).and_then(|passed| passed.map_err(Into::into)) else {
            return Ok(());
        };
        // It may have been said, and only its answer was lost.
        self.stay().await;
        Err(SwitchError::Unkept(format!("{error:#}")))
    }

    /// Takes that back.
    async fn stay(&self) {
        let Some(hold) = self.current.hold.clone() else { return };
        let kept = tokio::task::spawn_blocking(move || hold.stay()).await;
        if let Err(error) = kept.map_err(anyhow::Error::from).and_then(|kept| kept.map_err(Into::into)) {
            // Nothing else can be done: the engine of before needs this database too, or the daemon ends.
            tracing::warn!(component = "Store", "the database may say that orb left its ledger: {error:#}");
        }
    }

    /// Seats the new engine.
    async fn take_up(&mut self, daemon: &mut Daemon, next: Next, ends: Ends) -> anyhow::Result<()> {
        let Next { site, ledger, key, mut ready, hold, .. } = next;
        if let Some(kill) = kill_of(&daemon.view()) {
            ready.kill_as_before(kill);
        }
        let following = ready.seat(daemon, ends, environment_name(site.config.environment)).await?;
        let current = Current { site, ledger, key, following, hold };
        let before = core::mem::replace(&mut self.current, current);
        give_back(before.hold).await
    }

    /// Goes on in the environment of before, with an engine that goes on with its records.
    async fn go_back(&mut self, daemon: &mut Daemon, ends: Ends) -> anyhow::Result<()> {
        give_back(self.current.hold.take()).await?;
        let Current { site, ledger, .. } = &self.current;
        let ready = self.sites.prepare(site, ledger.clone(), daemon.gate(), self.stop.child_token()).await?;
        let (hold, name) = (ready.hold_on(), environment_name(site.config.environment));
        let following = ready.seat(daemon, ends, name).await?;
        self.current.hold = hold;
        self.current.following = following;
        Ok(())
    }
}

/// Waits until a reload is due: at once where it was asked for before.
async fn asked_again(hangup: &mut Hangup, is_due: &mut bool) {
    if !core::mem::take(is_due) {
        hangup.wait().await;
    }
}

/// What was asked for.
struct Wanted {
    environment: Environment,
    account_id: String,
    actor: String,
    reason: String,
}

/// Gives a ledger back to whoever stands by, which takes an answer of the database.
async fn give_back(hold: Option<LeaseHold>) -> anyhow::Result<()> {
    Ok(tokio::task::spawn_blocking(move || drop(hold)).await?)
}

/// Notes that the records have the hold of a switch: a start need not place it again.
pub(super) fn note_held(chosen: Chosen, folder: &Path) {
    if chosen.is_held {
        return;
    }
    if let Err(error) = (Chosen { is_held: true, ..chosen }).write(folder) {
        // The next start holds entries once more than it needs to.
        tracing::warn!(component = "Executor", "{error}");
    }
}

/// Asks whose account a key opens.
async fn account(site: &Site) -> Attempt<String> {
    let environment = site.config.environment;
    let client = site.client().map_err(|error| SwitchError::unusable(environment, format!("{error:#}")))?;
    client.account().await.map_err(|error| {
        if error.is_key_refused() {
            return SwitchError::unusable(environment, format!("the broker does not take its key: {error}"));
        }
        SwitchError::Unreachable { environment: environment_name(environment), why: error.to_string() }
    })
}

/// Lists what is held and what may still fill, by orb's own books.
fn open_in(view: &View) -> Vec<String> {
    let positions = view.positions.iter().map(|position| format!("{} {}", position.quantity, position.symbol));
    let entries = view.working_entries.iter().map(|entry| format!("order {}", entry.client_order_id));
    positions.chain(entries).collect()
}

/// Lists the symbols in which orb has something at the broker of a site, by the broker's word.
async fn open_at_broker(site: &Site) -> Attempt<Vec<String>> {
    let environment = environment_name(site.config.environment);
    let unreachable = |why: String| SwitchError::Unreachable { environment, why };
    let client = site.client().map_err(|error| unreachable(format!("{error:#}")))?;
    let now = client.time().await.map_err(|error| unreachable(error.to_string()))?;
    let holdings = look_at(&client, now).await.map_err(|error| unreachable(error.to_string()))?;
    let open = holdings.0.iter().filter(|(_, holding)| holding.is_exposed());
    Ok(open.map(|(symbol, _)| format!("{symbol} at the broker")).collect())
}

/// Tells whether this process' own spill file stood in the way: it was begun while the next engine was made ready.
fn is_spilling(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| matches!(cause.downcast_ref(), Some(SpillError::InUse { .. })))
}

fn refuse_open(open: Vec<String>) -> Attempt<()> {
    if open.is_empty() { Ok(()) } else { Err(SwitchError::NotFlat(open)) }
}

fn kill_of(view: &View) -> Option<&Hold> {
    view.holds.iter().find(|hold| hold.kind == HoldKind::Kill)
}

/// Sees to it that a kill is there as a file: it is the one place that all environments share.
fn carry_over(kill: &Hold, folder: &Path) -> Attempt<()> {
    let file = HaltFile::of(folder);
    if file.exists() {
        return Ok(());
    }
    file.write(&kill.actor, &kill.reason).map_err(|error| SwitchError::Unkept(error.to_string()))
}

/// Compares account numbers without telling by the time how much of them is right.
fn is_same(typed: &str, account: &str) -> bool {
    let [typed, account] = [typed, account].map(|text| Sha256::digest(text.as_bytes()));
    typed.ct_eq(&account).into()
}

fn tell(view: &View, wanted: &Wanted) -> anyhow::Result<()> {
    let (name, ledger, actor) = (environment_name(wanted.environment), &view.ledger.id, &wanted.actor);
    tracing::warn!(component = "Executor", "{actor} switched to {name}, ledger {ledger}: entries are held");
    summary::print(&format!(
        "Switched to {name} by {actor}, ledger {ledger}: entries are held until `orbctl resume`.\n"
    ))
}

fn pass(place: Place) {
    failpoint::pass(place, now());
}

fn now() -> Timestamp {
    WallClock::default().now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_the_same_only_when_every_letter_is() {
        assert!(is_same("PA3X9", "PA3X9"));
        for typed in ["", "PA3X", "PA3X90", "pa3x9", "PA3X8"] {
            assert!(!is_same(typed, "PA3X9"), "{typed}");
        }
    }

    #[test]
    fn a_spill_file_that_is_being_written_is_no_other_process() {
        use crate::spill::KeepError;
        let in_use = || SpillError::InUse { path: "/var/lib/orb/spill".into() };
        assert!(is_spilling(&anyhow::Error::from(in_use()).context("the records")));
        let lost = KeepError::Lost { count: 1, problem: "full".to_owned() };
        assert!(!is_spilling(&anyhow::Error::from(lost)));
    }

    #[test]
    fn a_kill_is_carried_over_as_a_file_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let kill = Hold {
            kind: HoldKind::Kill,
            reason: "news".to_owned(),
            actor: "dana".to_owned(),
            since: Timestamp::from_micros(0),
        };
        carry_over(&kill, folder.path()).expect("written");
        assert!(HaltFile::of(folder.path()).exists());
        assert!(matches!(carry_over(&kill, Path::new("/nowhere/at/all")), Err(SwitchError::Unkept(_))));
    }
}
