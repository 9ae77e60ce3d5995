//! Identifiers that follow from a seed.

use orb_core::Timestamp;
use uuid::{Builder, Uuid};

/// Makes identifiers, all different, from a seed and a counter.
#[derive(Clone, Debug)]
pub(super) struct Ids {
    seed: u64,
    counter: u64,
    events: u128,
}

impl Ids {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed, counter: 0, events: 0 }
    }

    /// Returns an identifier that was not given before.
    pub(super) fn next(&mut self) -> Uuid {
        self.counter += 1;
        uuid_of(self.seed, self.counter)
    }

    /// Returns the next identifier of an event: a ULID, so that its text sorts as the events do.
    pub(super) fn next_event(&mut self, now: Timestamp) -> String {
        self.events += 1;
        let millis = u64::try_from(now.micros() / 1_000).unwrap_or_default() & ((1 << 48) - 1);
        ulid((u128::from(millis) << 80) | self.events)
    }
}

/// Returns the identifier of a thing with a name, the same for every seed.
pub(super) fn stable_id(kind: &str, name: &str) -> Uuid {
    let hash = |text: &str, start: u64| {
        // FNV-1a: names are few and short, and nobody attacks them.
        text.bytes().fold(start, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    uuid_of(hash(kind, 0xcbf2_9ce4_8422_2325), hash(name, 0xcbf2_9ce4_8422_2325))
}

fn uuid_of(high: u64, low: u64) -> Uuid {
    let words = [mix(high ^ mix(low)), mix(low.wrapping_add(mix(high)))];
    let value = (u128::from(words[0]) << 64) | u128::from(words[1]);
    Builder::from_random_bytes(value.to_be_bytes()).into_uuid()
}

/// Scatters the bits of a number (the finaliser of SplitMix64).
const fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

fn ulid(value: u128) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    (0..26_u32).rev().map(|place| char::from(ALPHABET[(value >> (5 * place) & 31) as usize])).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn identifiers_differ_and_repeat_with_the_seed() {
        let take = |seed| {
            let mut ids = Ids::new(seed);
            (0..1_000).map(|_| ids.next()).collect::<Vec<_>>()
        };
        assert_eq!(take(7), take(7));
        let all: BTreeSet<_> = take(7).into_iter().chain(take(8)).collect();
        assert_eq!(all.len(), 2_000);
        assert!(all.iter().all(|id| id.get_version_num() == 4));
        assert_ne!(stable_id("asset", "SPY"), stable_id("asset", "QQQ"));
    }

    #[test]
    fn identifiers_of_events_sort_as_the_events() {
        let mut ids = Ids::new(1);
        let first = ids.next_event(Timestamp::from_micros(1_000_000));
        let second = ids.next_event(Timestamp::from_micros(1_000_000));
        let third = ids.next_event(Timestamp::from_micros(2_000_000));
        assert!(first < second && second < third && first.len() == 26);
    }
}
