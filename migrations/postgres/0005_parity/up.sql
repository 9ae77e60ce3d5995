-- How each day compares with the backtest of its own bars: the key figures, and the whole report as one JSON object.
-- Money is in micro-dollars; slippage is against the trader, in ten-thousandths of the initial risk.
CREATE TABLE parity_reports (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    date TEXT COLLATE "C" NOT NULL,
    trades BIGINT NOT NULL,
    missed BIGINT NOT NULL,
    extra BIGINT NOT NULL,
    unexplained BIGINT NOT NULL,
    net BIGINT NOT NULL,
    net_pessimistic BIGINT NOT NULL,
    net_optimistic BIGINT NOT NULL,
    slippage BIGINT NOT NULL,
    document TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, date)
);
