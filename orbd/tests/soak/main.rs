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
    use orbd::rehearsal::invariants;

    use crate::session::{Played, Scene};

    /// Seeds that are played where nothing else is said.
    const SEEDS: u64 = 10;

    fn number(variable: &str) -> Option<u64> {
        let text = std::env::var(variable).ok()?;
        Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a number, not `{text}`")))
    }

    #[test]
    fn sessions_on_which_anything_may_go_wrong_end_well() {
        let first = number("ORB_SOAK_FIRST").unwrap_or(1);
        let count = number("ORB_SOAK_SEEDS").unwrap_or(SEEDS);
        let mut failures = Vec::new();
        let mut orders = 0;
        for seed in first..first.saturating_add(count) {
            let scene = Scene::draw(seed);
            let told = scene.to_string();
            match scene.play() {
                Ok(Played { outcome, story }) => {
                    orders += outcome.broker.orders.len();
                    let broken: Vec<String> = invariants(&outcome).iter().map(ToString::to_string).collect();
                    if !broken.is_empty() {
                        failures.push(format!("{told}\nbroke {broken:#?}\n{story}"));
                    }
                }
                Err(error) => failures.push(format!("{told}\ncame to no end: {error:#}")),
            }
        }
        assert!(failures.is_empty(), "{} of {count} failed\n{}", failures.len(), failures.join("\n\n"));
        assert!(orders as u64 >= count, "{count} sessions made {orders} orders: they try nothing");
    }
}
