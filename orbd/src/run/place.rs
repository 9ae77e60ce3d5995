//! Where a daemon begins to trade: as it is configured, as it was switched last, or where the daemon went beside which it
//! stood by.
//!
//! The state directory has the last switch of its own daemon. On a server the database has it too, because a standby on
//! another machine sees no more than that: whoever finds a ledger free that was left for another one goes on with that.

use anyhow::{Context as _, bail};
use orb_exec::alpaca::Environment;
use orb_exec::{Clock as _, WallClock};

use super::site::{Site, Sites};
use super::standby;
use crate::environment::{Chosen, EnvironmentConfig, Environments, environment_name};
use crate::store::{DatabaseUrl, Ledger, StoreError, successor};
use crate::view;

/// Switches that are followed from one ledger to the next: there are three environments.
const HOPS_MAX: usize = 3;

/// Where a daemon begins.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) site: Site,
    pub(super) ledger: Ledger,
    /// The last switch; `None` where there was none.
    pub(super) chosen: Option<Chosen>,
}

impl Place {
    /// Finds where to trade; with `standby`, when nobody else does any more.
    ///
    /// # Errors
    /// When the account cannot be read or is another than the one that was switched to, or the environment cannot be
    /// traded in.
    pub(super) async fn find(sites: &Sites, environments: &Environments, standby: bool) -> anyhow::Result<Self> {
        let (config, chosen) = environments.now()?;
        let mut place = Self::of(sites, config, chosen).await?;
        for _ in 0..HOPS_MAX {
            let database = &place.site.config.database;
            if standby {
                standby::wait_for(database, &place.ledger, sites.folder.path()).await?;
            }
            match passed_on(database, &place.ledger).await? {
                None => return Ok(place),
                Some(next) => place = place.follow(sites, environments, next).await?,
            }
        }
        bail!("the database says of each environment that orb left it for another one: look at the table `leases`")
    }

    /// Refuses a ledger that was left for another one before this process had it.
    ///
    /// # Errors
    /// When it was, or the database cannot be asked.
    pub(super) async fn confirm(&self) -> anyhow::Result<()> {
        match passed_on(&self.site.config.database, &self.ledger).await? {
            None => Ok(()),
            Some(next) => bail!("ledger {} was left for {} a moment ago: start again", self.ledger.id(), next.id()),
        }
    }

    async fn of(sites: &Sites, config: &EnvironmentConfig, chosen: Option<Chosen>) -> anyhow::Result<Self> {
        let site = Site::of(config)?;
        let ledger = sites.trading(&site).ledger(config.of_records()).await?;
        if let Some(other) = chosen.as_ref().filter(|chosen| chosen.ledger != ledger.id()) {
            bail!(
                "{}: {}, for the account of ledger {}, and the key of {} opens another account, that of {}: give the key of the account that was chosen, or remove the file to go by the configuration",
                Chosen::path(sites.folder.path()).display(),
                other.describe(),
                other.ledger,
                environment_name(config.environment),
                ledger.id()
            );
        }
        Ok(Self { site, ledger, chosen })
    }

    /// Goes where the daemon went that had the ledger.
    async fn follow(self, sites: &Sites, environments: &Environments, next: Ledger) -> anyhow::Result<Self> {
        let environment = of_records(next.environment());
        let left = format!("the database says that orb left ledger {} for {}", self.ledger.id(), next.id());
        tracing::warn!(component = "Executor", "{left}: this daemon goes on there");
        let remedy = || {
            let (name, id) = (environment_name(environment), self.ledger.id());
            format!(
                "{left}: give this daemon what it takes to trade in {name} with that account, or, when nothing is held there, `UPDATE leases SET successor = NULL WHERE ledger_id = '{id}'` to go by the configuration"
            )
        };
        let config = environments.get(environment).map_err(|problem| anyhow::anyhow!("{problem}; {}", remedy()))?;
        let mut place = Self::of(sites, config, None).await.with_context(remedy)?;
        if place.ledger != next {
            bail!("the key of {} opens another account; {}", environment_name(environment), remedy());
        }
        place.chosen = Some(Chosen {
            environment,
            ledger: next.id().to_owned(),
            at: WallClock::default().now().to_string(),
            actor: "orbd".to_owned(),
            reason: "following the daemon that was switched".to_owned(),
            // What the operator did after the switch is not known here.
            is_held: false,
        });
        Ok(place)
    }
}

/// Asks the database whether a ledger was left for another one.
async fn passed_on(database: &DatabaseUrl, ledger: &Ledger) -> anyhow::Result<Option<Ledger>> {
    let (database, ledger) = (database.clone(), ledger.clone());
    let asked: Result<_, StoreError> = tokio::task::spawn_blocking(move || successor(&database, &ledger)).await?;
    asked.context("it is not known whether the environment was switched")
}

const fn of_records(environment: view::Environment) -> Environment {
    match environment {
        view::Environment::Sim => Environment::Sim,
        view::Environment::Paper => Environment::Paper,
        view::Environment::Live => Environment::Live,
    }
}
