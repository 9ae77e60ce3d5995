//! Charts as SVG, coloured by the page's style alone so that they follow dark, light and paper.
//!
//! They are drawn by hand: a chart library writes fixed colours and fonts into every element, and knows neither the
//! house's marks (opening range, stop, target) nor a second theme.

mod calendar;
mod equity;
mod histogram;
mod inline;
mod scale;
mod trade;

pub(super) use equity::{Curve, equity};
pub(super) use histogram::r_histogram;
pub(super) use inline::{Interval, diverging, interval, share};
pub(super) use trade::{Picture, trade};

/// Says how wide a chart is drawn: once for screens and paper, once for a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    /// For screens and paper.
    Wide,
    /// For a phone.
    Narrow,
}

impl Width {
    const fn class(self) -> &'static str {
        match self {
            Self::Wide => "chart wide",
            Self::Narrow => "chart narrow",
        }
    }

    /// Returns a name for what is defined inside a chart, unlike that of the other width.
    const fn id(self) -> &'static str {
        match self {
            Self::Wide => "w",
            Self::Narrow => "n",
        }
    }
}
