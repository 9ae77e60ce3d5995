//! One run of orbctl: the connection and the printer.

use std::time::Duration;

use orb_api::{Client, ConnectError, v1};

use crate::{
    cli::Global,
    config::{self, Environment},
    failure::{Failure, Kind, note},
    output::{Format, Printer},
    wire,
};

/// How long a question may take.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a command may take: a flatten waits for its fills.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(60);

/// What a command works with.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) printer: Printer,
}

impl Session {
    /// Connects for questions.
    pub(crate) async fn open(global: &Global) -> Result<Self, Failure> {
        Self::open_within(global, READ_TIMEOUT).await
    }

    /// Connects for a command, which may take longer.
    pub(crate) async fn open_for_command(global: &Global) -> Result<Self, Failure> {
        Self::open_within(global, COMMAND_TIMEOUT).await
    }

    async fn open_within(global: &Global, call_timeout: Duration) -> Result<Self, Failure> {
        let mut target = config::resolve(global, &Environment::read())?;
        target.endpoint.call_timeout = call_timeout;
        let client = Client::connect(target.endpoint).await.map_err(|error| no_connection(&error, &target.origin))?;
        Ok(Self { client, printer: Printer::new(global.output, global.colour) })
    }

    /// Says which ledger a table is about: the mode belongs on every screen.
    ///
    /// JSON and CSV say it on every row.
    pub(crate) fn show_ledger(&self, ledger: Option<&v1::Ledger>) {
        if let (Format::Table, Some(ledger)) = (self.printer.format(), ledger) {
            note(&wire::ledger_name(ledger));
        }
    }
}

fn no_connection(error: &ConnectError, origin: &str) -> Failure {
    match error {
        ConnectError::Unavailable { .. } => Failure::new(
            Kind::Unavailable,
            format!("{error} ({origin}): start orbd, or name another daemon by --endpoint or --context"),
        ),
        ConnectError::Certificate(_) => Failure::usage(format!("{error}: set ca_file in the context ({origin})")),
        ConnectError::InvalidUri { .. } | ConnectError::Unencrypted { .. } => {
            Failure::usage(format!("{error} ({origin})"))
        }
    }
}
