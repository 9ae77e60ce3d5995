//! What came of a replay, for people and for programs.

use std::fmt::Write as _;

use orb_core::Date;
use serde_json::{Value, json};

use super::{DecisionDifference, FirstDifference, Replayed};

/// Lines of differing decisions that are shown; JSON has all.
const DECISIONS_SHOWN: usize = 50;

impl Replayed {
    /// Tells people what came of it.
    #[must_use]
    pub fn lines(&self, ledger: &str, date: Date) -> String {
        let mut text = format!("{date}, ledger {ledger}: recorded by {}\n", self.recorded_by.join(", "));
        // Writing to a string does not fail.
        if !self.is_of_this_build() {
            let _ = writeln!(text, "another build than this one, which is {}", crate::build::NAME);
        }
        let before = self.events - self.events_of_day;
        let earlier = if before > 0 { format!(", {before} of them before the day") } else { String::new() };
        let starts = if self.starts == 1 { "1 start".to_owned() } else { format!("{} starts", self.starts) };
        let _ = writeln!(text, "{} events since {starts}{earlier}; {} effects recorded", self.events, self.effects);
        let Some(first) = &self.first else {
            text.push_str("identical: every effect is as it was\n");
            return text;
        };
        let _ = writeln!(text, "DIFFERENT: {} events have other effects today", self.differing);
        first.write(&mut text);
        self.write_decisions(&mut text);
        text
    }

    fn write_decisions(&self, text: &mut String) {
        if self.decisions.is_empty() {
            text.push_str("\nno signal, order, trade or decision ends otherwise\n");
            return;
        }
        let _ = writeln!(text, "\n{} signals, orders, trades and decisions end otherwise:", self.decisions.len());
        for DecisionDifference { kind, name, recorded, replayed } in self.decisions.iter().take(DECISIONS_SHOWN) {
            let _ = writeln!(text, "{} {name}", kind.name());
            let _ = writeln!(text, "  - {}", recorded.as_deref().unwrap_or("was not there"));
            let _ = writeln!(text, "  + {}", replayed.as_deref().unwrap_or("is not there"));
        }
        if let Some(more @ 1..) = self.decisions.len().checked_sub(DECISIONS_SHOWN) {
            let _ = writeln!(text, "and {more} more; --json lists all");
        }
    }

    /// Tells programs what came of it, as one JSON object.
    #[must_use]
    pub fn json(&self, ledger: &str, date: Date) -> Value {
        let first = self.first.as_ref().map(|first| {
            json!({
                "sequence": first.sequence,
                "time": first.now.to_string(),
                "event": first.event,
                "symbols": first.symbols,
                "recorded": first.recorded,
                "replayed": first.replayed,
            })
        });
        let decision = |one: &DecisionDifference| json!({ "kind": one.kind.name(), "name": one.name, "recorded": one.recorded, "replayed": one.replayed });
        json!({
            "ledger_id": ledger,
            "date": date.to_string(),
            "identical": self.is_identical(),
            "build": crate::build::NAME,
            "recorded_by": self.recorded_by,
            "same_build": self.is_of_this_build(),
            "starts": self.starts,
            "events": self.events,
            "events_of_day": self.events_of_day,
            "effects": self.effects,
            "differing_events": self.differing,
            "first_difference": first,
            "decisions": self.decisions.iter().map(decision).collect::<Vec<_>>(),
        })
    }
}

impl FirstDifference {
    fn write(&self, text: &mut String) {
        let symbols = if self.symbols.is_empty() { String::new() } else { format!(" ({})", self.symbols.join(", ")) };
        let _ = writeln!(text, "\nthe first is event {} at {}{symbols}: {}", self.sequence, self.now, self.event);
        let nothing = |list: &[String]| if list.is_empty() { vec!["nothing".to_owned()] } else { list.to_vec() };
        for line in nothing(&self.recorded) {
            let _ = writeln!(text, "  - {line}");
        }
        for line in nothing(&self.replayed) {
            let _ = writeln!(text, "  + {line}");
        }
        text.push_str("(- as it was recorded, + as it is today)\n");
    }
}
