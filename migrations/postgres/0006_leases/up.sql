-- Who writes a ledger. A SQLite file has a lock file for that; a server's holder may be on any machine.
CREATE TABLE leases (
    ledger_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES ledgers,
    -- Process and machine, for people.
    holder TEXT COLLATE "C" NOT NULL,
    -- Grows by one with each holder: a commit under an older number fails.
    fence BIGINT NOT NULL CHECK (fence > 0),
    -- On the server's clock, in microseconds since 1970; 0 once it was given back.
    expires_at BIGINT NOT NULL
);
