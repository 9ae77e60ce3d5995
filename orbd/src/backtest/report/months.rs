//! Returns by month and year.

use std::collections::BTreeMap;

use chrono::Datelike as _;
use maud::{Markup, html};
use orb_core::metrics::{DayResult, daily_returns, total_return};

use super::View;
use super::figures::sign_class;
use super::format::{or_absent, signed};

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Holds the return of each month, and of the whole year at the end, for each year.
type Years = BTreeMap<i32, [Option<f64>; 13]>;

fn years(days: &[DayResult]) -> Years {
    let mut years = Years::new();
    for year in days.chunk_by(|a, b| a.date.year() == b.date.year()) {
        let months = years.entry(year[0].date.year()).or_default();
        months[12] = Some(total_return(&daily_returns(year)));
        for month in year.chunk_by(|a, b| a.date.month() == b.date.month()) {
            months[month[0].date.month0() as usize] = Some(total_return(&daily_returns(month)));
        }
    }
    years
}

/// Shows the pessimistic return of each month, the optimistic one below it.
pub(super) fn months(view: &View<'_>) -> Markup {
    let [low, high] = view.models.each_ref().map(|model| years(&model.report.days));
    let months = low.values().flat_map(|year| year[..12].iter().flatten());
    let largest = months.fold(0.0_f64, |largest, value| largest.max(value.abs()));
    html! {
        div class="scroll" {
            table class="months" {
                thead { tr { th {} @for month in MONTHS { th { (month) } } th { "Year" } } }
                tbody {
                    @for (year, values) in &low {
                        tr {
                            th scope="row" { (year) }
                            @for (month, value) in values.iter().enumerate() {
                                @let other = high.get(year).and_then(|year| year[month]);
                                td class=(cell(*value, largest, month == 12)) {
                                    @if value.is_some() {
                                        (or_absent(*value, shown)) small { (or_absent(other, shown)) }
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        p class="note" { "Net return in percent: pessimistic, and below it optimistic." }
    }
}

fn shown(value: f64) -> String {
    signed(value * 100.0, 2, "")
}

/// Returns the classes of a cell: its sign, and a tint in four steps by size.
fn cell(value: Option<f64>, largest: f64, total: bool) -> String {
    let Some(value) = value else { return String::new() };
    let sign = sign_class(&shown(value));
    if total || largest <= 0.0 || sign.is_empty() {
        return format!("{sign} total");
    }
    let step = (value.abs() / largest * 4.0).ceil().clamp(1.0, 4.0);
    format!("{sign} tint{step:.0}")
}
