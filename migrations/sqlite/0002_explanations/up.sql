-- The setup score of a signal in millionths; null when an input of it was missing.
ALTER TABLE signals ADD COLUMN score_e6 INTEGER CHECK (score_e6 BETWEEN 0 AND 1000000);

-- The whole reckoning of a symbol's day in a strategy, as one JSON object: why it was traded, or why not.
CREATE TABLE explanations (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    record TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, date, symbol, strategy)
) STRICT, WITHOUT ROWID;
