//! Bringing an account to rest without an engine: the dead man's watch, and the flatten by hand.
//!
//! Both share one machine, [`Flattener`]: it cancels, waits until that is confirmed, closes what the broker holds by
//! orders that can only reduce, and looks again until the broker says that nothing is left. It goes by the broker's word
//! alone and needs no database, no engine and no configuration of strategies. What it closes is orb's: see [`Holdings`].

mod flatten;
mod heartbeat;
mod holdings;
mod live;
mod report;
mod step;
mod watch;

pub(crate) use flatten::look_at;
pub use flatten::{Flattener, Pace, Scope};
pub use heartbeat::{Beats, Heart, HeartbeatError};
pub use holdings::{Holding, Holdings};
pub use live::{LiveDaemon, Reached};
pub use report::{FlattenReport, Leftover, SymbolReport};
pub use step::{Goal, Step, Track};
pub use watch::{Watch, WatchEnd, market_is_open};
