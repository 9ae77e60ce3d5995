//! Figures that other packages computed once from the same synthetic series; `reference/make.py` made them.
//!
//! quantstats 0.0.86, empyrical-reloaded 0.7.1, scipy 1.17.1 and arch 8.0.0, with numpy 2.4.6 and pandas 3.1.1.
//! quantstats and empyrical agree with each other in every figure that both have.

use orb_core::metrics::{
    Bootstrap, DailyStats, Interval, Moments, TradeStats, annualised_return, normal_cdf, normal_quantile,
    probabilistic_sharpe, sharpe, sortino, total_return,
};

use crate::rig::{assert_close, date, days_of_micros, trade};

/// What differs is the order of sums.
const EXACT: f64 = 1e-13;

fn basis_points() -> Vec<i64> {
    let text = include_str!("reference/daily_returns_bp.txt");
    text.split_whitespace().map(|value| value.parse().expect("a whole number of basis points")).collect()
}

fn returns() -> Vec<f64> {
    basis_points().into_iter().map(|value| value as f64 / 10_000.0).collect()
}

/// Returns the account that has these returns from a billion dollars on, so that micro-dollars round nothing away.
fn daily_stats() -> DailyStats {
    let mut equities = vec![1_000_000_000_000_000_i64];
    for value in basis_points() {
        let equity = i128::from(equities[equities.len() - 1]);
        let next = (equity * (10_000 + i128::from(value)) + 5_000) / 10_000;
        equities.push(i64::try_from(next).expect("equity fits"));
    }
    DailyStats::of(&days_of_micros(&equities))
}

#[test]
fn returns_and_their_ratios_are_those_of_quantstats_and_empyrical() {
    let returns = returns();
    assert_eq!(returns.len(), 441);
    // comp(returns); cum_returns_final(returns).
    assert_close(total_return(&returns), 0.421_031_421_310_482_2, EXACT);
    // cagr(returns, periods=252); cagr(returns). 441 sessions are 1.75 years in both: sessions over 252.
    assert_close(annualised_return(&returns).unwrap(), 0.222_368_369_572_387_48, EXACT);
    // sharpe(returns, periods=252); sharpe_ratio(returns).
    assert_close(sharpe(&returns).unwrap(), 2.288_181_523_424_444, EXACT);
    // sortino(returns, periods=252); sortino_ratio(returns).
    assert_close(sortino(&returns).unwrap(), 3.904_708_110_458_501_7, EXACT);
}

#[test]
fn an_account_has_the_figures_of_its_returns() {
    let stats = daily_stats();
    // Every equity is rounded to 1e-15 of itself, and so is each return.
    let rounded = 1e-11;
    assert_close(stats.total_return.unwrap(), 0.421_031_421_310_482_2, rounded);
    assert_close(stats.annualised_return.unwrap(), 0.222_368_369_572_387_48, rounded);
    assert_close(stats.sharpe.unwrap(), 2.288_181_523_424_444, rounded);
    assert_close(stats.sortino.unwrap(), 3.904_708_110_458_501_7, rounded);
    // max_drawdown(returns), in both packages with the opposite sign.
    assert_close(stats.max_drawdown_fraction, 0.058_339_876_185_219_19, rounded);
    // calmar(returns, periods=252); calmar_ratio(returns).
    assert_close(stats.calmar.unwrap(), 3.811_601_671_323_499_5, rounded);
    // drawdown_details(to_drawdown_series(returns)), the deepest. It tells the first and the last session under
    // water, 190 and 273; the peak is the session before the first, the recovery the one after the last.
    let deepest = stats.deepest_drawdown.unwrap();
    assert_eq!((deepest.peak, deepest.trough, deepest.recovery), (Some(date(189)), date(208), Some(date(274))));
    assert_eq!(deepest.sessions, 274 - 189);
}

#[test]
fn trades_have_the_win_rate_payoff_and_profit_factor_of_quantstats() {
    // win_rate leaves out zeros, which here are sessions without a trade: they have none on our side either.
    let traded = basis_points().into_iter().zip(0..).filter(|&(value, _)| value != 0);
    let trades: Vec<_> = traded.map(|(value, day)| trade(day, value)).collect();
    let stats = TradeStats::of(&trades, &[]);
    assert_close(stats.win_rate.unwrap(), 0.550_802_139_037_433_1, EXACT);
    // payoff_ratio and profit_factor.
    assert_close(stats.payoff.unwrap(), 1.231_480_675_757_990_4, EXACT);
    assert_close(stats.profit_factor.unwrap(), 1.510_029_876_227_059_2, EXACT);
}

#[test]
fn moments_and_the_probabilistic_sharpe_ratio_are_those_of_scipy_and_quantstats() {
    let moments = Moments::of(&returns()).unwrap();
    // scipy.stats.skew(returns), scipy.stats.kurtosis(returns, fisher=False).
    assert_close(moments.skewness, 0.584_957_073_112_413_4, 1e-12);
    assert_close(moments.kurtosis, 5.391_749_719_083_317, 1e-12);
    // probabilistic_sharpe_ratio puts the estimators of pandas into the same formula: corrected for bias by the
    // number of observations. With these parameters ours gives the same probability.
    let days = moments.count as f64;
    let skewness = moments.skewness * (days * (days - 1.0)).sqrt() / (days - 2.0);
    let excess = ((days + 1.0) * (moments.kurtosis - 3.0) + 6.0) * (days - 1.0) / ((days - 2.0) * (days - 3.0));
    assert_close(skewness, 0.586_955_409_370_399_5, 1e-12);
    assert_close(excess, 2.432_819_948_655_217, 1e-12);
    let corrected = Moments { skewness, kurtosis: excess + 3.0, ..moments };
    assert_close(probabilistic_sharpe(&corrected, 0.0).unwrap(), 0.999_099_339_778_516_3, EXACT);
}

#[test]
fn the_normal_distribution_is_that_of_scipy() {
    for (x, probability) in [
        (-8.5, 9.479_534_822_203_25e-18),
        (-2.0, 0.022_750_131_948_179_195),
        (-0.3, 0.382_088_577_811_047_4),
        (0.0, 0.5),
        (1.0, 0.841_344_746_068_542_9),
        (3.0, 0.998_650_101_968_369_9),
        (6.0, 0.999_999_999_013_412_3),
    ] {
        assert_close(normal_cdf(x), probability, 1e-14);
    }
    for (probability, x) in [
        (1e-300, -37.047_096_299_361_2),
        (1e-20, -9.262_340_089_798_409),
        (1e-6, -4.753_424_308_822_899),
        (0.01, -2.326_347_874_040_840_8),
        (0.075, -1.439_531_470_938_456_3),
        (0.3, -0.524_400_512_708_040_9),
        (0.5, 0.0),
        (0.925, 1.439_531_470_938_456_3),
        (0.975, 1.959_963_984_540_054),
        (0.99, 2.326_347_874_040_840_8),
        (0.999_999, 4.753_424_308_817_087),
    ] {
        assert_close(normal_quantile(probability), x, 1e-14);
    }
}

#[test]
fn intervals_of_the_sharpe_ratio_are_those_of_arch() {
    // StationaryBootstrap(441^(1/3), ...).conf_int(sharpe, 100_000, method="percentile"). The draws are others, so
    // both ends carry the error of 20,000 draws: a deviation of about a two-hundredth of the width.
    let bootstrap = Bootstrap { resamples: 20_000, ..Bootstrap::default() };
    let assert_interval = |found: Interval, (low, high): (f64, f64)| {
        let error = (found.low - low).abs().max((found.high - high).abs());
        assert!(error < (high - low) / 50.0, "{found:?}, arch has {low} {high}");
    };
    let returns = returns();
    assert_interval(bootstrap.sharpe(&returns).unwrap(), (0.807_766_140_041_967_8, 3.737_033_814_920_011_3));
    // Five-day means overlap, so their days depend on each other, and blocks matter.
    let means: Vec<f64> = returns.windows(5).map(|days| days.iter().sum::<f64>() / 5.0).collect();
    let bootstrap = Bootstrap { mean_block: Some(441_f64.cbrt()), ..bootstrap };
    assert_interval(bootstrap.sharpe(&means).unwrap(), (1.920_715_351_500_147, 7.739_463_503_314_904));
}
