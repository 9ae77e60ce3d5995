-- How long shares of the trade were held that no working stop protected, in microseconds.
ALTER TABLE trades ADD COLUMN unprotected INTEGER NOT NULL DEFAULT 0;

-- What had been paid in and out on the date when this was first heard; null until then.
ALTER TABLE sessions ADD COLUMN transfers_open INTEGER;

-- The limits that were set while orb ran: those in force, and looser ones that count from the next session.
CREATE TABLE limits (
    ledger_id TEXT NOT NULL PRIMARY KEY REFERENCES ledgers,
    daily_loss_e6 INTEGER NOT NULL,
    max_positions INTEGER NOT NULL,
    next_daily_loss_e6 INTEGER,
    next_max_positions INTEGER,
    at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Strategies that entered nothing more on a day, because they had reached their own loss limit.
CREATE TABLE strategy_stops (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, date, strategy)
) STRICT, WITHOUT ROWID;
