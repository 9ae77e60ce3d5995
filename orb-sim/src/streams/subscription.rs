//! What a client of the data stream wants to hear.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Names a channel of the data stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Channel {
    Trades,
    Quotes,
    Bars,
    UpdatedBars,
    DailyBars,
    Statuses,
    Bands,
}

impl Channel {
    const ALL: [Self; 7] =
        [Self::Trades, Self::Quotes, Self::Bars, Self::UpdatedBars, Self::DailyBars, Self::Statuses, Self::Bands];

    /// Returns the channel's key in subscriptions.
    const fn key(self) -> &'static str {
        match self {
            Self::Trades => "trades",
            Self::Quotes => "quotes",
            Self::Bars => "bars",
            Self::UpdatedBars => "updatedBars",
            Self::DailyBars => "dailyBars",
            Self::Statuses => "statuses",
            Self::Bands => "lulds",
        }
    }

    /// Returns the channel on which messages of a kind are heard; `None` for a kind that everybody hears.
    fn of_kind(kind: &str) -> Option<Self> {
        match kind {
            // Cancels and corrections come with trades.
            "t" | "x" | "c" => Some(Self::Trades),
            "q" => Some(Self::Quotes),
            "b" => Some(Self::Bars),
            "u" => Some(Self::UpdatedBars),
            "d" => Some(Self::DailyBars),
            "s" => Some(Self::Statuses),
            "l" => Some(Self::Bands),
            _ => None,
        }
    }
}

/// Explains why a subscription is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It is not written as one.
    Syntax,
    /// It names a channel that this feed does not have.
    Channel,
    /// It names too many symbols.
    TooMany,
}

/// Holds what a client wants to hear.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subscription {
    wanted: [BTreeSet<String>; 7],
}

impl Subscription {
    /// Adds or removes what a message names; `symbols_max` bounds the trades and quotes.
    pub(crate) fn change(
        &mut self,
        said: &Map<String, Value>,
        add: bool,
        symbols_max: Option<usize>,
    ) -> Result<(), Refusal> {
        let mut changed = self.clone();
        for (key, value) in said.iter().filter(|(key, _)| *key != "action") {
            if matches!(key.as_str(), "corrections" | "cancelErrors") {
                continue;
            }
            let channel = Channel::ALL.into_iter().find(|channel| channel.key() == key).ok_or(Refusal::Channel)?;
            let symbols = symbols_of(value)?;
            let wanted = &mut changed.wanted[channel as usize];
            if add { wanted.extend(symbols) } else { symbols.iter().for_each(|symbol| _ = wanted.remove(symbol)) }
        }
        if symbols_max.is_some_and(|most| changed.exceeds(most)) {
            return Err(Refusal::TooMany);
        }
        *self = changed;
        Ok(())
    }

    fn exceeds(&self, most: usize) -> bool {
        let limited = [Channel::Trades, Channel::Quotes].map(|channel| &self.wanted[channel as usize]);
        limited.iter().any(|wanted| wanted.contains("*"))
            || limited.iter().map(|wanted| wanted.len()).sum::<usize>() > most
    }

    /// Tells whether a message is to be heard.
    pub(crate) fn wants(&self, kind: &str, symbol: &str) -> bool {
        match Channel::of_kind(kind) {
            Some(channel) => {
                let wanted = &self.wanted[channel as usize];
                wanted.contains("*") || wanted.contains(symbol)
            }
            None => self.wanted.iter().any(|wanted| !wanted.is_empty()),
        }
    }

    /// Returns the answer to a change: all that is wanted now.
    pub(crate) fn answer(&self) -> Value {
        let mut answer = Map::new();
        answer.insert("T".to_owned(), json!("subscription"));
        for channel in Channel::ALL {
            answer.insert(channel.key().to_owned(), json!(self.wanted[channel as usize]));
        }
        let trades = json!(self.wanted[Channel::Trades as usize]);
        answer.insert("corrections".to_owned(), trades.clone());
        answer.insert("cancelErrors".to_owned(), trades);
        Value::Object(answer)
    }
}

fn symbols_of(value: &Value) -> Result<Vec<String>, Refusal> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(symbols) => {
            symbols.iter().map(|symbol| symbol.as_str().map(str::to_owned).ok_or(Refusal::Syntax)).collect()
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => Err(Refusal::Syntax),
    }
}
