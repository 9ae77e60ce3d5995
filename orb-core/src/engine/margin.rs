//! What the broker leaves for entries: what the account may borrow, and what its assets require.

use rust_decimal::Decimal;

use super::Engine;
use crate::effect::{Component, Effects, Severity};
use crate::event::BrokerAccount;
use crate::fact::{SessionRecord, Trade};
use crate::money::Money;
use crate::order::AttemptId;
use crate::risk_gate::{MarginWeight, leveraged};
use crate::side::Side;
use crate::symbol::SymbolId;

impl Engine {
    /// Takes what the account may borrow from the broker's word; tells where it is less than the strategies want.
    pub(super) fn on_account(&mut self, account: &BrokerAccount, out: &mut Effects) {
        let Some(multiplier) = account.multiplier.filter(|told| Some(*told) != self.multiplier) else { return };
        self.multiplier = Some(multiplier);
        let wanted = self.largest_leverage();
        if self.is_live() && Decimal::from(multiplier) < wanted {
            let message =
                format!("the account may use {multiplier} times its equity, not {wanted}: sizes are cut to it");
            out.alert(Severity::Warn, Component::RiskManager, None, message);
        }
        self.weigh_entries();
    }

    /// Reckons what the entries that work take, after what is known of assets or account has changed.
    pub(super) fn weigh_entries(&mut self) {
        let mut risk = core::mem::take(&mut self.risk);
        risk.weigh(|attempt| self.weight_of(attempt));
        self.risk = risk;
    }

    /// Returns what an attempt takes for each dollar; its side is that of its signal.
    fn weight_of(&self, attempt: AttemptId) -> MarginWeight {
        let side = |side| self.margin_weight(attempt.symbol, side);
        let signal = self.signals.get(&attempt);
        signal.map_or_else(|| side(Side::Long).max(side(Side::Short)), |signal| side(signal.side))
    }

    /// Returns how much of the buying power a position takes for each dollar of its value.
    pub(super) fn margin_weight(&self, symbol: SymbolId, side: Side) -> MarginWeight {
        let known = &self.reference[symbol.index()];
        let requirement = match side {
            Side::Long => known.margin_long,
            Side::Short => known.margin_short,
        };
        MarginWeight::of(self.usable_multiple(), requirement)
    }

    /// Tells whether the broker lends the account nothing, and so no shares either.
    pub(super) fn borrows_nothing(&self) -> bool {
        self.is_live() && self.multiplier == Some(1)
    }

    /// Returns what the broker leaves for entries before those that work: the multiple of the equity of now that may be
    /// used, less positions at their marks; half a percent is left free, because both go on moving.
    pub(super) fn broker_leaves(&self, session: &SessionRecord) -> Money {
        let equity = session.equity_open + self.day_result();
        let value = |trade: &Trade| {
            let symbol = trade.attempt.symbol;
            let price = self.prices.mark(symbol).unwrap_or_else(|| trade.entry_price());
            self.margin_weight(symbol, trade.side).of_value(trade.position().abs().at(price))
        };
        let held: Money = self.positions.open().iter().map(value).sum();
        let power = leveraged(self.usable_multiple(), equity);
        power - Money::from_micros(power.micros() / 200) - held
    }

    /// Returns how many times the equity may be used: as the broker says, else as the strategies are configured.
    fn usable_multiple(&self) -> Decimal {
        self.multiplier.map_or_else(|| self.largest_leverage(), Decimal::from)
    }

    /// Returns the largest leverage that is configured, at most what the broker allows.
    pub(super) fn allowed_leverage(&self) -> Decimal {
        self.largest_leverage().min(self.usable_multiple())
    }

    fn largest_leverage(&self) -> Decimal {
        self.config.run.strategies.iter().map(|strategy| strategy.leverage).max().unwrap_or_default()
    }
}
