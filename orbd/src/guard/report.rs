//! What a flatten did and what it left, symbol by symbol.

use core::fmt::Write as _;

use orb_core::Price;
use rust_decimal::Decimal;

/// What became of one symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SymbolReport {
    /// Ticker symbol.
    pub symbol: String,
    /// Orders that were cancelled, by orb's identifier or the broker's.
    pub cancelled: Vec<String>,
    /// Shares that were closed, each order with its mean price where it is known; negative ones were bought back.
    pub closed: Vec<(Decimal, Option<Decimal>)>,
    /// What is still open; `None` when nothing is.
    pub left: Option<Leftover>,
    /// What people should know.
    pub notes: Vec<String>,
}

/// What a flatten could not close.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leftover {
    /// Shares, negative when short.
    pub shares: Decimal,
    /// Open orders of orb's, by orb's identifier or the broker's.
    pub orders: Vec<String>,
    /// The price of a stop that works for it; `None` without one.
    pub stop: Option<Price>,
}

/// What became of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FlattenReport {
    /// The symbols that something was done about or is open in, by name.
    pub symbols: Vec<SymbolReport>,
    /// Symbols in which somebody else has orders or shares, which were left alone.
    pub foreign: Vec<String>,
    /// What went wrong and may explain what is left, each once.
    pub troubles: Vec<String>,
    /// The broker said at the end that nothing is left of what was to go.
    pub is_verified: bool,
}

impl FlattenReport {
    /// Tells it to people, one line for each symbol.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for symbol in &self.symbols {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{}", symbol.render());
        }
        for trouble in &self.troubles {
            let _ = writeln!(text, "trouble: {trouble}");
        }
        if !self.foreign.is_empty() {
            let _ = writeln!(text, "Not orb's, and left alone: {}.", self.foreign.join(", "));
        }
        text
    }

    /// Keeps a trouble, once.
    pub(super) fn trouble(&mut self, sentence: String) {
        if !self.troubles.contains(&sentence) {
            self.troubles.push(sentence);
        }
    }
}

impl SymbolReport {
    fn render(&self) -> String {
        let mut parts = Vec::new();
        if !self.cancelled.is_empty() {
            parts.push(format!("cancelled {}", self.cancelled.join(", ")));
        }
        parts.extend(self.closed.iter().map(|(shares, price)| closed(*shares, *price)));
        match &self.left {
            Some(left) => parts.push(left.render()),
            None => parts.push("flat".to_owned()),
        }
        parts.extend(self.notes.iter().cloned());
        format!("{}: {}", self.symbol, parts.join("; "))
    }
}

fn closed(shares: Decimal, price: Option<Decimal>) -> String {
    let verb = if shares.is_sign_positive() { "sold" } else { "bought" };
    let price = price.map(|price| format!(" at {}", price.normalize())).unwrap_or_default();
    format!("{verb} {}{price}", shares.abs().normalize())
}

impl Leftover {
    fn render(&self) -> String {
        let orders = match &self.orders[..] {
            [] => String::new(),
            orders => format!(", orders {}", orders.join(", ")),
        };
        let stop = match (self.stop, self.shares.is_zero()) {
            (Some(stop), _) => format!(", protected by a stop at {stop}"),
            (None, false) => ", UNPROTECTED".to_owned(),
            (None, true) => String::new(),
        };
        format!("STILL OPEN: {} shares{orders}{stop}", self.shares.normalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_symbol_is_one_line_that_says_what_is_left() {
        let flat = SymbolReport {
            symbol: "QQQ".to_owned(),
            cancelled: vec!["20261127-a-QQQ-1s".to_owned()],
            closed: vec![(Decimal::from(-100), Some(Decimal::new(50_2500, 4)))],
            ..SymbolReport::default()
        };
        let left = Leftover { shares: Decimal::from(5), orders: Vec::new(), stop: None };
        let open = SymbolReport {
            symbol: "SPY".to_owned(),
            left: Some(left),
            notes: vec!["it hangs".to_owned()],
            ..SymbolReport::default()
        };
        let report = FlattenReport { symbols: vec![flat, open], foreign: vec!["BND".to_owned()], ..Default::default() };
        assert_eq!(
            report.render(),
            "QQQ: cancelled 20261127-a-QQQ-1s; bought 100 at 50.25; flat\n\
             SPY: STILL OPEN: 5 shares, UNPROTECTED; it hangs\n\
             Not orb's, and left alone: BND.\n"
        );
    }
}
