//! What all bars of a dataset have in common.

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;
use std::str::FromStr;

use orb_core::Span;
use serde::{Deserialize, Serialize};

use super::error::DatasetError;
use super::{HEADER_NAME, write_whole};

/// The layout that this build writes, and the newest that it reads.
const FORMAT: u32 = 1;

/// Names where bars were recorded. Volumes of two feeds cannot be compared: IEX carries a few percent of all trades.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Feed {
    /// All exchanges.
    Sip,
    /// One exchange.
    Iex,
    /// Somewhere else: bars of another vendor, or synthetic ones.
    Other,
}

impl Feed {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Sip, Self::Iex, Self::Other];

    /// Returns its name in files and flags.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sip => "sip",
            Self::Iex => "iex",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Feed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|feed| feed.name() == text);
        found.ok_or_else(|| format!("`{text}` is no feed: expected sip, iex or other"))
    }
}

/// Says what all bars of a dataset have in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    format: u32,
    feed: Feed,
    bar_minutes: i64,
}

impl Header {
    pub(super) const fn new(feed: Feed, bar_length: Span) -> Self {
        Self { format: FORMAT, feed, bar_minutes: bar_length.minutes() }
    }

    /// Returns where the bars were recorded.
    #[must_use]
    pub const fn feed(&self) -> Feed {
        self.feed
    }

    /// Returns the length of the bars.
    #[must_use]
    pub const fn bar_length(&self) -> Span {
        Span::from_minutes(self.bar_minutes)
    }

    pub(super) fn read(root: &Path) -> Result<Self, DatasetError> {
        let path = root.join(HEADER_NAME);
        let text = fs::read_to_string(&path).map_err(|source| match source.kind() == io::ErrorKind::NotFound {
            true => DatasetError::NoDataset { path: root.to_owned() },
            false => DatasetError::io(&path, source),
        })?;
        let header: Self = serde_json::from_str(&text).map_err(|source| DatasetError::unreadable(&path, source))?;
        if header.format > FORMAT {
            return Err(DatasetError::Newer { path: root.to_owned(), format: header.format });
        }
        match crate::bars::BAR_MINUTES.contains(&header.bar_minutes) {
            true => Ok(header),
            false => Err(DatasetError::BarMinutes { path, minutes: header.bar_minutes }),
        }
    }

    pub(super) fn write(&self, root: &Path) -> Result<(), DatasetError> {
        let text = serde_json::to_string_pretty(self).expect("numbers and names are JSON");
        write_whole(&root.join(HEADER_NAME), &format!("{text}\n"))
    }

    /// Checks that other bars belong to this dataset.
    pub(super) fn expect(&self, root: &Path, feed: Feed, bar_length: Span) -> Result<(), DatasetError> {
        if self.feed != feed {
            return Err(DatasetError::OtherFeed { path: root.to_owned(), has: self.feed, given: feed });
        }
        match self.bar_minutes == bar_length.minutes() {
            true => Ok(()),
            false => Err(DatasetError::OtherLength {
                path: root.to_owned(),
                has: self.bar_minutes,
                given: bar_length.minutes(),
            }),
        }
    }
}
