//! What must hold after a session whose processes were killed, beyond what holds after every session.

use std::collections::BTreeSet;

use orb_core::effect::{Action, Effect};
use orb_core::event::{Command, Event};
use orb_core::fact::Fact;
use orb_core::hold::HoldKind;
use orb_core::{Money, Timestamp};
use orb_sim::broker::Order;
use orbd::journal::{Batch, Entry, decode};
use orbd::rehearsal::{Outcome, invariants};
use orbd::store::{DatabaseUrl, Ledger, Reader};

use crate::scene;

/// Most rows of a journal that are read at once.
const ROWS_MAX: u32 = 1_000;

/// What the journal of all processes of a session holds.
pub(crate) struct Journal {
    entries: Vec<Entry>,
    /// When each process began.
    begins: Vec<Timestamp>,
}

impl Journal {
    /// Reads it; every event must be there, in order and without a hole.
    ///
    /// # Errors
    /// When a row cannot be read, or a number is missing or there twice.
    pub(crate) fn read(outcome: &Outcome, url: &DatabaseUrl) -> anyhow::Result<Self> {
        let ledger = &outcome.view.ledger;
        let reader = Reader::open(url, &Ledger::new(ledger.environment, &ledger.account_id))?;
        let (mut journal, mut after) = (Self { entries: Vec::new(), begins: Vec::new() }, 0);
        loop {
            let rows = reader.journal(scene::date(), after, ROWS_MAX)?;
            let Some(last) = rows.last() else { return Ok(journal) };
            let next = last.first_sequence;
            for row in rows {
                let (first, last) = (row.first_sequence, row.last_sequence);
                journal.add(decode(&row.bytes)?, first, last)?;
            }
            after = next;
        }
    }

    fn add(&mut self, batch: Batch, first: u64, last: u64) -> anyhow::Result<()> {
        let before = self.entries.last().map_or(0, |entry| entry.sequence);
        anyhow::ensure!(first == before + 1, "a row begins with {first}, the one before ends with {before}");
        let numbers: Vec<u64> = batch.entries.iter().map(|entry| entry.sequence).collect();
        anyhow::ensure!(numbers == (first..=last).collect::<Vec<_>>(), "a row of {first} to {last} has {numbers:?}");
        if batch.header.is_some() {
            self.begins.extend(batch.entries.first().map(|entry| entry.now));
        }
        self.entries.extend(batch.entries);
        Ok(())
    }

    /// Returns how many processes committed something.
    pub(crate) fn lives(&self) -> usize {
        self.begins.len()
    }

    fn effects(&self) -> impl Iterator<Item = (Timestamp, &Effect)> {
        self.entries.iter().flat_map(|entry| entry.effects.iter().map(|effect| (entry.now, effect)))
    }

    /// Returns when a hold was set first.
    pub(crate) fn held_since(&self, kind: HoldKind) -> Option<Timestamp> {
        self.effects().find_map(|(at, effect)| match effect {
            Effect::Record(Fact::Hold(record)) if record.hold.kind == kind && record.cleared.is_none() => Some(at),
            Effect::Record(_) | Effect::Broker(_) | Effect::Alert(_) => None,
        })
    }

    fn killed_at(&self) -> Option<Timestamp> {
        let kill = |entry: &&Entry| matches!(&entry.event, Event::Command(given) if matches!(given.command, Command::Kill { .. }));
        self.entries.iter().find(kill).map(|entry| entry.now)
    }

    /// Returns the identifiers of the orders that were to be sent.
    fn submitted(&self) -> Vec<String> {
        let of = |effect: &Effect| match effect {
            Effect::Broker(effect) => match &effect.action {
                Action::Submit(request) => Some(request.id.to_string()),
                Action::Replace { .. }
                | Action::Cancel { .. }
                | Action::Find(_)
                | Action::QueryPositions
                | Action::QuerySnapshot
                | Action::QueryBars { .. } => None,
            },
            Effect::Record(_) | Effect::Alert(_) => None,
        };
        self.effects().filter_map(|(_, effect)| of(effect)).collect()
    }

    fn effect_ids(&self) -> Vec<u64> {
        let of = |effect: &Effect| match effect {
            Effect::Broker(effect) => Some(effect.id.0),
            Effect::Record(_) | Effect::Alert(_) => None,
        };
        self.effects().filter_map(|(_, effect)| of(effect)).collect()
    }
}

/// Lists the rules that a session broke.
pub(crate) fn broken(scene: u64, resumes: bool, outcome: &Outcome, journal: &Journal) -> Vec<String> {
    let mut found: Vec<String> = invariants(outcome).iter().map(ToString::to_string).collect();
    latched(HoldKind::Kill, journal.killed_at(), outcome, &mut found);
    latched(HoldKind::DailyLoss, journal.held_since(HoldKind::DailyLoss), outcome, &mut found);
    if scene::kills(scene) && journal.killed_at().is_none() {
        found.push("the kill is not in the journal".to_owned());
    }
    if !resumes && let Some(restart) = journal.begins.get(1) {
        latched(HoldKind::Crashed, Some(*restart), outcome, &mut found);
    }
    sent_once_and_recorded(outcome, journal, &mut found);
    let net: Money = outcome.trades.iter().map(|row| row.trade.net()).sum();
    if outcome.view.day.realized_net != net {
        found.push(format!("the day's result is {}, the trades' sum {net}", outcome.view.day.realized_net));
    }
    found
}

/// Lists the rules that a day at a market that outlived orbd broke; its last view is not known.
pub(crate) fn broken_at_a_survivor(outcome: &Outcome, journal: &Journal) -> Vec<String> {
    let mut found: Vec<String> = invariants(outcome).iter().map(ToString::to_string).collect();
    if let Some(restart) = journal.begins.get(1) {
        no_entry_after(HoldKind::Crashed, *restart, outcome, &mut found);
    }
    sent_once_and_recorded(outcome, journal, &mut found);
    found
}

/// Checks that a hold that was set at a time is still in force, and that no entry was made after it.
fn latched(kind: HoldKind, since: Option<Timestamp>, outcome: &Outcome, found: &mut Vec<String>) {
    let Some(since) = since else { return };
    if !outcome.view.holds.iter().any(|hold| hold.kind == kind) {
        found.push(format!("the hold {} of {since} is gone", kind.name()));
    }
    no_entry_after(kind, since, outcome, found);
}

fn no_entry_after(kind: HoldKind, since: Timestamp, outcome: &Outcome, found: &mut Vec<String>) {
    let entries = own(outcome).filter(|order| order.client_order_id.ends_with('e'));
    for entry in entries.filter(|order| order.times.created > since) {
        let (id, at) = (&entry.client_order_id, entry.times.created);
        found.push(format!("the entry {id} was made at {at}, after the hold {} of {since}", kind.name()));
    }
}

/// Lists the broker's orders that were sent as such: no legs, and none that took another's place.
fn own(outcome: &Outcome) -> impl Iterator<Item = &Order> {
    outcome.broker.orders.iter().filter(|order| order.parent.is_none() && order.replaces.is_none())
}

/// Commit before act: what was never committed must not be at the broker, and nothing is decided twice.
pub(crate) fn sent_once_and_recorded(outcome: &Outcome, journal: &Journal, found: &mut Vec<String>) {
    let submitted = journal.submitted();
    let known: BTreeSet<&String> = submitted.iter().collect();
    if known.len() != submitted.len() {
        found.push(format!("an order was decided twice: {submitted:?}"));
    }
    for order in own(outcome).filter(|order| !known.contains(&order.client_order_id)) {
        found.push(format!("the order {} is at the broker and not in the journal", order.client_order_id));
    }
    let ids = journal.effect_ids();
    if !ids.is_sorted_by(|one, other| one < other) {
        found.push(format!("the numbers of effects do not rise: {ids:?}"));
    }
}
