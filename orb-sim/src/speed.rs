//! How fast simulated time passes.

use core::fmt;
use core::str::FromStr;

/// Says how fast simulated time passes while nothing holds it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Speed {
    /// So many simulated seconds a second, from 0.1 to 1,000,000.
    Times(f64),
    /// From event to event, as fast as the machine can.
    Max,
}

/// Explains why a text is no speed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no speed: expected 0.1 to 1000000 simulated seconds a second, or max")]
pub struct SpeedError(String);

impl FromStr for Speed {
    type Err = SpeedError;

    /// Reads a number from 0.1 to 1,000,000, or `max`.
    fn from_str(text: &str) -> Result<Self, SpeedError> {
        if text == "max" {
            return Ok(Self::Max);
        }
        match text.parse::<f64>() {
            Ok(times) if (0.1..=1_000_000.0).contains(&times) => Ok(Self::Times(times)),
            Ok(_) | Err(_) => Err(SpeedError(text.to_owned())),
        }
    }
}

impl fmt::Display for Speed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Times(times) => write!(f, "{times}"),
            Self::Max => f.write_str("max"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_numbers_within_bounds_and_max() {
        assert_eq!("60".parse(), Ok(Speed::Times(60.0)));
        assert_eq!("0.1".parse(), Ok(Speed::Times(0.1)));
        assert_eq!("max".parse(), Ok(Speed::Max));
        for text in ["", "0", "-1", "nan", "inf", "1000001", "fast"] {
            assert!(text.parse::<Speed>().is_err(), "{text}");
        }
    }
}
