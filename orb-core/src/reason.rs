//! Why a symbol was not traded on a day.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal),+ $(,)?) => {
        /// Names why there was no trade, in the order in which the rules are checked: the first that fails counts.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Reason {
            /// Lists all reasons in the order of checking.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns the stable code, as files and the API carry it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }

            /// Returns the reason with a code, or `None` when there is none.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.code() == code)
            }
        }
    };
}

reasons! {
    /// The symbol had no bar in the whole session.
    NoBars = "no_bars",
    /// The first bar of the session is missing, as on the day of an IPO or a late open.
    RangeNoFirstBar = "range_no_first_bar",
    /// More than one minute of the opening range is missing.
    RangeIncomplete = "range_incomplete",
    /// The open differs from the previous close by more than the bound (30%).
    GapOver30Pct = "gap_over_30pct",
    /// The range's open is not above the smallest price.
    Price = "price",
    /// The broker takes no orders in it today.
    NotTradable = "not_tradable",
    /// The average volume of the 14 sessions before is unknown.
    AvgVolumeMissing = "avg_volume_missing",
    /// The average volume of the 14 sessions before is too small.
    AvgVolume = "avg_volume",
    /// ATR14 is unknown.
    AtrMissing = "atr_missing",
    /// ATR14 is too small.
    Atr = "atr",
    /// Others of those that may be chosen from have more dollar volume, and only so many are.
    NotInUniverse = "not_in_universe",
    /// The relative volume is unknown.
    RvolMissing = "rvol_missing",
    /// The relative volume is too small.
    Rvol = "rvol",
    /// A filter that the embedding program added refused the symbol.
    CustomFilter = "custom_filter",
    /// The symbol is not among the first by relative volume.
    NotInTop = "not_in_top",
    /// The range opened and closed at the same tick, so it gives no direction.
    Doji = "doji",
    /// A smallest score is configured and the score has an input that is missing.
    ScoreMissing = "score_missing",
    /// The setup's score is below the smallest that is configured.
    Score = "score",
    /// Another strategy has ordered in the symbol today; of one instant, the one that is configured first.
    SymbolOwned = "symbol_owned",
    /// A price restriction on short sales is in force (Regulation SHO, rule 201).
    Rule201 = "rule_201",
    /// The stop is closer to the entry than the configured minimum.
    StopTooClose = "stop_too_close",
    /// Not even one share fits the risk.
    SizeZero = "size_zero",
    /// Open and working positions use up the leverage.
    NoBuyingPower = "no_buying_power",
    /// Today's loss, the open risk and this order's risk together pass the daily loss limit.
    DailyRisk = "daily_risk",
    /// The places of the day were given to symbols of higher rank.
    MaxPositions = "max_positions",
    /// The level was crossed while orb could not act on it.
    MissedBreakout = "missed_breakout",
    /// The breakout came while all slots were taken.
    NoSlot = "no_slot",
    /// One bar touched both levels, so it cannot be told which came first.
    BothSidesInOneBar = "both_sides_in_one_bar",
    /// No level was touched inside the entry window.
    NoTrigger = "no_trigger",
    /// There was no bar to enter at inside the entry window.
    NoEntryBar = "no_entry_bar",
    /// The market opened at or beyond the stop.
    EntryBeyondStop = "entry_beyond_stop",
    /// The daily loss limit was reached before.
    LossLimit = "loss_limit",
    /// A hold forbids entries.
    Hold = "hold",
    /// Trading in the symbol is halted.
    Halted = "halted",
    /// The symbol cannot be sold short.
    NotShortable = "not_shortable",
    /// The symbol's data is too old to act on.
    StaleData = "stale_data",
    /// The broker refused the order, or took back what it had executed.
    RejectedByBroker = "rejected_by_broker",
}

impl core::fmt::Display for Reason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.pad(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_read_back() {
        for reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(*reason));
        }
        assert_eq!(Reason::from_code("because"), None);
    }
}
