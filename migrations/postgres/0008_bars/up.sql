-- Prices as the strategies saw them: one row for each bar that the engine received, in its last form.
CREATE TABLE bars (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    -- The session, New York date, as YYYY-MM-DD.
    date TEXT COLLATE "C" NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    -- Its start.
    at BIGINT NOT NULL,
    -- From its start to its end, in microseconds.
    length BIGINT NOT NULL,
    open BIGINT NOT NULL,
    high BIGINT NOT NULL,
    low BIGINT NOT NULL,
    close BIGINT NOT NULL,
    volume BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, date, symbol, at)
);
