//! One line of the spill file: a checksum, a space, and JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use orb_core::effect::Effect;
use orb_core::fact::Fact;
use orb_core::symbol::{Symbol, SymbolTable};
use orb_core::{Money, Price, Span, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::bundle::{Bundle, Events};
use crate::journal;
use crate::store::{Audit, BarRow, EquityRow, Ledger, Names, OrderStep, StepRow};

/// The form of the file; another one is refused.
const FORM: u32 = 1;
/// Hexadecimal digits of a checksum.
const CHECKSUM_LENGTH: usize = 16;

/// Says whose file it is, and what its numbers stand for; the first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    spill: u32,
    pub(super) ledger: String,
    symbols: Vec<String>,
    strategies: Vec<String>,
}

impl Head {
    pub(super) fn new(ledger: &Ledger, names: &Names) -> Self {
        Self {
            spill: FORM,
            ledger: ledger.id().to_owned(),
            symbols: names.symbols.iter().map(|(_, symbol)| symbol.as_str().to_owned()).collect(),
            strategies: names.strategies.clone(),
        }
    }

    /// Reads it from a line without its end.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let head: Self = parse(line)?;
        if head.spill != FORM {
            return Err(format!("the file has the form {}, which this version does not know", head.spill));
        }
        Ok(head)
    }

    /// Returns the names that the file's numbers stand for.
    pub(super) fn names(&self) -> Result<Names, String> {
        let symbol = |text: &String| Symbol::new(text).map_err(|_| format!("`{text}` is not a symbol"));
        let symbols = self.symbols.iter().map(symbol).collect::<Result<Vec<_>, _>>()?;
        let symbols = SymbolTable::new(symbols);
        let in_order = symbols.iter().map(|(_, symbol)| symbol.as_str()).eq(self.symbols.iter().map(String::as_str));
        if !in_order {
            return Err("its symbols are not in their order".to_owned());
        }
        Ok(Names { symbols, strategies: self.strategies.clone() })
    }

    pub(super) fn write(&self, text: &mut Vec<u8>) {
        write(self, text);
    }
}

/// A bundle with its place among all since the start.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) bundle: Bundle,
}

impl Line {
    /// Reads it from a line without its end; explanations are not among its facts.
    pub(super) fn read(line: &[u8]) -> Result<Self, String> {
        let body: Body = parse(line)?;
        let (number, bundle) = body.into_bundle()?;
        Ok(Self { number, bundle })
    }

    /// Adds the line of a bundle, with its end.
    pub(super) fn write(number: u64, bundle: &Bundle, text: &mut Vec<u8>) {
        write(&Body::of(number, bundle), text);
    }
}

#[derive(Serialize, Deserialize)]
struct Body {
    number: u64,
    last: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    events: Option<EventsBody>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    audits: Vec<AuditBody>,
    /// Time, equity, realized and unrealized, in micros.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    equity: Vec<[i64; 4]>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    bars: Vec<BarBody>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<StepBody>,
}

/// Date, orb's own id of the order, name of the step, and its time in micros.
#[derive(Serialize, Deserialize)]
struct StepBody(String, String, String, i64);

/// Date and ticker; then start, length, open, high, low and close in micros, and the volume.
#[derive(Serialize, Deserialize)]
struct BarBody(String, String, [i64; 7]);

#[derive(Serialize, Deserialize)]
struct EventsBody {
    first: u64,
    effect: u64,
    date: Option<String>,
    at: i64,
    journal: String,
}

#[derive(Serialize, Deserialize)]
struct AuditBody {
    request_id: String,
    actor: String,
    command: String,
    reason: String,
    result: String,
    accepted: bool,
    at: i64,
}

impl Body {
    fn of(number: u64, bundle: &Bundle) -> Self {
        Self {
            number,
            last: bundle.last_sequence,
            events: bundle.events.as_ref().map(EventsBody::of),
            audits: bundle.audits.iter().map(AuditBody::of).collect(),
            equity: bundle.equity.iter().map(of_point).collect(),
            bars: bundle.bars.iter().map(BarBody::of).collect(),
            steps: bundle.steps.iter().map(StepBody::of).collect(),
        }
    }

    fn into_bundle(self) -> Result<(u64, Bundle), String> {
        let events = self.events.map(|events| events.into_events(self.last)).transpose()?;
        let bundle = Bundle {
            facts: events.as_ref().map(facts).transpose()?.unwrap_or_default(),
            events,
            last_sequence: self.last,
            audits: self.audits.into_iter().map(AuditBody::into_audit).collect(),
            equity: self.equity.into_iter().map(point).collect(),
            bars: self.bars.into_iter().map(BarBody::into_bar).collect::<Result<_, _>>()?,
            steps: self.steps.into_iter().map(StepBody::into_step).collect::<Result<_, _>>()?,
        };
        Ok((self.number, bundle))
    }
}

impl BarBody {
    fn of(row: &BarRow) -> Self {
        let [open, high, low, close] = [row.open, row.high, row.low, row.close].map(Price::micros);
        let numbers = [row.at.micros(), row.length.micros(), open, high, low, close, row.volume];
        Self(row.date.to_string(), row.symbol.clone(), numbers)
    }

    fn into_bar(self) -> Result<BarRow, String> {
        let Self(date, symbol, [at, length, open, high, low, close, volume]) = self;
        let [open, high, low, close] = [open, high, low, close].map(Price::from_micros);
        let date = date.parse().map_err(|_| format!("`{date}` is not a date"))?;
        let (at, length) = (Timestamp::from_micros(at), Span::from_micros(length));
        Ok(BarRow { date, symbol, at, length, open, high, low, close, volume })
    }
}

impl StepBody {
    fn of(row: &StepRow) -> Self {
        let (date, order) = (row.date.to_string(), row.client_order_id.clone());
        Self(date, order, row.step.name().to_owned(), row.at.micros())
    }

    fn into_step(self) -> Result<StepRow, String> {
        let Self(date, client_order_id, name, at) = self;
        let step = OrderStep::ALL.iter().copied().find(|step| step.name() == name);
        Ok(StepRow {
            client_order_id,
            step: step.ok_or_else(|| format!("`{name}` is not a step of an order"))?,
            date: date.parse().map_err(|_| format!("`{date}` is not a date"))?,
            at: Timestamp::from_micros(at),
        })
    }
}

impl EventsBody {
    fn of(events: &Events) -> Self {
        Self {
            first: events.first_sequence,
            effect: events.last_effect,
            date: events.date.map(|date| date.to_string()),
            at: events.at.micros(),
            journal: STANDARD.encode(&events.bytes),
        }
    }

    fn into_events(self, last_sequence: u64) -> Result<Events, String> {
        let date = self.date.map(|text| text.parse().map_err(|_| format!("`{text}` is not a date"))).transpose()?;
        Ok(Events {
            first_sequence: self.first,
            last_sequence,
            last_effect: self.effect,
            date,
            at: Timestamp::from_micros(self.at),
            bytes: STANDARD.decode(self.journal).map_err(|error| error.to_string())?,
        })
    }
}

impl AuditBody {
    fn of(audit: &Audit) -> Self {
        let Audit { request_id, actor, command, reason, result, accepted, at } = audit.clone();
        Self { request_id, actor, command, reason, result, accepted, at: at.micros() }
    }

    fn into_audit(self) -> Audit {
        let Self { request_id, actor, command, reason, result, accepted, at } = self;
        Audit { request_id, actor, command, reason, result, accepted, at: Timestamp::from_micros(at) }
    }
}

fn of_point(row: &EquityRow) -> [i64; 4] {
    [row.at.micros(), row.equity.micros(), row.realized.micros(), row.unrealized.micros()]
}

const fn point([at, equity, realized, unrealized]: [i64; 4]) -> EquityRow {
    EquityRow {
        at: Timestamp::from_micros(at),
        equity: Money::from_micros(equity),
        realized: Money::from_micros(realized),
        unrealized: Money::from_micros(unrealized),
    }
}

/// Takes the facts out of the journal's row, which holds all but explanations.
fn facts(events: &Events) -> Result<Vec<Fact>, String> {
    let batch = journal::decode(&events.bytes).map_err(|error| error.to_string())?;
    let effects = batch.entries.into_iter().flat_map(|entry| entry.effects);
    let fact = |effect| match effect {
        Effect::Record(fact) => Some(fact),
        Effect::Broker(_) | Effect::Alert(_) => None,
    };
    Ok(effects.filter_map(fact).collect())
}

fn write(value: &impl Serialize, text: &mut Vec<u8>) {
    let json = serde_json::to_vec(value).expect("numbers and strings are always JSON");
    text.extend_from_slice(checksum(&json).as_bytes());
    text.push(b' ');
    text.extend_from_slice(&json);
    text.push(b'\n');
}

fn parse<'a, T: Deserialize<'a>>(line: &'a [u8]) -> Result<T, String> {
    let (sum, rest) = line.split_at_checked(CHECKSUM_LENGTH).ok_or("the line is too short")?;
    let json = rest.strip_prefix(b" ").ok_or("the line has no checksum")?;
    if checksum(json).as_bytes() != sum {
        return Err("the line does not match its checksum".to_owned());
    }
    serde_json::from_slice(json).map_err(|error| error.to_string())
}

fn checksum(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().take(CHECKSUM_LENGTH / 2).map(|byte| format!("{byte:02x}")).collect()
}
