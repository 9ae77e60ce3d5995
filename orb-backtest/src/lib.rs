//! orb-backtest.
