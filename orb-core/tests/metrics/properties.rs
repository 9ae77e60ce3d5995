//! Laws that hold for any trades and days.

use orb_core::config::StrategyId;
use orb_core::fact::{ExitReason, Trade};
use orb_core::metrics::{
    Bootstrap, DailyStats, Group, Moments, Sample, TradeStats, annualised_return, exposure, normal_cdf,
    normal_quantile, sharpe, sortino, total_return,
};
use orb_core::{Money, Price, Side, SymbolId};
use proptest::prelude::*;

use crate::rig::{days_of, dollars, held, trade};

const DAYS: u64 = 8;

fn any_trade() -> impl Strategy<Value = Trade> {
    let keys = (0..DAYS + 2, 0_u16..3, 0_u32..4, proptest::bool::ANY, 0..ExitReason::ALL.len());
    let values = (-300_i64..300, 0_i64..20, -10_i64..400, 0_i64..200);
    (keys, values).prop_map(|((day, strategy, symbol, long, reason), (result, fees, from, length))| {
        let mut trade = held(trade(day, result), day, from, from + length);
        (trade.attempt.strategy, trade.attempt.symbol) = (StrategyId(strategy), SymbolId(symbol));
        trade.side = if long { Side::Long } else { Side::Short };
        trade.exit_reason = Some(ExitReason::ALL[reason]);
        trade.fees = dollars(fees);
        trade
    })
}

/// Numbers the attempts, so that each trade has a key of its own.
fn any_trades() -> impl Strategy<Value = Vec<Trade>> {
    proptest::collection::vec(any_trade(), 0..40).prop_map(|mut trades| {
        trades.iter_mut().zip(1..).for_each(|(trade, number)| trade.attempt.attempt = number);
        trades
    })
}

fn any_returns() -> impl Strategy<Value = Vec<f64>> {
    proptest::collection::vec((-500_i32..500).prop_map(|value| f64::from(value) / 1e4), 2..80)
}

fn assert_near(found: f64, expected: f64) {
    assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0), "found {found}, expected {expected}");
}

fn assert_sums<K>(groups: &[Group<K>], total: &TradeStats) {
    let sum = |figure: fn(&TradeStats) -> Money| groups.iter().map(|group| figure(&group.trades)).sum::<Money>();
    let count = |figure: fn(&TradeStats) -> usize| groups.iter().map(|group| figure(&group.trades)).sum::<usize>();
    let money: [fn(&TradeStats) -> Money; 5] = [|s| s.gross, |s| s.fees, |s| s.slippage, |s| s.net, |s| s.notional];
    let counts: [fn(&TradeStats) -> usize; 3] = [|s| s.count, |s| s.wins, |s| s.losses];
    money.into_iter().for_each(|figure| assert_eq!(sum(figure), figure(total)));
    counts.into_iter().for_each(|figure| assert_eq!(count(figure), figure(total)));
    assert!(groups.iter().all(|group| group.trades.count > 0));
}

proptest! {
    #[test]
    fn breakdowns_sum_to_the_total(trades in any_trades()) {
        let days = days_of(&[100_000; DAYS as usize + 1]);
        let slippage = [Price::from_cents(1), Price::from_cents(3)];
        let sample = Sample::new(&trades, &days).with_slippage(&slippage);
        let total = sample.metrics().trades;
        prop_assert_eq!(total.count, trades.len());
        assert_sums(&sample.by_symbol(), &total);
        assert_sums(&sample.by_strategy(), &total);
        assert_sums(&sample.by_side(), &total);
        assert_sums(&sample.by_exit_reason(), &total);
        assert_sums(&sample.by_weekday(), &total);
        assert_sums(&sample.by_hour(), &total);
    }

    #[test]
    fn gross_less_costs_is_net(trades in any_trades()) {
        let stats = TradeStats::of(&trades, &[Price::from_cents(2)]);
        prop_assert_eq!(stats.before_costs() - stats.costs(), stats.net);
        if let Some(factor) = stats.profit_factor {
            // The profit factor and the net result tell the same sign.
            prop_assert_eq!(factor > 1.0, stats.net > Money::ZERO);
        }
    }

    #[test]
    fn the_order_of_trades_does_not_matter(trades in any_trades()) {
        let mut turned = trades.clone();
        turned.reverse();
        let (stats, again) = (TradeStats::of(&trades, &[]), TradeStats::of(&turned, &[]));
        prop_assert_eq!(stats, again);
    }

    #[test]
    fn exposure_is_the_share_of_minutes_with_a_position(trades in any_trades()) {
        let days = days_of(&[100_000; DAYS as usize + 1]);
        let held = |day: &orb_core::metrics::DayResult, minute| {
            let at = day.open + orb_core::Span::from_minutes(minute);
            trades.iter().any(|trade| trade.attempt.date == day.date && trade.entry_time <= at && at < trade.exit_time.unwrap())
        };
        let minutes: usize = days.iter().map(|day| (0..390).filter(|&minute| held(day, minute)).count()).sum();
        assert_near(exposure(&trades, &days).unwrap(), minutes as f64 / (390 * DAYS) as f64);
    }

    #[test]
    fn ratios_do_not_depend_on_the_scale(returns in any_returns(), scale in 0.01_f64..50.0) {
        let scaled: Vec<f64> = returns.iter().map(|value| value * scale).collect();
        for ratio in [sharpe, sortino] {
            prop_assert_eq!(ratio(&returns).is_some(), ratio(&scaled).is_some());
            if let (Some(ratio), Some(scaled)) = (ratio(&returns), ratio(&scaled)) {
                assert_near(scaled, ratio);
            }
        }
        if let (Some(moments), Some(scaled)) = (Moments::of(&returns), Moments::of(&scaled)) {
            assert_near(scaled.skewness, moments.skewness);
            assert_near(scaled.kurtosis, moments.kurtosis);
        }
    }

    #[test]
    fn the_opposite_returns_have_the_opposite_sharpe_ratio(returns in any_returns()) {
        let opposite: Vec<f64> = returns.iter().map(|value| -value).collect();
        prop_assert_eq!(sharpe(&returns).map(|ratio| -ratio), sharpe(&opposite));
    }

    #[test]
    fn intervals_of_symmetrical_data_contain_the_estimate(
        halves in proptest::collection::vec(1_i32..500, 15..60),
        centre in -100_i32..100,
        seed in proptest::num::u64::ANY,
    ) {
        let values: Vec<f64> = halves.iter().flat_map(|&half| [centre + half, centre - half]).map(|v| f64::from(v) / 1e4).collect();
        let bootstrap = Bootstrap { seed, resamples: 400, ..Bootstrap::default() };
        // Days on their own, as pairs that add up to nothing are no sample of blocks.
        let interval = Bootstrap { mean_block: Some(1.0), ..bootstrap }.sharpe(&values).unwrap();
        prop_assert!(interval.contains(sharpe(&values).unwrap()), "{interval:?} of {values:?}");
        let days: Vec<Vec<f64>> = values.iter().map(|&value| vec![value]).collect();
        let interval = bootstrap.mean_by_day(&days).unwrap();
        prop_assert!(interval.contains(f64::from(centre) / 1e4), "{interval:?} of {values:?}");
    }

    #[test]
    fn the_greatest_drawdown_is_the_greatest_fall_between_two_days(
        equities in proptest::collection::vec(50_i64..200, 2..40),
    ) {
        let stats = DailyStats::of(&days_of(&equities));
        let falls = || (0..equities.len()).flat_map(|to| (0..=to).map(move |from| (from, to)));
        let amount = falls().map(|(from, to)| equities[from] - equities[to]).max().unwrap();
        prop_assert_eq!(stats.max_drawdown, dollars(amount));
        let fraction = |(from, to): (usize, usize)| 1.0 - equities[to] as f64 / equities[from] as f64;
        assert_near(stats.max_drawdown_fraction, falls().map(fraction).fold(0.0, f64::max));
        prop_assert_eq!(stats.deepest_drawdown.is_some(), amount > 0);
        let under_water = (1..equities.len()).filter(|&day| equities[day] < *equities[..day].iter().max().unwrap());
        prop_assert!(stats.longest_drawdown <= under_water.count() + 1);
    }

    #[test]
    fn the_annual_rate_compounds_to_the_total(returns in any_returns()) {
        let years = returns.len() as f64 / 252.0;
        assert_near((1.0 + annualised_return(&returns).unwrap()).powf(years), 1.0 + total_return(&returns));
    }

    #[test]
    fn the_normal_quantile_inverts_the_distribution(p in 1e-12_f64..1.0) {
        assert_near(normal_cdf(normal_quantile(p)) / p, 1.0);
    }
}
