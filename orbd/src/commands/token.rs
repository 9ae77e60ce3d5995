//! `orbd token`: gives out tokens for the API, lists them and takes them back.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::bail;
use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use orb_core::Timestamp;

use super::SettingArgs;
use crate::auth::{IssuedToken, IssuedTokens, NewToken, Role, TokenState};
use crate::daemon::Folder;
use crate::environment::EnvironmentArgs;

/// Seconds of the units in which the life of a token is given.
const UNITS: [(char, i64); 4] = [('m', 60), ('h', 3_600), ('d', 86_400), ('w', 604_800)];
/// The longest life that can be given; longer ones are given by leaving the end out.
const LIFE_MAX_SECONDS: i64 = 3_660 * 86_400;

/// Give out tokens for the API, list them, and take them back; a running daemon follows within seconds.
#[derive(Args, Clone, Debug)]
pub struct TokenArgs {
    #[command(subcommand)]
    command: TokenCommand,
    /// Configuration file (TOML) of the daemon
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// Folder of the daemon or demo [default: as for `orbd run`]
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<PathBuf>,
}

#[derive(Clone, Debug, Subcommand)]
enum TokenCommand {
    /// Make a token and print it, this once
    Create {
        /// Whose it is, as the records will name the actor: 1 to 32 of a-z, 0-9, `.`, `_`, `@` and `-`
        name: String,
        /// What it allows: viewer (reads), operator (commands trading) or admin (changes limits and environment)
        #[arg(long, value_parser = read_role)]
        role: Role,
        /// How long it is good, as in 12h, 30d or 8w [default: until it is revoked]
        #[arg(long, value_name = "TIME", value_parser = read_life)]
        expires: Option<i64>,
    },
    /// List the tokens that were given out
    List,
    /// Take a token back; what was begun with it ends within five seconds
    Revoke {
        /// Whose it is
        name: String,
    },
}

/// Runs the command and returns what it prints.
///
/// # Errors
/// Names the file, line, key or flag at fault, and the remedy.
pub fn run(args: &TokenArgs) -> anyhow::Result<String> {
    let tokens = IssuedTokens::of(&args.folder()?);
    let now = now();
    match &args.command {
        TokenCommand::Create { name, role, expires } => {
            let expires = expires.map(|seconds| Timestamp::from_micros(now.micros() + seconds * 1_000_000));
            let new = NewToken { name: name.clone(), role: *role, expires };
            // Nothing else on standard output, so that a script can put it where it belongs.
            Ok(format!("{}\n", tokens.create(new, now)?.expose()))
        }
        TokenCommand::List => Ok(table(&tokens.read()?, now)),
        TokenCommand::Revoke { name } => {
            tokens.revoke(name, now)?;
            Ok(format!("The token of {name} is revoked.\n"))
        }
    }
}

impl TokenArgs {
    fn folder(&self) -> anyhow::Result<PathBuf> {
        let settings = SettingArgs { config: self.config.clone(), ..SettingArgs::default() };
        let flags = EnvironmentArgs { data_dir: self.data_dir.clone(), ..EnvironmentArgs::default() };
        let folder = settings.resolve_environment(&flags)?.data_dir;
        match &self.command {
            TokenCommand::Create { .. } => Ok(Folder::open(&folder)?.path().to_owned()),
            TokenCommand::List | TokenCommand::Revoke { .. } if folder.is_dir() => Ok(folder),
            TokenCommand::List | TokenCommand::Revoke { .. } => {
                bail!("there is no folder {}: name the daemon's by --data-dir or --config", folder.display())
            }
        }
    }
}

fn now() -> Timestamp {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
}

fn table(tokens: &[IssuedToken], now: Timestamp) -> String {
    if tokens.is_empty() {
        return "No token was given out; the daemon's own is in its folder.\n".to_owned();
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["NAME", "ROLE", "STATE", "CREATED", "EXPIRES"]);
    for token in tokens {
        let state = match token.state(now) {
            TokenState::InForce => "in force",
            TokenState::Expired => "expired",
            TokenState::Revoked => "revoked",
        };
        let expires = token.expires.map_or_else(|| "never".to_owned(), whole_seconds);
        table.add_row([&*token.name, token.role.name(), state, &whole_seconds(token.created), &expires]);
    }
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn whole_seconds(time: Timestamp) -> String {
    Timestamp::from_micros(time.micros() / 1_000_000 * 1_000_000).to_string()
}

fn read_role(text: &str) -> Result<Role, String> {
    Role::from_name(text).ok_or_else(|| "expected viewer, operator or admin".to_owned())
}

/// Reads a life in seconds.
fn read_life(text: &str) -> Result<i64, String> {
    let expected = || "expected a number and m, h, d or w, at most ten years, as in 30d".to_owned();
    let unit = text.chars().next_back().and_then(|last| UNITS.into_iter().find(|(unit, _)| *unit == last));
    let (letter, seconds) = unit.ok_or_else(expected)?;
    let digits = text.trim_end_matches(letter);
    let is_plain = digits.len() + 1 == text.len() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let count: i64 = digits.parse().ok().filter(|_| is_plain).ok_or_else(expected)?;
    let life = count.checked_mul(seconds).filter(|life| (1..=LIFE_MAX_SECONDS).contains(life));
    life.ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_is_a_number_and_a_unit() {
        assert_eq!(read_life("90m"), Ok(5_400));
        assert_eq!(read_life("30d"), Ok(30 * 86_400));
        for text in ["", "d", "0h", "-1d", "1.5d", "1dd", "30", "30y", "4000d", "99999999999999999999d", "é"] {
            assert!(read_life(text).is_err(), "{text}");
        }
    }

    #[test]
    fn tokens_are_made_listed_and_revoked() {
        let folder = tempfile::tempdir().unwrap();
        let call = |command| {
            let data_dir = Some(folder.path().to_owned());
            run(&TokenArgs { command, config: None, data_dir }).map_err(|error| format!("{error:#}"))
        };
        let create = || TokenCommand::Create { name: "ann".to_owned(), role: Role::Viewer, expires: Some(60) };
        assert!(call(TokenCommand::List).unwrap().starts_with("No token"));
        let token = call(create()).unwrap();
        assert_eq!(token.trim().len(), 64);
        assert!(call(create()).unwrap_err().contains("revoke it first"));
        let listed = call(TokenCommand::List).unwrap();
        assert!(listed.contains("ann") && listed.contains("viewer") && listed.contains("in force"), "{listed}");
        assert!(!listed.contains(token.trim()));
        let revoke = || TokenCommand::Revoke { name: "ann".to_owned() };
        call(revoke()).unwrap();
        assert!(call(TokenCommand::List).unwrap().contains("revoked"));
        assert!(call(revoke()).unwrap_err().contains("there is none"));
    }
}
