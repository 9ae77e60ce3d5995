-- Money and prices are micro-dollars, instants UTC microseconds, names their stable texts.

-- The books: one account in one environment. Every other row belongs to one of them.
CREATE TABLE ledgers (
    ledger_id TEXT NOT NULL PRIMARY KEY,
    environment TEXT NOT NULL CHECK (environment IN ('sim', 'paper', 'live')),
    account_id TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Trading days. Dates are the New York date, as YYYY-MM-DD.
CREATE TABLE sessions (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    date TEXT NOT NULL,
    open_at INTEGER NOT NULL,
    close_at INTEGER NOT NULL,
    equity_open INTEGER NOT NULL,
    realized_net INTEGER NOT NULL,
    fees INTEGER NOT NULL,
    ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
    -- Order in which the rows were first recorded, over all tables of the ledger.
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, date)
) STRICT, WITHOUT ROWID;

-- Breakouts and what became of them. `attempt` is date/strategy/symbol/number.
CREATE TABLE signals (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    attempt TEXT NOT NULL,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    attempt_number INTEGER NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('long', 'short')),
    at INTEGER NOT NULL,
    level INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    detail TEXT NOT NULL,
    client_order_id TEXT,
    broker_order_id TEXT,
    submitted_at INTEGER,
    filled_at INTEGER,
    fill_price INTEGER,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX signals_by_date ON signals (ledger_id, date, ordinal);

-- Orders as the book keeps them, legs included.
CREATE TABLE orders (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    client_order_id TEXT NOT NULL,
    broker_order_id TEXT,
    parent TEXT,
    attempt TEXT NOT NULL,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    attempt_number INTEGER NOT NULL,
    role TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    quantity INTEGER NOT NULL,
    kind TEXT NOT NULL,
    price INTEGER,
    status TEXT NOT NULL,
    filled INTEGER NOT NULL,
    filled_notional INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    reject_kind TEXT,
    reject_code INTEGER,
    reject_message TEXT,
    -- A JSON array of the broker's order ids.
    reject_related TEXT,
    reject_available INTEGER,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, client_order_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX orders_by_date ON orders (ledger_id, date, ordinal);
CREATE INDEX orders_by_attempt ON orders (ledger_id, attempt);

-- Executions, each counted once.
CREATE TABLE fills (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    execution_id TEXT NOT NULL,
    attempt TEXT NOT NULL,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    attempt_number INTEGER NOT NULL,
    client_order_id TEXT NOT NULL,
    side TEXT NOT NULL CHECK (side IN ('buy', 'sell')),
    price INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    fee INTEGER NOT NULL,
    at INTEGER NOT NULL,
    at_data_end INTEGER NOT NULL CHECK (at_data_end IN (0, 1)),
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, execution_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX fills_by_date ON fills (ledger_id, date, ordinal);
CREATE INDEX fills_by_attempt ON fills (ledger_id, attempt);

-- Positions from their first share to their last.
CREATE TABLE trades (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    attempt TEXT NOT NULL,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    attempt_number INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('OPEN', 'CLOSED')),
    side TEXT NOT NULL CHECK (side IN ('long', 'short')),
    entered INTEGER NOT NULL,
    exited INTEGER NOT NULL,
    entry_time INTEGER NOT NULL,
    exit_time INTEGER,
    entry_notional INTEGER NOT NULL,
    exit_notional INTEGER NOT NULL,
    fees INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    target INTEGER,
    exit_reason TEXT,
    PRIMARY KEY (ledger_id, attempt)
) STRICT, WITHOUT ROWID;
CREATE INDEX trades_by_time ON trades (ledger_id, entry_time, symbol, attempt);
CREATE INDEX trades_by_date ON trades (ledger_id, date);
CREATE INDEX trades_open ON trades (ledger_id, date) WHERE status = 'OPEN';

-- Why a symbol was not traded on a day.
CREATE TABLE decisions (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    symbol TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, date, symbol, strategy)
) STRICT, WITHOUT ROWID;

-- Reasons for which entries are or were forbidden; in force while cleared_at is null.
CREATE TABLE holds (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    kind TEXT NOT NULL,
    since INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    cleared_by TEXT,
    cleared_reason TEXT,
    cleared_at INTEGER,
    ordinal INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, kind, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_in_force ON holds (ledger_id, ordinal) WHERE cleared_at IS NULL;

-- Requests to close a position, and how far each has come.
CREATE TABLE closings (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    symbol TEXT NOT NULL,
    since INTEGER NOT NULL,
    attempt TEXT NOT NULL,
    date TEXT NOT NULL,
    strategy TEXT NOT NULL,
    attempt_number INTEGER NOT NULL,
    reason TEXT NOT NULL,
    step TEXT NOT NULL,
    PRIMARY KEY (ledger_id, symbol, since)
) STRICT, WITHOUT ROWID;
CREATE INDEX closings_unfinished ON closings (ledger_id, since) WHERE step <> 'flat';

-- What was asked for, by whom, and what came of it.
CREATE TABLE commands (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    request_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    command TEXT NOT NULL,
    reason TEXT NOT NULL,
    result TEXT NOT NULL,
    accepted INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    at INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_by_time ON commands (ledger_id, at, request_id);

-- The account's value over time.
CREATE TABLE equity_points (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    at INTEGER NOT NULL,
    equity INTEGER NOT NULL,
    realized INTEGER NOT NULL,
    unrealized INTEGER NOT NULL,
    PRIMARY KEY (ledger_id, at)
) STRICT, WITHOUT ROWID;

-- What entered the engine and what left it, one row for each commit; see proto/orb/journal/v1.
CREATE TABLE journal (
    ledger_id TEXT NOT NULL REFERENCES ledgers,
    first_sequence INTEGER NOT NULL,
    last_sequence INTEGER NOT NULL,
    last_effect INTEGER NOT NULL,
    -- Trading date; null before the first session.
    date TEXT,
    -- Engine time of the last event.
    at INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (ledger_id, first_sequence)
) STRICT;
CREATE INDEX journal_by_date ON journal (ledger_id, date, first_sequence);
