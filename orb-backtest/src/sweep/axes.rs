//! Axes of settings, the points of the grid that they span, and which points lie side by side.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

/// Most values of one axis.
pub const VALUES_MAX: usize = 10_000;

/// Holds one setting and the values to try, in order: values beside each other are one step apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// Name of the setting.
    pub key: String,
    /// Values as `RunConfig::set` takes them; never empty.
    pub values: Vec<String>,
}

/// Explains why there is no axis or no grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AxisError {
    /// The range does not come nearer to its end.
    #[error("a range from {from} to {to} in steps of {step} never ends: make step greater than 0 and to at least from")]
    Endless {
        /// First value.
        from: Decimal,
        /// Bound of the last.
        to: Decimal,
        /// Distance of two values.
        step: Decimal,
    },
    /// The range has too many values.
    #[error("a range from {from} to {to} in steps of {step} has more than {VALUES_MAX} values: take a greater step")]
    TooLong {
        /// First value.
        from: Decimal,
        /// Bound of the last.
        to: Decimal,
        /// Distance of two values.
        step: Decimal,
    },
    /// There is nothing to try.
    #[error("`{0}` has no values: name at least one, or leave the axis out")]
    Empty(String),
    /// There are more points than can be numbered.
    #[error("the axes span more combinations than can be counted: take fewer values")]
    Uncountable,
}

/// Returns the values of a range: `from`, `from + step` and so on, none above `to`.
///
/// # Errors
/// When the range never ends, or has more than [`VALUES_MAX`] values.
pub fn steps(from: Decimal, to: Decimal, step: Decimal) -> Result<Vec<Decimal>, AxisError> {
    if step <= Decimal::ZERO || to < from {
        return Err(AxisError::Endless { from, to, step });
    }
    let too_long = || AxisError::TooLong { from, to, step };
    let mut values = Vec::new();
    let mut value = from;
    while value <= to {
        if values.len() == VALUES_MAX {
            return Err(too_long());
        }
        values.push(value.normalize());
        let next = value.checked_add(step).ok_or_else(too_long)?;
        if next <= value {
            return Err(AxisError::Endless { from, to, step });
        }
        value = next;
    }
    Ok(values)
}

/// Holds the grid that axes span. Its points are numbered from 0, the last axis fastest.
///
/// ```
/// use orb_backtest::sweep::{Axes, Axis};
///
/// let axis = |key: &str, values: &[&str]| Axis {
///     key: key.to_owned(),
///     values: values.iter().map(|&value| value.to_owned()).collect(),
/// };
/// let axes = Axes::new(vec![axis("range_minutes", &["5", "15"]), axis("target_r", &["1", "2", "3"])])?;
/// assert_eq!(axes.count(), 6);
/// assert_eq!(axes.settings(4).collect::<Vec<_>>(), [("range_minutes", "15"), ("target_r", "2")]);
/// assert_eq!(axes.neighbours(4), [1, 3, 5]);
/// # Ok::<(), orb_backtest::sweep::AxisError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axes {
    axes: Vec<Axis>,
    count: u64,
}

impl Axes {
    /// Spans the grid.
    ///
    /// # Errors
    /// When an axis has no values, or the points cannot be counted.
    pub fn new(axes: Vec<Axis>) -> Result<Self, AxisError> {
        if let Some(axis) = axes.iter().find(|axis| axis.values.is_empty()) {
            return Err(AxisError::Empty(axis.key.clone()));
        }
        let count = axes.iter().try_fold(1_u64, |count, axis| count.checked_mul(axis.values.len() as u64));
        Ok(Self { axes, count: count.ok_or(AxisError::Uncountable)? })
    }

    /// Returns the axes.
    #[must_use]
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Returns the number of points.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Returns a point's position on each axis.
    #[must_use]
    pub fn position(&self, mut point: u64) -> Vec<usize> {
        let mut position = vec![0; self.axes.len()];
        for (place, axis) in position.iter_mut().zip(&self.axes).rev() {
            let length = axis.values.len() as u64;
            *place = (point % length) as usize;
            point /= length;
        }
        position
    }

    /// Returns the point at a position on each axis.
    #[must_use]
    pub fn point(&self, position: &[usize]) -> u64 {
        position.iter().zip(&self.axes).fold(0, |point, (&at, axis)| point * axis.values.len() as u64 + at as u64)
    }

    /// Returns the settings of a point by axis.
    pub fn settings(&self, point: u64) -> impl Iterator<Item = (&str, &str)> {
        let position = self.position(point);
        self.axes.iter().zip(position).map(|(axis, at)| (axis.key.as_str(), axis.values[at].as_str()))
    }

    /// Returns the points that are one step away along one axis, in order of number.
    #[must_use]
    pub fn neighbours(&self, point: u64) -> Vec<u64> {
        let mut position = self.position(point);
        let mut found = Vec::with_capacity(2 * self.axes.len());
        for index in 0..position.len() {
            let at = position[index];
            let last = self.axes[index].values.len() - 1;
            for beside in [at.checked_sub(1), (at < last).then_some(at + 1)].into_iter().flatten() {
                position[index] = beside;
                found.push(self.point(&position));
            }
            position[index] = at;
        }
        found.sort_unstable();
        found
    }
}

/// Returns the mean score of a point's neighbours and how many of them have one; `None` when none has.
///
/// A plateau is worth more than a peak: where the neighbours fall far below a point, its score is likely luck.
#[must_use]
pub fn neighbour_mean(axes: &Axes, scores: &BTreeMap<u64, f64>, point: u64) -> Option<(f64, usize)> {
    let found: Vec<f64> = axes.neighbours(point).iter().filter_map(|beside| scores.get(beside).copied()).collect();
    (!found.is_empty()).then(|| (found.iter().sum::<f64>() / found.len() as f64, found.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axes(lengths: &[usize]) -> Axes {
        let axis = |(index, &length): (usize, &usize)| Axis {
            key: format!("key{index}"),
            values: (0..length).map(|value| value.to_string()).collect(),
        };
        Axes::new(lengths.iter().enumerate().map(axis).collect()).expect("a grid")
    }

    fn decimal(text: &str) -> Decimal {
        text.parse().expect("a number")
    }

    #[track_caller]
    fn check_steps(range: [&str; 3], expected: Result<&str, &str>) {
        let [from, to, step] = range.map(decimal);
        let found =
            steps(from, to, step).map(|values| values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (found, expected) => panic!("{found:?} is not {expected:?}"),
        }
    }

    #[test]
    fn ranges_are_exact_and_end() {
        check_steps(["1", "4", "0.5"], Ok("1 1.5 2 2.5 3 3.5 4"));
        check_steps(["0.1", "0.35", "0.1"], Ok("0.1 0.2 0.3"));
        check_steps(["5", "5", "1"], Ok("5"));
        check_steps(["-2", "2", "2"], Ok("-2 0 2"));
        check_steps(["1", "4", "0"], Err("never ends"));
        check_steps(["1", "4", "-1"], Err("never ends"));
        check_steps(["4", "1", "1"], Err("never ends"));
        check_steps(["0", "1", "0.0000001"], Err("more than 10000 values"));
        check_steps(["70000000000000000000000000000", "75000000000000000000000000000", "0.1"], Err("never ends"));
    }

    #[test]
    fn every_point_has_one_position() {
        let axes = axes(&[2, 3, 4]);
        assert_eq!(axes.count(), 24);
        for point in 0..24 {
            assert_eq!(axes.point(&axes.position(point)), point);
        }
        assert_eq!(axes.position(23), [1, 2, 3]);
        assert_eq!(axes.position(1), [0, 0, 1]);
    }

    #[test]
    fn neighbours_are_mutual_and_one_step_away() {
        let axes = axes(&[2, 3, 1, 4]);
        for point in 0..axes.count() {
            let here = axes.position(point);
            for beside in axes.neighbours(point) {
                let there = axes.position(beside);
                let distance: usize = here.iter().zip(&there).map(|(a, b)| a.abs_diff(*b)).sum();
                assert_eq!(distance, 1, "{here:?} {there:?}");
                assert!(axes.neighbours(beside).contains(&point));
            }
        }
        assert_eq!(axes.neighbours(0).len(), 3);
    }

    #[test]
    fn the_mean_leaves_out_what_has_no_score() {
        let axes = axes(&[3, 3]);
        let scores = BTreeMap::from([(1, 1.0), (3, 2.0), (4, 9.0), (5, 6.0)]);
        assert_eq!(neighbour_mean(&axes, &scores, 4), Some((3.0, 3)));
        assert_eq!(neighbour_mean(&axes, &scores, 8), Some((6.0, 1)));
        assert_eq!(neighbour_mean(&axes, &BTreeMap::new(), 4), None);
    }

    #[test]
    fn a_grid_without_values_or_without_end_is_refused() {
        let empty = Axis { key: "target_r".to_owned(), values: Vec::new() };
        assert_eq!(Axes::new(vec![empty]), Err(AxisError::Empty("target_r".to_owned())));
        let long = Axis { key: "a".to_owned(), values: vec![String::new(); VALUES_MAX] };
        assert_eq!(Axes::new(vec![long; 5]), Err(AxisError::Uncountable));
    }
}
