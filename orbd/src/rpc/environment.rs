//! The environments: which there are, and the way of a switch to whoever makes engines.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use orb_api::v1;
use orb_core::event::{Authorised, Command};
use orb_exec::alpaca::Environment;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;
use tonic::{Request, Status};

use super::command::{Asked, caller};
use super::{Handle, ReloadRequest, convert, validate};
use crate::environment::{Environments, environment_name};
use crate::store::{DatabaseUrl, Ledger};
use crate::view::{self, View};

/// What a command is told that comes while one engine has ended and the next one has not begun.
pub const SWITCHING: &str = "the environment is being switched and nothing trades at this moment: try again";
/// Switches and reloads that may wait; each switch is refused when the one before it has changed the environment.
const SWITCHES_MAX: usize = 4;
/// How long the commands that are under way may take: longer than each may.
const QUIET_MAX: Duration = Duration::from_secs(20);
/// Characters of an account id, at most.
const ACCOUNT_LENGTH_MAX: usize = 64;
/// Every environment, in the order of the list.
const ALL: [Environment; 3] = [Environment::Sim, Environment::Paper, Environment::Live];

/// Connects the API with whoever makes engines. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Switchboard {
    /// `None` where there is one environment only, as in a demo.
    line: Option<Line>,
    is_switching: Arc<AtomicBool>,
    /// Counts the commands that are not answered and recorded yet.
    under_way: Arc<watch::Sender<usize>>,
}

/// Counts a command as under way until it is dropped.
#[derive(Debug)]
pub(super) struct UnderWay(Arc<watch::Sender<usize>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

#[derive(Clone, Debug)]
struct Line {
    /// As they are configured now.
    environments: Arc<RwLock<Arc<Environments>>>,
    database: DatabaseUrl,
    requests: mpsc::Sender<BoardRequest>,
}

/// Asks whoever makes engines for something; one thing is done after the other.
#[derive(Debug)]
pub enum BoardRequest {
    /// Trade in another environment.
    Switch(SwitchRequest),
    /// Read the configuration again.
    Reload(ReloadRequest),
}

impl Line {
    fn environments(&self) -> Arc<Environments> {
        Arc::clone(&self.environments.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Asks for another environment to trade in.
#[derive(Debug)]
pub struct SwitchRequest {
    /// Where to trade.
    pub environment: Environment,
    /// The account there, as a person typed it.
    pub account_id: String,
    /// Who wants it.
    pub actor: String,
    /// Why; may be empty.
    pub reason: String,
    /// Where the answer goes; the asker may have gone away.
    pub reply: oneshot::Sender<Result<Switched, SwitchError>>,
}

/// Shows the books before and after a switch.
#[derive(Clone, Debug)]
pub struct Switched {
    /// The books until now.
    pub previous: view::Ledger,
    /// The first view of the books from now on.
    pub view: Arc<View>,
}

/// Explains why the environment was not switched. The one of before is in force then, as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SwitchError {
    /// Something is held, or an order may still work.
    #[error(
        "the environment is switched only when flat and without working orders; there are {}: close and cancel them first, or wait for the end of the day", .0.join(", ")
    )]
    NotFlat(Vec<String>),
    /// The environment cannot be traded in.
    #[error("{environment} cannot be traded in: {why}")]
    Unusable {
        /// Which one.
        environment: &'static str,
        /// Why, with the remedy.
        why: String,
    },
    /// Another account was typed.
    #[error(
        "account_id: the key of {0} opens another account; nothing was done. Type the number that the broker shows for the {0} account"
    )]
    Account(&'static str),
    /// A broker does not answer.
    #[error("the broker of {environment} does not answer: {why}; nothing was done, try again")]
    Unreachable {
        /// Whose broker.
        environment: &'static str,
        /// What came instead.
        why: String,
    },
    /// What must survive the switch cannot be kept.
    #[error("the switch cannot be kept: {0}")]
    Unkept(String),
    /// Something that happened is not in the database yet, and both environments have it in common.
    #[error(
        "the records do not have everything yet, because the database is slow or away; nothing was done, try again when it has caught up"
    )]
    Behind,
    /// Commands are not over that were meant for the books of before.
    #[error("commands that were given before are still being carried out; nothing was done, try again")]
    Busy,
    /// The daemon is stopping.
    #[error("the daemon is stopping: look at the environment when it is back")]
    Stopping,
}

impl SwitchError {
    fn status(&self) -> Status {
        let message = self.to_string();
        match self {
            Self::NotFlat(_) | Self::Unusable { .. } => Status::failed_precondition(message),
            Self::Account(_) => Status::invalid_argument(message),
            Self::Unreachable { .. } | Self::Unkept(_) | Self::Behind | Self::Busy | Self::Stopping => {
                Status::unavailable(message)
            }
        }
    }
}

impl Switchboard {
    /// Makes the board of a daemon that can be switched, and the end at which the switches are asked for.
    #[must_use]
    pub fn new(environments: Arc<Environments>, database: DatabaseUrl) -> (Self, mpsc::Receiver<BoardRequest>) {
        let (requests, wanted) = mpsc::channel(SWITCHES_MAX);
        let line = Some(Line { environments: Arc::new(RwLock::new(environments)), database, requests });
        (Self { line, is_switching: Arc::default(), under_way: Arc::default() }, wanted)
    }

    /// Goes by another configuration of the environments from now on.
    pub fn go_by(&self, environments: Environments) {
        if let Some(line) = &self.line {
            *line.environments.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(environments);
        }
    }

    /// Returns the environments as they are configured now; `None` where there is one only.
    #[must_use]
    pub fn environments(&self) -> Option<Arc<Environments>> {
        self.line.as_ref().map(Line::environments)
    }

    /// Returns where whoever makes engines is asked; `None` where nobody is there, as in a demo.
    pub(super) fn requests(&self) -> Option<&mpsc::Sender<BoardRequest>> {
        self.line.as_ref().map(|line| &line.requests)
    }

    /// Notes that a command begins: the books do not change before its result is in them.
    pub(super) fn begin(&self) -> UnderWay {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(Arc::clone(&self.under_way))
    }

    /// Waits until no command is under way; tells whether that came in time.
    pub async fn until_quiet(&self) -> bool {
        let mut under_way = self.under_way.subscribe();
        let quiet = timeout(QUIET_MAX, under_way.wait_for(|count| *count == 0)).await;
        matches!(quiet, Ok(Ok(_)))
    }

    /// Notes whether one engine has ended and the next one has not begun.
    pub fn set_switching(&self, is_switching: bool) {
        self.is_switching.store(is_switching, Ordering::SeqCst);
    }

    /// Tells whether no engine is there to take commands.
    #[must_use]
    pub fn is_switching(&self) -> bool {
        self.is_switching.load(Ordering::SeqCst)
    }
}

/// Reads what a client wants.
pub(super) fn asked(request: &Request<v1::SetEnvironmentRequest>) -> Result<(Asked, Wanted), Status> {
    let message = request.get_ref();
    let (environment, records) = match v1::Environment::try_from(message.environment) {
        Ok(v1::Environment::Sim) => (Environment::Sim, view::Environment::Sim),
        Ok(v1::Environment::Paper) => (Environment::Paper, view::Environment::Paper),
        Ok(v1::Environment::Live) => (Environment::Live, view::Environment::Live),
        Ok(v1::Environment::Unspecified) | Err(_) => {
            return Err(validate::invalid(
                "environment",
                "give ENVIRONMENT_SIM, ENVIRONMENT_PAPER or ENVIRONMENT_LIVE",
            ));
        }
    };
    let account_id = message.account_id.trim().to_owned();
    if account_id.is_empty() || account_id.len() > ACCOUNT_LENGTH_MAX {
        let what = "type the number of the account to trade in, as the broker shows it";
        return Err(validate::invalid("account_id", what));
    }
    let authorised = Authorised {
        request_id: validate::request_id(&message.request_id)?,
        actor: caller(request)?.actor.to_string(),
        reason: validate::reason(&message.reason)?,
        // What the engine is told that is stopped for it.
        command: Command::CancelEntries,
    };
    // The ledger's id names the account and does not show it.
    let command = format!("SetEnvironment {}", Ledger::new(records, &account_id).id());
    Ok((Asked { authorised, command }, Wanted { environment, account_id }))
}

/// Says where a client wants to trade.
#[derive(Clone, Debug)]
pub(super) struct Wanted {
    environment: Environment,
    account_id: String,
}

/// Has the environment switched and waits until the new engine has seen its broker.
pub(super) async fn switch(handle: Handle, asked: Asked, wanted: Wanted) -> Result<v1::SetEnvironmentResponse, Status> {
    let Some(line) = &handle.switchboard.line else {
        return Err(Status::failed_precondition("a demo trades in its own simulation alone: start `orbd run`"));
    };
    let Authorised { request_id, actor, reason, .. } = asked.authorised;
    let (reply, answer) = oneshot::channel();
    let Wanted { environment, account_id } = wanted;
    let request = SwitchRequest { environment, account_id, actor, reason, reply };
    let stopping = || SwitchError::Stopping.status();
    line.requests.send(BoardRequest::Switch(request)).await.map_err(|_| stopping())?;
    let Switched { previous, view } = answer.await.map_err(|_| stopping())?.map_err(|error| error.status())?;
    Ok(v1::SetEnvironmentResponse { previous_ledger: Some(convert::ledger(&previous)), ..reply_of(&view, request_id) })
}

/// Replies to a switch that was carried out before the daemon was started.
pub(super) fn reply_of(view: &View, request_id: String) -> v1::SetEnvironmentResponse {
    v1::SetEnvironmentResponse {
        ledger: Some(convert::ledger(&view.ledger)),
        request_id,
        replayed: false,
        previous_ledger: None,
        state: convert::trading_state(view.state).into(),
        holds: convert::holds(view),
    }
}

/// Says for the record what became of a switch.
pub(super) fn text(reply: &v1::SetEnvironmentResponse) -> String {
    let id = |ledger: &Option<v1::Ledger>| ledger.as_ref().map_or_else(String::new, |ledger| ledger.id.clone());
    format!("{} -> {}", id(&reply.previous_ledger), id(&reply.ledger))
}

/// Lists the environments.
pub(super) async fn list(handle: &Handle) -> Result<v1::ListEnvironmentsResponse, Status> {
    let current = handle.current().ledger.clone();
    let (line, of_reply) = (handle.switchboard.line.clone(), convert::ledger(&current));
    // Credentials are files, and known ledgers are rows.
    let read = tokio::task::spawn_blocking(move || infos(line.as_ref(), &current));
    let environments = read.await.map_err(|_| Status::internal("the environments could not be looked at"))?;
    Ok(v1::ListEnvironmentsResponse { ledger: Some(of_reply), environments })
}

fn infos(line: Option<&Line>, current: &view::Ledger) -> Vec<v1::EnvironmentInfo> {
    let known = line.map(|line| Ledger::all(&line.database)).transpose();
    let known = known.unwrap_or_else(|error| {
        tracing::warn!(component = "Api", %error, "the ledgers of other environments are not known");
        None
    });
    ALL.map(|environment| info(environment, line, known.as_deref().unwrap_or_default(), current)).into()
}

fn info(
    environment: Environment,
    line: Option<&Line>,
    known: &[Ledger],
    current: &view::Ledger,
) -> v1::EnvironmentInfo {
    let records = of_records(environment);
    let is_current = current.environment == records;
    let obstacle = match line {
        _ if is_current => None,
        Some(line) => line.environments().obstacle(environment),
        None => Some("a demo trades in its own simulation alone: start `orbd run`".to_owned()),
    };
    let before = known.iter().rev().find(|ledger| ledger.environment() == records).map(Ledger::view);
    let ledger = if is_current { Some(current.clone()) } else { before.filter(|_| line.is_some()) };
    v1::EnvironmentInfo {
        environment: convert::environment(records).into(),
        current: is_current,
        available: obstacle.is_none(),
        detail: obstacle.unwrap_or_default(),
        ledger: ledger.as_ref().map(convert::ledger),
    }
}

/// Returns an environment as records and replies name it.
const fn of_records(environment: Environment) -> view::Environment {
    match environment {
        Environment::Sim => view::Environment::Sim,
        Environment::Paper => view::Environment::Paper,
        Environment::Live => view::Environment::Live,
    }
}

impl SwitchError {
    /// Says that an environment cannot be traded in.
    #[must_use]
    pub fn unusable(environment: Environment, why: impl core::fmt::Display) -> Self {
        Self::Unusable { environment: environment_name(environment), why: why.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_has_its_code_and_none_shows_an_account() {
        use tonic::Code;
        let of = |error: SwitchError| (error.status().code(), error.status().message().to_owned());
        let (code, text) = of(SwitchError::NotFlat(vec!["10 AAPL".to_owned(), "order x".to_owned()]));
        assert!(code == Code::FailedPrecondition && text.contains("10 AAPL, order x"), "{text}");
        assert_eq!(of(SwitchError::unusable(Environment::Live, "why")).0, Code::FailedPrecondition);
        assert_eq!(of(SwitchError::Account("live")).0, Code::InvalidArgument);
        for error in [
            SwitchError::Unreachable { environment: "live", why: "silence".to_owned() },
            SwitchError::Unkept("full".to_owned()),
            SwitchError::Behind,
            SwitchError::Busy,
            SwitchError::Stopping,
        ] {
            assert_eq!(of(error).0, Code::Unavailable);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn books_change_only_when_no_command_is_under_way() {
        let board = Switchboard::default();
        assert!(board.until_quiet().await);
        let (first, second) = (board.begin(), board.begin());
        drop(first);
        assert!(!board.until_quiet().await);
        let quiet = tokio::spawn({
            let board = board.clone();
            async move { board.until_quiet().await }
        });
        tokio::task::yield_now().await;
        drop(second);
        assert!(quiet.await.unwrap());
    }

    #[test]
    fn a_demo_has_its_simulation_alone() {
        let listed = infos(None, &view::Ledger::default());
        let shown: Vec<_> = listed.iter().map(|info| (info.current, info.available, info.ledger.is_some())).collect();
        assert_eq!(shown, [(true, true, true), (false, false, false), (false, false, false)]);
        assert!(listed[1].detail.contains("demo"));
    }
}
