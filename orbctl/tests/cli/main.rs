//! orbctl as its users see it, against a daemon with recorded replies.

// The attributes tell clippy that all of this is test code.
#[cfg(test)]
mod behaviour;
#[cfg(test)]
mod config;
#[cfg(test)]
mod export;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod json;
#[cfg(test)]
mod outputs;
#[cfg(test)]
mod terminal;
