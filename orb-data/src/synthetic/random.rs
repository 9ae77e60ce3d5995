//! Random numbers that are the same on every platform.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// Tells the generator's version apart: another model of the market takes another one.
const LABEL: &[u8; 24] = b"orb synthetic market v1\0";

/// Draws numbers from a stream of its own for each symbol and date.
///
/// Only additions, multiplications, divisions and square roots of doubles are made of them, which IEEE 754 defines to
/// the last bit.
pub(super) struct Random(ChaCha8Rng);

impl Random {
    /// Makes the stream of a symbol's position and a date's number.
    pub(super) fn new(seed: u64, symbol: u32, date: u32) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(LABEL);
        let mut generator = ChaCha8Rng::from_seed(key);
        generator.set_stream(u64::from(symbol) << 32 | u64::from(date));
        Self(generator)
    }

    /// Draws evenly from [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Draws evenly from [low, high).
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Draws evenly from the whole numbers low, ..., high - 1.
    pub(super) fn whole(&mut self, low: u32, high: u32) -> u32 {
        low + (self.0.next_u64() % u64::from(high - low)) as u32
    }

    /// Tells yes with a probability.
    pub(super) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Draws -1 or 1.
    pub(super) fn sign(&mut self) -> f64 {
        if self.chance(0.5) { 1.0 } else { -1.0 }
    }

    /// Draws from nearly the standard normal distribution, within about 3.5: the sum of four even draws.
    pub(super) fn normal(&mut self) -> f64 {
        let bits = self.0.next_u64();
        let sum: u64 = (0..4).map(|part| bits >> (16 * part) & 0xFFFF).sum();
        (sum as f64 - 131_070.0) / 37_837.2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |seed, symbol, date| Random::new(seed, symbol, date).unit();
        assert_eq!(draw(1, 2, 3), draw(1, 2, 3));
        let draws = [draw(1, 2, 3), draw(2, 2, 3), draw(1, 3, 3), draw(1, 2, 4)];
        assert!((1..4).all(|index| draws[index] != draws[index - 1]));
    }

    #[test]
    fn the_normal_has_mean_zero_and_deviation_one() {
        let mut random = Random::new(7, 0, 0);
        let draws: Vec<f64> = (0..100_000).map(|_| random.normal()).collect();
        let mean = draws.iter().sum::<f64>() / draws.len() as f64;
        let variance = draws.iter().map(|draw| (draw - mean) * (draw - mean)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "mean {mean}, variance {variance}");
    }
}
