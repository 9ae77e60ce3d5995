//! A daemon that may be alive: asked first, because it knows what it does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use orb_api::v1;
use orb_api::{Client, Endpoint, Token};
use tokio::time::{Instant, sleep, timeout};

use crate::environment::StateLock;

/// How long a daemon may take to answer a command; one that holds positions may be busy for a second or two.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long a daemon that took the command may take to close everything.
const FLAT_WITHIN: Duration = Duration::from_secs(120);
/// How often its positions are looked at meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Positions on one page: more than orb ever holds.
const PAGE: i32 = 1_000;

/// A process that has a state directory.
#[derive(Debug)]
pub struct LiveDaemon {
    folder: PathBuf,
    /// Who it is, as far as is known.
    pub holder: String,
}

/// What came of asking a daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reached {
    /// It did what was asked, and holds nothing any more; these it held before.
    Flat(Vec<String>),
    /// It did what was asked, and these are still open.
    Open(Vec<String>),
    /// It did not answer, or not as a daemon does.
    Silent(String),
}

impl LiveDaemon {
    /// Finds the process that has a state directory; `None` when none has.
    ///
    /// # Errors
    /// When its lock cannot be looked at.
    pub fn find(folder: &Path) -> std::io::Result<Option<Self>> {
        let holder = StateLock::holder(folder)?;
        Ok(holder.map(|holder| Self { folder: folder.to_owned(), holder }))
    }

    /// Asks it to halt, and to close everything unless only entries are meant; waits until it has.
    pub async fn flatten(&self, entries_only: bool, reason: &str) -> Reached {
        match self.ask(entries_only, reason).await {
            Ok(reached) => reached,
            Err(why) => Reached::Silent(why),
        }
    }

    async fn ask(&self, entries_only: bool, reason: &str) -> Result<Reached, String> {
        let client = answer(Client::connect(self.endpoint()?)).await?;
        let before = positions(&client).await?;
        let request = v1::SetKillSwitchRequest {
            request_id: request_id()?,
            action: v1::KillSwitchAction::Engage.into(),
            flatten: !entries_only,
            reason: reason.to_owned(),
        };
        answer(client.control().set_kill_switch(request)).await?;
        if entries_only {
            return Ok(Reached::Flat(Vec::new()));
        }
        let deadline = Instant::now() + FLAT_WITHIN;
        loop {
            let open = positions(&client).await?;
            if open.is_empty() {
                return Ok(Reached::Flat(before));
            }
            if Instant::now() >= deadline {
                return Ok(Reached::Open(open));
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Reads where it listens and its token, as its clients do.
    fn endpoint(&self) -> Result<Endpoint, String> {
        let path = self.folder.join("orbctl.toml");
        let unreadable = |error: &dyn core::fmt::Display| format!("cannot read {}: {error}", path.display());
        let text = std::fs::read_to_string(&path).map_err(|error| unreadable(&error))?;
        let table: toml::Table = text.parse().map_err(|error| unreadable(&error))?;
        let of = |context: &toml::Value| context.get("endpoint")?.as_str().map(ToOwned::to_owned);
        let current = table.get("current").and_then(toml::Value::as_str).unwrap_or_default();
        let address = table.get("contexts").and_then(|contexts| of(contexts.get(current)?));
        let address = address.ok_or_else(|| unreadable(&"it names no endpoint"))?;
        let token =
            std::fs::read_to_string(self.folder.join("token")).map_err(|error| format!("its token: {error}"))?;
        let token = Token::parse(&token).map_err(|error| format!("its token: {error}"))?;
        Ok(Endpoint { call_timeout: ANSWER_WITHIN, ..Endpoint::new(address, Some(token)) })
    }
}

/// Waits for an answer, not for ever.
async fn answer<T, E: core::fmt::Display>(asked: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match timeout(ANSWER_WITHIN, asked).await {
        Ok(answered) => answered.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", ANSWER_WITHIN.as_secs())),
    }
}

/// Lists the symbols that a daemon holds, with their shares.
async fn positions(client: &Client) -> Result<Vec<String>, String> {
    let request = v1::ListPositionsRequest { page_size: PAGE, ..v1::ListPositionsRequest::default() };
    let listed = answer(client.portfolio().list_positions(request)).await?.into_inner();
    Ok(listed.positions.into_iter().map(|position| format!("{} {}", position.quantity, position.symbol)).collect())
}

/// Makes an identifier for a command.
fn request_id() -> Result<String, String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| format!("no random numbers: {error}"))?;
    Ok(format!("flatten-{:032x}", u128::from_be_bytes(bytes)))
}
