-- Money and prices are micro-dollars, instants UTC microseconds, names their stable texts.

-- The books: one account in one environment. Every other row belongs to one of them.
CREATE TABLE ledgers (
    ledger_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    environment TEXT COLLATE "C" NOT NULL CHECK (environment IN ('sim', 'paper', 'live')),
    account_id TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

-- Trading days. Dates are the New York date, as YYYY-MM-DD.
CREATE TABLE sessions (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    date TEXT COLLATE "C" NOT NULL,
    open_at BIGINT NOT NULL,
    close_at BIGINT NOT NULL,
    equity_open BIGINT NOT NULL,
    realized_net BIGINT NOT NULL,
    fees BIGINT NOT NULL,
    ended BOOLEAN NOT NULL,
    -- Order in which the rows were first recorded, over all tables of the ledger.
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, date)
);

-- Breakouts and what became of them. `attempt` is date/strategy/symbol/number.
CREATE TABLE signals (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    attempt TEXT COLLATE "C" NOT NULL,
    date TEXT COLLATE "C" NOT NULL,
    strategy TEXT COLLATE "C" NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    attempt_number BIGINT NOT NULL,
    side TEXT COLLATE "C" NOT NULL CHECK (side IN ('long', 'short')),
    at BIGINT NOT NULL,
    level BIGINT NOT NULL,
    stop BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    detail TEXT COLLATE "C" NOT NULL,
    client_order_id TEXT COLLATE "C",
    broker_order_id TEXT COLLATE "C",
    submitted_at BIGINT,
    filled_at BIGINT,
    fill_price BIGINT,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, attempt)
);
CREATE INDEX signals_by_date ON signals (ledger_id, date, ordinal);

-- Orders as the book keeps them, legs included.
CREATE TABLE orders (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    client_order_id TEXT COLLATE "C" NOT NULL,
    broker_order_id TEXT COLLATE "C",
    parent TEXT COLLATE "C",
    attempt TEXT COLLATE "C" NOT NULL,
    date TEXT COLLATE "C" NOT NULL,
    strategy TEXT COLLATE "C" NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    attempt_number BIGINT NOT NULL,
    role TEXT COLLATE "C" NOT NULL,
    side TEXT COLLATE "C" NOT NULL CHECK (side IN ('buy', 'sell')),
    quantity BIGINT NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    price BIGINT,
    status TEXT COLLATE "C" NOT NULL,
    filled BIGINT NOT NULL,
    filled_notional BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    reject_kind TEXT COLLATE "C",
    reject_code BIGINT,
    reject_message TEXT COLLATE "C",
    -- A JSON array of the broker's order ids.
    reject_related TEXT COLLATE "C",
    reject_available BIGINT,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, client_order_id)
);
CREATE INDEX orders_by_date ON orders (ledger_id, date, ordinal);
CREATE INDEX orders_by_attempt ON orders (ledger_id, attempt);

-- Executions, each counted once.
CREATE TABLE fills (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    execution_id TEXT COLLATE "C" NOT NULL,
    attempt TEXT COLLATE "C" NOT NULL,
    date TEXT COLLATE "C" NOT NULL,
    strategy TEXT COLLATE "C" NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    attempt_number BIGINT NOT NULL,
    client_order_id TEXT COLLATE "C" NOT NULL,
    side TEXT COLLATE "C" NOT NULL CHECK (side IN ('buy', 'sell')),
    price BIGINT NOT NULL,
    quantity BIGINT NOT NULL,
    fee BIGINT NOT NULL,
    at BIGINT NOT NULL,
    at_data_end BOOLEAN NOT NULL,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, execution_id)
);
CREATE INDEX fills_by_date ON fills (ledger_id, date, ordinal);
CREATE INDEX fills_by_attempt ON fills (ledger_id, attempt);

-- Positions from their first share to their last.
CREATE TABLE trades (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    attempt TEXT COLLATE "C" NOT NULL,
    date TEXT COLLATE "C" NOT NULL,
    strategy TEXT COLLATE "C" NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    attempt_number BIGINT NOT NULL,
    status TEXT COLLATE "C" NOT NULL CHECK (status IN ('OPEN', 'CLOSED')),
    side TEXT COLLATE "C" NOT NULL CHECK (side IN ('long', 'short')),
    entered BIGINT NOT NULL,
    exited BIGINT NOT NULL,
    entry_time BIGINT NOT NULL,
    exit_time BIGINT,
    entry_notional BIGINT NOT NULL,
    exit_notional BIGINT NOT NULL,
    fees BIGINT NOT NULL,
    stop BIGINT NOT NULL,
    target BIGINT,
    exit_reason TEXT COLLATE "C",
    PRIMARY KEY (ledger_id, attempt)
);
CREATE INDEX trades_by_time ON trades (ledger_id, entry_time, symbol, attempt);
CREATE INDEX trades_by_date ON trades (ledger_id, date);
CREATE INDEX trades_open ON trades (ledger_id, date) WHERE status = 'OPEN';

-- Why a symbol was not traded on a day.
CREATE TABLE decisions (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    date TEXT COLLATE "C" NOT NULL,
    strategy TEXT COLLATE "C" NOT NULL,
    symbol TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    detail TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, date, symbol, strategy)
);

-- Reasons for which entries are or were forbidden; in force while cleared_at is null.
CREATE TABLE holds (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    kind TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    cleared_by TEXT COLLATE "C",
    cleared_reason TEXT COLLATE "C",
    cleared_at BIGINT,
    ordinal BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, kind, since)
);
CREATE INDEX holds_in_force ON holds (ledger_id, ordinal) WHERE cleared_at IS NULL;

-- Requests to close a position, and how far each has come.
CREATE TABLE closings (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    symbol TEXT COLLATE "C" NOT NULL,
    since BIGINT NOT NULL,
    attempt TEXT COLLATE "C" NOT NULL,
    date TEXT COLLATE "C" NOT NULL,
    strategy TEXT COLLATE "C" NOT NULL,
    attempt_number BIGINT NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    step TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (ledger_id, symbol, since)
);
CREATE INDEX closings_unfinished ON closings (ledger_id, since) WHERE step <> 'flat';

-- What was asked for, by whom, and what came of it.
CREATE TABLE commands (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    request_id TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    command TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    accepted BOOLEAN NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, request_id)
);
CREATE INDEX commands_by_time ON commands (ledger_id, at, request_id);

-- The account's value over time.
CREATE TABLE equity_points (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    at BIGINT NOT NULL,
    equity BIGINT NOT NULL,
    realized BIGINT NOT NULL,
    unrealized BIGINT NOT NULL,
    PRIMARY KEY (ledger_id, at)
);

-- What entered the engine and what left it, one row for each commit; see proto/orb/journal/v1.
CREATE TABLE journal (
    ledger_id TEXT COLLATE "C" NOT NULL REFERENCES ledgers,
    first_sequence BIGINT NOT NULL,
    last_sequence BIGINT NOT NULL,
    last_effect BIGINT NOT NULL,
    -- Trading date; null before the first session.
    date TEXT COLLATE "C",
    -- Engine time of the last event.
    at BIGINT NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (ledger_id, first_sequence)
);
CREATE INDEX journal_by_date ON journal (ledger_id, date, first_sequence);

-- What orb said. `search` holds the line's words in lower case, each between spaces.
CREATE TABLE logs (
    id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at BIGINT NOT NULL,
    engine_at BIGINT,
    severity TEXT COLLATE "C" NOT NULL,
    component TEXT COLLATE "C" NOT NULL,
    message TEXT COLLATE "C" NOT NULL,
    -- A JSON object of texts.
    fields TEXT COLLATE "C" NOT NULL,
    ledger_id TEXT COLLATE "C",
    strategy TEXT COLLATE "C",
    search TEXT COLLATE "C" NOT NULL
);
CREATE INDEX logs_by_severity ON logs (severity, id);
CREATE INDEX logs_by_component ON logs (component, id);
CREATE INDEX logs_by_time ON logs (at);
