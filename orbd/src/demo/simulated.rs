//! The demo at a local Alpaca in this process.

use orb_sim::Running;

use super::{DemoOptions, DemoSession, is_over};
use crate::daemon::{Daemon, Folder};
use crate::rpc::Listeners;
use crate::run::{Keep, Trading};
use crate::simulation::{SimulatedTime, Simulation};
use crate::spill::Patience;
use crate::store::DatabaseUrl;
use crate::view::Environment;

/// Starts a demo at a local Alpaca; tells which run of the folder it is.
pub(super) async fn start(
    session: &DemoSession,
    options: &DemoOptions,
    folder: &Folder,
    url: &DatabaseUrl,
    listeners: Listeners,
) -> anyhow::Result<(Daemon, Running, u32)> {
    let latest = folder.latest_run();
    let (mut sim, mut trading, mut run) = open(session, options, folder, latest).await?;
    if is_over(url, &trading.ledger(Environment::Sim).await?) {
        drop(trading);
        sim.stop().await;
        (sim, trading, run) = open(session, options, folder, latest + 1).await?;
    }
    let keep = Keep {
        folder,
        url: url.clone(),
        retention: crate::store::Retention::default(),
        environment: Environment::Sim,
        context: "demo",
        config: options.config_name.clone(),
        settings: std::sync::Arc::clone(&options.settings),
        simulated_speed: Some(options.simulated_speed()),
        patience: Patience::SIMULATED,
        notify: options.notify.clone(),
        otel: options.otel.clone(),
    };
    let daemon = trading.start(&keep, listeners).await?;
    Ok((daemon, sim, run))
}

async fn open(
    session: &DemoSession,
    options: &DemoOptions,
    folder: &Folder,
    run: u32,
) -> anyhow::Result<(Running, Trading<SimulatedTime>, u32)> {
    let simulation = Simulation {
        memory: Some(folder.broker_memory(run)),
        ..Simulation::undisturbed(session, options.speed, run.into())
    };
    let sim = simulation.start(session).await?;
    let trading = simulation.trading(session, &sim);
    Ok((sim, trading, run))
}
