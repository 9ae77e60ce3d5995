//! Cash, positions, and every execution that moved them.

use std::collections::BTreeMap;

use orb_core::side::OrderSide;
use orb_core::{Date, Money, Price, SymbolId, Timestamp};
use uuid::Uuid;

use super::order::{OrderKey, OrderStatus, average};
use super::shares::Shares;

/// Holds an open position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    /// Shares held; negative for a short position.
    pub shares: Shares,
    /// What the shares cost; negative for a short position.
    pub cost: Money,
    /// Date of the latest execution that opened or enlarged it.
    pub opened: Option<Date>,
}

impl Position {
    /// Returns the average price of entry; zero for no shares.
    #[must_use]
    pub fn entry_price(&self) -> Price {
        average(self.cost, self.shares).unwrap_or_default()
    }

    /// Adds shares (negative: takes away) at a price. Cost leaves in proportion; what goes beyond zero opens anew.
    pub(super) fn add(&mut self, shares: Shares, price: Price) {
        let enlarges = self.shares.signum() * shares.signum() >= 0;
        if enlarges {
            self.shares += shares;
            self.cost += shares.at(price);
        } else if shares.abs() < self.shares.abs() {
            self.cost = proportion(self.cost, (self.shares + shares).abs(), self.shares.abs());
            self.shares += shares;
        } else {
            let rest = self.shares + shares;
            *self = Self { shares: rest, cost: rest.at(price), opened: self.opened };
        }
    }
}

/// Returns `amount * part / whole`, rounded half away from zero.
fn proportion(amount: Money, part: Shares, whole: Shares) -> Money {
    // Shares are reduced to millionths where needed, so that the product fits.
    let (part, whole) = (part.billionths(), whole.billionths().max(1));
    let amount = i128::from(amount.micros());
    let product =
        amount.abs().checked_mul(part).map_or_else(|| amount.abs() / whole * part, |p| (p + whole / 2) / whole);
    Money::from_micros(i64::try_from(product * amount.signum()).unwrap_or(i64::MAX / 4))
}

/// Records that an order was filled, wholly or in part.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    /// Its identifier.
    pub id: Uuid,
    /// The order's number.
    pub order: OrderKey,
    /// The order's identifier.
    pub order_id: Uuid,
    /// Whose shares.
    pub symbol: SymbolId,
    /// Bought or sold.
    pub side: OrderSide,
    /// The sale opened or enlarged a short position.
    pub short: bool,
    /// Shares, above zero.
    pub shares: Shares,
    /// Dollars per share.
    pub price: Price,
    /// When.
    pub at: Timestamp,
    /// Shares of the order filled so far, with these.
    pub cumulative: Shares,
    /// Shares of the order still to be filled.
    pub leaves: Shares,
    /// The order's status afterwards.
    pub status: OrderStatus,
    /// Fee, charged at the end of the day.
    pub fee: Money,
    /// When the exchange undid it.
    pub busted: Option<Timestamp>,
}

impl Execution {
    /// Returns the shares with their sign: negative for a sale.
    #[must_use]
    pub fn signed(&self) -> Shares {
        if self.side == OrderSide::Buy { self.shares } else { -self.shares }
    }
}

/// Tells why cash moved without a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CashKind {
    /// A deposit.
    Deposit,
    /// A withdrawal.
    Withdrawal,
    /// A journal entry between accounts.
    Journal,
    /// Fees of a day.
    Fee,
}

impl CashKind {
    /// Returns the activity type of the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deposit => "CSD",
            Self::Withdrawal => "CSW",
            Self::Journal => "JNLC",
            Self::Fee => "FEE",
        }
    }

    /// Returns a sentence about it.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::Deposit => "Cash deposit",
            Self::Withdrawal => "Cash withdrawal",
            Self::Journal => "Cash journal",
            Self::Fee => "Fees of the day",
        }
    }
}

/// Records that cash moved without a trade.
#[derive(Clone, Debug, PartialEq)]
pub struct CashMovement {
    /// Its identifier.
    pub id: Uuid,
    /// Why.
    pub kind: CashKind,
    /// When.
    pub at: Timestamp,
    /// Dollars; negative when they left.
    pub amount: Money,
}

/// Holds what the account owns and owes, and how it came to that.
#[derive(Clone, Debug)]
pub(super) struct Account {
    pub(super) cash: Money,
    pub(super) positions: BTreeMap<SymbolId, Position>,
    pub(super) executions: Vec<Execution>,
    pub(super) movements: Vec<CashMovement>,
    pub(super) accrued_fees: Money,
    /// Equity at the close of each session that ended.
    pub(super) closes: Vec<(Date, Money)>,
    /// Dates of executions that closed what was opened on the same date.
    pub(super) day_trades: Vec<Date>,
}

impl Account {
    pub(super) const fn new(cash: Money) -> Self {
        Self {
            cash,
            positions: BTreeMap::new(),
            executions: Vec::new(),
            movements: Vec::new(),
            accrued_fees: Money::ZERO,
            closes: Vec::new(),
            day_trades: Vec::new(),
        }
    }

    /// Returns the shares held of a symbol; negative when short.
    pub(super) fn shares(&self, symbol: SymbolId) -> Shares {
        self.positions.get(&symbol).map_or(Shares::ZERO, |position| position.shares)
    }

    /// Moves shares and their price; negative shares were sold.
    pub(super) fn trade(&mut self, symbol: SymbolId, shares: Shares, price: Price, date: Date) {
        let position = self.positions.entry(symbol).or_default();
        let before = position.shares;
        if before.signum() * shares.signum() < 0 && position.opened == Some(date) {
            self.day_trades.push(date);
        }
        position.add(shares, price);
        if position.shares.abs() > before.abs() || position.shares.signum() * before.signum() < 0 {
            position.opened = Some(date);
        }
        if position.shares.is_zero() {
            self.positions.remove(&symbol);
        }
        self.cash -= shares.at(price);
    }

    /// Returns the equity at the last close before a date; `None` before the first.
    pub(super) fn equity_before(&self, today: Date) -> Option<Money> {
        self.closes.iter().rev().find(|&&(date, _)| date < today).map(|&(_, equity)| equity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        text.parse().expect(text)
    }

    #[test]
    fn a_position_that_flips_costs_what_opened_the_other_side() {
        let mut position = Position::default();
        position.add(Shares::whole(10), price("10"));
        position.add(Shares::whole(10), price("20"));
        assert_eq!((position.entry_price(), position.cost), (price("15"), "300".parse().expect("money")));
        position.add(Shares::whole(-5), price("40"));
        assert_eq!((position.shares, position.cost), (Shares::whole(15), "225".parse().expect("money")));
        position.add(Shares::whole(-20), price("12"));
        assert_eq!((position.shares, position.cost), (Shares::whole(-5), "-60".parse().expect("money")));
        assert_eq!(position.entry_price(), price("12"));
        position.add(Shares::whole(5), price("11"));
        assert_eq!(position.shares, Shares::ZERO);
    }

    #[test]
    fn cash_and_shares_move_together() {
        let mut account = Account::new(Money::from_cents(100_000));
        let (symbol, date) = (SymbolId(0), Date::from_ymd_opt(2026, 2, 12).expect("a date"));
        account.trade(symbol, Shares::whole(-4), price("100"), date);
        assert_eq!((account.cash, account.shares(symbol)), (Money::from_cents(140_000), Shares::whole(-4)));
        account.trade(symbol, Shares::whole(4), price("90"), date);
        assert_eq!((account.cash, account.positions.len()), (Money::from_cents(104_000), 0));
        assert_eq!(account.day_trades, [date]);
    }
}
