//! How long to wait before one connects again.

use orb_core::Span;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::Rng as _;

/// The longest wait after a failure of the usual kind is the first one doubled so many times.
const DOUBLINGS_MAX: u32 = 6;
/// The first wait after a failure of the usual kind.
const FIRST: Span = Span::from_millis(500);
/// The first wait when the server is crowded: dead sessions linger there for about 90 seconds.
const FIRST_CROWDED: Span = Span::from_seconds(10);
/// The longest wait of all.
const MOST: Span = Span::from_seconds(90);

/// Doubles the wait at each failure, with a random part so that clients do not come all at once.
#[derive(Clone, Debug)]
pub(crate) struct Backoff {
    failures: u32,
    random: ChaCha8Rng,
}

impl Backoff {
    /// Begins without a failure; a seed always gives the same waits.
    pub(crate) fn new(seed: u64) -> Self {
        Self { failures: 0, random: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Counts a failure and returns the wait after it: from half of the full length to all of it.
    pub(crate) fn next_wait(&mut self, crowded: bool) -> Span {
        let first = if crowded { FIRST_CROWDED } else { FIRST };
        let full = (first.micros() << self.failures.min(DOUBLINGS_MAX)).min(MOST.micros());
        self.failures += 1;
        let half = full / 2;
        let part = (self.random.next_u64() % half.unsigned_abs()).cast_signed();
        Span::from_micros(half + part)
    }

    /// Forgets the failures: a connection held.
    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_limit_and_are_longer_in_a_crowd() {
        let mut backoff = Backoff::new(7);
        let waits: Vec<i64> = (0..12).map(|_| backoff.next_wait(false).micros()).collect();
        for (wait, doublings) in waits.iter().zip([0, 1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6]) {
            let full = 500_000 << doublings;
            assert!((full / 2..=full).contains(wait), "{wait} is not within half of {full}");
        }
        backoff.reset();
        assert!(backoff.next_wait(true) >= Span::from_seconds(5));
        assert!((0..50).all(|_| backoff.next_wait(true) <= MOST));
    }

    #[test]
    fn a_seed_repeats_its_waits() {
        let waits = |seed| {
            let mut backoff = Backoff::new(seed);
            core::array::from_fn::<_, 5, _>(|_| backoff.next_wait(false))
        };
        assert_eq!(waits(1), waits(1));
        assert_ne!(waits(1), waits(2));
    }
}
