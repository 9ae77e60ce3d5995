//! Whether the channels for notices can be used, as far as this machine knows.

use super::finding::Finding;
use crate::environment::EnvironmentConfig;
use crate::notify::{Channel, ChannelConfig, Kind};

const REMEDY: &str = "until then orb trades, and nobody is told here; `orbd notify test` sends a trial";

/// Looks at every channel; nothing is sent. One that cannot be used is no reason not to trade: stops and exits would
/// not be looked after then.
pub(super) fn channels(config: &EnvironmentConfig) -> Vec<Finding> {
    config.notify.iter().map(channel).collect()
}

fn channel(config: &ChannelConfig) -> Finding {
    let item = format!("notify {}", config.name);
    match Channel::open(config) {
        Ok(_) => Finding::pass(&item, described(config)),
        Err(error) => Finding::warn(&item, error.to_string(), REMEDY),
    }
}

fn described(config: &ChannelConfig) -> String {
    let kinds = match config.kinds.len() {
        all if all == Kind::ALL.len() => "everything".to_owned(),
        _ => config.kinds.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", "),
    };
    let (kind, weight) = (config.target.name(), config.weight.name());
    format!("{kind}: {kinds} from {weight} on, at most {} messages a minute", config.per_minute)
}
