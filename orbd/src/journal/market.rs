//! Bars and what is known of a day before its open.

use orb_core::Bar;
use orb_core::event::{ReferenceData, SymbolReference};

use super::codec::{Encoded, JournalError, decode_all, encode_all, optional, small};
use super::wire;

impl Encoded for Bar {
    type Wire = wire::Bar;

    fn encode(&self) -> wire::Bar {
        wire::Bar {
            symbol: self.symbol.encode(),
            start: self.start.encode(),
            open: self.open.encode(),
            high: self.high.encode(),
            low: self.low.encode(),
            close: self.close.encode(),
            volume: self.volume,
        }
    }

    fn decode(wire: wire::Bar) -> Result<Self, JournalError> {
        Ok(Self {
            symbol: Encoded::decode(wire.symbol)?,
            start: Encoded::decode(wire.start)?,
            open: Encoded::decode(wire.open)?,
            high: Encoded::decode(wire.high)?,
            low: Encoded::decode(wire.low)?,
            close: Encoded::decode(wire.close)?,
            volume: wire.volume,
        })
    }
}

impl Encoded for SymbolReference {
    type Wire = wire::SymbolReference;

    fn encode(&self) -> wire::SymbolReference {
        wire::SymbolReference {
            previous_close: self.previous_close.as_ref().map(Encoded::encode),
            atr14: self.atr14.as_ref().map(Encoded::encode),
            volume_sum14: self.volume_sum14,
            opening_volumes: self.opening_volume_sum14.iter().map(|&sum14| wire::OpeningVolume { sum14 }).collect(),
            restricted: self.restricted,
            atr14_wilder: self.atr14_wilder.as_ref().map(Encoded::encode),
            unshortable: self.unshortable,
            margin_long: self.margin_long.map(u32::from),
            margin_short: self.margin_short.map(u32::from),
        }
    }

    fn decode(wire: wire::SymbolReference) -> Result<Self, JournalError> {
        let volumes: Vec<Option<u64>> = wire.opening_volumes.into_iter().map(|volume| volume.sum14).collect();
        Ok(Self {
            previous_close: optional(wire.previous_close)?,
            atr14: optional(wire.atr14)?,
            atr14_wilder: optional(wire.atr14_wilder)?,
            volume_sum14: wire.volume_sum14,
            opening_volume_sum14: volumes.try_into().map_err(|_| JournalError::Missing("an opening volume"))?,
            restricted: wire.restricted,
            unshortable: wire.unshortable,
            margin_long: small(wire.margin_long, "a margin")?,
            margin_short: small(wire.margin_short, "a margin")?,
        })
    }
}

impl Encoded for ReferenceData {
    type Wire = wire::ReferenceData;

    fn encode(&self) -> wire::ReferenceData {
        wire::ReferenceData {
            date: self.date.encode(),
            equity_open: self.equity_open.encode(),
            symbols: encode_all(&self.symbols),
        }
    }

    fn decode(wire: wire::ReferenceData) -> Result<Self, JournalError> {
        Ok(Self {
            date: Encoded::decode(wire.date)?,
            equity_open: Encoded::decode(wire.equity_open)?,
            symbols: decode_all(wire.symbols)?,
        })
    }
}
