-- Logs have a file of their own, so that writing them never waits for a trade's row, nor the reverse.

-- What orb said. `search` holds the line's words in lower case, each between spaces.
CREATE TABLE logs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    engine_at INTEGER,
    severity TEXT NOT NULL,
    component TEXT NOT NULL,
    message TEXT NOT NULL,
    -- A JSON object of texts.
    fields TEXT NOT NULL,
    ledger_id TEXT,
    strategy TEXT,
    search TEXT NOT NULL
) STRICT;
CREATE INDEX logs_by_severity ON logs (severity, id);
CREATE INDEX logs_by_component ON logs (component, id);
CREATE INDEX logs_by_time ON logs (at);
