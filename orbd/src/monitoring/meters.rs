//! What is counted as it happens, for Prometheus: shared by all parts, and read when somebody asks.

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

/// Says what became of a notice, or of an attempt to send some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Told {
    /// The channel took it.
    Sent,
    /// An attempt failed and is made again; this counts attempts.
    Retried,
    /// The channel refused it for good.
    Failed,
    /// It found no room, or no time before the end.
    Dropped,
}

impl Told {
    /// Lists all results.
    pub const ALL: [Self; 4] = [Self::Sent, Self::Retried, Self::Failed, Self::Dropped];
}

impl EncodeLabelValue for Told {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> core::fmt::Result {
        let name = match self {
            Self::Sent => "sent",
            Self::Retried => "retried",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        };
        name.encode(encoder)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Notification {
    channel: String,
    result: Told,
}

/// Counts what happens; clones count together. Counting waits for nothing.
#[derive(Clone, Debug, Default)]
pub struct Meters {
    notifications: Family<Notification, Counter>,
}

impl Meters {
    /// Counts notices of a channel; none makes the series.
    pub fn notifications(&self, channel: &str, result: Told, count: u64) {
        self.notifications.get_or_create(&Notification { channel: channel.to_owned(), result }).inc_by(count);
    }

    /// Adds everything to what is shown.
    pub(crate) fn register(&self, registry: &mut Registry) {
        let help = "Notices by channel and by what became of them; retried counts attempts";
        registry.register("notifications", help, self.notifications.clone());
    }
}
