//! What goes wrong on the market, as a function of symbol and time.

use chrono::TimeZone as _;
use chrono_tz::America::New_York;
use orb_core::{Bar, Price, Session, Span, Symbol, SymbolTable, Timestamp};

use super::plan::{FaultPlan, MarketFault, MarketRule};
use super::when::{Moment, draws, mixed, number_of};
use crate::market::Halt;
use crate::market::path::Quote;
use crate::market::revision::RevisionPlan;
use crate::market::timeframe::TapeBar;
use crate::market::timeline::CORRECTION_DELAY;

/// Knows what goes wrong on the market.
///
/// It keeps no count: the same symbol and moment always have the same answer, whoever asks, so that streams, history
/// and the exchange agree.
#[derive(Clone, Debug, Default)]
pub struct MarketFaults {
    seed: u64,
    rules: Vec<MarketRule>,
}

impl MarketFaults {
    /// Takes the market's rules of a plan.
    #[must_use]
    pub fn new(plan: &FaultPlan) -> Self {
        Self { seed: plan.seed, rules: plan.market.clone() }
    }

    /// Returns the halts within sessions.
    pub(crate) fn halts(&self, symbols: &SymbolTable, sessions: &[Session]) -> Vec<Halt> {
        let mut halts = Vec::new();
        for rule in &self.rules {
            let MarketFault::HaltSeconds(seconds) = rule.fault else { continue };
            for from in sessions.iter().filter_map(|session| begin(rule, session)) {
                let to = from + Span::from_seconds(i64::from(seconds));
                let of_rule = symbols.iter().filter(|(_, name)| rule.symbol.matches(name.as_str()));
                halts.extend(of_rule.map(|(symbol, _)| Halt { symbol, from, to, reason: rule.reason }));
            }
        }
        halts
    }

    /// Returns what is to become of trades within sessions, in the order in which it becomes known.
    pub(crate) fn revisions(&self, symbols: &SymbolTable, sessions: &[Session]) -> Vec<RevisionPlan> {
        let mut plans = Vec::new();
        for (number, rule) in (0_u64..).zip(&self.rules) {
            let cents = match rule.fault {
                MarketFault::TradeCorrectedCents(cents) => Some(i64::from(cents)),
                MarketFault::TradeCanceled => None,
                MarketFault::HaltSeconds(_)
                | MarketFault::MissingBar
                | MarketFault::LateShares(_)
                | MarketFault::StretchedCents(_)
                | MarketFault::CrossedQuotes
                | MarketFault::ZeroQuotes => continue,
            };
            let moments = sessions.iter().filter_map(|session| Some((session.open, begin(rule, session)?)));
            for (since, at) in moments.filter(|(_, at)| rule.when.is_within(*at)) {
                let of_rule = symbols.iter().filter(|(_, name)| self.is_drawn(number, rule, name, at));
                plans.extend(of_rule.map(|(symbol, _)| RevisionPlan { symbol, since, at, cents }));
            }
        }
        plans.sort_by_key(|plan| (plan.at, plan.symbol));
        plans
    }

    /// Tells whether a bar's trades never happened.
    pub(crate) fn is_missing(&self, symbols: &SymbolTable, bar: &Bar) -> bool {
        let is_missing = |fault| matches!(fault, MarketFault::MissingBar).then_some(());
        !self.rules.is_empty() && self.at_bar(symbols.name(bar.symbol), bar.start, is_missing).is_some()
    }

    /// Returns the corrected bar, `None` for one that stays as it is.
    pub(crate) fn correction(&self, symbol: &Symbol, bar: &TapeBar) -> Option<TapeBar> {
        self.at_bar(symbol, bar.start, |fault| match fault {
            MarketFault::LateShares(shares) => Some(with_late_shares(bar, u64::from(shares))),
            MarketFault::StretchedCents(cents) => Some(stretched(bar, i64::from(cents))),
            MarketFault::HaltSeconds(_)
            | MarketFault::MissingBar
            | MarketFault::TradeCorrectedCents(_)
            | MarketFault::TradeCanceled
            | MarketFault::CrossedQuotes
            | MarketFault::ZeroQuotes => None,
        })
    }

    /// Returns a bar as it is known at an instant: corrected once its correction was published.
    pub(crate) fn corrected_at(&self, symbol: &Symbol, bar: TapeBar, known: Timestamp, now: Timestamp) -> TapeBar {
        if self.rules.is_empty() || known + CORRECTION_DELAY > now {
            return bar;
        }
        self.correction(symbol, &bar).unwrap_or(bar)
    }

    /// Returns the quote that is seen in place of the true one.
    pub(crate) fn quote(&self, symbol: &Symbol, at: Timestamp, quote: Quote) -> Quote {
        let fault = self.first(symbol, at, |rule| {
            let is_quote = matches!(rule.fault, MarketFault::CrossedQuotes | MarketFault::ZeroQuotes);
            (is_quote && rule.when.is_within(at)).then_some(rule.fault)
        });
        match fault {
            Some(MarketFault::CrossedQuotes) => Quote { bid: quote.ask, ask: quote.bid, ..quote },
            Some(MarketFault::ZeroQuotes) => Quote { bid: Price::ZERO, ask: Price::ZERO, bid_size: 0, ask_size: 0 },
            Some(_) | None => quote,
        }
    }

    fn at_bar<T>(&self, symbol: &Symbol, start: Timestamp, choose: impl Fn(MarketFault) -> Option<T>) -> Option<T> {
        self.first(symbol, start, |rule| {
            let is_moment = rule.at.is_none_or(|moment| is_same_moment(moment, start));
            if is_moment && rule.when.is_within(start) { choose(rule.fault) } else { None }
        })
    }

    /// Returns what the first rule says that has something to say and is drawn.
    fn first<T>(&self, symbol: &Symbol, at: Timestamp, say: impl Fn(&MarketRule) -> Option<T>) -> Option<T> {
        (0_u64..).zip(&self.rules).find_map(|(number, rule)| {
            if !rule.symbol.matches(symbol.as_str()) {
                return None;
            }
            let said = say(rule)?;
            self.is_drawn(number, rule, symbol, at).then_some(said)
        })
    }

    /// Tells whether a rule is of a symbol and drawn for a moment.
    fn is_drawn(&self, number: u64, rule: &MarketRule, symbol: &Symbol, at: Timestamp) -> bool {
        let numbers = || [self.seed, 4, number, number_of(symbol.as_str()), at.micros().cast_unsigned()];
        let is_drawn = || rule.when.rate.is_none_or(|rate| draws(rate, &[mixed(&numbers())]));
        rule.symbol.matches(symbol.as_str()) && is_drawn()
    }
}

/// Returns when a halt, or a word on a trade, comes in a session; `None` when it does not.
fn begin(rule: &MarketRule, session: &Session) -> Option<Timestamp> {
    let at = match rule.at? {
        Moment::At(at) => at,
        Moment::Daily(time) => {
            let local = New_York.from_local_datetime(&session.date.and_time(time)).earliest()?;
            Timestamp::from_datetime(local.to_utc())
        }
    };
    session.contains(at).then_some(at)
}

fn is_same_moment(moment: Moment, at: Timestamp) -> bool {
    match moment {
        Moment::At(instant) => instant == at,
        Moment::Daily(time) => at.to_datetime().is_some_and(|utc| utc.with_timezone(&New_York).time() == time),
    }
}

fn with_late_shares(bar: &TapeBar, shares: u64) -> TapeBar {
    let turnover = i128::from(bar.close.micros()) * i128::from(shares);
    TapeBar {
        volume: bar.volume + shares,
        trades: bar.trades + 1,
        turnover_micros: bar.turnover_micros + turnover,
        ..*bar
    }
}

fn stretched(bar: &TapeBar, cents: i64) -> TapeBar {
    let by = cents * 10_000;
    TapeBar { high: bar.high.offset(by), low: bar.low.offset(-by).max(Price::from_micros(100)), ..*bar }
}
