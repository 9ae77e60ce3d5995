-- What was not as it had to be; its cause goes on while ended_at is null.
CREATE TABLE alarms (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    id BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    -- The ticker; null when it is about the account.
    symbol TEXT COLLATE "C",
    -- What there was to say when it was told last.
    text TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    -- Who took note: from then on it was told no more.
    acknowledged_by TEXT COLLATE "C",
    acknowledged_reason TEXT COLLATE "C",
    acknowledged_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (ledger_id, id)
);
CREATE INDEX alarms_that_go_on ON alarms (ledger_id, id) WHERE ended_at IS NULL;
