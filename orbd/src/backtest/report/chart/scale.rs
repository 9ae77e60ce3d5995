//! Scales and axes: from values to places, and round numbers between.

/// Maps values to places on a line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    from: f64,
    to: f64,
}

impl Scale {
    /// Maps `low` to `from` and `high` to `to`; equal or unordered bounds get room around them.
    pub(crate) fn new((low, high): (f64, f64), (from, to): (f64, f64)) -> Self {
        let (low, high) = if low.is_finite() && high.is_finite() { (low, high) } else { (0.0, 1.0) };
        let room = if high > low { 0.0 } else { (low.abs() * 0.01).max(1e-6) };
        Self { low: low - room, high: high.max(low) + room, from, to }
    }

    /// Widens the bounds by a fraction at each end, so that marks do not touch the frame.
    pub(crate) fn padded(bounds: (f64, f64), fraction: f64, places: (f64, f64)) -> Self {
        let Self { low, high, from, to } = Self::new(bounds, places);
        let room = (high - low) * fraction;
        Self { low: low - room, high: high + room, from, to }
    }

    /// Returns the place of a value.
    pub(crate) fn at(&self, value: f64) -> f64 {
        self.from + (value - self.low) / (self.high - self.low) * (self.to - self.from)
    }

    /// Returns round values inside the bounds, at most `count + 1` of them, and the step between.
    pub(crate) fn ticks(&self, count: usize) -> (Vec<f64>, f64) {
        let step = round_step((self.high - self.low) / count.max(1) as f64);
        let (first, last) = ((self.low / step).ceil(), (self.high / step).floor());
        let number = (last - first).clamp(0.0, 64.0) as usize;
        ((0..=number).map(|index| (first + index as f64) * step).filter(|&tick| tick <= self.high).collect(), step)
    }
}

/// Returns the smallest of 1, 2, 2.5 and 5 times a power of ten that is not below a step.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 2.5, 5.0, 10.0].iter().map(|factor| factor * power).find(|&round| round >= step * 0.999).unwrap_or(step)
}

/// Writes a coordinate with at most one decimal.
pub(crate) fn place(value: f64) -> String {
    let rounded = (value * 10.0).round() / 10.0;
    if rounded == rounded.trunc() { format!("{rounded:.0}") } else { format!("{rounded:.1}") }
}

/// Keeps of each column of pixels the first, lowest, highest and last point: the picture stays the same.
pub(crate) fn decimated(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(points.len());
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let by_height = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
        let marks = [column.first(), column.iter().min_by(by_height), column.iter().max_by(by_height), column.last()];
        let start = kept.len();
        kept.extend(marks.into_iter().flatten());
        kept[start..].sort_by(|a, b| a.0.total_cmp(&b.0));
        kept.dedup();
    }
    kept
}

/// Writes points as the `d` of a path.
pub(crate) fn line(points: &[(f64, f64)]) -> String {
    let mut path = String::with_capacity(points.len() * 12);
    for (index, &(x, y)) in points.iter().enumerate() {
        path.push(if index == 0 { 'M' } else { 'L' });
        path.push_str(&place(x));
        path.push(' ');
        path.push_str(&place(y));
    }
    path
}

/// Moves labels of one height apart, as little as possible, inside bounds; the order stays.
pub(crate) fn apart(places: &[f64], height: f64, (top, bottom): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let mut moved = places.to_vec();
    let mut free = top;
    for &index in &order {
        moved[index] = places[index].max(free);
        free = moved[index] + height;
    }
    let mut limit = bottom;
    for &index in order.iter().rev() {
        moved[index] = moved[index].min(limit);
        limit = moved[index] - height;
    }
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_inside() {
        let (ticks, step) = Scale::new((-389.0, 1402.0), (0.0, 100.0)).ticks(5);
        assert_eq!((ticks, step), (vec![0.0, 500.0, 1000.0], 500.0));
        let (ticks, _) = Scale::new((0.0, 0.07), (0.0, 100.0)).ticks(4);
        assert!(ticks.len() >= 3 && ticks.iter().all(|&tick| tick <= 0.07), "{ticks:?}");
    }

    #[test]
    fn hostile_bounds_make_a_scale_all_the_same() {
        let bounds =
            [(5.0, 5.0), (0.0, 0.0), (3.0, -3.0), (f64::NAN, 1.0), (0.0, f64::INFINITY), (1e15, 1e15), (-1e-12, 1e-12)];
        for bounds in bounds {
            let scale = Scale::new(bounds, (0.0, 100.0));
            assert!(scale.at(1.0).is_finite(), "{bounds:?}");
            let (ticks, step) = scale.ticks(5);
            assert!(ticks.len() <= 65 && step > 0.0 && step.is_finite(), "{bounds:?}");
        }
    }

    #[test]
    fn decimation_keeps_extremes_and_order() {
        let points: Vec<_> = (0..10_000).map(|index| (f64::from(index) / 100.0, f64::from(index % 77))).collect();
        let kept = decimated(&points);
        assert!(kept.len() <= 400, "{}", kept.len());
        assert!(kept.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let highest = |points: &[(f64, f64)]| points.iter().map(|point| point.1).fold(0.0, f64::max);
        assert_eq!(highest(&kept).total_cmp(&highest(&points)), core::cmp::Ordering::Equal);
    }

    #[test]
    fn labels_do_not_overlap_and_stay_inside() {
        let moved = apart(&[50.0, 52.0, 51.0, 99.0], 10.0, (0.0, 100.0));
        let mut sorted = moved.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| pair[1] - pair[0] >= 10.0), "{moved:?}");
        assert!(sorted[0] >= 0.0 && sorted[3] <= 100.0, "{moved:?}");
        assert!(moved[0] < moved[2] && moved[2] < moved[1], "the order stays: {moved:?}");
    }
}
