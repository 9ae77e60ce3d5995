#!/usr/bin/env python3
"""Makes of an older version's records in SQLite what the same version leaves on a PostgreSQL server.

    to_postgres.py 0007 >0007.sql

The schema is that of PostgreSQL's migrations up to the version, the rows are SQLite's. Written is SQL for psql, which
says nothing of the server's version or its users. The same files give the same bytes.
"""

import gzip
import pathlib
import re
import sqlite3
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
MIGRATIONS = HERE.parents[2] / "migrations" / "postgres"
# As diesel makes it.
APPLIED = """CREATE TABLE __diesel_schema_migrations (
    version VARCHAR(50) PRIMARY KEY NOT NULL,
    run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"""
# Columns that are numbers in SQLite and truth values on a server.
TRUTHS = {"ended", "at_data_end", "accepted"}
# What COPY takes for something else.
ESCAPED = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def main():
    version = sys.argv[1]
    out = sys.stdout
    out.write("SET client_min_messages = warning;\nBEGIN;\n" + APPLIED)
    for folder in sorted(path for path in MIGRATIONS.iterdir() if path.name[:4] <= version):
        out.write(folder.joinpath("up.sql").read_text())
        out.write(f"INSERT INTO __diesel_schema_migrations (version) VALUES ('{folder.name[:4]}');\n")
    with unpacked(f"{version}.db.gz") as records, unpacked(f"{version}.logs.db.gz") as logs:
        for table in tables(records):
            copy(out, records, table)
        copy(out, logs, "logs")
        out.write("SELECT setval(pg_get_serial_sequence('logs', 'id'), max(id)) FROM logs;\n")
        if version >= "0006":
            # A file has no leases; on a server the daemon that ended in good order gave its own back.
            for (ledger,) in records.execute("SELECT ledger_id FROM ledgers ORDER BY ledger_id"):
                row = f"'{ledger}', 'process 1 on trader', 1, 0"
                out.write(f"INSERT INTO leases (ledger_id, holder, fence, expires_at) VALUES ({row});\n")
    out.write("COMMIT;\n")


class unpacked:
    """Opens a database that is kept compressed."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self.file = tempfile.NamedTemporaryFile()
        self.file.write(gzip.decompress(HERE.joinpath(self.name).read_bytes()))
        self.file.flush()
        self.database = sqlite3.connect(f"file:{self.file.name}?immutable=1", uri=True)
        return self.database

    def __exit__(self, *_):
        self.database.close()
        self.file.close()


def tables(database):
    """Lists the tables with rows, those first that others refer to."""
    names = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name <> 'ledgers', name"
    of_orb = [name for (name,) in database.execute(names) if not re.match("sqlite_|__", name)]
    return [name for name in of_orb if database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()]


def copy(out, database, table):
    """Writes the rows of a table, by its key."""
    columns = [column[1] for column in database.execute(f"PRAGMA table_info({table})")]
    out.write(f"COPY {table} ({', '.join(columns)}) FROM stdin;\n")
    for row in database.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1, 2, 3, 4"):
        out.write("\t".join(map(field, columns, row)) + "\n")
    out.write("\\.\n")


def field(column, value):
    """Writes a value as COPY reads it."""
    if value is None:
        return "\\N"
    if isinstance(value, bytes):
        return "\\\\x" + value.hex()
    if column in TRUTHS:
        return "t" if value else "f"
    return str(value).translate(ESCAPED)


if __name__ == "__main__":
    main()
