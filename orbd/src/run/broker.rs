//! The connection with Alpaca as the planner sees it: the days before and the account's equity.

use std::sync::Arc;

use orb_core::{Calendar, Money, Session};
use orb_exec::Clock;
use orb_exec::alpaca::BrokerHandle;

use super::planner::Equity;
use super::reference::{Known, KnownDays, Shelf};
use crate::gather::Needs;

/// Joins the broker with the shelf where what it said is kept.
#[derive(Clone, Debug)]
pub(super) struct Archive<C: Clock> {
    pub(super) broker: BrokerHandle<C>,
    pub(super) calendar: Arc<Calendar>,
    pub(super) shelf: Shelf,
}

impl<C: Clock> KnownDays for Archive<C> {
    async fn known(&self, session: &Session, needs: Needs) -> Result<Known, String> {
        let known = self.shelf.known(self.broker.rest(), &self.calendar, session, needs).await;
        known.map_err(|error| error.to_string())
    }
}

impl<C: Clock> Equity for Archive<C> {
    async fn equity(&self) -> Result<Money, String> {
        let account = self.broker.rest().account().await.map_err(|error| error.to_string())?;
        Ok(account.money.equity)
    }
}
