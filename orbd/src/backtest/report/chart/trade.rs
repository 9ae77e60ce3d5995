//! One trade on its bars: opening range, entry, stop, target and exit.

use maud::{Markup, html};
use orb_core::fact::Trade;
use orb_core::range_book::{OpeningRange, RangeBook};
use orb_core::{Bar, Price, Session, Side, Span, Timestamp};

use super::scale::{Scale, apart, place};
use crate::backtest::report::format::{clock, price};

const WIDTH: f64 = 400.0;
const RIGHT: f64 = 336.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 204.0;
const TAG: f64 = 15.0;

/// A candle is at least and at most so wide, its gap included.
const CANDLE_MIN: f64 = 4.4;
const CANDLE_MAX: f64 = 11.0;

/// Bars are put together by one of these numbers, so that they fit.
const MULTIPLES: [i64; 10] = [1, 2, 3, 5, 10, 15, 30, 60, 120, 390];

/// Steps of the axis of time, minutes.
const TIME_STEPS: [i64; 6] = [5, 10, 15, 30, 60, 120];

/// Holds what a picture of a trade shows.
#[derive(Clone, Debug)]
pub(crate) struct Picture<'a> {
    pub(crate) trade: &'a Trade,
    pub(crate) session: Session,
    /// Regular bars of the trade's symbol and session, by start.
    pub(crate) bars: &'a [Bar],
    pub(crate) bar_length: Span,
    pub(crate) range_minutes: u32,
}

/// Holds the bars as drawn, several of the run's bars in one where they are many.
struct Candles {
    length: Span,
    candles: Vec<Bar>,
}

/// Maps times and prices of a picture to places.
struct Axes {
    open: Timestamp,
    length: Span,
    x: Scale,
    y: Scale,
}

impl Axes {
    /// Returns the middle of the candle that holds an instant.
    fn middle(&self, at: Timestamp) -> f64 {
        self.x.at(((at - self.open).micros() / self.length.micros()) as f64 + 0.5)
    }

    fn price(&self, price: Price) -> f64 {
        self.y.at(dollars(price))
    }
}

/// Draws a trade from the open until a while after its exit.
pub(crate) fn trade(picture: &Picture<'_>) -> Markup {
    let candles = picture.candles();
    let range = picture.opening_range();
    let axes = picture.axes(&candles);
    let length = candles.length.minutes();
    html! {
        svg class="chart picture" viewBox=(format!("0 0 {} {}", place(WIDTH), place(BOTTOM + 22.0))) role="img"
            aria-label=(format!("Bars of {length} minutes with the trade's levels")) {
            (time_axis(picture, &axes))
            (price_axis(picture, &axes))
            @if let Some(range) = range { (range_box(picture, range, &axes)) }
            (result_box(picture, &axes))
            @for bar in &candles.candles { (candle(bar, &axes)) }
            (levels(picture, &axes))
            (fills(picture, &axes))
        }
    }
}

impl Picture<'_> {
    /// Returns the instant at which the picture ends: some time after the exit.
    fn end(&self) -> Timestamp {
        let exit = self.exit_time() + self.bar_length;
        let shown = (exit - self.session.open).micros();
        let after = (shown / 4).max(15 * 60_000_000).max(40 * self.bar_length.micros() - shown);
        (exit + Span::from_micros(after)).min(self.session.close).max(exit)
    }

    fn exit_time(&self) -> Timestamp {
        self.trade.exit_time.unwrap_or(self.trade.entry_time)
    }

    fn candles(&self) -> Candles {
        let end = self.end();
        let number = ((end - self.session.open).micros() / self.bar_length.micros()).max(1);
        let fits = |multiple: &i64| (number / multiple) as f64 * CANDLE_MIN <= RIGHT;
        let multiple = MULTIPLES.into_iter().find(|multiple| fits(multiple)).unwrap_or(MULTIPLES[9]);
        let length = Span::from_micros(self.bar_length.micros() * multiple);
        let slot = |bar: &Bar| (bar.start - self.session.open).micros().div_euclid(length.micros());
        let shown: Vec<Bar> = self.bars.iter().filter(|bar| bar.start < end).copied().collect();
        let candles = shown.chunk_by(|a, b| slot(a) == slot(b)).filter_map(together).collect();
        Candles { length, candles }
    }

    /// Returns the range as the strategy saw it; `None` where it was incomplete.
    fn opening_range(&self) -> Option<OpeningRange> {
        let id = self.bars.first()?.symbol;
        let mut book = RangeBook::default();
        book.begin(self.session.open, self.range_end(), self.bar_length, id.index() + 1);
        self.bars.iter().for_each(|bar| book.on_bar(bar));
        book.freeze(id).ok()
    }

    fn range_end(&self) -> Timestamp {
        self.session.open + Span::from_minutes(i64::from(self.range_minutes))
    }

    fn axes(&self, candles: &Candles) -> Axes {
        let slots = (((self.end() - self.session.open).micros() - 1) / candles.length.micros() + 1).max(1) as f64;
        let right = RIGHT.min(slots * CANDLE_MAX);
        let x = Scale::new((0.0, slots), (2.0, right));
        let entry = dollars(self.trade.entry_price());
        let exit = self.trade.exit_price().map_or(entry, dollars);
        let highs = candles.candles.iter().flat_map(|bar| [dollars(bar.high), dollars(bar.low)]);
        let all: Vec<f64> = highs.chain([entry, exit, dollars(self.trade.stop)]).collect();
        let (low, high) = all.iter().fold((f64::MAX, f64::MIN), |(low, high), &v| (low.min(v), high.max(v)));
        // A far target would press the bars flat: it is then named at the edge.
        let reach = (high - low) * 0.5;
        let target = self.trade.target.map(dollars).filter(|t| (low - reach..=high + reach).contains(t));
        let bounds = (target.unwrap_or(low).min(low), target.unwrap_or(high).max(high));
        Axes { open: self.session.open, length: candles.length, x, y: Scale::padded(bounds, 0.07, (BOTTOM, TOP)) }
    }

    fn gains(&self) -> &'static str {
        if self.trade.net() < orb_core::Money::ZERO { "loss" } else { "gain" }
    }
}

fn dollars(price: Price) -> f64 {
    price.micros() as f64 / 1e6
}

fn together(bars: &[Bar]) -> Option<Bar> {
    let (first, last) = (bars.first()?, bars.last()?);
    let high = bars.iter().map(|bar| bar.high).max()?;
    let low = bars.iter().map(|bar| bar.low).min()?;
    let volume = bars.iter().fold(0_u64, |sum, bar| sum.saturating_add(bar.volume));
    Some(Bar { high, low, close: last.close, volume, ..*first })
}

fn time_axis(picture: &Picture<'_>, axes: &Axes) -> Markup {
    let minutes = (picture.end() - picture.session.open).minutes();
    let per_minute = (axes.middle(picture.session.open + Span::from_minutes(minutes))
        - axes.middle(picture.session.open))
        / minutes.max(1) as f64;
    let step = TIME_STEPS.into_iter().find(|&step| step as f64 * per_minute >= 52.0).unwrap_or(120);
    let times = (0..=minutes / step).map(|index| picture.session.open + Span::from_minutes(index * step));
    let left = |at: Timestamp| axes.x.at((at - axes.open).micros() as f64 / axes.length.micros() as f64);
    html! {
        @for at in times {
            @let x = left(at);
            @if x <= RIGHT - 12.0 {
                line class="grid" x1=(place(x)) x2=(place(x)) y1=(place(TOP)) y2=(place(BOTTOM)) {}
                text class="axis" x=(place(x.max(2.0))) y=(place(BOTTOM + 16.0))
                    text-anchor=(if x < 14.0 { "start" } else { "middle" }) { (clock(at)) }
            }
        }
    }
}

fn price_axis(picture: &Picture<'_>, axes: &Axes) -> Markup {
    let (ticks, _) = axes.y.ticks(4);
    let tags: Vec<f64> = picture.tags(axes).iter().map(|tag| tag.shown).collect();
    let free = |y: f64| tags.iter().all(|&tag| (tag - y).abs() > TAG);
    html! {
        @for tick in ticks {
            @let y = axes.y.at(tick);
            line class="grid" x1="0" x2=(place(RIGHT)) y1=(place(y)) y2=(place(y)) {}
            @if free(y) {
                text class="axis" x=(place(RIGHT + 6.0)) y=(place(y + 4.0)) { (price(Price::from_micros((tick * 1e6).round() as i64))) }
            }
        }
    }
}

fn range_box(picture: &Picture<'_>, range: OpeningRange, axes: &Axes) -> Markup {
    let (top, bottom) = (axes.price(range.high), axes.price(range.low));
    let right = axes.x.at((picture.range_end() - axes.open).micros() as f64 / axes.length.micros() as f64);
    let end = axes.middle(picture.exit_time());
    html! {
        rect class="range" x=(place(axes.x.at(0.0))) y=(place(top)) width=(place((right - axes.x.at(0.0)).max(2.0)))
            height=(place(bottom - top)) {}
        @for y in [top, bottom] {
            line class="range-edge" x1=(place(axes.x.at(0.0))) x2=(place(end)) y1=(place(y)) y2=(place(y)) {}
        }
    }
}

/// Tints what lies between entry and exit in the colour of the result.
fn result_box(picture: &Picture<'_>, axes: &Axes) -> Markup {
    let (from, to) = (axes.middle(picture.trade.entry_time), axes.middle(picture.exit_time()));
    let entry = axes.price(picture.trade.entry_price());
    let exit = picture.trade.exit_price().map_or(entry, |price| axes.price(price));
    html! {
        rect class={ "result " (picture.gains()) } x=(place(from)) y=(place(entry.min(exit)))
            width=(place((to - from).max(1.0))) height=(place((entry - exit).abs())) {}
    }
}

fn candle(bar: &Bar, axes: &Axes) -> Markup {
    let x = axes.middle(bar.start);
    let half = ((axes.x.at(1.0) - axes.x.at(0.0)) * 0.32).clamp(1.2, 3.6);
    let (top, bottom) = (axes.price(bar.open.max(bar.close)), axes.price(bar.open.min(bar.close)));
    let body = if bar.close >= bar.open { "up" } else { "down" };
    let wick = format!(
        "M{x} {}V{}M{x} {}V{}",
        place(axes.price(bar.high)),
        place(top),
        place(bottom),
        place(axes.price(bar.low)),
        x = place(x)
    );
    html! {
        path class="wick" d=(wick) {}
        rect class=(body) x=(place(x - half)) y=(place(top)) width=(place(half * 2.0)) height=(place((bottom - top).max(0.8))) {}
    }
}

/// Holds one level with its name and where its tag is drawn.
struct Tag {
    class: &'static str,
    text: String,
    level: f64,
    shown: f64,
}

impl Picture<'_> {
    fn tags(&self, axes: &Axes) -> Vec<Tag> {
        let trade = self.trade;
        let exit = match (self.gains() == "loss", trade.exit_price()) {
            (true, left) if left == Some(trade.stop) => "tag loss at-stop",
            (true, _) => "tag loss",
            (false, left) if left.is_some() && left == trade.target => "tag gain at-goal",
            (false, _) => "tag gain",
        };
        let target = trade.target.map(|target| ("tag goal", target));
        let exit_price = trade.exit_price().map(|price| (exit, price));
        let levels = [Some(("tag entry", trade.entry_price())), Some(("tag stop", trade.stop)), target, exit_price];
        // Where the exit was at the stop or the target, one tag says both.
        let said = |class: &str| match class {
            "tag stop" => exit.ends_with("at-stop"),
            "tag goal" => exit.ends_with("at-goal"),
            _ => false,
        };
        let levels: Vec<_> = levels.into_iter().flatten().filter(|&(class, _)| !said(class)).collect();
        let places: Vec<f64> = levels.iter().map(|&(_, price)| axes.price(price).clamp(TOP, BOTTOM)).collect();
        let shown = apart(&places, TAG, (TOP, BOTTOM));
        let tag = |((class, level), shown): ((&'static str, Price), f64)| Tag {
            class,
            text: price(level),
            level: axes.price(level),
            shown,
        };
        levels.into_iter().zip(shown).map(tag).collect()
    }
}

fn levels(picture: &Picture<'_>, axes: &Axes) -> Markup {
    let from = axes.middle(picture.trade.entry_time);
    let inside = |y: f64| (TOP - 1.0..=BOTTOM + 1.0).contains(&y);
    html! {
        @for Tag { class, text, level, shown } in picture.tags(axes) {
            g class=(class) {
                @if inside(level) {
                    line class="level" x1=(place(from)) x2=(place(RIGHT - 8.0)) y1=(place(level)) y2=(place(level)) {}
                    path class="leader" d=(format!("M{} {}L{} {}", place(RIGHT - 8.0), place(level), place(RIGHT), place(shown))) {}
                }
                rect x=(place(RIGHT)) y=(place(shown - TAG / 2.0 + 0.5)) width=(place(WIDTH - RIGHT)) height=(place(TAG - 1.0)) rx="2" {}
                text x=(place(RIGHT + 6.0)) y=(place(shown + 4.0)) {
                    (text) @if level < TOP - 1.0 { " ▲" } @else if level > BOTTOM + 1.0 { " ▼" }
                }
            }
        }
    }
}

/// Points an arrow at each fill: up where shares were bought, down where they were sold.
fn fills(picture: &Picture<'_>, axes: &Axes) -> Markup {
    let trade = picture.trade;
    let buys_first = trade.side == Side::Long;
    let exit = trade.exit_time.zip(trade.exit_price()).map(|(at, price)| (at, price, !buys_first));
    let all = [Some((trade.entry_time, trade.entry_price(), buys_first)), exit];
    html! {
        @for (at, price, buys) in all.into_iter().flatten() {
            @let (x, y) = (axes.middle(at), axes.price(price));
            @let down = if buys { 1.0 } else { -1.0 };
            path class="fill-mark" d=(format!(
                "M{} {}L{} {}H{}Z", place(x), place(y + down), place(x - 4.5), place(y + down * 9.0), place(x + 4.5)
            )) {}
        }
    }
}
