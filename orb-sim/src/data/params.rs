//! The parameters of a request for market data.

use orb_core::{Date, Timestamp};

use crate::http::Request;
use crate::market::timeframe::midnight;

/// Explains to a client why its request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadRequest(pub(crate) String);

/// Points per page at most, and by default.
const LIMIT_MAX: usize = 10_000;
const LIMIT_DEFAULT: usize = 1_000;

/// Says which part of history is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Page {
    /// First instant.
    pub(crate) start: Timestamp,
    /// Last instant, included.
    pub(crate) end: Timestamp,
    /// Points at most, over all symbols.
    pub(crate) limit: usize,
    /// Latest first.
    pub(crate) is_descending: bool,
    /// Up to where the client has all points.
    pub(crate) after: Option<Told>,
}

/// Names the place up to which a client was told everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The symbol; those before it were told as a whole.
    pub(crate) symbol: String,
    /// The instant of the last point.
    pub(crate) at: Timestamp,
    /// How many points of that instant were told.
    pub(crate) count: usize,
}

impl Told {
    /// Returns the token of the page that follows.
    pub(crate) fn token(&self) -> String {
        format!("{}~{}~{}", self.symbol, self.at.micros(), self.count)
    }

    fn of_token(text: &str) -> Result<Self, BadRequest> {
        let refused = || BadRequest(format!("invalid page_token: {text}"));
        let mut parts = text.split('~');
        let (Some(symbol), Some(micros), Some(count), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(refused());
        };
        let at = Timestamp::from_micros(micros.parse().map_err(|_| refused())?);
        Ok(Self { symbol: symbol.to_owned(), at, count: count.parse().map_err(|_| refused())? })
    }
}

/// Returns the symbols that a request names.
pub(crate) fn symbols(request: &Request) -> Result<Vec<&str>, BadRequest> {
    let list = request.parameter("symbols").unwrap_or_default();
    let symbols: Vec<&str> = list.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if symbols.is_empty() { Err(BadRequest("symbols is required".to_owned())) } else { Ok(symbols) }
}

impl Page {
    /// Reads the parameters; by default from the day's beginning to now, 1,000 points, earliest first.
    pub(crate) fn of(request: &Request, now: Timestamp) -> Result<Self, BadRequest> {
        let today = crate::market::timeframe::Timeframe::Day.start_of(now);
        let (start, end) = (instant(request, "start", false)?, instant(request, "end", true)?);
        let (start, end) = (start.unwrap_or(today), end.unwrap_or(now));
        if start > end {
            return Err(BadRequest("end should not be before start".to_owned()));
        }
        for (name, known) in [("adjustment", ADJUSTMENTS.as_slice()), ("feed", &FEEDS), ("sort", &["asc", "desc"])] {
            if let Some(word) = request.parameter(name)
                && !word.split(',').all(|word| known.contains(&word))
            {
                return Err(BadRequest(format!("invalid {name}: {word}")));
            }
        }
        Ok(Self {
            start,
            end,
            limit: limit(request)?,
            is_descending: request.parameter("sort") == Some("desc"),
            after: request.parameter("page_token").filter(|token| !token.is_empty()).map(Told::of_token).transpose()?,
        })
    }
}

/// Prices are told as they were; nothing is adjusted.
const ADJUSTMENTS: [&str; 5] = ["raw", "split", "dividend", "spin-off", "all"];
const FEEDS: [&str; 6] = ["iex", "sip", "otc", "boats", "overnight", "delayed_sip"];

fn limit(request: &Request) -> Result<usize, BadRequest> {
    let Some(text) = request.parameter("limit") else { return Ok(LIMIT_DEFAULT) };
    match text.parse() {
        Ok(limit @ 1..=LIMIT_MAX) => Ok(limit),
        Ok(_) | Err(_) => Err(BadRequest(format!("invalid limit: {text}: it must be from 1 to {LIMIT_MAX}"))),
    }
}

/// Reads an instant or a date, which stands for its first or last instant in New York.
fn instant(request: &Request, name: &str, is_end: bool) -> Result<Option<Timestamp>, BadRequest> {
    let Some(text) = request.parameter(name) else { return Ok(None) };
    if let Some(at) = Timestamp::parse_rfc3339(text) {
        return Ok(Some(at));
    }
    let date: Date = text.parse().map_err(|_| BadRequest(format!("invalid {name}: {text}")))?;
    let bounds = (date, date.succ_opt().unwrap_or(date));
    if !(1900..=2200).contains(&chrono::Datelike::year(&date)) {
        return Err(BadRequest(format!("invalid {name}: {text}")));
    }
    let last = midnight(bounds.1) - orb_core::Span::from_micros(1);
    Ok(Some(if is_end { last } else { midnight(bounds.0) }))
}
