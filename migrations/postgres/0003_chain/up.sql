-- Chains of hashes over what entered and left the engine, and over what was asked for: each row's hash covers its own
-- content and the hash before it. The ledger's row says how many rows there are and what the last hash is.
--
-- Rows from before get their hashes right after this, in the same transaction.
ALTER TABLE ledgers ADD COLUMN journal_rows BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledgers ADD COLUMN journal_head BYTEA NOT NULL DEFAULT '';
ALTER TABLE ledgers ADD COLUMN audit_rows BIGINT NOT NULL DEFAULT 0;
ALTER TABLE ledgers ADD COLUMN audit_head BYTEA NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN hash BYTEA NOT NULL DEFAULT '';

-- Every command as it was recorded, in order; `commands` has the last record of each request.
CREATE TABLE audit_log (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    -- From 1, without holes.
    number BIGINT NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    command TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    accepted BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    PRIMARY KEY (ledger_id, number)
);
CREATE INDEX audit_log_by_request ON audit_log (ledger_id, request_id, number);

-- The words of a log line, indexed as they are: they are split and lower-cased already. A word has at most 128 letters,
-- a line's words at most 16 KiB; so that those from before fit too, they are cut.
UPDATE logs SET search = left(search, 16384) WHERE length(search) > 16384;
UPDATE logs SET search = regexp_replace(search, '([^ ]{128})[^ ]+', '\1', 'g') WHERE search ~ '[^ ]{129}';
CREATE INDEX logs_by_word ON logs USING gin (array_to_tsvector(string_to_array(btrim(search), ' ')));
