-- Chains of hashes over what entered and left the engine, and over what was asked for: each row's hash covers its own
-- content and the hash before it. The ledger's row says how many rows there are and what the last hash is.
--
-- Rows from before get their hashes right after this, in the same transaction.
ALTER TABLE ledgers ADD COLUMN journal_rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledgers ADD COLUMN journal_head BLOB NOT NULL DEFAULT x'';
ALTER TABLE ledgers ADD COLUMN audit_rows INTEGER NOT NULL DEFAULT 0;
ALTER TABLE ledgers ADD COLUMN audit_head BLOB NOT NULL DEFAULT x'';
ALTER TABLE journal ADD COLUMN hash BLOB NOT NULL DEFAULT x'';

-- Every command as it was recorded, in order; `commands` has the last record of each request.
CREATE TABLE audit_log (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    -- From 1, without holes.
    number INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    reason TEXT NOT NULL,
    result TEXT NOT NULL,
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    at INTEGER NOT NULL,
    hash BLOB NOT NULL,
    PRIMARY KEY (ledger_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX audit_log_by_request ON audit_log (ledger_id, request_id, number);
