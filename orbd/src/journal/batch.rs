//! A commit's events and effects as bytes.

use core::fmt;

use orb_core::Timestamp;
use orb_core::effect::Effect;
use orb_core::event::Event;
use orb_core::fact::Fact;
use orb_core::symbol::{Symbol, SymbolTable};
use prost::Message as _;
use zstd::bulk::Compressor;

use super::codec::{Encoded, JournalError, decode_all, needed, optional, unknown};
use super::start::Start;
use super::wire;

/// The form of a row, its first byte: the message as it is.
const FORM_PLAIN: u8 = 0;
/// The form of a row, its first byte: the message compressed by zstd.
const FORM_ZSTD: u8 = 1;
/// Below this length compression costs more than it saves.
const COMPRESSED_BYTES_MIN: usize = 256;
/// The fastest of zstd's usual levels; the order path waits for it.
const LEVEL: i32 = 1;
/// Bounds what a damaged row can make a reader allocate.
const MESSAGE_BYTES_MAX: usize = 1 << 28;

/// Holds what a replay needs to make an equal engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Version and revision of the program.
    pub build: String,
    /// The configuration as keys and values, in its order.
    pub settings: Vec<(String, String)>,
    /// The symbols; numbers in the entries are of this table.
    pub symbols: SymbolTable,
    /// The strategies' names; numbers in the entries are positions in it.
    pub strategies: Vec<String>,
    /// How the engine was built and what it took up; `None` in journals that did not keep it yet.
    pub start: Option<Start>,
}

/// Holds one event and what the engine made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Rises by one with each event of a ledger.
    pub sequence: u64,
    /// The engine's clock.
    pub now: Timestamp,
    /// What happened.
    pub event: Event,
    /// What the engine made of it, in order.
    pub effects: Vec<Effect>,
}

/// Lends one event and what the engine made of it.
#[derive(Clone, Copy, Debug)]
pub struct EntryRef<'a> {
    /// Rises by one with each event of a ledger.
    pub sequence: u64,
    /// The engine's clock.
    pub now: Timestamp,
    /// What happened.
    pub event: &'a Event,
    /// What the engine made of it, in order.
    pub effects: &'a [Effect],
}

/// Holds one commit's events.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// In the first batch after a start; numbers after it are of its tables.
    pub header: Option<Header>,
    /// In order of their sequence.
    pub entries: Vec<Entry>,
}

/// Turns events into bytes and keeps the memory that it needs for that.
#[derive(Default)]
pub struct Encoder {
    compressor: Option<Compressor<'static>>,
}

impl Encoder {
    /// Encodes a commit's events; `header` with the first commit after a start.
    #[must_use]
    pub fn encode(&mut self, header: Option<&Header>, entries: &[EntryRef<'_>]) -> Vec<u8> {
        let entries = entries.iter().map(encode_entry).collect();
        let message = wire::Batch { header: header.map(encode_header), entries };
        let mut bytes = Vec::with_capacity(message.encoded_len() + 1);
        bytes.push(FORM_PLAIN);
        message.encode_raw(&mut bytes);
        self.compressed(&bytes[1..]).unwrap_or(bytes)
    }

    /// Returns the compressed form; `None` where it would not be shorter.
    fn compressed(&mut self, message: &[u8]) -> Option<Vec<u8>> {
        if message.len() < COMPRESSED_BYTES_MIN {
            return None;
        }
        if self.compressor.is_none() {
            self.compressor = Compressor::new(LEVEL).ok();
        }
        let packed = self.compressor.as_mut()?.compress(message).ok()?;
        let mut bytes = Vec::with_capacity(packed.len() + 1);
        bytes.push(FORM_ZSTD);
        bytes.extend_from_slice(&packed);
        (packed.len() < message.len()).then_some(bytes)
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encoder")
    }
}

/// Reads a commit's events.
///
/// # Errors
/// When the bytes are damaged, or hold what only a newer version knows.
pub fn decode(bytes: &[u8]) -> Result<Batch, JournalError> {
    let (form, body) = bytes.split_first().ok_or(JournalError::Empty)?;
    let message = match *form {
        FORM_PLAIN => wire::Batch::decode(body)?,
        FORM_ZSTD => wire::Batch::decode(unpacked(body)?.as_slice())?,
        form => return Err(JournalError::Form(form)),
    };
    let header = message.header.map(decode_header).transpose()?;
    let entries = message.entries.into_iter().map(decode_entry).collect::<Result<_, _>>()?;
    Ok(Batch { header, entries })
}

fn unpacked(body: &[u8]) -> Result<Vec<u8>, JournalError> {
    use std::io::Read as _;
    let mut message = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(body).map_err(JournalError::Compression)?;
    decoder.take(MESSAGE_BYTES_MAX as u64).read_to_end(&mut message).map_err(JournalError::Compression)?;
    Ok(message)
}

fn encode_entry(entry: &EntryRef<'_>) -> wire::Entry {
    wire::Entry {
        sequence: entry.sequence,
        now: entry.now.encode(),
        event: Some(entry.event.encode()),
        effects: entry.effects.iter().filter(|effect| is_journalled(effect)).map(Encoded::encode).collect(),
    }
}

/// Tells whether an effect is kept for comparison; explanations follow from the inputs and are left out.
pub(crate) const fn is_journalled(effect: &Effect) -> bool {
    !matches!(effect, Effect::Record(Fact::Explained(_)))
}

fn decode_entry(wire: wire::Entry) -> Result<Entry, JournalError> {
    Ok(Entry {
        sequence: wire.sequence,
        now: Timestamp::from_micros(wire.now),
        event: needed(wire.event, "an event")?,
        effects: decode_all(wire.effects)?,
    })
}

fn encode_header(header: &Header) -> wire::Header {
    let setting = |(key, value): &(String, String)| wire::Setting { key: key.clone(), value: value.clone() };
    wire::Header {
        build: header.build.clone(),
        settings: header.settings.iter().map(setting).collect(),
        symbols: header.symbols.iter().map(|(_, symbol)| symbol.as_str().to_owned()).collect(),
        strategies: header.strategies.clone(),
        start: header.start.as_ref().map(Encoded::encode),
    }
}

fn decode_header(wire: wire::Header) -> Result<Header, JournalError> {
    let count = wire.symbols.len();
    let symbols = wire.symbols.iter().map(|text| Symbol::new(text).map_err(|_| unknown("symbol", &text)));
    let symbols = SymbolTable::new(symbols.collect::<Result<Vec<_>, _>>()?);
    if symbols.len() != count {
        return Err(unknown("number of symbols", &count));
    }
    Ok(Header {
        build: wire.build,
        settings: wire.settings.into_iter().map(|setting| (setting.key, setting.value)).collect(),
        symbols,
        strategies: wire.strategies,
        start: optional(wire.start)?,
    })
}
