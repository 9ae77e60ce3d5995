//! How often each multiple of the risk came out.

use maud::{Markup, html};

use super::Width;
use super::scale::{Scale, place};
use crate::backtest::report::format::{count, decimals_of, r_multiple, signed};

/// Bins beyond these are counted in the outermost ones.
const LOWEST_R: f64 = -4.0;
const HIGHEST_R: f64 = 12.0;

/// Widths that a bin may have; the first that makes at most [`BINS_MAX`] is taken.
const BIN_WIDTHS: [f64; 4] = [0.1, 0.25, 0.5, 1.0];
const BINS_MAX: usize = 44;

/// Holds the counts of both models over the same bins.
struct Bins {
    first: f64,
    width: f64,
    counts: [Vec<usize>; 2],
    overflow: (bool, bool),
}

impl Bins {
    fn of(multiples: [&[f64]; 2]) -> Self {
        let all = || multiples.iter().flat_map(|values| values.iter().copied()).filter(|value| value.is_finite());
        let (low, high) = (all().fold(-1.0, f64::min), all().fold(1.0, f64::max));
        let (from, to) = (low.max(LOWEST_R), high.min(HIGHEST_R));
        let bins = |width: f64| ((to / width).floor() - (from / width).floor()) as usize + 1;
        let width = BIN_WIDTHS.into_iter().find(|&width| bins(width) <= BINS_MAX).unwrap_or(1.0);
        let first = (from / width).floor();
        let number = bins(width);
        let place_of = |value: f64| ((value / width).floor() - first).clamp(0.0, (number - 1) as f64) as usize;
        let counts = multiples.map(|values| {
            let mut counts = vec![0; number];
            values.iter().filter(|value| value.is_finite()).for_each(|&value| counts[place_of(value)] += 1);
            counts
        });
        Self { first: first * width, width, counts, overflow: (low < LOWEST_R, high > HIGHEST_R) }
    }

    fn number(&self) -> usize {
        self.counts[0].len()
    }

    /// Returns where a bin begins.
    fn start(&self, bin: usize) -> f64 {
        self.first + self.width * bin as f64
    }

    fn name(&self, bin: usize) -> String {
        let decimals = decimals_of(self.width).max(1);
        let shown = |value: f64| signed(value, decimals, "R");
        if bin == 0 && self.overflow.0 {
            format!("below {}", shown(self.start(1)))
        } else if bin + 1 == self.number() && self.overflow.1 {
            format!("{} and more", shown(self.start(bin)))
        } else {
            format!("{} to {}", shown(self.start(bin)), shown(self.start(bin + 1)))
        }
    }
}

/// Draws the multiples of the pessimistic model as bars and those of the optimistic one as an outline.
///
/// `means`: the mean of each model, absent without trades.
pub(crate) fn r_histogram(multiples: [&[f64]; 2], means: [Option<f64>; 2], width: Width) -> Markup {
    let bins = Bins::of(multiples);
    let (wide, right, bottom) = if width == Width::Wide { (608.0, 608.0 - 40.0, 236.0) } else { (358.0, 322.0, 190.0) };
    let highest = bins.counts.iter().flatten().copied().max().unwrap_or(0).max(1);
    let x = Scale::new((bins.start(0), bins.start(bins.number())), (4.0, right));
    let y = Scale::new((0.0, highest as f64 * 1.04), (bottom, 34.0));
    html! {
        svg class=(width.class()) viewBox=(format!("0 0 {} {}", place(wide), place(bottom + 24.0))) role="img"
            aria-label="Number of trades by multiple of the initial risk" {
            (axes(&bins, &x, &y, right, bottom))
            @for bin in 0..bins.number() { (bar(&bins, bin, &x, &y)) }
            path class="curve other" d=(outline(&bins, &x, &y)) {}
            (mean_marks(means, &x, (right, bottom)))
            @for bin in 0..bins.number() { (target(&bins, bin, &x, bottom)) }
        }
    }
}

fn axes(bins: &Bins, x: &Scale, y: &Scale, right: f64, bottom: f64) -> Markup {
    let (counts, step) = y.ticks(4);
    let (multiples, r_step) = x.ticks(if right > 400.0 { 10 } else { 6 });
    let zero = place(x.at(0.0));
    html! {
        @for tick in counts.into_iter().filter(|tick| step >= 1.0 || *tick == tick.trunc()) {
            line class="grid" x1="0" x2=(place(right)) y1=(place(y.at(tick))) y2=(place(y.at(tick))) {}
            text class="axis" x=(place(right + 6.0)) y=(place(y.at(tick) + 4.0)) { (count(tick as usize)) }
        }
        @for tick in multiples.into_iter().filter(|&tick| tick < bins.start(bins.number()) - 0.01) {
            text class="axis" x=(place(x.at(tick).clamp(14.0, right - 14.0))) y=(place(bottom + 17.0)) text-anchor="middle" {
                (signed(tick, decimals_of(r_step), "R"))
            }
        }
        line class="zero" x1=(zero) x2=(zero) y1="34" y2=(place(bottom)) {}
    }
}

fn bar(bins: &Bins, bin: usize, x: &Scale, y: &Scale) -> Markup {
    let (from, to) = (x.at(bins.start(bin)), x.at(bins.start(bin + 1)));
    let top = y.at(bins.counts[0][bin] as f64);
    let sign = if bins.start(bin) + bins.width / 2.0 < 0.0 { "loss" } else { "gain" };
    html! {
        @if bins.counts[0][bin] > 0 {
            rect class={ "fill " (sign) } x=(place(from + 1.0)) y=(place(top)) width=(place((to - from - 2.0).max(1.0)))
                height=(place(y.at(0.0) - top)) {}
        }
    }
}

/// Lies invisibly over a column and tells its counts.
fn target(bins: &Bins, bin: usize, x: &Scale, bottom: f64) -> Markup {
    let (from, to) = (x.at(bins.start(bin)), x.at(bins.start(bin + 1)));
    let [low, high] = [0, 1].map(|model: usize| count(bins.counts[model][bin]));
    html! {
        rect class="target" x=(place(from)) y="34" width=(place(to - from)) height=(place(bottom - 34.0))
            data-tip={ (bins.name(bin)) "|Pessimistic " (low) "|Optimistic " (high) } {}
    }
}

fn outline(bins: &Bins, x: &Scale, y: &Scale) -> String {
    let mut path = format!("M{} {}", place(x.at(bins.start(0))), place(y.at(0.0)));
    for (bin, &number) in bins.counts[1].iter().enumerate() {
        path.push_str(&format!("V{}H{}", place(y.at(number as f64)), place(x.at(bins.start(bin + 1)))));
    }
    path + &format!("V{}", place(y.at(0.0)))
}

/// Marks the means, each in a row of its own so that they never overlap.
fn mean_marks(means: [Option<f64>; 2], x: &Scale, (right, bottom): (f64, f64)) -> Markup {
    html! {
        @for (model, mean) in means.into_iter().enumerate() {
            @if let Some(mean) = mean {
                @let (at, below) = (x.at(mean), model as f64 * 13.0);
                @let (anchor, shift) = if at > right - 70.0 { ("end", -5.0) } else { ("start", 5.0) };
                line class=(if model == 0 { "mean" } else { "mean other" }) x1=(place(at)) x2=(place(at)) y1=(place(5.0 + below))
                    y2=(place(bottom)) {}
                text class=(if model == 0 { "axis major" } else { "axis" }) x=(place(at + shift)) y=(place(14.0 + below))
                    text-anchor=(anchor) { (r_multiple(mean)) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trade_is_in_one_bin() {
        let multiples: Vec<f64> = (-100..200).map(|tenth| f64::from(tenth) / 7.0).collect();
        let bins = Bins::of([&multiples, &[f64::NAN, 0.0]]);
        assert_eq!(bins.counts[0].iter().sum::<usize>(), 300);
        assert_eq!(bins.counts[1].iter().sum::<usize>(), 1, "what is no number is not counted");
        assert!(bins.number() <= BINS_MAX);
        assert_eq!(bins.name(0), "below \u{2212}3.5R");
    }

    #[test]
    fn a_gain_and_a_loss_never_share_a_bin() {
        let bins = Bins::of([&[-1.04, 0.01, 2.0], &[]]);
        assert!((0..bins.number()).any(|bin| bins.start(bin).abs() < 1e-9), "a bin begins at zero");
    }

    #[test]
    fn no_trade_and_one_trade_draw() {
        for multiples in [&[][..], &[1.5], &[1e12, -1e12]] {
            let picture = r_histogram([multiples, &[]], [multiples.first().copied(), None], Width::Wide).into_string();
            assert!(!picture.contains("NaN") && !picture.contains("inf"), "{picture}");
        }
    }
}
