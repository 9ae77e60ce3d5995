//! The figures of a view.

use core::fmt;
use std::sync::Arc;

use orb_core::alarm::AlarmKind;
use orb_core::fact::SignalStatus;
use orb_core::hold::{HoldKind, TradingState};
use orb_core::order::OrderStatus;
use orb_core::{Money, Span};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::{MetricType, gauge::ConstGauge};
use prometheus_client::registry::Unit;
use tokio::sync::watch;

use crate::view::{Environment, HealthState, View};

/// Shows the newest view.
#[derive(Debug)]
pub(super) struct Shown(pub(super) watch::Receiver<Arc<View>>);

impl Collector for Shown {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let view = Arc::clone(&self.0.borrow());
        let mut page = Page { encoder };
        page.states(&view)?;
        page.money(&view)?;
        page.trading(&view)?;
        page.health(&view)
    }
}

/// Writes one family after the other.
struct Page<'a> {
    encoder: DescriptorEncoder<'a>,
}

impl Page<'_> {
    fn states(&mut self, view: &View) -> fmt::Result {
        let build =
            [("version", view.build.version.clone()), ("revision", view.build.revision.clone().unwrap_or_default())];
        self.family("build_info", "The build that runs; always 1", [(build, 1.0)])?;
        let is_here = |kind: Environment| (("environment", kind.name()), kind == view.ledger.environment);
        let environments = Environment::ALL.map(is_here);
        self.one_of("environment", "1 for the environment in which orb trades", environments)?;
        let states = TradingState::ALL.map(|state| (("state", state.name()), state == view.state));
        self.one_of("trading_state", "1 for the state that trading is in", states)?;
        let is_held = |kind: HoldKind| view.holds.iter().any(|hold| hold.kind == kind);
        let holds = HoldKind::ALL.iter().map(|kind| (("kind", kind.name()), is_held(*kind)));
        self.one_of("hold", "1 for each hold in force", holds)?;
        let count = |kind: AlarmKind| view.alarms.iter().filter(|alarm| alarm.alarm.kind == kind).count();
        let alarms = AlarmKind::ALL.iter().map(|kind| ([("kind", kind.name())], whole(count(*kind))));
        self.family("alarms", "What is not as it must be, by kind", alarms)
    }

    fn money(&mut self, view: &View) -> fmt::Result {
        let (account, day) = (&view.account, &view.day);
        self.dollars("account_equity", "Cash and positions at their marks", account.equity)?;
        self.dollars("account_cash", "Cash; short sales count as cash", account.cash)?;
        self.dollars("account_buying_power", "What new positions may still cost", account.buying_power)?;
        self.dollars("day_realized", "Result of closed quantities today, after fees", day.realized_net)?;
        self.dollars("day_unrealized", "Result of open positions at their marks, before fees", day.unrealized)?;
        self.dollars("day_fees", "Fees paid today", day.fees)?;
        self.dollars("gross_exposure", "Sum of the absolute values of open positions", view.gross_exposure())?;
        if let Some(limit) = view.loss_limit {
            self.dollars("loss_limit", "The day's loss at which the daily limit trips", limit.limit)?;
            self.dollars("loss_limit_distance", "How much more may be lost today", limit.distance)?;
        }
        Ok(())
    }

    fn trading(&mut self, view: &View) -> fmt::Result {
        let day = &view.day;
        self.gauge("day_trades", "Trades closed today", None, f64::from(day.trades_closed))?;
        self.gauge("day_wins", "Of these, with a positive net result", None, f64::from(day.wins))?;
        self.gauge("positions", "Open positions", None, whole(view.positions.len()))?;
        let bare = view.positions.iter().filter(|position| position.protected < position.quantity).count();
        self.gauge("positions_unprotected", "Open positions that no live stop covers whole", None, whole(bare))?;
        self.gauge("slots_used", "Slots of open positions and working entries", None, f64::from(view.slots.used))?;
        self.gauge("slots", "Slots of the account", None, f64::from(view.slots.total))?;
        let count = |status: OrderStatus| view.working_entries.iter().filter(|entry| entry.status == status).count();
        let working = OrderStatus::ALL.iter().filter(|status| !status.is_terminal());
        let entries = working.map(|status| ([("status", status.name())], whole(count(*status))));
        self.family("working_entries", "Entry orders that are sent and not over, by status", entries)?;
        let count = |status: SignalStatus| view.signals.iter().filter(|shown| shown.signal.status == status).count();
        let signals = SignalStatus::ALL.iter().map(|status| ([("status", status.name())], whole(count(*status))));
        self.family("day_signals", "Signals of the session, by what became of them", signals)?;
        self.gauge("day_fills", "Fills of the session", None, whole(view.fills.len()))
    }

    fn health(&mut self, view: &View) -> fmt::Result {
        let degree = |state| match state {
            HealthState::Ok => 1.0,
            HealthState::Degraded => 0.5,
            HealthState::Down => 0.0,
        };
        let health = view.health.iter().map(|part| ([("component", part.component.name())], degree(part.state)));
        self.family("component_health", "1 works, 0.5 works with restrictions, 0 does not work", health)?;
        if let Some(age) = view.now.and_then(|now| view.feed.age(now)) {
            let age = seconds(age);
            self.gauge("feed_age", "Age of the newest market data by the engine's clock", Some(&Unit::Seconds), age)?;
        }
        // A double holds every number of commits that a daemon lives to make.
        self.gauge("view_sequence", "Number of the newest view: it rises with each commit", None, view.sequence as f64)
    }

    fn dollars(&mut self, name: &str, help: &str, value: Money) -> fmt::Result {
        let dollars = Unit::Other("dollars".to_owned());
        self.gauge(name, help, Some(&dollars), value.micros() as f64 / 1e6)
    }

    fn gauge(&mut self, name: &str, help: &str, unit: Option<&Unit>, value: f64) -> fmt::Result {
        let metric = self.encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
        ConstGauge::new(value).encode(metric)
    }

    /// Writes a state: 1 for what is so, 0 for what is not.
    fn one_of<'n>(
        &mut self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = ((&'n str, &'n str), bool)>,
    ) -> fmt::Result {
        let series = series.into_iter().map(|(label, is_so)| ([label], f64::from(u8::from(is_so))));
        self.family(name, help, series)
    }

    fn family<L: prometheus_client::encoding::EncodeLabelSet>(
        &mut self,
        name: &str,
        help: &str,
        series: impl IntoIterator<Item = (L, f64)>,
    ) -> fmt::Result {
        let mut family = self.encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (labels, value) in series {
            ConstGauge::new(value).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

fn whole(count: usize) -> f64 {
    // Far fewer than a double holds exactly.
    count as f64
}

fn seconds(span: Span) -> f64 {
    span.micros() as f64 / 1e6
}
