//! What notices are about, and how much they matter.

/// Names what a notice is about: channels choose among these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Which symbols the day's scan chose.
    Scan,
    /// An entry was filled.
    Entry,
    /// A position was left.
    Exit,
    /// Entries are held by somebody or by a limit, or may be made again.
    Hold,
    /// Something does not work: the broker, the records, prices, a stop, a close.
    Failure,
    /// The session is over.
    Day,
    /// The daemon started, stopped, or trades elsewhere.
    Daemon,
}

impl Kind {
    /// Lists all kinds.
    pub const ALL: [Self; 7] =
        [Self::Scan, Self::Entry, Self::Exit, Self::Hold, Self::Failure, Self::Day, Self::Daemon];

    /// Returns the name, as the configuration and messages carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Scan => "scan",
            Self::Entry => "entry",
            Self::Exit => "exit",
            Self::Hold => "hold",
            Self::Failure => "failure",
            Self::Day => "day",
            Self::Daemon => "daemon",
        }
    }
}

/// Orders notices by how much they matter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// A change that a trader cares about.
    #[default]
    Info,
    /// Worth a look.
    Warning,
    /// Somebody must look now.
    Alarm,
}

impl Weight {
    /// Lists all weights, the lightest first.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Alarm];

    /// Returns the name, as the configuration and messages carry it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Alarm => "alarm",
        }
    }
}
