//! Whether the records can be opened and written.

use std::fs::OpenOptions;
use std::path::Path;

use super::finding::Finding;
use super::machine::{is_same, probe};
use crate::environment::EnvironmentConfig;
use crate::environment::state::in_use;
use crate::store::{DatabaseUrl, MigrationStatus, StoreError, migration_status};

const ITEM: &str = "database";

/// Looks at the database, without changing it.
pub(super) fn database(config: &EnvironmentConfig) -> Finding {
    let url = &config.database;
    if let Some(problem) = url.path().and_then(|path| file(config, path)) {
        return problem;
    }
    match migration_status(url) {
        Ok(status) => schema(url, &status),
        Err(error) => Finding::of_error(ITEM, &error),
    }
}

/// Tells what stands in the way of writing a SQLite file; the state directory itself is looked at elsewhere.
fn file(config: &EnvironmentConfig, path: &Path) -> Option<Finding> {
    let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let is_own = is_same(folder, &config.data_dir);
    if !folder.is_dir() {
        let is_made = folder == config.data_dir;
        let detail = format!("the folder {} does not exist", folder.display());
        return (!is_made).then(|| Finding::fail(ITEM, detail, "make it, or name another database"));
    }
    let shown = path.display();
    if let Err(error) = probe(folder) {
        let detail = format!("cannot write to the folder of {shown}: {error}");
        return Some(Finding::fail(ITEM, detail, "give orbd's user the folder, or name another database"));
    }
    if path.exists()
        && let Err(error) = OpenOptions::new().write(true).open(path)
    {
        let detail = format!("cannot write {shown}: {error}");
        return Some(Finding::fail(ITEM, detail, "give orbd's user the file, or name another database"));
    }
    // The locks of the state directory are told with it.
    let holder = if is_own { None } else { in_use(folder).ok().flatten() }?;
    Some(Finding::fail(ITEM, format!("the folder of {shown} is in use by {holder}"), "stop it first"))
}

fn schema(url: &DatabaseUrl, status: &MigrationStatus) -> Finding {
    let database = url.to_string();
    if let Some(found) = status.unknown.first().cloned() {
        return Finding::of_error(ITEM, &StoreError::SchemaNewer { database, found });
    }
    let detail = match (status.applied.len(), status.pending.len()) {
        (0, _) => format!("{database} will be made at the start"),
        (_, 0) => format!("{database} has this version's schema"),
        (_, pending) => {
            let detail = format!("{database} is of an older version: {pending} migrations run at the start");
            return Finding::warn(ITEM, detail, "make a copy of it first");
        }
    };
    Finding::pass(ITEM, detail)
}
