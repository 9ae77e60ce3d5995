//! Whole sessions in one process and one thread: the engine as it trades live, a store, a network, and orb-sim's
//! broker, with everything going wrong that may. There is no socket and no clock, so a seed always plays the same.
//!
//! Each session is checked while it runs and at its end against a small model of the account ([`reference`]) and the
//! broker's own account ([`checks`]). `ORB_SIMULATE_SEEDS` says how many seeds are played, `ORB_SIMULATE_FIRST` which
//! is the first; a failing seed is played again with fewer troubles and told with the end of its story, of which
//! `ORB_SIMULATE_LINES` are shown.

// The attributes tell clippy that all of this is test code.
#[cfg(test)]
mod checks;
#[cfg(test)]
mod daemon;
#[cfg(test)]
mod dice;
#[cfg(test)]
mod market;
#[cfg(test)]
mod network;
#[cfg(test)]
mod people;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod store;
#[cfg(test)]
mod story;
#[cfg(test)]
mod venue;
#[cfg(test)]
mod wire;
#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Instant;

    use crate::plan::{Plan, Trouble};
    use crate::world::{Violation, play};

    /// Seeds that are played where nothing else is said.
    const SEEDS: u64 = 200;
    /// So many of the last lines of a story are told where nothing else is said.
    const LINES: u64 = 200;
    /// After so many failures no further seeds are played.
    const FAILURES_MAX: usize = 40;

    fn number(variable: &str) -> Option<u64> {
        let text = std::env::var(variable).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
    }

    type Counts = BTreeMap<&'static str, u64>;

    /// What many sessions came to: what happened in them, and what was wrong with which seed.
    #[derive(Debug, Default)]
    struct Played {
        counts: Counts,
        failures: BTreeMap<u64, String>,
    }

    /// Plays a seed; a panic is a failure like another.
    fn judged(plan: &Plan) -> Result<Counts, String> {
        let played = std::panic::catch_unwind(|| play(plan, false));
        let told = |violation: Violation| format!("{}: {}", violation.at, violation.what);
        played.unwrap_or_else(|_| panic!("a panic ends the session of {plan}")).map_err(told)
    }

    /// Plays seeds on all cores.
    fn play_all(first: u64, count: u64) -> Played {
        let (next, all) = (AtomicU64::new(first), Mutex::new(Played::default()));
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed >= first.saturating_add(count) {
                    return;
                }
                let judged = judged(&Plan::of(seed, &[]));
                let mut all = all.lock().expect("nobody panics with it");
                match judged {
                    Ok(counts) => {
                        counts.into_iter().for_each(|(what, times)| *all.counts.entry(what).or_default() += times);
                    }
                    Err(what) => _ = all.failures.insert(seed, what),
                }
                if all.failures.len() >= FAILURES_MAX {
                    return;
                }
            }
        };
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| (0..threads).for_each(|_| _ = scope.spawn(work)));
        all.into_inner().expect("nobody panics with it")
    }

    /// Leaves out of a failing seed every trouble that it fails without.
    fn shrunk(seed: u64) -> (Plan, Violation) {
        let mut without = Vec::new();
        for trouble in Trouble::ALL {
            let fewer: Vec<Trouble> = without.iter().copied().chain([trouble]).collect();
            if play(&Plan::of(seed, &fewer), false).is_err() {
                without = fewer;
            }
        }
        let plan = Plan::of(seed, &without);
        let violation = play(&plan, true).expect_err("a seed always plays the same");
        (plan, violation)
    }

    /// Tells the story of the first failure, and what was wrong with the others.
    fn report(failures: &BTreeMap<u64, String>) -> String {
        let Some(&seed) = failures.keys().next() else { return String::new() };
        let (plan, Violation { at, what, story }) = shrunk(seed);
        let list: Vec<String> = failures.iter().map(|(seed, what)| format!("seed {seed}, {what}")).collect();
        format!(
            "{plan}\n\n{}\n\nwith these troubles alone, {at}: {what}\n\n{}\n\
            again: make simulate SIMULATE_FIRST={seed} SIMULATE_SEEDS=1\n",
            story.last(number("ORB_SIMULATE_LINES").unwrap_or(LINES)),
            list.join("\n")
        )
    }

    #[test]
    fn sessions_in_which_anything_goes_wrong_keep_every_promise() {
        let first = number("ORB_SIMULATE_FIRST").unwrap_or(1);
        let count = number("ORB_SIMULATE_SEEDS").unwrap_or(SEEDS);
        let began = Instant::now();
        let played = play_all(first, count);
        println!("{count} sessions in {:.1} s", began.elapsed().as_secs_f64());
        played.counts.iter().for_each(|(what, times)| println!("{times:>10} {what}"));
        assert!(played.failures.is_empty(), "{}", report(&played.failures));
    }

    #[test]
    fn a_seed_always_plays_the_same() {
        for seed in 1..=10 {
            let plan = Plan::of(seed, &[]);
            let told = |result: Result<Counts, Violation>| result.map_err(|violation| violation.what);
            assert_eq!(told(play(&plan, false)), told(play(&plan, true)), "seed {seed}");
        }
    }
}
