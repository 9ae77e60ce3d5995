//! A part of a search, so that several machines can share it.

use core::fmt;
use core::str::FromStr;

/// Names one of several parts of a search; the parts take turns, so each has about the same share of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    /// Number of the part, from 1.
    pub index: usize,
    /// Number of parts.
    pub count: usize,
}

/// Explains why a text names no part.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no part: expected I/N with I from 1 to N, as in 2/3")]
pub struct ShardError(String);

impl Shard {
    /// The whole of a search.
    pub const WHOLE: Self = Self { index: 1, count: 1 };

    /// Tells whether a combination belongs to this part.
    ///
    /// `combination`: its number, from 1.
    #[must_use]
    pub const fn has(self, combination: usize) -> bool {
        (combination - 1) % self.count == self.index - 1
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = ShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/').and_then(|(index, count)| Some((index.parse().ok()?, count.parse().ok()?)));
        parts
            .map(|(index, count)| Self { index, count })
            .filter(|shard| (1..=shard.count).contains(&shard.index))
            .ok_or_else(|| ShardError(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_everything_and_nothing_twice() {
        for count in 1..8 {
            for combination in 1..50 {
                let owners = (1..=count).filter(|&index| Shard { index, count }.has(combination)).count();
                assert_eq!(owners, 1);
            }
        }
    }

    #[test]
    fn a_part_reads_back_and_nonsense_is_refused() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, count: 3 }));
        assert_eq!(Shard { index: 2, count: 3 }.to_string(), "2/3");
        for text in ["", "2", "0/3", "4/3", "a/b", "1/0", "1/2/3", "-1/2"] {
            let error = text.parse::<Shard>().expect_err(text).to_string();
            assert!(error.contains("as in 2/3"), "{error}");
        }
    }
}
