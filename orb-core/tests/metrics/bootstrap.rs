//! Intervals from resampling.

use orb_core::metrics::{Bootstrap, Interval, Sample};

use crate::rig::{days_of, trade};

fn width(interval: Interval) -> f64 {
    interval.high - interval.low
}

/// Returns 300 returns without a trend that follow no simple pattern.
fn returns() -> Vec<f64> {
    (0_i64..300).map(|day| ((day * day * 31 + day * 17) % 101 - 50) as f64 / 1e4).collect()
}

#[test]
fn the_same_seed_gives_the_same_interval() {
    let of = |seed| Bootstrap { seed, ..Bootstrap::default() }.sharpe(&returns()).unwrap();
    assert_eq!(of(1), of(1));
    assert_ne!(of(1), of(2));
    // These values are those of every platform and release.
    assert_eq!(of(1), Interval { low: -2.043_695_244_201_469, high: 1.231_418_869_048_546_6 });
}

#[test]
fn trades_of_one_day_stay_together() {
    let values: Vec<f64> = (0..40).map(|day| f64::from(day * day % 17) - 6.0).collect();
    let once: Vec<Vec<f64>> = values.iter().map(|&value| vec![value]).collect();
    let four: Vec<Vec<f64>> = values.iter().map(|&value| vec![value; 4]).collect();
    let apart: Vec<Vec<f64>> = four.iter().flatten().map(|&value| vec![value]).collect();
    let of = |days: &[Vec<f64>]| Bootstrap::default().mean_by_day(days).unwrap();
    // Four equal trades a day tell no more than one; four on days of their own halve the interval.
    assert_eq!(of(&once), of(&four));
    let ratio = width(of(&apart)) / width(of(&once));
    assert!((0.4..0.6).contains(&ratio), "the interval of trades on their own is {ratio} of the other");
}

#[test]
fn days_of_many_trades_weigh_more() {
    let days = [vec![1.0; 9], vec![-1.0], vec![1.0; 9], vec![-1.0]];
    let interval = Bootstrap::default().mean_by_day(&days).unwrap();
    assert!(interval.contains(0.8) && interval.high == 1.0 && interval.low == -1.0, "{interval:?}");
}

#[test]
fn blocks_widen_the_interval_of_days_that_follow_each_other() {
    // Stretches of ten days of one sign.
    let returns: Vec<f64> = returns().iter().zip(0..).map(|(value, day)| value.abs() * sign(day / 10)).collect();
    let of = |mean_block| Bootstrap { mean_block: Some(mean_block), ..Bootstrap::default() }.sharpe(&returns).unwrap();
    assert!(width(of(15.0)) > 1.5 * width(of(1.0)), "{:?} against {:?}", of(15.0), of(1.0));
}

fn sign(stretch: i32) -> f64 {
    if stretch * stretch * 7 % 5 < 2 { 1.0 } else { -1.0 }
}

#[test]
fn a_higher_level_is_wider() {
    let of = |level| width(Bootstrap { level, ..Bootstrap::default() }.sharpe(&returns()).unwrap());
    assert!(of(0.5) < of(0.95) && of(0.95) < of(0.99));
}

#[test]
fn too_little_has_no_interval() {
    let bootstrap = Bootstrap::default();
    assert_eq!((bootstrap.sharpe(&[]), bootstrap.sharpe(&[0.1]), bootstrap.sharpe(&[0.1; 9])), (None, None, None));
    assert_eq!((bootstrap.mean_by_day(&[]), bootstrap.mean_by_day(&[vec![1.0], vec![]])), (None, None));
    assert_eq!(Bootstrap { resamples: 0, ..bootstrap }.sharpe(&[0.1, 0.2]), None);
}

#[test]
fn a_sample_s_intervals_are_those_of_its_days() {
    let equities: Vec<i64> = (0..60).map(|day| 100_000 + day * 10 + day * day * 37 % 400).collect();
    let days = days_of(&equities);
    // Two trades a day on 30 days, the second with a fee of 0.1 R; they come in no order.
    let mut trades: Vec<_> = (0..30).flat_map(|day| [trade(day, day as i64 * 37 % 90 - 30), trade(day, 20)]).collect();
    trades.iter_mut().skip(1).step_by(2).for_each(|trade| {
        trade.attempt.attempt = 2;
        trade.fees = crate::rig::dollars(10);
    });
    trades.reverse();
    let sample = Sample::new(&trades, &days);
    let (confidence, metrics) = (sample.confidence(&Bootstrap::default()), sample.metrics());
    let by_day: Vec<_> = (0..30).map(|day| vec![f64::from(day * 37 % 90 - 30) / 100.0, 0.2]).collect();
    assert_eq!(confidence.expectancy_r, Bootstrap::default().mean_by_day(&by_day));
    assert!(confidence.expectancy_r.unwrap().contains(metrics.trades.expectancy_r.unwrap()));
    let shift = confidence.expectancy_r.unwrap().low - confidence.expectancy_r_net.unwrap().low;
    assert!((shift - 0.05).abs() < 1e-12, "half of the trades pay 0.1 R, not {shift} on average");
    let returns = orb_core::metrics::daily_returns(&days);
    assert_eq!(confidence.sharpe, Bootstrap::default().sharpe(&returns));
}
