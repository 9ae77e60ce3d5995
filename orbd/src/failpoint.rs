//! Places of the loop at which a test ends the process as a power cut does.
//!
//! They are there in builds with debug assertions alone: in a release [`pass`] is empty, and no variable is read.
//!
//! - `ORB_CRASH_AT=committed:17` kills the process by SIGKILL when it passes `committed` for the 17th time.
//! - `ORB_CRASH_TRACE=FILE` adds a line to a file for each passage: the place, its count, the engine's time in
//!   microseconds. An undisturbed run so tells which passages there are.

use orb_core::Timestamp;

macro_rules! places {
    ($($(#[doc = $doc:literal])+ $place:ident = $name:literal;)+) => {
        /// Names a place between two steps of the loop.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Place {
            $($(#[doc = $doc])+ $place,)+
        }

        #[cfg(debug_assertions)]
        impl Place {
            /// Lists them in the order of their numbers.
            const ALL: &[Self] = &[$(Self::$place),+];

            const fn name(self) -> &'static str {
                match self { $(Self::$place => $name,)+ }
            }
        }
    };
}

places! {
    /// The broker reported something, an answer or a fill, and the engine has not seen it.
    Heard = "heard";
    /// The engine decided something that is nowhere but in memory.
    Decided = "decided";
    /// The rows are written, and their transaction is open.
    Written = "written";
    /// The transaction is committed, and nothing of it was done.
    Committed = "committed";
    /// A request is about to be handed to the broker's client; those before it of the same commit were.
    Sending = "sending";
    /// A request was handed to the broker's client, which sends it at any moment from now on.
    Sent = "sent";
    /// The requests were sent and readers were told.
    Shown = "shown";
    /// A kill closed the gate, and neither its file nor its record is written.
    KillBegun = "kill_begun";
    /// A kill's file is written, and its record is not.
    KillFiled = "kill_filed";
    /// The engine of another environment is ready, and that of before trades on.
    SwitchReady = "switch_ready";
    /// The engine of before has ended, and the choice of another environment is not kept.
    SwitchStopped = "switch_stopped";
    /// The database says where orb goes on, and the state directory does not.
    SwitchPassed = "switch_passed";
    /// The choice is kept, and the new engine has not begun.
    SwitchChosen = "switch_chosen";
    /// The new engine has begun, and the choice does not say yet that its hold is recorded.
    SwitchSeated = "switch_seated";
    /// A changed configuration was read and found good, and nothing of it is in force.
    ReloadRead = "reload_read";
    /// It is in force, and neither recorded nor answered.
    ReloadTaken = "reload_taken";
}

/// Notes that the process passes a place, and ends it there if that was asked for.
#[cfg(debug_assertions)]
pub(crate) fn pass(place: Place, now: Timestamp) {
    static ARMED: std::sync::OnceLock<Option<armed::Armed>> = std::sync::OnceLock::new();
    if let Some(armed) = ARMED.get_or_init(armed::Armed::of_environment) {
        armed.pass(place, now);
    }
}

/// Does nothing: a release has no such places.
#[cfg(not(debug_assertions))]
pub(crate) const fn pass(_place: Place, _now: Timestamp) {}

#[cfg(debug_assertions)]
mod armed {
    use std::fs::File;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU64, Ordering};

    use orb_core::Timestamp;
    use rustix::process::{Signal, getpid, kill_process};

    use super::Place;

    /// Names the passage that ends the process.
    const CRASH_AT: &str = "ORB_CRASH_AT";
    /// Names the file of the passages.
    const TRACE: &str = "ORB_CRASH_TRACE";

    /// Counts passages, because somebody asked for it.
    pub(super) struct Armed {
        fatal: Option<(Place, u64)>,
        trace: Option<File>,
        counts: [AtomicU64; Place::ALL.len()],
    }

    impl Armed {
        /// Reads what is asked for; `None` for nothing.
        pub(super) fn of_environment() -> Option<Self> {
            let fatal = std::env::var(CRASH_AT).ok().map(|text| {
                passage(&text).unwrap_or_else(|| panic!("{CRASH_AT} is a place and a count, not `{text}`"))
            });
            let trace = std::env::var_os(TRACE).map(|path| {
                let opened = File::options().create(true).append(true).open(&path);
                opened.unwrap_or_else(|error| panic!("{TRACE}={}: {error}", path.display()))
            });
            (fatal.is_some() || trace.is_some()).then(|| Self { fatal, trace, counts: Default::default() })
        }

        pub(super) fn pass(&self, place: Place, now: Timestamp) {
            let count = self.counts[place as usize].fetch_add(1, Ordering::SeqCst) + 1;
            if let Some(mut trace) = self.trace.as_ref() {
                let line = format!("{} {count} {}\n", place.name(), now.micros());
                trace.write_all(line.as_bytes()).expect("a trace that was asked for can be written");
            }
            if self.fatal == Some((place, count)) {
                kill_process(getpid(), Signal::KILL).expect("a process may end itself");
                // The signal has been sent to every thread; this one goes no further.
                loop {
                    std::thread::park();
                }
            }
        }
    }

    /// Reads a place and a count, as in `committed:17`.
    fn passage(text: &str) -> Option<(Place, u64)> {
        let (name, count) = text.split_once(':')?;
        let place = Place::ALL.iter().copied().find(|place| place.name() == name)?;
        Some((place, count.parse().ok()?))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_passage_is_read_by_its_name_and_count() {
            assert_eq!(passage("committed:17"), Some((Place::Committed, 17)));
            for wrong in ["", "committed", "committed:", "committed:x", "nowhere:1", "1:committed"] {
                assert_eq!(passage(wrong), None, "{wrong}");
            }
        }

        #[test]
        fn places_are_numbered_in_the_order_of_the_list() {
            for (number, place) in Place::ALL.iter().enumerate() {
                assert_eq!(*place as usize, number);
                assert_eq!(passage(&format!("{}:1", place.name())), Some((*place, 1)));
            }
        }
    }
}
