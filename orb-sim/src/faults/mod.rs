//! What is to go wrong, when and how often.
//!
//! A [`FaultPlan`] is a list of rules. Each says what goes wrong, to what, and when: always, by a rate, at the n-th
//! match, within hours or from a moment on. Rates are drawn from the plan's seed and the number of the match, so a run
//! with the same requests and bars goes wrong in the same places.

mod counts;
mod file;
mod http;
mod market;
mod orders;
mod plan;
mod streams;
mod when;

pub use counts::FaultCounts;
pub use file::FaultFileError;
pub(crate) use http::HttpFaults;
pub use market::MarketFaults;
pub(crate) use orders::PlannedOrders;
pub use plan::{
    AccountFault, AccountRule, FaultPlan, HttpFault, HttpRule, MarketFault, MarketRule, OrderEffects, OrderRule,
    PieceEffects, StreamFault, StreamName, StreamRule,
};
pub(crate) use streams::{MessageGlimpse, StreamFaults};
pub use when::{Glob, Moment, Rate, When};
