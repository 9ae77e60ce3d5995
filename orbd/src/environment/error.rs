//! What can be wrong with the environment of a configuration, and what to do about it.

use std::net::SocketAddr;
use std::path::PathBuf;

use orb_exec::alpaca::ConfigError;

use super::chosen::ChosenError;
use crate::store::StoreError;

/// Explains why there is no environment to trade in.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentError {
    /// Something in the file is wrong.
    #[error("{}:{line}: {problem}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        problem: Box<EnvironmentProblem>,
    },
    /// A flag, or the variable that stands for it, is wrong or does not fit the file.
    #[error("{flag}: {problem}")]
    Flag {
        /// Which flag.
        flag: &'static str,
        /// What is wrong.
        problem: Box<EnvironmentProblem>,
    },
    /// The environment of a switch cannot be used.
    #[error("{environment}: {problem}")]
    Switch {
        /// Which environment.
        environment: &'static str,
        /// What is wrong.
        problem: Box<EnvironmentProblem>,
    },
    /// What the state directory says of the last switch cannot be used.
    #[error(transparent)]
    Chosen(#[from] ChosenError),
    /// The system does not tell the current folder, on which a relative path depends.
    #[error("--data-dir: cannot make the path absolute: {0}; give an absolute path")]
    Folder(std::io::Error),
}

/// Explains what is wrong with a key, and the remedy. No text in it holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum EnvironmentProblem {
    /// The table has no such key.
    #[error("[{table}] has no key `{key}`{}; it has {}", did_you_mean(*.suggestion), known.join(", "))]
    UnknownKey {
        /// The table, without brackets.
        table: &'static str,
        /// The key that was given.
        key: String,
        /// A key of a similar name.
        suggestion: Option<&'static str>,
        /// The keys that there are.
        known: &'static [&'static str],
    },
    /// There is no such table, or no such key outside of tables.
    #[error("there is no {what} `{name}`, did you mean `{suggestion}`?")]
    Misspelt {
        /// `key` or `table`.
        what: &'static str,
        /// The name that was given.
        name: String,
        /// What was probably meant.
        suggestion: &'static str,
    },
    /// A key stands in another place than its own.
    #[error("`{key}` belongs {place}")]
    Misplaced {
        /// The key.
        key: String,
        /// Where it belongs.
        place: &'static str,
    },
    /// A name of a table stands for something else.
    #[error("`{name}` is not a table: begin it with a line [{name}] and write its keys below")]
    NotATable {
        /// The name.
        name: &'static str,
    },
    /// The value does not fit the key.
    #[error("`{key} = {value}`: expected {expected}{}", did_you_mean(*.suggestion))]
    BadValue {
        /// The key.
        key: String,
        /// The value as it stands in the file.
        value: String,
        /// What would fit.
        expected: &'static str,
        /// A value of a similar spelling.
        suggestion: Option<&'static str>,
    },
    /// The key's name says that its value is a secret.
    #[error(
        "`{key}` looks like a secret, which a configuration file must not hold: take it out, and replace the secret if anybody else could read the file; {remedy}"
    )]
    Secret {
        /// The key.
        key: String,
        /// Where the secret belongs.
        remedy: &'static str,
    },
    /// An address holds a password.
    #[error(
        "`{key}` holds a password, which a configuration file must not hold: take it out, and replace the password if anybody else could read the file; {remedy}"
    )]
    Password {
        /// The key.
        key: &'static str,
        /// Where the password belongs.
        remedy: &'static str,
    },
    /// The address of a service cannot be used.
    #[error(transparent)]
    Address(#[from] ConfigError),
    /// The address of the database cannot be used.
    #[error(transparent)]
    Database(#[from] StoreError),
    /// The API would be reachable from other machines without encryption.
    #[error(
        "without TLS the API listens on this machine only, not on {0}: use an address such as 127.0.0.1:7070, or give certificate_file and key_file in [tls]"
    )]
    NotLoopback(SocketAddr),
    /// A certificate or its key is missing.
    #[error("[tls] needs `{missing}` too: give the certificate and its private key, or take the table out")]
    Incomplete {
        /// The key that is not there.
        missing: &'static str,
    },
    /// A simulator's address was given for a broker's environment.
    #[error(
        "`url` is the address of a simulator, and the environment is {environment}: take it out, or set environment = \"sim\""
    )]
    SimulatorOnly {
        /// The environment.
        environment: &'static str,
    },
    /// A simulator that plays paper or live was looked for on another machine.
    #[error(
        "`url` of [alpaca.{environment}] is for a simulator on this machine that plays {environment}, and {host} is another: take it out, or use an address of this machine"
    )]
    Elsewhere {
        /// The host.
        host: String,
        /// The environment.
        environment: &'static str,
    },
    /// The environment is not in the file.
    #[error("it is not configured: add a table [alpaca.{environment}] with its url to the configuration file")]
    NotConfigured {
        /// The environment.
        environment: &'static str,
    },
    /// An address is that of another environment.
    #[error("`{host}` belongs to {owner}, and the environment is {environment}: correct one of them")]
    OtherEnvironment {
        /// The host.
        host: String,
        /// Whose it is.
        owner: &'static str,
        /// The environment that is configured.
        environment: &'static str,
    },
    /// The name of a channel cannot be part of its secrets' names.
    #[error("`{name}` is no name of a channel: use 1 to 32 of a-z, 0-9 and `-`, as in [notify.desk]")]
    ChannelName {
        /// The name that was given.
        name: String,
    },
    /// A channel lacks what its type needs.
    #[error("[notify.{channel}] needs `{missing}` too: {why}")]
    ChannelLacks {
        /// The channel.
        channel: String,
        /// The key that is not there.
        missing: &'static str,
        /// What it is for.
        why: &'static str,
    },
    /// A channel has a key of another type.
    #[error("`{key}` is for channels of type {owner}, and [notify.{channel}] is of type {kind}: take it out")]
    ChannelKey {
        /// The key.
        key: &'static str,
        /// Whose it is.
        owner: &'static str,
        /// The channel.
        channel: String,
        /// Its type.
        kind: &'static str,
    },
    /// Mail would go to another machine in the clear.
    #[error(
        "`encryption = \"none\"` is for a mail server on this machine, and {server} is another: use \"starttls\" or \"implicit\""
    )]
    MailInTheClear {
        /// The server.
        server: String,
    },
    /// An address of a channel is a secret.
    #[error(
        "`url` of [notify.{channel}] is a secret, which a configuration file must not hold: take it out, make another one if anybody else could read the file, and give it as the systemd credential orb-notify-{channel}-url, or as {variable} in the environment"
    )]
    ChannelUrl {
        /// The channel.
        channel: String,
        /// The variable.
        variable: String,
    },
    /// The build lacks what the key asks for.
    #[error(
        "`{key}` needs a build with the feature {feature}, and this one has it not: build it by `cargo build --release -p orbd --features {feature}`, or take the key out"
    )]
    NotBuilt {
        /// The key.
        key: String,
        /// The feature.
        feature: &'static str,
    },
    /// Live trading was asked for and not allowed.
    #[error("live trading is not enabled: for orders with real money set live_enabled = true in [alpaca] too")]
    LiveDisabled,
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default()
}
