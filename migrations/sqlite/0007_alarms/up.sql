-- What was not as it had to be; its cause goes on while ended_at is null.
CREATE TABLE alarms (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    id INTEGER NOT NULL,
    kind TEXT NOT NULL,
    -- The ticker; null when it is about the account.
    symbol TEXT,
    -- What there was to say when it was told last.
    text TEXT NOT NULL,
    since INTEGER NOT NULL,
    -- Who took note: from then on it was told no more.
    acknowledged_by TEXT,
    acknowledged_reason TEXT,
    acknowledged_at INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (ledger_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX alarms_that_go_on ON alarms (ledger_id, id) WHERE ended_at IS NULL;
