-- How each day compares with the backtest of its own bars: the key figures, and the whole report as one JSON object.
-- Money is in micro-dollars; slippage is against the trader, in ten-thousandths of the initial risk.
CREATE TABLE parity_reports (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    date TEXT NOT NULL,
    trades INTEGER NOT NULL,
    missed INTEGER NOT NULL,
    extra INTEGER NOT NULL,
    unexplained INTEGER NOT NULL,
    net INTEGER NOT NULL,
    net_pessimistic INTEGER NOT NULL,
    net_optimistic INTEGER NOT NULL,
    slippage INTEGER NOT NULL,
    document TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, date)
) STRICT, WITHOUT ROWID;
