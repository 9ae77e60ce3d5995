//! Marks small enough for a cell of a table.

use maud::{Markup, html};

use super::scale::{Scale, place};

const WIDTH: f64 = 132.0;
const WIDTH_INTERVAL: f64 = 480.0;
const HEIGHT: f64 = 16.0;

/// Holds an estimate and its confidence interval.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    /// The estimate.
    pub(crate) value: f64,
    /// Lower and upper end; `None` where there are too few observations.
    pub(crate) ends: Option<(f64, f64)>,
}

/// Draws an interval with its estimate on a scale shared by all of a row.
pub(crate) fn interval(shown: Interval, bounds: (f64, f64)) -> Markup {
    let x = Scale::padded(bounds, 0.04, (6.0, WIDTH_INTERVAL - 6.0));
    let sign = if shown.value < 0.0 { "loss" } else { "gain" };
    let at = place(x.at(shown.value));
    let middle = place(HEIGHT / 2.0);
    html! {
        svg class="spark" viewBox=(size(WIDTH_INTERVAL)) aria-hidden="true" {
            line class="rail" x1="0" x2=(place(WIDTH_INTERVAL)) y1=(middle) y2=(middle) {}
            @if bounds.0 <= 0.0 && bounds.1 >= 0.0 {
                line class="origin" x1=(place(x.at(0.0))) x2=(place(x.at(0.0))) y1="1" y2=(place(HEIGHT - 1.0)) {}
            }
            @if let Some((low, high)) = shown.ends {
                line class={ "whisker " (sign) } x1=(place(x.at(low))) x2=(place(x.at(high))) y1=(middle) y2=(middle) {}
            }
            circle class={ "fill " (sign) } cx=(at) cy=(middle) r="4" {}
        }
    }
}

/// Draws a bar to the left of zero for a loss and to the right for a gain; `largest` is the longest of the column.
pub(crate) fn diverging(value: f64, largest: f64) -> Markup {
    let half = WIDTH / 2.0;
    let length = if largest > 0.0 { (value.abs() / largest).min(1.0) * (half - 2.0) } else { 0.0 };
    let from = if value < 0.0 { half - length } else { half };
    let sign = if value < 0.0 { "loss" } else { "gain" };
    html! {
        svg class="spark" viewBox=(size(WIDTH)) aria-hidden="true" {
            rect class={ "fill " (sign) } x=(place(from)) y="4" width=(place(length)) height="8" {}
            line class="origin" x1=(place(half)) x2=(place(half)) y1="1" y2=(place(HEIGHT - 1.0)) {}
        }
    }
}

/// Draws a bar for a share of a whole.
pub(crate) fn share(value: usize, whole: usize) -> Markup {
    let length = if whole == 0 { 0.0 } else { value as f64 / whole as f64 * WIDTH };
    html! {
        svg class="spark" viewBox=(size(WIDTH)) aria-hidden="true" {
            rect class="track" x="0" y="5" width=(place(WIDTH)) height="6" {}
            rect class="neutral" x="0" y="5" width=(place(length)) height="6" {}
        }
    }
}

fn size(width: f64) -> String {
    format!("0 0 {} {}", place(width), place(HEIGHT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_leaves_zero_to_the_side_of_its_sign() {
        let loss = diverging(-1.0, 2.0).into_string();
        assert!(loss.contains("class=\"fill loss\" x=\"34\"") && loss.contains("width=\"32\""), "{loss}");
        let gain = diverging(2.0, 2.0).into_string();
        assert!(gain.contains("class=\"fill gain\" x=\"66\"") && gain.contains("width=\"64\""), "{gain}");
    }

    #[test]
    fn an_interval_across_zero_shows_zero() {
        let drawn = |low, high| interval(Interval { value: 0.1, ends: Some((low, high)) }, (low, high)).into_string();
        assert!(drawn(-0.2, 0.4).contains("origin"));
        assert!(!drawn(0.05, 0.4).contains("origin"));
        assert!(!drawn(0.1, 0.1).contains("NaN"));
    }
}
