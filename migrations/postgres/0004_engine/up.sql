-- How long shares of the trade were held that no working stop protected, in microseconds.
ALTER TABLE trades ADD COLUMN unprotected BIGINT NOT NULL DEFAULT 0;

-- What had been paid in and out on the date when this was first heard; null until then.
ALTER TABLE sessions ADD COLUMN transfers_open BIGINT;

-- The limits that were set while orb ran: those in force, and looser ones that count from the next session.
CREATE TABLE limits (
    ledger_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES ledgers,
    daily_loss_e6 BIGINT NOT NULL,
    max_positions BIGINT NOT NULL,
    next_daily_loss_e6 BIGINT,
    next_max_positions BIGINT,
    at BIGINT NOT NULL
);

-- Strategies that entered nothing more on a day, because they had reached their own loss limit.
CREATE TABLE strategy_stops (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    date TEXT COLLATE "C" NOT NULL,
    strategy TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, date, strategy)
);
