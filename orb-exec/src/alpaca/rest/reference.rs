//! What the broker says of the whole market: its listing, and corporate actions.

use std::collections::BTreeMap;

use orb_core::history::Split;
use orb_core::{Date, Symbol};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde::Deserialize;

use super::super::wire::lenient::{self, Listed};
use super::super::wire::order::Asset;
use super::call::{CallError, Unclear};
use super::client::{HostName, Rest, read};
use super::paths;

/// Most pages of corporate actions: a year has some twenty thousand of those that are asked for.
const PAGES_MAX: usize = 200;
/// The actions that change prices, volumes or names of shares in a way that can be reckoned with.
const TYPES: &str = "forward_split,reverse_split,unit_split,stock_dividend,name_change";
/// Decimal places of rates that are taken; more are no rates of shares.
const RATE_PLACES_MAX: u32 = 8;

/// Holds what the broker says of an active stock or fund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAsset {
    /// Its symbol.
    pub symbol: Symbol,
    /// The company's or fund's name; empty when it is not told.
    pub name: String,
    /// Where it is listed, in the broker's word; empty when it is not told.
    pub exchange: String,
    /// Orders in it are taken.
    pub tradable: bool,
    /// It may be sold short.
    pub shortable: bool,
    /// The broker's word for whether shares can be borrowed; of the two fields that say so, the newer one. `None` when
    /// neither is there.
    pub borrow_status: Option<String>,
    /// Orders for parts of a share are taken.
    pub fractionable: bool,
    /// Part of a purchase's value that its owner must have, per cent, rounded up; `None` when it is not told.
    pub margin_long: Option<u16>,
    /// The same for a short sale.
    pub margin_short: Option<u16>,
}

/// Says what a corporate action does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionTerms {
    /// Shares are divided or put together.
    Split(Split),
    /// The symbol has a new name from then on.
    Rename(Symbol),
    /// The rates cannot be read.
    Unclear,
}

/// Tells of a corporate action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnouncedAction {
    /// Whose, by the name before it.
    pub symbol: Symbol,
    /// The first date on which prices and names are those of after it.
    pub date: Date,
    /// What it does.
    pub terms: ActionTerms,
}

/// One page of the answer: a list for each type.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    corporate_actions: BTreeMap<String, Listed<WireAction>>,
    #[serde(default, deserialize_with = "lenient::text")]
    next_page_token: Option<String>,
}

/// A corporate action as the data host writes it, of whatever type.
#[derive(Clone, Debug, Deserialize)]
struct WireAction {
    #[serde(default, deserialize_with = "lenient::text")]
    symbol: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    old_symbol: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    new_symbol: Option<String>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    old_rate: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    new_rate: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::decimal")]
    rate: Option<Decimal>,
    #[serde(default, deserialize_with = "lenient::text")]
    ex_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    effective_date: Option<String>,
    #[serde(default, deserialize_with = "lenient::text")]
    process_date: Option<String>,
}

impl Rest {
    /// Returns all active stocks and funds, in order of their symbols.
    ///
    /// What has no symbol that orb knows is left out, and so is what is not told to be tradable.
    ///
    /// # Errors
    /// When the list cannot be had.
    pub async fn assets(&self) -> Result<Vec<ListedAsset>, CallError> {
        let listed: Listed<Asset> = read(&self.ask_for_much(HostName::Trading, paths::assets()).await?)?;
        let by_symbol: BTreeMap<Symbol, ListedAsset> =
            listed.items.into_iter().filter_map(asset).map(|asset| (asset.symbol.clone(), asset)).collect();
        Ok(by_symbol.into_values().collect())
    }

    /// Returns the splits, dividends in shares and changes of names of the whole market that are processed from one
    /// date to another, both included, in no particular order.
    ///
    /// # Errors
    /// When a page is missing: half an answer would be taken for the whole.
    pub async fn corporate_actions(&self, first: Date, last: Date) -> Result<Vec<AnnouncedAction>, CallError> {
        let (first, last, mut token) = (first.to_string(), last.to_string(), None::<String>);
        let mut actions = Vec::new();
        for _ in 0..PAGES_MAX {
            let call = paths::corporate_actions(TYPES, &first, &last, token.as_deref());
            let page: Page = read(&self.ask_for_much(HostName::Data, call).await?)?;
            for (kind, listed) in &page.corporate_actions {
                actions.extend(listed.items.iter().flat_map(|action| announced(kind, action)));
            }
            match page.next_page_token.filter(|next| !next.is_empty()) {
                None => return Ok(actions),
                next => token = next,
            }
        }
        Err(CallError::Unclear(Unclear::Unreadable("the list of corporate actions does not end".to_owned())))
    }
}

fn asset(wire: Asset) -> Option<ListedAsset> {
    let is_active = wire.status.is_empty() || wire.status == "active";
    let old_word = wire.easy_to_borrow.map(|is_easy| if is_easy { "easy_to_borrow" } else { "hard_to_borrow" });
    let symbol = Symbol::new(&wire.symbol).ok().filter(|_| is_active)?;
    let required = |of_side: Option<Decimal>| percent(of_side.or(wire.maintenance_margin_requirement)?);
    let margin_long = required(wire.margin_requirement_long);
    // On what is not marginable nothing is lent.
    let whole = (wire.marginable == Some(false)).then_some(100);
    Some(ListedAsset {
        symbol,
        name: wire.name,
        exchange: wire.exchange,
        tradable: wire.tradable.unwrap_or(false),
        shortable: wire.shortable.unwrap_or(false),
        borrow_status: wire.borrow_status.or(old_word.map(str::to_owned)),
        fractionable: wire.fractionable.unwrap_or(false),
        margin_long: margin_long.max(whole),
        margin_short: required(wire.margin_requirement_short).max(whole),
    })
}

/// Reads a requirement of margin, rounded up; `None` for what is none.
fn percent(required: Decimal) -> Option<u16> {
    required.ceil().to_u16()
}

/// Returns what an entry of a list of a type tells; nothing where it names no symbol or no date.
fn announced(kind: &str, wire: &WireAction) -> Vec<AnnouncedAction> {
    let symbol = |text: &Option<String>| Symbol::new(text.as_deref()?).ok();
    let date = [&wire.ex_date, &wire.effective_date, &wire.process_date].into_iter().flatten();
    let Some(date) = date.filter_map(|text| text.parse::<Date>().ok()).next() else { return Vec::new() };
    let (old, new) = (symbol(&wire.old_symbol), symbol(&wire.new_symbol));
    let Some(of) = symbol(&wire.symbol).or_else(|| old.clone()) else { return Vec::new() };
    let action = |terms| AnnouncedAction { symbol: of.clone(), date, terms };
    let renamed = new.filter(|new| *new != of).map(|new| action(ActionTerms::Rename(new)));
    let rates = match kind {
        "forward_splits" | "reverse_splits" | "unit_splits" => Some((wire.new_rate, wire.old_rate)),
        // A dividend of 0.05 shares for each makes 1.05 of one.
        "stock_dividends" => Some((wire.rate.and_then(|rate| rate.checked_add(Decimal::ONE)), Some(Decimal::ONE))),
        "name_changes" => None,
        _ => return Vec::new(),
    };
    let split = rates.map(|(after, before)| action(split(after, before)));
    split.into_iter().chain(renamed).collect()
}

/// Reads the rates of a split as whole numbers.
fn split(after: Option<Decimal>, before: Option<Decimal>) -> ActionTerms {
    let whole = |after: Decimal, before: Decimal| {
        let (after, before) = (after.normalize(), before.normalize());
        let places = after.scale().max(before.scale());
        let factor = Decimal::from(10_u64.checked_pow(places).filter(|_| places <= RATE_PLACES_MAX)?);
        let [after, before] = [after, before].map(|rate| rate.checked_mul(factor)?.to_u64());
        let (after, before) = (after.filter(|rate| *rate > 0)?, before.filter(|rate| *rate > 0)?);
        let divisor = greatest_divisor(after, before);
        let [after, before] = [after, before].map(|rate| u32::try_from(rate / divisor).ok());
        Some(Split { after: after?, before: before? })
    };
    after.zip(before).and_then(|(after, before)| whole(after, before)).map_or(ActionTerms::Unclear, ActionTerms::Split)
}

/// Euclid's; both are above 0.
const fn greatest_divisor(mut one: u64, mut other: u64) -> u64 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Vec<String> {
        let page: Page = serde_json::from_str(text).expect(text);
        let all = page.corporate_actions.iter();
        let actions = all.flat_map(|(kind, listed)| listed.items.iter().flat_map(|action| announced(kind, action)));
        actions
            .map(|AnnouncedAction { symbol, date, terms }| match terms {
                ActionTerms::Split(Split { after, before }) => format!("{symbol} {date} {after}:{before}"),
                ActionTerms::Rename(to) => format!("{symbol} {date} is {to}"),
                ActionTerms::Unclear => format!("{symbol} {date} unclear"),
            })
            .collect()
    }

    #[test]
    fn actions_of_every_type_are_read() {
        let text = r#"{"corporate_actions":{
            "forward_splits":[{"id":"1","symbol":"NVDA","new_rate":10,"old_rate":1,"ex_date":"2024-06-10","process_date":"2024-06-10"},
                {"symbol":"ODD","new_rate":1.5,"old_rate":"1","ex_date":"2024-06-11"}],
            "reverse_splits":[{"symbol":"TINY","new_rate":1,"old_rate":30,"ex_date":"2024-06-12","new_cusip":"x"}],
            "unit_splits":[{"old_symbol":"UNIT.U","old_rate":1,"new_symbol":"UNIT","new_rate":1,"effective_date":"2024-06-13"}],
            "stock_dividends":[{"symbol":"DIV","rate":0.05,"ex_date":"2024-06-14"}],
            "name_changes":[{"old_symbol":"FB","new_symbol":"META","process_date":"2022-06-09"},
                {"old_symbol":"SAME","new_symbol":"SAME","process_date":"2022-06-09"}],
            "cash_dividends":[{"symbol":"KO","rate":0.5,"ex_date":"2024-06-14"}]},"next_page_token":null}"#;
        let expected = [
            "NVDA 2024-06-10 10:1",
            "ODD 2024-06-11 3:2",
            "FB 2022-06-09 is META",
            "TINY 2024-06-12 1:30",
            "DIV 2024-06-14 21:20",
            "UNIT.U 2024-06-13 1:1",
            "UNIT.U 2024-06-13 is UNIT",
        ];
        assert_eq!(told(text), expected);
    }

    #[test]
    fn rates_that_cannot_be_read_are_unclear_and_no_split_of_one_to_one() {
        for rates in [
            r#""new_rate":0,"old_rate":1"#,
            r#""new_rate":2"#,
            r#""new_rate":-2,"old_rate":1"#,
            r#""new_rate":1.0000000001,"old_rate":1"#,
            r#""new_rate":99999999999,"old_rate":7"#,
        ] {
            let text = format!(
                r#"{{"corporate_actions":{{"forward_splits":[{{"symbol":"A","ex_date":"2026-01-02",{rates}}}]}}}}"#
            );
            assert_eq!(told(&text), ["A 2026-01-02 unclear"], "{rates}");
        }
        assert_eq!(
            told(r#"{"corporate_actions":{"forward_splits":[{"symbol":"A"},{"ex_date":"2026-01-02"},7]}}"#),
            Vec::<String>::new()
        );
        assert_eq!(told(r#"{"corporate_actions":{}}"#), Vec::<String>::new());
    }

    #[test]
    fn of_the_two_words_for_borrowing_the_newer_counts() {
        let read = |fields: &str| {
            let wire: Asset = serde_json::from_str(&format!(r#"{{"symbol":"BRK.B",{fields}}}"#)).expect(fields);
            asset(wire)
        };
        let borrow = |fields: &str| read(fields).and_then(|asset| asset.borrow_status);
        assert_eq!(borrow(r#""easy_to_borrow":true"#).as_deref(), Some("easy_to_borrow"));
        assert_eq!(
            borrow(r#""easy_to_borrow":true,"borrow_status":"hard_to_borrow""#).as_deref(),
            Some("hard_to_borrow")
        );
        assert_eq!(borrow(r#""name":"x""#), None);
        assert_eq!(read(r#""status":"inactive""#), None);
        let bare = read(r#""status":"active""#).expect("an asset");
        assert!(!bare.tradable && !bare.shortable && !bare.fractionable, "what is not told is not so");
    }

    #[test]
    fn the_margin_of_a_side_goes_before_that_of_both_and_what_is_not_marginable_is_paid_whole() {
        let margins = |fields: &str| {
            let wire: Asset = serde_json::from_str(&format!(r#"{{"symbol":"A"{fields}}}"#)).expect(fields);
            asset(wire).map(|asset| (asset.margin_long, asset.margin_short)).expect("an asset")
        };
        let both = r#","maintenance_margin_requirement":30"#;
        assert_eq!(margins(""), (None, None));
        assert_eq!(margins(both), (Some(30), Some(30)));
        let sides = r#","margin_requirement_long":"50","margin_requirement_short":"75.5""#;
        assert_eq!(margins(&format!("{both}{sides}")), (Some(50), Some(76)));
        assert_eq!(margins(&format!("{both},\"marginable\":false")), (Some(100), Some(100)));
        assert_eq!(margins(r#","marginable":false,"margin_requirement_short":"150""#), (Some(100), Some(150)));
        for bad in [r#""much""#, "-5", "1e12", "null", "[30]"] {
            assert_eq!(margins(&format!(",\"maintenance_margin_requirement\":{bad}")), (None, None), "{bad}");
        }
    }
}
