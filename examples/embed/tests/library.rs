//! The smaller examples run and print what they promise.

use std::process::Command;

#[track_caller]
fn prints(program: &str, expected: &str) {
    let output = Command::new(program).output().expect("the example starts");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).expect("UTF-8"), expected);
}

#[test]
fn signals_are_found_in_one_s_own_bars() {
    prints(
        env!("CARGO_BIN_EXE_signals"),
        "2026-02-02T14:40:00Z ACME short at 99.89, stop 100.32, 465 shares\n\
         2026-02-02T14:40:00Z WIDGET short at 39.93, stop 40.04, 1818 shares\n\
         2026-02-03T14:40:00Z ACME short at 101.81, stop 102.35, 371 shares\n\
         2026-02-03T14:40:00Z WIDGET long at 40.04, stop 39.86, 1113 shares\n\
         20 signals, 0 symbol-days without a trade\n",
    );
}

#[test]
fn a_filter_of_one_s_own_refuses_symbols() {
    prints(
        env!("CARGO_BIN_EXE_filter"),
        "2026-02-02 ACME: the range is 0.42 wide, more than 0.4\n\
         2026-02-03 ACME: the range is 0.53 wide, more than 0.4\n\
         2026-02-05 ACME: the range is 0.53 wide, more than 0.4\n\
         13 trades\n",
    );
}

#[test]
fn a_backtest_in_memory_has_metrics_of_both_fill_models() {
    prints(
        env!("CARGO_BIN_EXE_metrics"),
        "pessimistic: 20 trades, 10 sessions\n\
         \x20 gross -1192.65, fees 122.458, slippage 315.56, net -1315.108\n\
         \x20 largest drawdown 1526.197, Sharpe ratio -6.32\n\
         \x20 a trade makes -0.74 to 0.17 R: no edge is shown\n\
         optimistic: 20 trades, 10 sessions\n\
         \x20 gross 727.52, fees 123.256, slippage 270.97, net 604.264\n\
         \x20 largest drawdown 458.768, Sharpe ratio 2.42\n\
         \x20 a trade makes -0.43 to 0.78 R: no edge is shown\n",
    );
}

#[test]
fn the_risk_gate_serves_another_strategy() {
    prints(
        env!("CARGO_BIN_EXE_gate"),
        "0: long 833 at 50\n\
         1: short 333 at 120\n\
         2: long 16666 at 8\n\
         3: no_slot\n\
         4: daily_risk lost 4900 open 499.66 own 333.2 limit 5000\n",
    );
}
