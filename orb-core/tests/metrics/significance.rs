//! The probabilistic and the deflated Sharpe ratio.

use orb_core::metrics::{Moments, Trials, deflated_sharpe, probabilistic_sharpe};

use crate::rig::assert_close;

/// The example of Bailey & Lopez de Prado 2014: an annualised Sharpe ratio of 2.5 in a year of 250 days, five years
/// of daily returns, skewness -3, kurtosis 10.
const EXAMPLE: Moments =
    Moments { count: 1_250, mean: 0.158_113_883_008_418_98, deviation: 1.0, skewness: -3.0, kurtosis: 10.0 };

fn trials(count: usize) -> Trials {
    Trials { count, variance: 0.5 / 250.0 }
}

#[test]
fn the_published_example_is_reproduced() {
    // The paper's figures, to the digits that it prints: the best of 100 trials is expected at 0.1132 a day, and the
    // deflated ratio is 0.9004; with 46 trials 0.9505.
    assert!((trials(100).expected_max() / 252_f64.sqrt() - 0.1132).abs() < 5e-5);
    assert!((deflated_sharpe(&EXAMPLE, trials(100)).unwrap() - 0.9004).abs() < 5e-5);
    assert!((deflated_sharpe(&EXAMPLE, trials(46)).unwrap() - 0.9505).abs() < 5e-5);
}

#[test]
fn one_trial_deflates_nothing() {
    let probability = probabilistic_sharpe(&EXAMPLE, 0.0);
    assert_eq!(deflated_sharpe(&EXAMPLE, trials(1)), probability);
    assert_eq!(deflated_sharpe(&EXAMPLE, Trials { count: 9, variance: 0.0 }), probability);
}

#[test]
fn more_trials_and_more_variance_deflate_more() {
    let of = |count, variance| deflated_sharpe(&EXAMPLE, Trials { count, variance }).unwrap();
    assert!(of(2, 0.002) > of(10, 0.002) && of(10, 0.002) > of(1_000, 0.002));
    assert!(of(10, 0.001) > of(10, 0.002));
}

#[test]
fn a_ratio_at_its_benchmark_is_as_likely_above_as_below() {
    assert_close(probabilistic_sharpe(&EXAMPLE, EXAMPLE.sharpe()).unwrap(), 0.5, 1e-12);
    assert!(probabilistic_sharpe(&EXAMPLE, 1.0).unwrap() > 0.5);
    // Two values alone: the ratio's estimated variance is zero.
    let two_valued = Moments { count: 9, mean: 2.0, deviation: 1.0, skewness: 1.0, kurtosis: 2.0 };
    assert_eq!(probabilistic_sharpe(&two_valued, 0.0), None);
}

#[test]
fn trials_come_from_annualised_ratios() {
    // Of 252 sessions a year: the daily ratios are 1/10, 3/10 and, without a ratio, 0.
    let annualised = |daily: f64| Some(daily * 252_f64.sqrt());
    let found = Trials::of_annualised(&[annualised(0.1), None, annualised(0.3)]);
    assert_eq!(found.count, 3);
    assert_close(found.variance, 0.07 / 3.0, 1e-13);
    assert_eq!(Trials::of_annualised(&[annualised(0.1)]), Trials { count: 1, variance: 0.0 });
    assert_eq!(Trials::of_annualised(&[]), Trials { count: 0, variance: 0.0 });
}
