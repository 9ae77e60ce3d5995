//! Short sessions over the whole way to the broker, on each of which other things go wrong, drawn from a seed.
//!
//! Every session must end as `orbd::rehearsal::invariants` says. Ten seeds are played here; `ORB_SOAK_SEEDS` says how
//! many, and `ORB_SOAK_FIRST` which is the first. A seed always makes the same prices, settings and plan of faults: the
//! message of a failure has all of them.

// The attributes tell clippy that all of this is test code.
#[cfg(test)]
mod draw;
#[cfg(test)]
mod plan;
#[cfg(test)]
mod session;

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicU64, Ordering};

    use orbd::rehearsal::invariants;

    use crate::session::{Played, Scene};

    /// Seeds that are played where nothing else is said.
    const SEEDS: u64 = 10;
    /// Sessions at one time: most of each is waiting.
    const AT_ONCE: usize = 2;
    /// Names the seed to a process that plays one session.
    const SEED: &str = "ORB_SOAK_SEED";

    fn number(variable: &str) -> Option<u64> {
        let text = std::env::var(variable).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
    }

    #[test]
    fn sessions_on_which_anything_may_go_wrong_end_well() {
        let first = number("ORB_SOAK_FIRST").unwrap_or(1);
        let count = number("ORB_SOAK_SEEDS").unwrap_or(SEEDS);
        let (next, failures) = (AtomicU64::new(first), Mutex::new(Vec::new()));
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::SeqCst);
                if seed >= first.saturating_add(count) {
                    return;
                }
                if let Err(told) = in_a_process(seed) {
                    failures.lock().expect("no one panics with it").push(told);
                }
            }
        };
        std::thread::scope(|scope| (0..AT_ONCE).for_each(|_| drop(scope.spawn(work))));
        let failures = failures.into_inner().expect("no one panicked with it");
        assert!(failures.is_empty(), "{} of {count} failed\n{}", failures.len(), failures.join("\n\n"));
    }

    /// Plays one session in a process of its own: the log of a process belongs to the first records that it opened.
    fn in_a_process(seed: u64) -> Result<(), String> {
        let mut command = Command::new(std::env::current_exe().expect("a test has a file"));
        command.args(["--exact", "tests::the_session_of_a_seed", "--ignored", "--nocapture"]);
        command.env(SEED, seed.to_string()).env("ORB_LOG", "off").stdin(Stdio::null());
        let output = command.output().expect("a test can be started");
        if output.status.success() {
            return Ok(());
        }
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Err(format!("seed {seed}: {}\n{}", output.status, told.concat()))
    }

    #[test]
    #[ignore = "it is played for each seed by the other test"]
    fn the_session_of_a_seed() {
        let scene = Scene::draw(number(SEED).unwrap_or(1));
        let told = scene.to_string();
        let Played { outcome, story } =
            scene.play().unwrap_or_else(|error| panic!("{told}\ncame to no end: {error:#}"));
        let broken: Vec<String> = invariants(&outcome).iter().map(ToString::to_string).collect();
        assert!(broken.is_empty(), "{told}\nbroke {broken:#?}\n{story}");
        let summary = (outcome.broker.orders.len(), outcome.broker.executions.len(), outcome.trades.len());
        assert!(!outcome.logs.is_empty(), "{told}\nthe log was not recorded");
        eprintln!("orders, executions and trades: {summary:?}");
    }
}
