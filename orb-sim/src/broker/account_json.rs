//! The account and its positions as the wire has them.

use orb_core::{Money, Price, Side, Span, SymbolId};
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::account::Position;
use super::buying_power::Figures;
use super::engine::Broker;
use super::hours::new_york_date;
use super::shares::Shares;

impl Broker {
    /// Writes the account.
    pub(super) fn account_json(&self) -> Value {
        let figures = self.figures();
        let mut json = self.account_facts(&figures);
        if self.config.pdt_rule
            && let Some(fields) = json.as_object_mut()
        {
            fields.insert("pattern_day_trader".into(), false.into());
            fields.insert("daytrade_count".into(), self.day_trades().into());
            fields.insert("daytrading_buying_power".into(), figures.buying_power.to_string().into());
        }
        json
    }

    fn account_facts(&self, figures: &Figures) -> Value {
        let money = |amount: Money| amount.to_string();
        let last_equity = self.account.equity_before(new_york_date(self.now)).unwrap_or(self.config.cash);
        json!({
            "id": self.account_id,
            "admin_configurations": {},
            "user_configurations": null,
            "account_number": self.account_number(),
            "status": "ACTIVE",
            "crypto_status": "INACTIVE",
            "currency": "USD",
            "buying_power": money(figures.buying_power),
            "regt_buying_power": money(figures.regt_buying_power),
            "effective_buying_power": money(figures.buying_power),
            "non_marginable_buying_power": money(figures.non_marginable_buying_power),
            "cash": money(self.account.cash),
            "accrued_fees": money(self.account.accrued_fees),
            "pending_transfer_in": "0",
            "portfolio_value": money(figures.equity),
            "trading_blocked": self.settings.trading_blocked,
            "transfers_blocked": false,
            "account_blocked": false,
            "created_at": self.started.unwrap_or(self.now).to_string(),
            "trade_suspended_by_user": self.settings.suspend_trade,
            "multiplier": figures.multiplier.to_string(),
            "shorting_enabled": self.may_short(),
            "equity": money(figures.equity),
            "last_equity": money(last_equity),
            "long_market_value": money(figures.long_value),
            "short_market_value": money(figures.short_value),
            "position_market_value": money(figures.long_value - figures.short_value),
            "initial_margin": money(figures.initial_margin),
            "maintenance_margin": money(figures.maintenance_margin),
            "last_maintenance_margin": "0",
            "sma": "0",
            "balance_asof": new_york_date(self.now).to_string(),
        })
    }

    /// Returns the number of the account, as paper accounts have it.
    fn account_number(&self) -> String {
        let digits: String = self.account_id.simple().to_string().to_uppercase();
        format!("PA{}", &digits[..10])
    }

    /// Returns an open position as it is shown, which may be that of a while ago; `None` when there is, or was, none.
    fn shown_position(&self, symbol: SymbolId) -> Option<Position> {
        if self.positions_lag == Span::ZERO {
            return self.account.positions.get(&symbol).copied();
        }
        let until = self.now + Span::from_micros(-self.positions_lag.micros());
        let mut position = Position::default();
        let earlier = self.account.executions.iter().filter(|one| one.symbol == symbol && one.at <= until);
        for execution in earlier.filter(|one| one.busted.is_none()) {
            position.add(execution.signed(), execution.price);
            position.opened = Some(new_york_date(execution.at));
        }
        (!position.shares.is_zero()).then_some(position)
    }

    /// Writes an open position; `None` when there is none.
    pub(super) fn position_json(&self, symbol: SymbolId) -> Option<Value> {
        let position = self.shown_position(symbol)?;
        let side = Side::of(Shares::whole(position.shares.signum()).quantity())?;
        let (current, entry) = (self.mark(symbol), position.entry_price());
        let value = position.shares.at(current);
        let lastday = self.markets[symbol.index()].close_before(new_york_date(self.now)).unwrap_or(entry);
        // What was opened today gains from its entry on, the rest from yesterday's close.
        let opened_today = position.opened == Some(new_york_date(self.now));
        let intraday_basis = if opened_today { position.cost } else { position.shares.at(lastday) };
        let (held, _) = self.held(symbol, side.exit());
        let available = (position.shares.abs() - held).max(Shares::ZERO);
        let available = if side == Side::Short { -available } else { available };
        Some(json!({
            "asset_id": self.assets[symbol.index()].id,
            "symbol": self.symbol_name(symbol),
            "exchange": self.assets[symbol.index()].exchange,
            "asset_class": "us_equity",
            "asset_marginable": true,
            "qty": position.shares.to_string(),
            "qty_available": available.to_string(),
            "avg_entry_price": entry.to_string(),
            "side": side.to_string(),
            "market_value": value.to_string(),
            "cost_basis": position.cost.to_string(),
            "unrealized_pl": (value - position.cost).to_string(),
            "unrealized_plpc": ratio(value - position.cost, position.cost),
            "unrealized_intraday_pl": (value - intraday_basis).to_string(),
            "unrealized_intraday_plpc": ratio(value - intraday_basis, intraday_basis),
            "current_price": current.to_string(),
            "lastday_price": lastday.to_string(),
            "change_today": change(lastday, current),
        }))
    }
}

/// Writes gain by basis as a fraction; zero for no basis.
fn ratio(gain: Money, basis: Money) -> String {
    let basis = basis.to_decimal().abs();
    if basis.is_zero() {
        return "0".to_owned();
    }
    (gain.to_decimal() / basis).round_dp(10).normalize().to_string()
}

fn change(from: Price, to: Price) -> String {
    if from.to_decimal() <= Decimal::ZERO {
        return "0".to_owned();
    }
    (to.to_decimal() / from.to_decimal() - Decimal::ONE).round_dp(10).normalize().to_string()
}
