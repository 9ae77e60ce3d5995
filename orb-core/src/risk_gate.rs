//! The last word before an order: size, limits and slots, and what is reserved for whom.

mod margin;
mod reserve;

use std::collections::BTreeMap;

use crate::config::{RunConfig, Sizing, SlotPolicy, StrategyConfig, StrategyId};
use crate::explain::SizeArithmetic;
use crate::money::{Money, Price, Quantity};
use crate::order::AttemptId;
use crate::reason::Reason;
use crate::side::Side;
use crate::symbol::SymbolId;
use crate::time::Timestamp;

pub use margin::MarginWeight;
use reserve::reserve_of_stop;
pub use reserve::reserve_price;

/// Asks for leave to enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryProposal {
    /// Which attempt.
    pub attempt: AttemptId,
    /// Long or short.
    pub side: Side,
    /// Price that the size rests on: the rounded level, or the range's close for a market entry.
    pub level: Price,
    /// Rounded stop that the size rests on.
    pub stop: Price,
    /// Price at which a fill is expected: beyond the level after a gap, with slippage.
    pub expected: Price,
    /// Stop of a fill at the expected price; another than [`Self::stop`] where the stop goes with the fill.
    pub expected_stop: Price,
    /// Price at which the broker reckons a share against the buying power while the order works; `None` where there is
    /// no broker that does.
    pub reserve_price: Option<Price>,
    /// How much of the buying power a dollar of it takes.
    pub weight: MarginWeight,
}

impl EntryProposal {
    /// Makes a proposal that expects its fill at the level.
    #[must_use]
    pub const fn new(attempt: AttemptId, side: Side, level: Price, stop: Price) -> Self {
        Self {
            attempt,
            side,
            level,
            stop,
            expected: level,
            expected_stop: stop,
            reserve_price: None,
            weight: MarginWeight::PLAIN,
        }
    }
}

/// Tells the gate what it cannot know by itself.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RiskContext {
    /// Equity at the open.
    pub equity_open: Money,
    /// Results of today's closed trades after fees.
    pub realized_net: Money,
    /// Short sales in the symbol are restricted (rule 201).
    pub restricted: bool,
    /// Whether they are is not known, and it has to be.
    pub restriction_unknown: bool,
    /// The daily loss limit has been reached.
    pub loss_limit_reached: bool,
    /// Entries are allowed: no hold but the daily loss is in force.
    pub holds_permit: bool,
    /// Trading in the symbol is halted.
    pub halted: bool,
    /// The broker lends no shares of the symbol for a short sale.
    pub unshortable: bool,
    /// The broker lends the account nothing: neither money nor shares.
    pub borrows_nothing: bool,
    /// What the broker leaves for new orders before those that work; `None` where there is no broker to ask.
    pub buying_power: Option<Money>,
}

impl RiskContext {
    /// Makes the context of a fresh day with an equity: nothing lost, nothing forbidden.
    #[must_use]
    pub const fn at_open(equity_open: Money) -> Self {
        let realized_net = Money::ZERO;
        Self {
            equity_open,
            realized_net,
            restricted: false,
            restriction_unknown: false,
            loss_limit_reached: false,
            holds_permit: true,
            halted: false,
            unshortable: false,
            borrows_nothing: false,
            buying_power: None,
        }
    }
}

/// Proves that the gate has approved an entry; only the gate can make one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RiskApproved {
    proposal: EntryProposal,
    size: SizeArithmetic,
}

impl RiskApproved {
    /// Returns what was asked for.
    #[must_use]
    pub const fn proposal(&self) -> &EntryProposal {
        &self.proposal
    }

    /// Returns the shares, at least 1.
    #[must_use]
    pub const fn quantity(&self) -> Quantity {
        self.size.quantity
    }

    /// Returns how the shares came about.
    #[must_use]
    pub const fn size(&self) -> &SizeArithmetic {
        &self.size
    }
}

/// Explains a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refused {
    /// The first rule that failed.
    pub reason: Reason,
    /// The figures behind it.
    pub detail: String,
    /// The size, as far as it was reached.
    pub size: SizeArithmetic,
}

/// Holds what one entry or position takes of the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reservation {
    attempt: AttemptId,
    open: bool,
    notional: Money,
    risk: Money,
    /// What the broker reserves while it works, before its weight.
    reserved: Money,
    weight: MarginWeight,
}

/// Approves entries and keeps slot, notional and risk reserved until they are terminal.
///
/// ```
/// use orb_core::config::preset;
/// use orb_core::order::AttemptId;
/// use orb_core::risk_gate::{EntryProposal, RiskContext, RiskGate};
/// use orb_core::{Date, Money, RunConfig, Side, StrategyId, SymbolId, Timestamp};
///
/// let run = RunConfig::of(preset("orb-classic")?);
/// let date = Date::from_ymd_opt(2026, 2, 13).expect("a date");
/// let attempt = AttemptId { date, strategy: StrategyId(0), symbol: SymbolId(0), attempt: 1 };
/// let proposal = EntryProposal::new(attempt, Side::Long, "50".parse()?, "49.60".parse()?);
/// let context = RiskContext::at_open(Money::from_cents(10_000_000));
///
/// // 1% of 100,000 over 5 positions is 200 dollars; 40 cents a share.
/// let approved = RiskGate::default().approve(Timestamp::from_micros(0), &run, proposal, &context);
/// assert_eq!(approved.expect("it fits").quantity().shares(), 500);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct RiskGate {
    reservations: Vec<Reservation>,
    freed: Vec<(StrategyId, Timestamp)>,
    /// Who has ordered in a symbol today: nobody else may until the next session.
    owners: BTreeMap<SymbolId, StrategyId>,
    /// Most positions of the account, where that was tightened below the configuration.
    account_max: Option<u32>,
}

impl RiskGate {
    /// Begins a day; what is held stays reserved.
    pub fn begin_day(&mut self) {
        self.freed.clear();
        self.owners = self.reservations.iter().map(|held| (held.attempt.symbol, held.attempt.strategy)).collect();
    }

    /// Returns the most positions of the account at one time.
    #[must_use]
    pub fn account_max(&self, run: &RunConfig) -> u32 {
        let largest = run.strategies.iter().map(|strategy| strategy.max_positions).max().unwrap_or(0);
        let configured = run.account_max_positions.unwrap_or(largest);
        self.account_max.map_or(configured, |limit| limit.min(configured))
    }

    /// Limits the positions of the account; never above the configuration.
    pub const fn limit_account(&mut self, positions: u32) {
        self.account_max = Some(positions);
    }

    /// Returns the positions and working entries that take slots.
    #[must_use]
    pub const fn slots_used(&self) -> usize {
        self.reservations.len()
    }

    /// Returns the positions and working entries of one strategy.
    #[must_use]
    pub fn slots_of(&self, strategy: StrategyId) -> usize {
        self.reservations.iter().filter(|held| held.attempt.strategy == strategy).count()
    }

    /// Returns the value of open and working positions at their entry prices.
    #[must_use]
    pub fn notional(&self) -> Money {
        self.reservations.iter().map(|reservation| reservation.notional).sum()
    }

    /// Decides on an entry and, if it is approved, reserves what it takes.
    ///
    /// # Errors
    /// Gives the first rule that fails, in the order of the reason codes.
    #[expect(clippy::result_large_err, reason = "both outcomes carry the same arithmetic, and neither is rare")]
    pub fn approve(
        &mut self,
        now: Timestamp,
        run: &RunConfig,
        proposal: EntryProposal,
        context: &RiskContext,
    ) -> Result<RiskApproved, Refused> {
        let strategy = run.strategy(proposal.attempt.strategy);
        let mut size = SizeArithmetic::default();
        let checked = self.check(now, run, strategy, &proposal, context, &mut size);
        checked.map_err(|(reason, detail)| Refused { reason, detail, size })?;
        self.owners.insert(proposal.attempt.symbol, proposal.attempt.strategy);
        self.reservations.push(Reservation {
            attempt: proposal.attempt,
            open: false,
            notional: size.quantity.at(proposal.expected),
            risk: size.quantity.at(proposal.expected.distance(proposal.expected_stop)),
            reserved: size.quantity.at(proposal.reserve_price.unwrap_or(proposal.expected)),
            weight: proposal.weight,
        });
        Ok(RiskApproved { proposal, size })
    }

    /// Takes back an approval whose order is not made after all.
    pub fn withdraw(&mut self, now: Timestamp, approved: &RiskApproved) {
        let attempt = approved.proposal.attempt;
        self.release(now, attempt);
        self.owners.remove(&attempt.symbol);
    }

    fn check(
        &self,
        now: Timestamp,
        run: &RunConfig,
        strategy: &StrategyConfig,
        proposal: &EntryProposal,
        context: &RiskContext,
        size: &mut SizeArithmetic,
    ) -> Result<(), (Reason, String)> {
        self.check_symbol(strategy, proposal, context)?;
        self.size(strategy, proposal, context, size)?;
        self.check_daily_risk(run, proposal, context, size)?;
        self.check_slots(now, run, strategy, proposal.attempt.strategy, size)?;
        if context.loss_limit_reached {
            return Err((Reason::LossLimit, String::new()));
        }
        if !context.holds_permit {
            return Err((Reason::Hold, String::new()));
        }
        if context.halted {
            return Err((Reason::Halted, String::new()));
        }
        if proposal.side == Side::Short && context.unshortable {
            return Err((Reason::NotShortable, "the broker lends no shares of it today".to_owned()));
        }
        if proposal.side == Side::Short && context.borrows_nothing {
            return Err((Reason::NotShortable, "the broker lends this account nothing".to_owned()));
        }
        Ok(())
    }

    fn check_symbol(
        &self,
        strategy: &StrategyConfig,
        proposal: &EntryProposal,
        context: &RiskContext,
    ) -> Result<(), (Reason, String)> {
        let attempt = proposal.attempt;
        let owner = self.owners.get(&attempt.symbol).filter(|owner| **owner != attempt.strategy);
        if let Some(owner) = owner {
            return Err((Reason::SymbolOwned, format!("strategy {} of the configuration", owner.index() + 1)));
        }
        if proposal.side == Side::Short && context.restricted {
            return Err((Reason::Rule201, String::new()));
        }
        if proposal.side == Side::Short && context.restriction_unknown {
            return Err((Reason::Rule201, "the previous close is not known".to_owned()));
        }
        let distance = proposal.level.distance(proposal.stop);
        let smallest = strategy.stop_distance_min.unwrap_or_default().max(Price::from_micros(1));
        if distance < smallest || !proposal.side.reaches_stop(proposal.stop, proposal.level) {
            return Err((Reason::StopTooClose, format!("{distance} needs {smallest}")));
        }
        Ok(())
    }

    /// Sizes by risk as floor(min(r (E/N)/d, L (E/N)/P)) shares or as configured, cut to what is left of L x E.
    fn size(
        &self,
        strategy: &StrategyConfig,
        proposal: &EntryProposal,
        context: &RiskContext,
        size: &mut SizeArithmetic,
    ) -> Result<(), (Reason, String)> {
        let (equity, count) = (context.equity_open, i64::from(strategy.max_positions));
        size.equity_open = equity;
        size.max_positions = strategy.max_positions;
        size.distance = proposal.level.distance(proposal.stop);
        let wanted = match strategy.sizing {
            Sizing::Risk => {
                size.by_sizing = shares(strategy.risk_fraction, equity, count, size.distance);
                size.by_leverage = shares(strategy.leverage, equity, count, proposal.level);
                size.by_sizing.min(size.by_leverage)
            }
            Sizing::Shares(fixed) => {
                size.by_sizing = i64::from(fixed);
                size.by_sizing
            }
            Sizing::Notional(amount) => {
                size.by_sizing = amount.micros() / proposal.level.micros().max(1);
                size.by_sizing
            }
        };
        if wanted < 1 {
            return Err((Reason::SizeZero, format!("equity {equity} distance {}", size.distance)));
        }
        size.left = leveraged(strategy.leverage, equity) - self.notional();
        size.affordable = size.left.micros().div_euclid(proposal.level.micros());
        if size.affordable < 1 {
            return Err((Reason::NoBuyingPower, format!("{} left, price {}", size.left, proposal.level)));
        }
        if let (Some(power), Some(price)) = (context.buying_power, proposal.reserve_price) {
            let (left, price) = (power - self.reserved(), proposal.weight.of_price(price));
            size.affordable = size.affordable.min(left.micros().div_euclid(price.micros().max(1)));
            if size.affordable < 1 {
                let detail = format!("the broker leaves {}, a share takes {price}", left.or_zero_if_negative());
                return Err((Reason::NoBuyingPower, detail));
            }
        }
        size.quantity = Quantity::new(wanted.min(size.affordable));
        Ok(())
    }

    fn check_daily_risk(
        &self,
        run: &RunConfig,
        proposal: &EntryProposal,
        context: &RiskContext,
        size: &mut SizeArithmetic,
    ) -> Result<(), (Reason, String)> {
        size.lost = (-context.realized_net).or_zero_if_negative();
        size.open_risk = self.reservations.iter().map(|held| held.risk).sum();
        size.own_risk = size.quantity.at(proposal.level.distance(proposal.stop));
        size.loss_limit = daily_limit(run, context.equity_open);
        let SizeArithmetic { lost, open_risk, own_risk, loss_limit, .. } = *size;
        if lost + open_risk + own_risk > loss_limit {
            let detail = format!("lost {lost} open {open_risk} own {own_risk} limit {loss_limit}");
            return Err((Reason::DailyRisk, detail));
        }
        Ok(())
    }

    fn check_slots(
        &self,
        now: Timestamp,
        run: &RunConfig,
        strategy: &StrategyConfig,
        id: StrategyId,
        size: &mut SizeArithmetic,
    ) -> Result<(), (Reason, String)> {
        let just_freed = self.freed.iter().filter(|&&(owner, at)| owner == id && at >= now).count();
        size.slots_used = self.slots_of(id) + just_freed;
        let account_max = self.account_max(run) as usize;
        let all_freed = self.freed.iter().filter(|&&(_, at)| at >= now).count();
        let own_full = size.slots_used >= strategy.max_positions as usize;
        if own_full || self.reservations.len() + all_freed >= account_max {
            let reason = match strategy.slot_policy {
                SlotPolicy::FirstTrigger => Reason::NoSlot,
                SlotPolicy::Ranked => Reason::MaxPositions,
            };
            return Err((reason, String::new()));
        }
        Ok(())
    }

    /// Takes up a position or working entry of before a restart.
    pub fn restore(&mut self, attempt: AttemptId, open: bool, notional: Money, risk: Money) {
        self.own(attempt);
        let (reserved, weight) = (reserve_of_stop(notional), MarginWeight::PLAIN);
        self.reservations.push(Reservation { attempt, open, notional, risk, reserved, weight });
    }

    /// Takes up how much of the buying power a dollar of each attempt takes.
    pub fn weigh(&mut self, weight_of: impl Fn(AttemptId) -> MarginWeight) {
        self.reservations.iter_mut().for_each(|held| held.weight = weight_of(held.attempt));
    }

    /// Takes up that a strategy has ordered in a symbol today.
    pub fn own(&mut self, attempt: AttemptId) {
        self.owners.insert(attempt.symbol, attempt.strategy);
    }

    /// Puts what an entry really took in the place of what was expected.
    pub fn on_filled(&mut self, attempt: AttemptId, notional: Money, risk: Money) {
        if let Some(held) = self.reservations.iter_mut().find(|held| held.attempt == attempt) {
            (held.open, held.notional, held.risk) = (true, notional, risk);
        }
    }

    /// Gives back what an attempt held; its slot is free for what happens after `now`.
    pub fn release(&mut self, now: Timestamp, attempt: AttemptId) {
        let before = self.reservations.len();
        self.reservations.retain(|held| held.attempt != attempt);
        if self.reservations.len() < before {
            self.freed.retain(|&(_, at)| at >= now);
            self.freed.push((attempt.strategy, now));
        }
    }

    /// Returns what the broker reserves for the entries that work.
    #[must_use]
    pub fn reserved(&self) -> Money {
        let working = self.reservations.iter().filter(|held| !held.open);
        working.map(|held| held.weight.of_value(held.reserved)).sum()
    }

    /// Returns how many working entries take slots.
    #[must_use]
    pub fn working(&self) -> usize {
        self.reservations.iter().filter(|held| !held.open).count()
    }
}

/// Returns leverage times equity, truncated to the micro-dollar.
#[must_use]
pub fn leveraged(leverage: rust_decimal::Decimal, equity: Money) -> Money {
    fraction_of(leverage, equity)
}

/// Returns a fraction of the equity, truncated to the micro-dollar.
#[must_use]
pub fn fraction_of(fraction: rust_decimal::Decimal, equity: Money) -> Money {
    Money::from_micros(shares(fraction, equity, 1, Price::from_micros(1)))
}

/// Returns the amount that a day may lose, truncated to the micro-dollar.
#[must_use]
pub fn daily_limit(run: &RunConfig, equity_open: Money) -> Money {
    fraction_of(run.daily_loss_limit, equity_open)
}

/// Returns floor(fraction x equity / (count x per_share)), exactly; 0 when the equity is not positive.
///
/// Source: fixed-fractional sizing, Zarattini & Aziz 2023, section 2; Zarattini, Barbon & Aziz 2024, section 3.
fn shares(fraction: rust_decimal::Decimal, equity: Money, count: i64, per_share: Price) -> i64 {
    let numerator = fraction.mantissa() * i128::from(equity.micros().max(0));
    let denominator = 10_i128.pow(fraction.scale()) * i128::from(count) * i128::from(per_share.micros());
    i64::try_from(numerator / denominator.max(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
