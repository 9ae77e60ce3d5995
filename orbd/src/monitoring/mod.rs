//! Figures for Prometheus: what the newest view shows, at the moment at which it is asked for.
//!
//! They are served beside the API under `/metrics`, to callers with a token of role viewer or higher, because money is
//! among them. Names and units follow Prometheus' conventions: base units (seconds, dollars), `_total` for counters,
//! states as one series each of which exactly one is 1. Money is a floating-point number here and nowhere else: these
//! are figures to look at, and nothing is decided by them.

mod meters;
mod view;

pub use meters::{Meters, Told};

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
}

impl Monitor {
    /// Makes the figures of a daemon that shows its views.
    #[must_use]
    pub fn new(views: watch::Receiver<Arc<View>>, meters: &Meters) -> Self {
        let mut registry = Registry::with_prefix("orb");
        registry.register_collector(Box::new(view::Shown(views)));
        meters.register(&mut registry);
        Self { registry }
    }

    /// Returns all figures as OpenMetrics text.
    ///
    /// # Errors
    /// When a figure cannot be written, which no figure of this build does.
    pub fn text(&self) -> Result<String, core::fmt::Error> {
        let mut text = String::new();
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
