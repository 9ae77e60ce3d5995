//! The flags that choose the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;
use orb_exec::alpaca::Environment;

use super::keys::{ENVIRONMENTS, near};

/// Chooses where orb trades and where it keeps its state; each flag goes before the configuration file.
#[derive(Args, Clone, Debug, Default)]
pub struct EnvironmentArgs {
    /// Where orders go: sim, paper or live [default: `environment` of the file, else sim]
    #[arg(long, visible_alias = "env", value_name = "E", value_parser = read_environment)]
    pub environment: Option<Environment>,
    /// Where records, token and halt file are kept [default: `data_dir` of the file, else orb/ENVIRONMENT in the user's
    /// state folder]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Address of the API; on this machine only without `[tls]` in the file [default: `listen` of the file, else 127.0.0.1:7070]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// Database of the records, sqlite:///PATH or postgres://... [default: `database` of the file, else orb.db in the data
    /// folder]
    #[arg(long, value_name = "URL", env = "ORB_DATABASE_URL", hide_env_values = true)]
    pub database: Option<String>,
}

/// Reads an environment's name.
fn read_environment(text: &str) -> Result<Environment, String> {
    let found = ENVIRONMENTS.iter().find(|(name, _)| *name == text);
    let suggestion = || near(ENVIRONMENTS.iter().map(|(name, _)| *name), text);
    found.map(|(_, environment)| *environment).ok_or_else(|| {
        let hint = suggestion().map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
        format!("expected sim, paper or live{hint}")
    })
}
