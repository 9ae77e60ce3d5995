//! `orbd data fetch --reference`: what mornings need to know of the days before.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use orb_core::{Calendar, Symbol, SymbolTable};
use orb_data::dataset::Dataset;

use super::super::shown::{ShownGathered, print};
use super::{ATTEMPTS, FetchArgs, MINUTE, PAUSE, client, feed, now};
use crate::commands::emergency::runtime;
use crate::commands::{Report, SettingArgs};
use crate::environment::EnvironmentConfig;
use crate::gather::{GatherError, Gatherer, Order, session_at_or_after};
use crate::progress::Progress;

pub(super) fn run(
    args: &FetchArgs,
    settings: &SettingArgs,
    environment: &EnvironmentConfig,
    calendar: &Calendar,
) -> anyhow::Result<Report> {
    let named = if args.all { SymbolTable::default() } else { args.symbols(settings)? };
    let named: Vec<Symbol> = named.iter().map(|(_, name)| name.clone()).collect();
    let rest = client(environment, Arc::new(SymbolTable::default()), Arc::new(calendar.clone()))?;
    let dataset = Dataset::open_or_create(&args.folder, feed(environment.feed), MINUTE)?;
    runtime()?.block_on(async {
        let now = now(environment, &rest).await?;
        let past = args.sessions(calendar, now)?;
        let today = session_at_or_after(calendar, now).context("the calendar has no more sessions")?.date;
        let order = Order { today, past, ranges: past.len(), minutes: &args.range_minutes };
        let progress = Progress::steps("fetching", past.len(), args.quiet);
        let mut gatherer = Gatherer::new(&rest, calendar, dataset);
        let gathered = insisting(&mut gatherer, &order, &named, &progress).await;
        gathered.context("what came before is kept; the same command goes on from there")?;
        progress.finish();
        print(&ShownGathered::of(&args.folder, gatherer.gathered(), rest.sent()), args.json)
    })
}

/// Gathers, and goes on from where it failed as long as the broker may still answer.
async fn insisting(
    gatherer: &mut Gatherer<'_>,
    order: &Order<'_>,
    named: &[Symbol],
    progress: &Progress,
) -> anyhow::Result<()> {
    let mut pause: Duration = PAUSE;
    for _ in 1..ATTEMPTS {
        match gather(gatherer, order, named, progress).await {
            Err(error @ GatherError::Asked { .. }) => {
                tracing::warn!(component = "Data", "{error}; asking again");
            }
            done => return Ok(done?),
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    Ok(gather(gatherer, order, named, progress).await?)
}

async fn gather(
    gatherer: &mut Gatherer<'_>,
    order: &Order<'_>,
    named: &[Symbol],
    progress: &Progress,
) -> Result<(), GatherError> {
    gatherer.assets(order.today).await?;
    gatherer.actions(order).await?;
    let all = if named.is_empty() { gatherer.tradable(order.today).await? } else { named.to_vec() };
    gatherer.history(order, &all, || progress.step()).await
}
