//! Whether a feed is fit for relative volume.

use crate::dataset::Feed;

/// Complete opening ranges, in percent of all, below which a feed is too thin.
///
/// Relative volume needs the complete ranges of 14 sessions. Where each is complete with a chance of 80%, all of them
/// are in 4 of 100 symbols: what is ranked then is the feed's luck.
pub const COMPLETE_PERCENT_MIN: u64 = 80;

/// Counts the opening ranges of a universe before a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Sessions of all symbols in which a symbol traded at all.
    pub ranges: u64,
    /// Those whose opening range is complete.
    pub complete: u64,
    /// Symbols with 14 complete ranges.
    pub rankable: u64,
    /// Symbols of the universe.
    pub symbols: u64,
}

/// Explains why a feed is refused for relative volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "the feed {feed} is too thin for relative volume over {minutes} minutes: {complete} of {ranges} opening ranges of \
     the sessions before are complete, which is less than {COMPLETE_PERCENT_MIN}%, and {rankable} of {symbols} symbols \
     have all of theirs; use the feed sip, a longer range, or symbols that trade more"
)]
pub struct ThinFeed {
    /// The feed.
    pub feed: Feed,
    /// Length of the range in minutes.
    pub minutes: u32,
    /// See [`Coverage::complete`].
    pub complete: u64,
    /// See [`Coverage::ranges`].
    pub ranges: u64,
    /// See [`Coverage::rankable`].
    pub rankable: u64,
    /// See [`Coverage::symbols`].
    pub symbols: u64,
}

impl Coverage {
    /// Refuses a feed in which too few ranges are complete; one of which nothing is known is refused too.
    ///
    /// # Errors
    /// Tells what is missing and the remedy.
    pub fn check(&self, feed: Feed, minutes: u32) -> Result<(), ThinFeed> {
        let Self { ranges, complete, rankable, symbols } = *self;
        match ranges > 0 && complete * 100 >= ranges * COMPLETE_PERCENT_MIN {
            true => Ok(()),
            false => Err(ThinFeed { feed, minutes, complete, ranges, rankable, symbols }),
        }
    }
}
