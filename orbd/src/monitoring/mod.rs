//! Figures for Prometheus: what the newest view shows, at the moment at which it is asked for.
//!
//! They are served beside the API under `/metrics`, to callers with a token of role viewer or higher, because money is
//! among them. Names and units follow Prometheus' conventions: base units (seconds, dollars), `_total` for counters,
//! states as one series each of which exactly one is 1. Money is a floating-point number here and nowhere else: these
//! are figures to look at, and nothing is decided by them.

mod follow;
mod meters;
mod view;

pub(crate) use follow::follow;
pub(crate) use meters::StreamClient;
pub use meters::{Exported, Meters, Outlet, Queue, Reload, Stream, Told};

use std::sync::Arc;

use prometheus_client::registry::Registry;
use tokio::sync::watch;

use crate::view::View;

/// The path under which the figures are served.
pub const PATH: &str = "/metrics";
/// The kind of text that they are.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Writes the figures of one daemon.
#[derive(Debug)]
pub struct Monitor {
    registry: Registry,
    views: watch::Receiver<Arc<View>>,
    meters: Meters,
}

impl Monitor {
    /// Makes the figures of a daemon that shows its views.
    #[must_use]
    pub fn new(views: watch::Receiver<Arc<View>>, meters: &Meters) -> Self {
        let mut registry = Registry::with_prefix("orb");
        registry.register_collector(Box::new(view::Shown(views.clone())));
        meters.register(&mut registry);
        Self { registry, views, meters: meters.clone() }
    }

    /// Returns all figures as OpenMetrics text.
    ///
    /// # Errors
    /// When a figure cannot be written, which no figure of this build does.
    pub fn text(&self) -> Result<String, core::fmt::Error> {
        let mut text = String::new();
        self.meters.look(self.views.borrow().now);
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use orb_core::Timestamp;
    use orb_core::hold::{Hold, HoldKind, TradingState};

    use super::*;
    use crate::view::{Environment, FeedView, Ledger};

    fn text(view: View) -> String {
        let (_sender, views) = watch::channel(Arc::new(view));
        Monitor::new(views, &Meters::default()).text().expect("text")
    }

    /// Reads a table of name, type, labels and meaning as it is scraped.
    fn scraped(text: &str) -> Vec<[String; 4]> {
        let mut rows: Vec<[String; 4]> = Vec::new();
        for line in text.lines() {
            if let Some((name, help)) = line.strip_prefix("# HELP ").and_then(|rest| rest.split_once(' ')) {
                rows.push([name.to_owned(), String::new(), String::new(), help.trim_end_matches('.').to_owned()]);
            } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
                let row = rows.iter_mut().find(|row| row[0] == name).expect("the help comes first");
                row[1] = kind.to_owned();
            } else if let (Some((_, labels)), Some(row)) = (line.split_once('{'), rows.last_mut()) {
                let labels = labels.split("\",").filter_map(|label| label.split_once("=\""));
                let names: Vec<_> = labels.map(|(name, _)| name).filter(|name| *name != "le").collect();
                row[2] = names.join(", ");
            }
        }
        rows.iter_mut().filter(|row| row[1] == "counter").for_each(|row| row[0].push_str("_total"));
        rows
    }

    /// Everything that a daemon can show.
    fn everything() -> String {
        let at = Timestamp::from_micros(90_000_000);
        let feed = FeedView { name: "sip".into(), last_data: Some(at) };
        let none = orb_core::Money::ZERO;
        let health = crate::view::HealthView {
            component: orb_core::effect::Component::Store,
            state: crate::view::HealthState::Ok,
            detail: String::new(),
            since: None,
        };
        let view = View {
            now: Some(at),
            feed,
            loss_limit: Some(crate::view::LossLimitView { limit: none, distance: none }),
            health: vec![health],
            ..View::default()
        };
        let meters = Meters::default();
        meters.notifications("desk", Told::Sent, 1);
        Stream::ALL.iter().for_each(|stream| meters.heard(*stream, at));
        let (_sender, views) = watch::channel(Arc::new(view));
        Monitor::new(views, &meters).text().expect("text")
    }

    #[test]
    fn the_documented_figures_are_those_that_are_scraped() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/metrics.md");
        let page = std::fs::read_to_string(path).expect("the page");
        let cells = |line: &str| -> Vec<String> {
            line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').replace('`', "")).collect()
        };
        let documented: Vec<_> = page.lines().filter(|line| line.starts_with("| `orb_")).map(cells).collect();
        let scraped = scraped(&everything());
        let table: String = scraped
            .iter()
            .map(|[name, kind, labels, help]| {
                let labels = labels.split(", ").map(|label| format!("`{label}`")).collect::<Vec<_>>().join(", ");
                format!("| `{name}` | {kind} | {} | {help} |\n", labels.replace("``", ""))
            })
            .collect();
        assert_eq!(documented, scraped.iter().map(|row| row.to_vec()).collect::<Vec<_>>(), "write this:\n{table}");
        let values = |label: &str| page.lines().find(|line| line.starts_with(&format!("| `{label}` |"))).expect(label);
        let queues = Queue::ALL.iter().map(|queue| ("queue", queue.name()));
        let streams = Stream::ALL.iter().map(|stream| ("stream", stream.name()));
        let told = Told::ALL.iter().map(|told| ("result", told.name()));
        for (label, value) in queues.chain(streams).chain(told) {
            assert!(values(label).contains(&format!("`{value}`")), "docs/metrics.md: {label} may be {value}");
        }
    }

    #[test]
    fn what_waits_and_what_is_old_is_looked_at_when_somebody_asks() {
        let meters = Meters::default();
        meters.watch(Queue::Log, || 7);
        meters.heard(Stream::Quotes, Timestamp::from_micros(88_000_000));
        let stream = meters.stream();
        let view = View { now: Some(Timestamp::from_micros(90_500_000)), ..View::default() };
        let (_sender, views) = watch::channel(Arc::new(view));
        let monitor = Monitor::new(views, &meters);
        let has = |line: &str| monitor.text().expect("text").lines().any(|written| written == line);
        assert!(has("orb_queue_depth{queue=\"log\"} 7") && has("orb_queue_depth{queue=\"store\"} 0"));
        assert!(
            has("orb_stream_age_seconds{stream=\"quotes\"} 2.5") && !has("orb_stream_age_seconds{stream=\"bars\"} 0.0")
        );
        assert!(has("orb_stream_clients 1"));
        drop(stream);
        assert!(has("orb_stream_clients 0"));
    }

    #[test]
    fn each_lane_of_market_data_is_a_queue_and_after_a_switch_it_is_the_new_one_s() {
        use orb_exec::Waiting;
        let meters = Meters::default();
        meters.watch_market(Box::new(|| Waiting { news: 9, trades: 9, quotes: 9 }));
        meters.watch_market(Box::new(|| Waiting { news: 1, trades: 20, quotes: 3 }));
        let (_sender, views) = watch::channel(Arc::new(View::default()));
        let text = Monitor::new(views, &meters).text().expect("text");
        for line in [
            "orb_queue_depth{queue=\"market_news\"} 1",
            "orb_queue_depth{queue=\"market_trades\"} 20",
            "orb_queue_depth{queue=\"market_quotes\"} 3",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_state_is_one_series_of_several_and_what_is_unknown_is_absent() {
        let bare = text(View::default());
        assert!(bare.contains("orb_trading_state{state=\"ACTIVE\"} 1.0\n"), "{bare}");
        assert!(bare.contains("orb_trading_state{state=\"HALTED\"} 0.0\n"), "{bare}");
        assert!(!bare.contains("orb_feed_age_seconds") && !bare.contains("orb_loss_limit"), "{bare}");
        assert!(bare.ends_with("# EOF\n"), "{bare}");
    }

    #[test]
    fn the_figures_follow_the_view() {
        let at = Timestamp::from_micros(90_000_000);
        let hold = Hold { kind: HoldKind::Kill, reason: String::new(), actor: "\"a\"\n".to_owned(), since: at };
        let feed = FeedView { name: "sip".into(), last_data: Some(Timestamp::from_micros(88_500_000)) };
        let ledger = Ledger { environment: Environment::Live, account_id: "987654".into(), ..Ledger::default() };
        let view =
            View { now: Some(at), state: TradingState::Halted, holds: vec![hold], feed, ledger, ..View::default() };
        let text = text(view);
        for line in [
            "orb_environment{environment=\"live\"} 1.0",
            "orb_trading_state{state=\"HALTED\"} 1.0",
            "orb_hold{kind=\"kill\"} 1.0",
            "orb_hold{kind=\"crashed\"} 0.0",
            "orb_feed_age_seconds 1.5",
            "orb_positions 0.0",
            "# UNIT orb_account_equity_dollars dollars",
        ] {
            assert!(text.lines().any(|written| written == line), "{line} is not in\n{text}");
        }
        assert!(!text.contains("987654"), "no account number: {text}");
    }
}
