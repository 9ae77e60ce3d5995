//! The ways between the daemon and the broker, and what gets lost on them.

use orb_core::effect::{Action, EffectClass};
use orb_core::event::{BrokerSnapshot, Event, FeedState, Outcome};
use orb_core::hold::HoldKind;
use orb_core::order::RejectionKind;
use orb_core::{Span, Timestamp};
use serde_json::Value;

use crate::daemon::Job;
use crate::plan::Trouble;
use crate::venue::Talk;
use crate::wire::{News, Reader, refusal};
use crate::world::{Item, Reply, World};

/// How often the books are compared.
const COMPARE_EVERY_MILLIS: i64 = 60_000;
/// News wait so long for the answer that makes their order known, then the whole state is read.
const OVERDUE_MILLIS: i64 = 2_000;
/// A request that was given up reaches the broker so long afterwards at the latest.
const GHOST_MILLIS: i64 = 1_000;

impl World<'_> {
    fn way(&mut self) -> i64 {
        self.network.between(2, self.plan.way_millis_max)
    }

    /// Asks the entry gate, and lets a request leave the process.
    pub(crate) fn send(&mut self, life: u32, mut job: Job) {
        let (now, plan) = (self.now, self.plan);
        let Some(daemon) = self.daemon.as_mut().filter(|daemon| daemon.life == life) else { return };
        if job.tries == 0 {
            daemon.outbox.sending(&job.effect.action);
        }
        let is_entry = job.effect.class == EffectClass::Entry;
        let late = job.effect.not_after.is_some_and(|deadline| now > deadline);
        if is_entry && (late || job.epoch != daemon.epoch) {
            return self.refuse_to_send(life, job);
        }
        if self.network.hits(plan.chance(Trouble::Throttling, now, 120)) {
            self.story.count("throttled requests");
            job.tries += 1;
            if job.tries > 3 || self.network.hits(100) {
                return self.refuse_to_send(life, job);
            }
            let pause = self.network.between(500, 1_500);
            return self.plan_in_millis(pause, Item::Send(life, job));
        }
        if is_entry && self.halt_file {
            return self.breaks(format!("an entry left after the kill: {:?}", job.effect.action));
        }
        let way = self.way();
        if !self.network.hits(plan.chance(Trouble::Answers, now, 200)) {
            return self.plan_in_millis(way, Item::Arrive(life, job, Reply::Comes));
        }
        self.story.count("unclear answers");
        let patience = self.network.between(1_000, 10_000);
        match self.network.below(5) {
            0 => self.plan_in_millis(patience, Item::Answer(life, job, Outcome::Unknown)),
            1 => {
                let arrives = self.network.between(way, patience + GHOST_MILLIS);
                self.plan_in_millis(arrives, Item::Arrive(life, job.clone(), Reply::Lost));
                self.plan_in_millis(patience, Item::Answer(life, job, Outcome::Unknown));
            }
            2 => {
                self.plan_in_millis(way, Item::Arrive(life, job.clone(), Reply::Lost));
                self.plan_in_millis(patience, Item::Answer(life, job, Outcome::Unknown));
            }
            3 => self.plan_in_millis(2 * way, Item::Answer(life, job, Outcome::Unknown)),
            _ => self.plan_in_millis(way, Item::Arrive(life, job, Reply::Error)),
        }
    }

    fn refuse_to_send(&mut self, life: u32, job: Job) {
        self.story.count("requests not sent");
        let outcome = Outcome::Rejected(refusal(RejectionKind::NotSent, "it was not sent"));
        self.plan_in_millis(1, Item::Answer(life, job, outcome));
    }

    /// Lets a request reach the broker, whether its sender still lives or not.
    pub(crate) fn arrive(&mut self, life: u32, job: Job, reply: Reply) {
        self.story.tell(self.now, || format!("at the broker: {:?} ({reply:?})", job.effect.action));
        let outcome = if let Action::QueryBars { symbols, from, to } = &job.effect.action {
            let minutes = self.market.minutes(*from, *to, self.now);
            let bars = minutes.into_iter().flat_map(|(_, bars)| bars);
            Outcome::Bars(bars.filter(|bar| symbols.contains(&bar.symbol)).collect())
        } else {
            let plan = self.plan;
            self.talk(life, |talk| talk.carry_out(&job.effect.action, plan))
        };
        self.story.tell(self.now, || format!("  answers {outcome:?}"));
        if let Outcome::Rejected(rejection) = &outcome {
            self.story.count("refusals");
            if rejection.kind == RejectionKind::DuplicateId {
                return self.breaks(format!("a client order id reached the broker twice: {:?}", job.effect.action));
            }
        }
        let way = self.way();
        let outcome = match reply {
            Reply::Comes => outcome,
            Reply::Error => Outcome::Unknown,
            Reply::Lost => return,
        };
        if job.effect.action == Action::QuerySnapshot && outcome == Outcome::Done {
            self.read_state(life);
        }
        self.plan_in_millis(way, Item::Answer(life, job, outcome));
    }

    /// Speaks with the broker as a life of the daemon; one that is over has no memory of its own.
    fn talk<T>(&mut self, life: u32, act: impl FnOnce(&mut Talk<'_>) -> T) -> T {
        let mut stranger = Reader::new(self.plan.symbols.clone());
        let own = self.daemon.as_mut().filter(|daemon| daemon.life == life);
        let reader = own.map_or(&mut stranger, |daemon| &mut daemon.reader);
        let told = act(&mut Talk { broker: &mut self.broker, reader, now: self.now });
        self.carry_news();
        told
    }

    /// Reads the whole state, which arrives a while later; its positions may be those of before.
    pub(crate) fn read_state(&mut self, life: u32) {
        let (now, plan) = (self.now, self.plan);
        if self.network.hits(plan.chance(Trouble::Answers, now, 100)) {
            self.story.count("snapshots lost");
            return;
        }
        let lags = self.network.hits(plan.chance(Trouble::Lag, now, 400));
        if lags {
            self.story.count("snapshots that lag");
            self.broker.set_positions_lag(Span::from_millis(self.network.between(200, 4_000)));
        }
        let snapshot = self.talk(life, |talk| talk.snapshot());
        self.broker.set_positions_lag(Span::ZERO);
        let way = self.way() * 2 + if lags { self.network.between(0, 2_000) } else { 0 };
        self.plan_in_millis(way, Item::Snapshot(life, snapshot));
    }

    /// Hands an answer to the engine, then the news that waited for it; what comes next in its lane is sent.
    pub(crate) fn answer(&mut self, life: u32, job: &Job, outcome: Outcome) {
        let Some(daemon) = self.daemon.as_mut().filter(|daemon| daemon.life == life) else { return };
        let released = daemon.outbox.answered(&job.effect.action, &outcome);
        self.feed(Event::Outcome(job.effect.id, outcome));
        for update in released {
            self.feed(Event::Order(update));
        }
        let Some(daemon) = self.daemon.as_mut().filter(|daemon| daemon.life == life) else { return };
        if let Some(next) = daemon.next_in_lane(job.effect.symbol) {
            self.plan_in_millis(1, Item::Send(life, next));
        }
    }

    pub(crate) fn show(&mut self, life: u32, snapshot: BrokerSnapshot) {
        let Some(daemon) = self.daemon.as_mut().filter(|daemon| daemon.life == life) else { return };
        let released = daemon.outbox.saw_everything(&snapshot.orders);
        self.feed(Event::Snapshot(snapshot));
        for update in released {
            self.feed(Event::Order(update));
        }
    }

    pub(crate) fn compare(&mut self, life: u32) {
        if self.life() == Some(life) {
            self.plan_in_millis(COMPARE_EVERY_MILLIS, Item::Compare(life));
            if !self.is_deaf {
                self.read_state(life);
            }
        }
    }

    pub(crate) fn read_if_overdue(&mut self, life: u32) {
        if self.daemon.as_ref().is_some_and(|daemon| daemon.life == life && daemon.outbox.has_waiting()) {
            self.read_state(life);
        }
    }

    /// Sends what the broker tells by itself on its way.
    pub(crate) fn carry_news(&mut self) {
        let (now, plan) = (self.now, self.plan);
        for data in self.broker.take_updates() {
            let Some(life) = self.life().filter(|_| !self.is_deaf) else { continue };
            let way = self.way();
            if !self.network.hits(plan.chance(Trouble::News, now, 200)) {
                self.last_news = (now + Span::from_millis(way)).max(self.last_news);
                self.plan_at(self.last_news, Item::News(life, data));
                continue;
            }
            match self.network.below(6) {
                0 => self.story.count("news lost"),
                1 | 2 => {
                    self.story.count("news twice");
                    let again = way + self.network.between(0, 3_000);
                    self.plan_in_millis(way, Item::News(life, data.clone()));
                    self.plan_in_millis(again, Item::News(life, data));
                }
                _ => {
                    self.story.count("news late");
                    let late = way + self.network.between(0, 3_000);
                    self.plan_in_millis(late, Item::News(life, data));
                }
            }
        }
    }

    pub(crate) fn hear(&mut self, life: u32, data: &Value) {
        let Some(daemon) = self.daemon.as_mut().filter(|daemon| daemon.life == life) else { return };
        if self.is_deaf {
            return;
        }
        match daemon.reader.news(data) {
            News::Nothing => {}
            News::Unclear => self.read_state(life),
            News::Update(update) => match daemon.outbox.heard(*update) {
                Some(update) => self.feed(Event::Order(update)),
                None => self.plan_in_millis(OVERDUE_MILLIS, Item::Overdue(life)),
            },
        }
    }

    /// Loses the stream of order news, or has it again: what was missed is in the whole state.
    pub(crate) fn turn_deaf(&mut self, is_deaf: bool) {
        self.is_deaf = is_deaf;
        let Some(life) = self.life() else { return };
        if is_deaf {
            self.story.count("streams lost");
            self.feed(Event::Feed(FeedState::Trouble(HoldKind::Reconciling)));
        } else {
            self.read_state(life);
            // The stream's own reading is repeated until it succeeds.
            self.plan_in_millis(3_000, Item::Compare(life));
        }
    }

    /// Starts the daemon: the day, the halt file, the broker's state, then the minutes that were missed.
    pub(crate) fn start(&mut self, crashed: bool) {
        self.lives += 1;
        let life = self.lives;
        let daemon = crate::daemon::Daemon::start(life, self.plan, &self.store);
        self.reference.restart(daemon.engine.limits());
        self.watchman.restarted(self.now);
        self.daemon = Some(daemon);
        self.story.tell(self.now, || format!("life {life} begins, after a crash: {crashed}"));
        self.is_deaf = false;
        self.feed(Event::Reference(self.plan.reference()));
        if crashed {
            self.feed(Event::Feed(FeedState::Trouble(HoldKind::Crashed)));
        }
        self.watch_halt_file();
        if self.life() != Some(life) {
            return;
        }
        let snapshot = self.talk(life, |talk| talk.snapshot());
        self.show(life, snapshot);
        self.backfill(life, self.plan.session.open);
        if self.life() == Some(life) {
            self.plan_in_millis(COMPARE_EVERY_MILLIS, Item::Compare(life));
        }
    }

    /// Brings the minutes since an instant, which were missed.
    pub(crate) fn backfill(&mut self, life: u32, from: Timestamp) {
        for (_, bars) in self.market.minutes(from, self.now, self.now) {
            if self.life() == Some(life) {
                self.feed(Event::Market(orb_core::event::Origin::Backfill, orb_core::event::MarketData::Bars(bars)));
            }
        }
    }
}
