//! Labels of an axis of sessions.

use chrono::Datelike as _;
use orb_core::Date;

/// Names one session on the axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DateTick {
    /// Its place among the sessions, from 0.
    pub(super) index: usize,
    /// What is written below it.
    pub(super) label: String,
    /// Tells that a year begins.
    pub(super) major: bool,
}

/// Groups dates: the first session of each group can have a label.
type Group = fn(Date) -> i64;

const GROUPS: &[(Group, &str)] = &[
    (|date| i64::from(date.num_days_from_ce()), "%-d %b"),
    (|date| i64::from(date.num_days_from_ce() - 1) / 7, "%-d %b"),
    (month, "%b"),
    (|date| month(date) / 3, "%b"),
    (|date| i64::from(date.year()), "%Y"),
    (|date| i64::from(date.year()) / 2, "%Y"),
    (|date| i64::from(date.year()) / 5, "%Y"),
    (|date| i64::from(date.year()) / 20, "%Y"),
];

fn month(date: Date) -> i64 {
    i64::from(date.year()) * 12 + i64::from(date.month0())
}

/// Chooses labels that are at least `gap` apart when sessions are `step` apart.
pub(super) fn date_ticks(dates: &[Date], step: f64, gap: f64) -> Vec<DateTick> {
    let fitting =
        GROUPS.iter().map(|&(group, form)| starts(dates, group, form, (gap / step.max(1e-9)).ceil() as usize));
    fitting.flatten().next().unwrap_or_default()
}

/// Returns the starts of all groups; `None` when two of them are closer than `sessions`.
fn starts(dates: &[Date], group: Group, form: &str, sessions: usize) -> Option<Vec<DateTick>> {
    let mut indices: Vec<usize> =
        (0..dates.len()).filter(|&index| index == 0 || group(dates[index]) != group(dates[index - 1])).collect();
    // The first group is cut off where the data begin: its label gives way to the next.
    if indices.len() > 1 && indices[1] - indices[0] < sessions {
        indices.remove(0);
    }
    if indices.windows(2).any(|pair| pair[1] - pair[0] < sessions) {
        return None;
    }
    let first_of_year = |index: usize| index > 0 && dates[index].year() != dates[index - 1].year();
    let tick = |index: usize| {
        let major = first_of_year(index);
        let form = if major { "%Y" } else { form };
        DateTick { index, label: dates[index].format(form).to_string(), major }
    };
    Some(indices.into_iter().map(tick).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sessions(count: u64) -> Vec<Date> {
        let first = Date::from_ymd_opt(2024, 11, 4).expect("a date");
        (0..count).map(|day| first + chrono::Days::new(day + day / 5 * 2)).collect()
    }

    #[track_caller]
    fn check(count: u64, width: f64, labels: &[&str]) {
        let dates = sessions(count);
        let ticks = date_ticks(&dates, width / dates.len() as f64, 60.0);
        let found: Vec<_> = ticks.iter().take(labels.len()).map(|tick| tick.label.as_str()).collect();
        assert_eq!(found, labels);
        assert!(ticks.windows(2).all(|pair| (pair[1].index - pair[0].index) as f64 * width / count as f64 >= 59.0));
    }

    #[test]
    fn labels_grow_with_the_period() {
        check(5, 1000.0, &["4 Nov", "5 Nov", "6 Nov"]);
        check(60, 1000.0, &["4 Nov", "11 Nov", "18 Nov"]);
        check(250, 1000.0, &["4 Nov", "Dec", "2025", "Feb"].map(|label| if label == "4 Nov" { "Nov" } else { label }));
        check(2_500, 1000.0, &["2025", "2026"]);
        check(0, 1000.0, &[]);
        check(1, 1000.0, &["4 Nov"]);
    }
}
