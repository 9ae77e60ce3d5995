//! The flags that choose a database of records.

use std::path::PathBuf;

use clap::Args;

use super::SettingArgs;
use crate::environment::EnvironmentArgs;
use crate::store::DatabaseUrl;

/// Chooses the records; each flag goes before the configuration file.
#[derive(Args, Clone, Debug, Default)]
pub struct RecordsArgs {
    /// Database of the records, sqlite:///PATH or postgres://...
    #[arg(long, visible_alias = "db", value_name = "URL", env = "ORB_DATABASE_URL", hide_env_values = true)]
    pub database: Option<String>,
    /// Folder of a daemon or a demo, in which the records are orb.db
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Configuration file whose `database` or `data_dir` says where the records are
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

impl RecordsArgs {
    /// Returns the database: that of the flags, else that of the file, else that of a daemon without any of these.
    ///
    /// # Errors
    /// Names the flag, or the file and line, and the remedy.
    pub fn database(&self) -> anyhow::Result<DatabaseUrl> {
        if self.database.is_none()
            && let Some(folder) = &self.data_dir
        {
            return Ok(DatabaseUrl::sqlite(folder.join("orb.db")));
        }
        let settings = SettingArgs { config: self.config.clone(), ..SettingArgs::default() };
        let flags = EnvironmentArgs { database: self.database.clone(), ..EnvironmentArgs::default() };
        Ok(settings.file()?.environment.resolve(&flags)?.database)
    }
}
