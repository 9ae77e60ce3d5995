//! What people and the world do: commands, halts, silence, crashes, strangers.

use orb_core::event::{Authorised, Command, Event, FeedState, MarketData, Origin, RiskLimits};
use orb_core::hold::{Clearing, HoldKind};
use orb_core::{Span, SymbolId, Timestamp};
use orb_sim::tick::Tick;

use crate::plan::Trouble;
use crate::venue::STRANGER;
use crate::wire::{asking, bare, text};
use crate::world::{Item, World};

/// Prices are missed for so long before somebody says so.
const STALE_AFTER: Span = Span::from_seconds(5);

impl World<'_> {
    fn some_time(&mut self) -> Timestamp {
        let (open, healed) = (self.plan.session.open, self.plan.healed_at);
        open + Span::from_micros(self.people.between(0, (healed - open).micros()))
    }

    fn some_symbol(&mut self) -> SymbolId {
        let count = self.plan.symbols.len() as u64;
        SymbolId(u32::try_from(self.people.below(count)).expect("a few symbols"))
    }

    /// Plans what is known to go wrong.
    pub(crate) fn plan_troubles(&mut self) {
        for trouble in self.plan.troubles.clone() {
            let times = self.people.between(1, 4);
            for _ in 0..times {
                self.plan_trouble(trouble);
            }
        }
        if !self.plan.troubles.is_empty() {
            self.plan_at(self.plan.session.open + Span::from_seconds(45), Item::Tidy);
        }
    }

    fn plan_trouble(&mut self, trouble: Trouble) {
        let at = self.some_time();
        let healed = self.plan.healed_at;
        match trouble {
            Trouble::Halts => {
                let symbol = self.some_symbol();
                let end = (at + Span::from_seconds(self.people.between(10, 600))).min(healed);
                self.plan_at(at, Item::Halt(symbol, true));
                // Some halts last beyond the close.
                if !self.people.hits(100) {
                    self.plan_at(end, Item::Halt(symbol, false));
                }
            }
            Trouble::Stale => {
                let end = (at + Span::from_seconds(self.people.between(2, 120))).min(healed);
                self.plan_at(at, Item::Stale(true));
                self.plan_at(end, Item::Stale(false));
            }
            Trouble::News => {
                let end = (at + Span::from_seconds(self.people.between(1, 20))).min(healed);
                self.plan_at(at, Item::Deaf(true));
                self.plan_at(end, Item::Deaf(false));
            }
            Trouble::Crashes => {
                let item = if self.people.hits(250) { Item::Stop } else { Item::Crash };
                self.plan_at(at, item);
            }
            Trouble::Operator => {
                let item = self.some_wish();
                self.plan_at(at, item);
            }
            Trouble::Foreign => self.plan_at(at, Item::Stranger),
            Trouble::Answers | Trouble::Throttling | Trouble::Orders | Trouble::Lag => {}
        }
    }

    fn some_wish(&mut self) -> Item {
        Item::Wanted(match self.people.below(10) {
            0 => Command::Kill { flatten: true },
            1 | 2 => Command::Kill { flatten: false },
            3 => Command::Pause,
            4 | 5 => Command::Close(self.some_symbol()),
            6 => Command::CloseAll,
            7 => Command::CancelEntries,
            _ => return Item::Tighter,
        })
    }

    pub(crate) fn meddle(&mut self, item: Item) {
        self.story.tell(self.now, || format!("{item:?}"));
        match item {
            Item::Halt(symbol, halted) => self.halt(symbol, halted),
            Item::Stale(is_stale) => self.silence(is_stale),
            Item::Feed(FeedState::Trouble(HoldKind::StaleData)) if !self.is_stale => {}
            Item::Feed(state) => self.feed(Event::Feed(state)),
            Item::Deaf(is_deaf) => self.turn_deaf(is_deaf),
            Item::Wanted(command) => self.obey(command),
            Item::Tighter => self.tighten(),
            Item::Tidy => self.tidy(),
            Item::Stranger => self.stranger_orders(),
            Item::StrangerLeaves(id) => {
                _ = self.broker.request(self.now, &bare("DELETE", &format!("/v2/orders/{id}")));
                self.carry_news();
            }
            Item::Crash if self.daemon.is_some() => {
                self.story.count("crashes at any time");
                self.die();
            }
            Item::Stop => self.stop(),
            Item::Stopped(life) if self.life() == Some(life) => {
                self.end_life();
                let away = self.people.between(500, 20_000);
                self.plan_in_millis(away, Item::Start { crashed: false });
            }
            Item::Start { crashed } => self.start(crashed),
            Item::Crash
            | Item::Stopped(_)
            | Item::Step(_)
            | Item::Minute(_)
            | Item::Prices(_)
            | Item::Send(..)
            | Item::Arrive(..)
            | Item::Answer(..)
            | Item::Snapshot(..)
            | Item::News(..)
            | Item::Compare(_)
            | Item::Overdue(_)
            | Item::Watch => {}
        }
    }

    fn halt(&mut self, symbol: SymbolId, halted: bool) {
        self.story.count("halts and their ends");
        self.market.halted[symbol.index()] = halted;
        let tick = if halted { Tick::Halt { symbol } } else { Tick::Resume { symbol } };
        self.broker.on_tick(self.now, &tick);
        self.carry_news();
        self.watchman.halted(self.now, symbol, halted);
        self.feed(Event::Market(Origin::Live, MarketData::Halt { symbol, halted }));
    }

    fn silence(&mut self, is_stale: bool) {
        self.is_stale = is_stale;
        if is_stale {
            self.story.count("silences");
            self.plan_at(self.now + STALE_AFTER, Item::Feed(FeedState::Trouble(HoldKind::StaleData)));
            return;
        }
        if let Some(life) = self.life() {
            self.backfill(life, self.now - Span::from_minutes(3));
        }
        if self.is_held(HoldKind::StaleData) {
            self.feed(Event::Feed(FeedState::Recovered(HoldKind::StaleData)));
        }
    }

    fn command(&mut self, command: Command) {
        let wanted =
            Authorised { request_id: String::new(), actor: "trader".to_owned(), reason: "drawn".to_owned(), command };
        self.feed(Event::Command(wanted));
    }

    fn obey(&mut self, command: Command) {
        let Some(daemon) = self.daemon.as_mut() else { return };
        self.story.count("commands");
        match command {
            Command::Close(symbol) if daemon.engine.desk(symbol).is_none() => return,
            Command::Kill { .. } => {
                daemon.epoch += 1;
                self.halt_file = true;
            }
            Command::Clear(HoldKind::Kill) => self.halt_file = false,
            Command::Pause
            | Command::Clear(_)
            | Command::Close(_)
            | Command::CloseAll
            | Command::CancelEntries
            | Command::CancelEntry(_)
            | Command::Limit(_)
            | Command::AcknowledgeAlarms(_) => {}
        }
        self.command(command);
        let release = match command {
            Command::Kill { .. } => HoldKind::Kill,
            Command::Pause => HoldKind::OperatorPause,
            Command::Clear(_)
            | Command::Close(_)
            | Command::CloseAll
            | Command::CancelEntries
            | Command::CancelEntry(_)
            | Command::Limit(_)
            | Command::AcknowledgeAlarms(_) => return,
        };
        if self.people.hits(700) {
            let later = self.people.between(5_000, 400_000);
            self.plan_in_millis(later, Item::Wanted(Command::Clear(release)));
        }
    }

    /// The halt file means halted, whoever put it there.
    pub(crate) fn watch_halt_file(&mut self) {
        if self.halt_file && self.daemon.is_some() && !self.is_held(HoldKind::Kill) {
            self.command(Command::Kill { flatten: false });
        }
    }

    fn tighten(&mut self) {
        let Some(daemon) = &self.daemon else { return };
        let limits = daemon.engine.limits();
        let tighter = RiskLimits {
            daily_loss_e6: limits.daily_loss_e6 / self.people.between(1, 3),
            max_positions: limits.max_positions.saturating_sub(u32::from(self.people.hits(500))).max(1),
        };
        self.story.count("tighter limits");
        self.feed(Event::Limits(tighter));
    }

    /// Clears what the operator may clear, as somebody does who has looked at it; a kill or pause is released by its
    /// own command.
    fn tidy(&mut self) {
        let later = self.people.between(20_000, 150_000);
        self.plan_in_millis(later, Item::Tidy);
        let Some(daemon) = &self.daemon else { return };
        let holds = daemon.engine.holds().active().iter().map(|hold| hold.kind);
        let clearable: Vec<HoldKind> = holds
            .filter(|kind| kind.clearing() == Clearing::Operator)
            .filter(|kind| !matches!(kind, HoldKind::Kill | HoldKind::OperatorPause))
            .collect();
        for kind in clearable {
            self.command(Command::Clear(kind));
        }
    }

    /// Somebody else's order, far from the market.
    fn stranger_orders(&mut self) {
        let symbol = self.some_symbol();
        let name = self.plan.symbols.name(symbol).to_string();
        let id = format!("{STRANGER}{}", self.now.micros());
        let body = serde_json::json!({"symbol": name, "qty": "1", "side": "buy", "type": "limit", "time_in_force": "day",
            "limit_price": "0.5", "client_order_id": id});
        let mut request = asking("/v2/orders", &[]);
        request.method = "POST".to_owned();
        request.body = body.to_string().into_bytes();
        let reply = self.broker.request(self.now, &request);
        self.carry_news();
        if let Some(order) = reply.body.filter(|_| reply.status == 200) {
            self.story.count("orders of strangers");
            // While it works, the broker takes a sale of orb's for a wash trade.
            let later = self.people.between(1_000, 30_000);
            self.plan_in_millis(later, Item::StrangerLeaves(text(&order, "id").to_owned()));
        }
    }

    /// Stops in good order: entries are cancelled, stops stay.
    fn stop(&mut self) {
        let Some(daemon) = self.daemon.as_mut() else { return };
        self.story.count("stops in good order");
        daemon.epoch += 1;
        let life = daemon.life;
        self.command(Command::CancelEntries);
        self.plan_in_millis(2_000, Item::Stopped(life));
    }
}
