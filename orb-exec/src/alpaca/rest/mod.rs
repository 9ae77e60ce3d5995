//! Alpaca's REST hosts: who is asked, how, how often, and what came of it.

mod bars;
mod call;
mod client;
mod endpoint;
mod health;
mod order_list;
pub(crate) mod paths;
mod reference;

#[cfg(test)]
pub(crate) use bars::bars_in_page;
pub use bars::{BarLength, NamedBars, PastBars};
pub(crate) use call::Verb;
pub use call::{CallError, Refusal, Unclear};
pub use client::Rest;
pub(crate) use client::{HostName, Manner};
pub(crate) use endpoint::Call;
pub(crate) use health::Health;
pub use reference::{ActionTerms, AnnouncedAction, ListedAsset};
