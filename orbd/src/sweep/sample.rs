//! Draws points of a grid by a seed.

use std::collections::BTreeSet;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Tells the generator's version apart: another way to draw takes another one.
const LABEL: &[u8; 24] = b"orb sweep sample    v1\0\0";

/// Draws different points below `count`, every set of them equally likely, and returns them in order.
///
/// The same on every machine. Source: Floyd's algorithm; Bentley & Floyd 1987, "A Sample of Brilliance".
///
/// # Panics
/// When more points are asked for than there are.
pub(super) fn points(seed: u64, samples: u64, count: u64) -> Vec<u64> {
    assert!(samples <= count, "each point is drawn at most once");
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..].copy_from_slice(LABEL);
    let mut random = ChaCha8Rng::from_seed(key);
    let mut drawn = BTreeSet::new();
    for last in count - samples..count {
        let point = below(&mut random, last + 1);
        if !drawn.insert(point) {
            drawn.insert(last);
        }
    }
    drawn.into_iter().collect()
}

/// Draws evenly from 0, ..., bound - 1: the high half of a product, drawn again where that would favour some.
fn below(random: &mut ChaCha8Rng, bound: u64) -> u64 {
    let unfair = bound.wrapping_neg() % bound;
    loop {
        let product = u128::from(random.next_u64()) * u128::from(bound);
        if product as u64 >= unfair {
            return (product >> 64) as u64;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_different_in_order_and_repeat() {
        for (samples, count) in [(0, 0), (1, 1), (5, 5), (7, 1_000), (500, 1_000), (3, u64::MAX)] {
            let drawn = points(7, samples, count);
            assert_eq!(drawn.len() as u64, samples);
            assert!(drawn.windows(2).all(|pair| pair[0] < pair[1]) && drawn.iter().all(|&point| point < count));
            assert_eq!(drawn, points(7, samples, count));
        }
        assert_ne!(points(7, 7, 1_000), points(8, 7, 1_000));
    }

    #[test]
    fn every_point_is_drawn_about_equally_often() {
        let mut seen = [0_u32; 10];
        for seed in 0..3_000 {
            points(seed, 3, 10).into_iter().for_each(|point| seen[point as usize] += 1);
        }
        // 900 expected, with a deviation of about 25.
        assert!(seen.iter().all(|count| (775..=1_025).contains(count)), "{seen:?}");
    }
}
