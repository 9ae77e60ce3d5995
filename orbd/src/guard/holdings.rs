//! What of an account is orb's: by the identifiers of its orders, and by what they filled.
//!
//! An order is orb's when its identifier is one that orb makes for its symbol, or when it is a leg of such an order or
//! took its place. A position is orb's as far as the fills of these orders make it: shares that somebody else holds of
//! the same symbol are left alone.

use std::collections::{BTreeMap, BTreeSet};

use orb_core::order::{BrokerOrderId, OrderRole};
use orb_core::{OrderSide, Price};
use orb_exec::alpaca::{Life, SeenOrder, SeenPosition};
use rust_decimal::Decimal;

/// Digits of the date that an identifier begins with.
const DATE_DIGITS: usize = 8;

/// An order of orb's, and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnOrder {
    /// The order.
    pub seen: SeenOrder,
    /// What it is for.
    pub role: OrderRole,
}

/// What an account has of one symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// orb's orders, oldest first.
    pub own: Vec<OwnOrder>,
    /// Open orders of somebody else's.
    pub foreign: Vec<BrokerOrderId>,
    /// Shares that the fills of orb's orders make, negative when short.
    pub net: Decimal,
    /// Shares that the broker holds, negative when short.
    pub position: Decimal,
}

/// What an account has, by symbol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holdings(pub BTreeMap<String, Holding>);

impl Holdings {
    /// Sorts what the broker tells.
    #[must_use]
    pub fn of(orders: Vec<SeenOrder>, positions: &[SeenPosition]) -> Self {
        let roles = roles(&orders);
        let mut holdings = Self::default();
        for order in orders {
            let holding = holdings.0.entry(order.symbol.clone()).or_default();
            match roles.get(&order.id) {
                Some(role) => holding.add(OwnOrder { seen: order, role: *role }),
                None if order.life != Life::Over => holding.foreign.push(order.id),
                None => {}
            }
        }
        for position in positions {
            holdings.0.entry(position.symbol.clone()).or_default().position += position.shares;
        }
        holdings
    }

    /// Tells whether orb holds shares or has an entry that could fill.
    #[must_use]
    pub fn has_exposure(&self) -> bool {
        self.0.values().any(|holding| holding.is_exposed())
    }
}

impl Holding {
    fn add(&mut self, order: OwnOrder) {
        self.net += match order.seen.side {
            Some(OrderSide::Buy) => order.seen.filled,
            Some(OrderSide::Sell) => -order.seen.filled,
            None => Decimal::ZERO,
        };
        self.own.push(order);
    }

    /// Tells whether orb holds shares, or has an entry that could fill.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        !self.own_shares().is_zero() || self.open().any(|order| order.role == OrderRole::Entry)
    }

    /// Returns orb's orders that are not over.
    pub fn open(&self) -> impl Iterator<Item = &OwnOrder> {
        self.own.iter().filter(|order| order.seen.life != Life::Over)
    }

    /// Returns the shares on which orb's fills and the broker's position agree, negative when short; 0 when one of them
    /// has none, or they are on opposite sides.
    #[must_use]
    pub fn own_shares(&self) -> Decimal {
        if self.net.is_zero()
            || self.position.is_zero()
            || self.net.is_sign_positive() != self.position.is_sign_positive()
        {
            return Decimal::ZERO;
        }
        if self.net.abs() < self.position.abs() { self.net } else { self.position }
    }

    /// Returns the price of the newest stop of orb's, whatever has become of it; `None` when there was none.
    #[must_use]
    pub fn last_stop(&self) -> Option<Price> {
        self.own.iter().rev().find_map(|order| order.seen.stop.filter(|_| order.role != OrderRole::Entry))
    }

    /// Tells whether a stop of orb's works.
    #[must_use]
    pub fn has_open_stop(&self) -> bool {
        self.open().any(|order| order.seen.stop.is_some() && order.role != OrderRole::Entry)
    }

    /// Names a new order of the attempt that made the position: the first number of its role that no order has.
    ///
    /// The engine names its orders alike, so of two that close the same attempt the broker takes one. `None` when no
    /// order of an attempt is known.
    #[must_use]
    pub fn next_id(&self, role: OrderRole) -> Option<String> {
        let stem = self.own.iter().rev().find_map(|order| {
            let id = order.seen.client_id.as_ref()?.as_str();
            OwnId::parse(id, &order.seen.symbol).map(|own| own.stem)
        })?;
        let is_used = |id: &str| {
            self.own.iter().any(|order| order.seen.client_id.as_ref().is_some_and(|used| used.as_str() == id))
        };
        let letter = role.letter();
        let numbered = (1_u32..).map(|number| format!("{stem}{letter}{number}"));
        core::iter::once(format!("{stem}{letter}")).chain(numbered).find(|id| !is_used(id))
    }
}

/// The parts of an identifier that orb makes.
struct OwnId<'a> {
    /// Everything before the role's letter: date, strategy, symbol and attempt.
    stem: &'a str,
    role: OrderRole,
}

impl<'a> OwnId<'a> {
    /// Takes an identifier of an order in a symbol apart; `None` when it is none of orb's.
    fn parse(id: &'a str, symbol: &str) -> Option<Self> {
        let (head, tail) = id.rsplit_once('-')?;
        let date_and_strategy = head.strip_suffix(symbol)?.strip_suffix('-')?;
        let (date, strategy) = date_and_strategy.split_once('-')?;
        let is_date = date.len() == DATE_DIGITS && date.bytes().all(|byte| byte.is_ascii_digit());
        let attempt = tail.bytes().take_while(u8::is_ascii_digit).count();
        let mut rest = tail.get(attempt..)?.chars();
        let letter = rest.next()?;
        let role = OrderRole::ALL.iter().copied().find(|role| role.letter() == letter)?;
        let is_number = rest.as_str().bytes().all(|byte| byte.is_ascii_digit());
        let stem = id.get(..id.len() - tail.len() + attempt)?;
        (is_date && !strategy.is_empty() && attempt > 0 && is_number).then_some(Self { stem, role })
    }
}

/// Finds orb's orders among others, with what each is for.
fn roles(orders: &[SeenOrder]) -> BTreeMap<BrokerOrderId, OrderRole> {
    let mut roles: BTreeMap<BrokerOrderId, OrderRole> = BTreeMap::new();
    for order in orders {
        let id = order.client_id.as_ref().map(|id| id.as_str()).unwrap_or_default();
        if let Some(own) = OwnId::parse(id, &order.symbol) {
            roles.insert(order.id.clone(), own.role);
        }
    }
    // A leg may have been replaced, and its replacement too.
    loop {
        let found: Vec<(BrokerOrderId, OrderRole)> = orders
            .iter()
            .filter(|order| !roles.contains_key(&order.id))
            .filter_map(|order| inherited(order, &roles))
            .collect();
        if found.is_empty() {
            return roles;
        }
        roles.extend(found);
    }
}

fn inherited(order: &SeenOrder, roles: &BTreeMap<BrokerOrderId, OrderRole>) -> Option<(BrokerOrderId, OrderRole)> {
    let of_place = order.replaces.as_ref().and_then(|id| roles.get(id)).copied();
    let of_leg = order.parent.as_ref().filter(|id| roles.contains_key(*id));
    let exit = if order.stop.is_some() { OrderRole::Stop } else { OrderRole::Target };
    of_place.or_else(|| of_leg.map(|_| exit)).map(|role| (order.id.clone(), role))
}

/// Returns the symbols in which somebody else has orders or shares.
pub(super) fn foreign_symbols(holdings: &Holdings) -> BTreeSet<&str> {
    let is_foreign = |holding: &Holding| !holding.foreign.is_empty() || holding.position != holding.own_shares();
    holdings.0.iter().filter(|(_, holding)| is_foreign(holding)).map(|(symbol, _)| symbol.as_str()).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use orb_core::order::ClientOrderId;

    use super::*;

    /// Makes an order: `id client_id side filled/quantity life`.
    pub(in crate::guard) fn order(
        symbol: &str,
        id: &str,
        client_id: &str,
        side: OrderSide,
        filled: i64,
        life: Life,
    ) -> SeenOrder {
        SeenOrder {
            id: BrokerOrderId::new(id),
            client_id: Some(ClientOrderId::new(client_id)),
            parent: None,
            replaces: None,
            symbol: symbol.to_owned(),
            side: Some(side),
            quantity: Some(Decimal::from(100)),
            filled: Decimal::from(filled),
            filled_price: None,
            stop: None,
            life,
        }
    }

    pub(in crate::guard) fn position(symbol: &str, shares: i64) -> SeenPosition {
        SeenPosition { symbol: symbol.to_owned(), shares: Decimal::from(shares) }
    }

    #[test]
    fn identifiers_of_orb_are_known_by_all_their_parts() {
        let stem = |id, symbol| OwnId::parse(id, symbol).map(|own| (own.stem.to_owned(), own.role));
        assert_eq!(
            stem("20261127-orb-5-BRK.B-12e", "BRK.B"),
            Some(("20261127-orb-5-BRK.B-12".to_owned(), OrderRole::Entry))
        );
        assert_eq!(stem("20261127-a-SPY-1x3", "SPY"), Some(("20261127-a-SPY-1".to_owned(), OrderRole::Close)));
        for (id, symbol) in [
            ("20261127-a-SPY-1e", "QQQ"),
            ("61e69015-8549-4bfd-b9c3-01e75843f47d", "SPY"),
            ("20261127--SPY-1e", "SPY"),
            ("2026112x-a-SPY-1e", "SPY"),
            ("20261127-a-SPY-e", "SPY"),
            ("20261127-a-SPY-1q", "SPY"),
            ("20261127-a-SPY-1e!", "SPY"),
            ("20261127-SPY-1e", "SPY"),
            ("", ""),
        ] {
            assert_eq!(stem(id, symbol), None, "{id}");
        }
    }

    #[test]
    fn legs_and_what_took_their_place_are_orb_s() {
        let entry = order("SPY", "e", "20261127-a-SPY-1e", OrderSide::Buy, 100, Life::Over);
        let leg = SeenOrder {
            parent: Some(BrokerOrderId::new("e")),
            stop: "99".parse().ok(),
            ..order("SPY", "s", "made-up", OrderSide::Sell, 0, Life::Over)
        };
        let moved = SeenOrder {
            replaces: Some(BrokerOrderId::new("s")),
            stop: "99.5".parse().ok(),
            ..order("SPY", "s2", "made-up-2", OrderSide::Sell, 30, Life::Open)
        };
        let strange = order("SPY", "f", "by-hand", OrderSide::Buy, 7, Life::Open);
        // Newest first, so that each is seen before what it descends from.
        let holdings = Holdings::of(vec![strange, moved, leg, entry], &[position("SPY", 77)]);
        let spy = &holdings.0["SPY"];
        assert_eq!((spy.own.len(), spy.foreign.len()), (3, 1));
        assert_eq!((spy.net, spy.own_shares()), (Decimal::from(70), Decimal::from(70)));
        assert!(spy.has_open_stop() && holdings.has_exposure());
        assert_eq!(foreign_symbols(&holdings).into_iter().collect::<Vec<_>>(), ["SPY"]);
    }

    #[test]
    fn shares_are_orb_s_only_where_fills_and_position_agree() {
        let of = |net: i64, position: i64| {
            Holding { net: net.into(), position: position.into(), ..Holding::default() }.own_shares()
        };
        let found = [of(100, 100), of(100, 40), of(40, 100), of(-5, -9), of(5, -5), of(0, 5), of(5, 0)];
        assert_eq!(found, [100, 40, 40, -5, 0, 0, 0].map(Decimal::from));
    }

    #[test]
    fn a_new_order_has_the_next_free_name_of_the_attempt() {
        let orders = [("1e", Life::Over), ("2e", Life::Over), ("2x", Life::Over)];
        let orders =
            orders.map(|(tail, life)| order("SPY", tail, &format!("20261127-a-SPY-{tail}"), OrderSide::Buy, 1, life));
        let holdings = Holdings::of(orders.to_vec(), &[]);
        let next = |role| holdings.0["SPY"].next_id(role);
        assert_eq!(next(OrderRole::Close).as_deref(), Some("20261127-a-SPY-2x1"));
        assert_eq!(next(OrderRole::Stop).as_deref(), Some("20261127-a-SPY-2s"));
        assert_eq!(Holding::default().next_id(OrderRole::Close), None);
    }
}
