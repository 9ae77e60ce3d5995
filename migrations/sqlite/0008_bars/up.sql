-- Prices as the strategies saw them: one row for each bar that the engine received, in its last form.
CREATE TABLE bars (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    -- The session, New York date, as YYYY-MM-DD.
    date TEXT NOT NULL,
    symbol TEXT NOT NULL,
    -- Its start.
    at INTEGER NOT NULL,
    -- From its start to its end, in microseconds.
    length INTEGER NOT NULL,
    open INTEGER NOT NULL,
    high INTEGER NOT NULL,
    low INTEGER NOT NULL,
    close INTEGER NOT NULL,
    volume INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, date, symbol, at)
) STRICT, WITHOUT ROWID;
