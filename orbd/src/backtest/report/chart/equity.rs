//! Results over time: cumulative result above, drawdown below, on one axis of sessions.

use maud::{Markup, html};
use orb_core::Date;

use super::Width;
use super::calendar::date_ticks;
use super::scale::{Scale, apart, decimated, line, place};
use crate::backtest::report::format::{axis_money, decimals_of, signed, signed_percent};

/// Holds the days of both fill models, the pessimistic first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Curve {
    /// Trading dates.
    pub(crate) dates: Vec<Date>,
    /// Dollars gained since the start, for each day.
    pub(crate) results: [Vec<f64>; 2],
    /// Fraction below the highest equity so far, zero or negative, for each day.
    pub(crate) drawdowns: [Vec<f64>; 2],
}

/// Places of a chart, in its own units.
struct Frame {
    width: f64,
    right: f64,
    top: f64,
    middle: f64,
    below: f64,
    bottom: f64,
    label_gap: f64,
    y_ticks: usize,
}

impl Frame {
    const fn of(width: Width) -> Self {
        let (width, axis, heights, label_gap, y_ticks) = match width {
            Width::Wide => (1240.0, 84.0, [14.0, 290.0, 318.0, 408.0], 58.0, 6),
            Width::Narrow => (358.0, 68.0, [12.0, 200.0, 222.0, 286.0], 48.0, 5),
        };
        let [top, middle, below, bottom] = heights;
        Self { width, right: width - axis, top, middle, below, bottom, label_gap, y_ticks }
    }

    const fn height(&self) -> f64 {
        self.bottom + 24.0
    }
}

/// Draws the results of both models; a lone day is a dot.
pub(crate) fn equity(curve: &Curve, width: Width) -> Markup {
    let frame = Frame::of(width);
    let days = curve.dates.len();
    // The account begins before the first day, at zero: place 0 is that start.
    let x = Scale::new((0.0, days.max(1) as f64), (1.0, frame.right - 8.0));
    let results = curve.results.each_ref().map(|values| from_start(values));
    let drawdowns = curve.drawdowns.each_ref().map(|values| from_start(values));
    let y = Scale::padded(bounds(&results), 0.06, (frame.middle, frame.top));
    let deep = Scale::new((bounds(&drawdowns).0.min(-1e-4) * 1.08, 0.0), (frame.bottom, frame.below));
    let points = |values: &[f64], y: &Scale| {
        decimated(&values.iter().enumerate().map(|(i, &v)| (x.at(i as f64), y.at(v))).collect::<Vec<_>>())
    };
    let size = format!("0 0 {} {}", place(frame.width), place(frame.height()));
    let tags = tag_places(&frame, &y, &results);
    let ends = (place(x.at(0.0)), place(x.at(days.max(1) as f64)));
    html! {
        svg class=(width.class()) viewBox=(size) role="img" data-from=(ends.0) data-to=(ends.1)
            aria-label="Cumulative net result and drawdown of both fill models" {
            (dates_axis(curve, &frame, &x))
            (money_axis(&frame, &y, tags))
            (results_area(&frame, &y, &results.each_ref().map(|values| points(values, &y)), width))
            (drawdown_area(&frame, &deep, &drawdowns.each_ref().map(|values| points(values, &deep))))
            (end_tags(&frame, &results, tags))
            line class="crosshair" x1="0" x2="0" y1=(place(frame.top)) y2=(place(frame.bottom)) {}
        }
    }
}

fn from_start(values: &[f64]) -> Vec<f64> {
    core::iter::once(0.0).chain(values.iter().copied()).collect()
}

fn bounds(series: &[Vec<f64>; 2]) -> (f64, f64) {
    let values = || series.iter().flatten().copied();
    (values().fold(0.0, f64::min), values().fold(0.0, f64::max))
}

fn dates_axis(curve: &Curve, frame: &Frame, x: &Scale) -> Markup {
    let ticks = date_ticks(&curve.dates, x.at(1.0) - x.at(0.0), frame.label_gap);
    html! {
        @for tick in ticks {
            @let at = x.at(tick.index as f64 + 1.0);
            line class="grid" x1=(place(at)) x2=(place(at)) y1=(place(frame.top)) y2=(place(frame.bottom)) {}
            text class=(if tick.major { "axis major" } else { "axis" }) x=(place(at.clamp(16.0, frame.right - 18.0)))
                y=(place(frame.bottom + 17.0)) text-anchor="middle" { (tick.label) }
        }
    }
}

/// Returns where the last values are written; ticks of the axis give way to them.
fn tag_places(frame: &Frame, y: &Scale, results: &[Vec<f64>; 2]) -> [f64; 2] {
    let last = results.each_ref().map(|values| y.at(values.last().copied().unwrap_or_default()));
    let places = apart(&last, 20.0, (frame.top + 4.0, frame.middle - 4.0));
    [places[0], places[1]]
}

fn money_axis(frame: &Frame, y: &Scale, tags: [f64; 2]) -> Markup {
    let (ticks, step) = y.ticks(frame.y_ticks);
    let free = |at: f64| tags.iter().all(|tag| (tag - at).abs() > 16.0);
    html! {
        @for tick in ticks {
            @let at = place(y.at(tick));
            line class="grid" x1="0" x2=(place(frame.right)) y1=(at) y2=(at) {}
            @if free(y.at(tick)) {
                text class="axis" x=(place(frame.right + 8.0)) y=(place(y.at(tick) + 4.0)) { (axis_money(tick, step)) }
            }
        }
    }
}

/// Draws the pessimistic line in the colour of its sign, the optimistic one dashed, and shades what lies between.
fn results_area(frame: &Frame, y: &Scale, points: &[Vec<(f64, f64)>; 2], width: Width) -> Markup {
    let [low, high] = points;
    let zero = y.at(0.0).clamp(frame.top, frame.middle);
    let path = line(low);
    let area = format!("{path}L{} {z}L{} {z}Z", end(low), place(low[0].0), z = place(zero));
    let back: Vec<_> = high.iter().rev().copied().collect();
    let band = format!("{path}{}Z", line(&back).replacen('M', "L", 1));
    let clip = |name: &str| format!("{name}-{}", width.id());
    let from_clip = |name: &str| format!("url(#{name}-{})", width.id());
    html! {
        defs {
            clipPath id=(clip("above")) { (rect(0.0, 0.0, frame.width, zero)) }
            clipPath id=(clip("below")) { (rect(0.0, zero, frame.width, frame.height() - zero)) }
        }
        path class="band" d=(band) {}
        path class="curve other" d=(line(high)) {}
        @for (name, sign) in [("above", "gain"), ("below", "loss")] {
            g clip-path=(from_clip(name)) {
                path class={ "area " (sign) } d=(area) {}
                path class={ "curve " (sign) } d=(path) {}
            }
        }
        line class="zero" x1="0" x2=(place(frame.right)) y1=(place(zero)) y2=(place(zero)) {}
    }
}

fn drawdown_area(frame: &Frame, y: &Scale, points: &[Vec<(f64, f64)>; 2]) -> Markup {
    let [low, high] = points;
    let path = line(low);
    let top = place(frame.below);
    let area = format!("{path}L{} {top}L{} {top}Z", end(low), place(low[0].0));
    let (ticks, step) = y.ticks(2);
    html! {
        @for tick in ticks.into_iter().filter(|&tick| tick < 0.0) {
            @let at = place(y.at(tick));
            line class="grid" x1="0" x2=(place(frame.right)) y1=(at) y2=(at) {}
            text class="axis" x=(place(frame.right + 8.0)) y=(place(y.at(tick) + 4.0)) {
                (signed(tick * 100.0, decimals_of(step * 100.0), "%"))
            }
        }
        path class="area loss" d=(area) {}
        path class="curve other" d=(line(high)) {}
        path class="curve loss thin" d=(path) {}
        line class="zero" x1="0" x2=(place(frame.right)) y1=(top) y2=(top) {}
        text class="axis name" x="6" y=(place(frame.below + 15.0)) { "Drawdown" }
    }
}

/// Writes the last value of each model on the axis.
fn end_tags(frame: &Frame, results: &[Vec<f64>; 2], places: [f64; 2]) -> Markup {
    let last = results.each_ref().map(|values| values.last().copied().unwrap_or_default());
    let sign = if last[0] < 0.0 { "loss" } else { "gain" };
    html! {
        @for (index, class) in [(1, "tag other".to_owned()), (0, format!("tag {sign}"))] {
            @if index == 0 || (last[0] - last[1]).abs() >= 0.5 { g class=(class) {
                (rect(frame.right + 1.0, places[index] - 9.5, frame.width - frame.right - 2.0, 19.0))
                text x=(place(frame.right + 8.0)) y=(place(places[index] + 4.0)) { (axis_money(last[index], 1.0)) }
            } }
        }
    }
}

fn rect(x: f64, y: f64, width: f64, height: f64) -> Markup {
    html! { rect x=(place(x)) y=(place(y)) width=(place(width.max(0.0))) height=(place(height.max(0.0))) {} }
}

fn end(points: &[(f64, f64)]) -> String {
    points.last().map_or_else(|| "0".to_owned(), |point| place(point.0))
}

impl Curve {
    /// Returns what the pointer shows, one row for each day: date, results, drawdowns; at most about `most` rows.
    pub(crate) fn readings(&self, most: usize) -> Vec<[String; 5]> {
        let every = self.dates.len().div_ceil(most.max(1)).max(1);
        let money = |value: f64| signed(value, 2, "").replacen(['+', '\u{2212}'], "", 1);
        let dollars = |value: f64| {
            let sign = if value < -0.005 {
                "\u{2212}$"
            } else if value > 0.005 {
                "+$"
            } else {
                "$"
            };
            format!("{sign}{}", money(value))
        };
        let row = |index: usize| {
            [
                self.dates[index].format("%a %-d %b %Y").to_string(),
                dollars(self.results[0][index]),
                dollars(self.results[1][index]),
                signed_percent(self.drawdowns[0][index]),
                signed_percent(self.drawdowns[1][index]),
            ]
        };
        (0..self.dates.len()).step_by(every).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(days: usize, result: impl Fn(usize) -> f64) -> Curve {
        let first = Date::from_ymd_opt(2026, 1, 1).expect("a date");
        let results: Vec<f64> = (0..days).map(result).collect();
        let drawdowns: Vec<f64> = (0..days).map(|day| -((day % 7) as f64) / 100.0).collect();
        Curve {
            dates: (0..days).map(|day| first + chrono::Days::new(day as u64)).collect(),
            results: [results.clone(), results.iter().map(|value| value + 100.0).collect()],
            drawdowns: [drawdowns.clone(), drawdowns],
        }
    }

    #[test]
    fn a_short_run_has_this_picture() {
        let picture = equity(&curve(4, |day| [100.0, -50.0, 20.0, 300.0][day]), Width::Narrow).into_string();
        insta::assert_snapshot!(picture.replace("><", ">\n<"));
    }

    #[test]
    fn hostile_sizes_draw_something_finite_and_small() {
        let results: [fn(usize) -> f64; 4] = [|_| 0.0, |day| day as f64 * 1e9, |day| -(day as f64), |_| 1e15];
        for days in [0, 1, 2, 30_000] {
            for result in results {
                let picture = equity(&curve(days, result), Width::Wide).into_string();
                assert!(!picture.contains("NaN") && !picture.contains("inf"), "{days} days");
                assert!(picture.len() < 300_000, "{days} days make {} bytes", picture.len());
            }
        }
        assert!(curve(30_000, |_| 0.0).readings(1_000).len() <= 1_000);
    }
}
