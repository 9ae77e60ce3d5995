//! The connection with Alpaca as the planner sees it: past bars and the account's equity.

use orb_core::{Bar, Money, SymbolId, Timestamp};
use orb_exec::Clock;
use orb_exec::alpaca::BrokerHandle;

use super::planner::Equity;
use super::reference::PastBars;

impl<C: Clock> PastBars for BrokerHandle<C> {
    async fn bars(&self, symbols: &[SymbolId], from: Timestamp, to: Timestamp) -> Result<Vec<Bar>, String> {
        self.rest().bars(symbols, from, to, self.now()).await.map_err(|error| error.to_string())
    }
}

impl<C: Clock> Equity for BrokerHandle<C> {
    async fn equity(&self) -> Result<Money, String> {
        let account = self.rest().account().await.map_err(|error| error.to_string())?;
        Ok(account.money.equity)
    }
}
