-- When orders took the steps on their way that their own rows do not tell: decided, and then each of these once.
CREATE TABLE order_steps (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    client_order_id TEXT COLLATE "C" NOT NULL,
    step TEXT COLLATE "C" NOT NULL CHECK (step IN ('committed', 'sent', 'acknowledged', 'working')),
    -- The trading date.
    date TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, client_order_id, step)
);
