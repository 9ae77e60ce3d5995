//! The rows of the tables.

use core::fmt;
use core::str::FromStr;

use orb_core::history::Split;
use orb_core::{Bar, Date, Price, Session, Span, Symbol};

/// Tells whether shares can be borrowed to be sold short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Borrow {
    /// At once: the only ones that may be sold short.
    Easy,
    /// Only after they were located.
    Hard,
    /// Never.
    NotBorrowable,
    /// The broker did not say, or said something new.
    Unknown,
}

impl Borrow {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Easy, Self::Hard, Self::NotBorrowable, Self::Unknown];

    /// Returns its name in files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Easy => "easy_to_borrow",
            Self::Hard => "hard_to_borrow",
            Self::NotBorrowable => "not_borrowable",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Borrow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Borrow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|borrow| borrow.name() == text);
        found.ok_or_else(|| format!("`{text}` is no borrow status"))
    }
}

/// Describes a stock or fund as the broker lists it on the morning of a session.
///
/// Only active ones are kept: a symbol without a row on a date for which there are rows was not active.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// Its symbol on that date.
    pub symbol: Symbol,
    /// The company's or fund's name; empty when the broker did not say.
    pub name: String,
    /// Where it is listed, in the broker's word, as `NASDAQ` or `OTC`; empty when the broker did not say.
    pub exchange: String,
    /// The broker takes orders in it.
    pub tradable: bool,
    /// The broker lets it be sold short.
    pub shortable: bool,
    /// Whether shares can be borrowed.
    pub borrow: Borrow,
    /// The broker takes orders for parts of a share.
    pub fractionable: bool,
    /// Part of a purchase's value that its owner must have, per cent; `None` when the broker did not say.
    pub margin_long: Option<u16>,
    /// The same for a short sale.
    pub margin_short: Option<u16>,
}

impl Asset {
    /// Tells whether it may be sold short without asking first: what is unknown may not.
    #[must_use]
    pub fn may_be_shorted(&self) -> bool {
        self.shortable && self.borrow == Borrow::Easy
    }
}

/// Sums up a symbol's regular session; prices are dollars per share, raw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyBar {
    /// Its symbol on that date.
    pub symbol: Symbol,
    /// First price.
    pub open: Price,
    /// Highest price.
    pub high: Price,
    /// Lowest price.
    pub low: Price,
    /// Last price.
    pub close: Price,
    /// Shares, above 0.
    pub volume: u64,
}

/// Tells how many shares changed hands in a symbol's opening range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpeningVolume {
    /// Its symbol on that date.
    pub symbol: Symbol,
    /// Length of the range in minutes, one of [`RANGE_MINUTES`](orb_core::config::RANGE_MINUTES).
    pub minutes: u32,
    /// Minutes of the range that have a bar.
    pub bars: u32,
    /// Shares, raw; `None` where the range is not complete: its first bar is missing, or more than one other.
    pub volume: Option<u64>,
}

/// Sums up the opening range of one symbol; `bars` are its one-minute bars in any order, of which others than those of
/// the range are left out. `None` where the range has no bar.
///
/// The range is complete as a day's own range is: it has its first bar, and bars for all but one of its minutes.
#[must_use]
pub fn opening_volume(symbol: &Symbol, minutes: u32, session: &Session, bars: &[Bar]) -> Option<OpeningVolume> {
    let end = session.open + Span::from_minutes(i64::from(minutes));
    let within = || bars.iter().filter(|bar| session.open <= bar.start && bar.start < end);
    let count = u32::try_from(within().count()).expect("a range has few bars");
    let is_complete = within().any(|bar| bar.start == session.open) && count + 1 >= minutes;
    let volume = is_complete.then(|| within().map(|bar| bar.volume).sum());
    (count > 0).then(|| OpeningVolume { symbol: symbol.clone(), minutes, bars: count, volume })
}

/// Says what a corporate action does to a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionKind {
    /// Shares were divided or put together; a dividend paid in shares is one too.
    Split(Split),
    /// The symbol has a new name; the row's own is the old one.
    Rename {
        /// The new name.
        to: Symbol,
    },
    /// Its terms cannot be read: what was before cannot be compared with what is after.
    Unclear,
}

/// Tells of a corporate action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorporateAction {
    /// Whose, by its name before the action.
    pub symbol: Symbol,
    /// The first date on which prices and names are those of after it.
    pub date: Date,
    /// What it does.
    pub kind: ActionKind,
}
