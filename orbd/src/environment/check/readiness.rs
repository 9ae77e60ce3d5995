//! What the paper sessions say before real money is traded: it warns, and forbids nothing.

use orb_exec::alpaca;

use super::finding::Finding;
use crate::environment::{EnvironmentConfig, default_folder, environment_name};
use crate::readiness::{Criterion, Judgement, Readiness};
use crate::store::{DatabaseUrl, Ledger, Reader, StoreError};
use crate::view::Environment;

const ITEM: &str = "readiness";
const REMEDY: &str = "go on at paper, and look at `orbctl readiness` there";

/// Looks at the sessions of the paper account, an item for each criterion.
///
/// They are looked for in the configured database, and in that of the paper environment's own folder.
pub(super) fn paper_sessions(config: &EnvironmentConfig) -> Vec<Finding> {
    let usual = default_folder(environment_name(alpaca::Environment::Paper)).join("orb.db");
    let places = [config.database.clone(), DatabaseUrl::sqlite(usual)];
    let mut best: Option<Readiness> = None;
    for place in places.iter().filter(|place| place.path().is_none_or(std::path::Path::exists)) {
        match read(place) {
            Ok(found) => {
                let all = found.into_iter().chain(best);
                best = all.max_by_key(|readiness| readiness.days.len());
            }
            // A database that cannot be read is an item of its own.
            Err(error) => tracing::debug!(component = "Store", %error, "no paper sessions"),
        }
    }
    match best {
        Some(readiness) => readiness.criteria.iter().map(finding).collect(),
        None => vec![Finding::warn(ITEM, "no session at a paper account is on record", REMEDY)],
    }
}

fn read(place: &DatabaseUrl) -> Result<Vec<Readiness>, StoreError> {
    let ledgers = Ledger::all(place)?;
    let paper = ledgers.iter().filter(|ledger| ledger.environment() == Environment::Paper);
    paper.map(|ledger| Readiness::of(&Reader::open(place, ledger)?, Environment::Paper)).collect()
}

fn finding(criterion: &Criterion) -> Finding {
    let Criterion { name, verdict, wanted, found } = criterion;
    let item = format!("{ITEM} {name}");
    match verdict {
        Judgement::Met => Finding::pass(&item, format!("{wanted}: {found}")),
        Judgement::NotMet => Finding::warn(&item, format!("wanted: {wanted}; found: {found}"), REMEDY),
        Judgement::Unknown => Finding::warn(&item, format!("not known: {wanted}; {found}"), REMEDY),
    }
}
