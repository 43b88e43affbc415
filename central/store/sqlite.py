"""The embedded store: one SQLite file, WAL, every commit on the disk before it is answered."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from central.store.api import Row, StoreRefused, StoreUnavailable, Transaction, Value

SCHEMA = (Path(__file__).parent / "sqlite.sql").read_text(encoding="utf-8")
PAGE_BYTES = 16384  # slices of 48 KB: a third of the pages, and measured faster
BUSY_S = 5.0


class _SqliteTransaction:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        with _translated():
            return self._connection.execute(sql, tuple(values)).fetchall()

    def each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        with _translated():
            self._connection.executemany(sql, rows)


class SqliteStore:
    """`path` is opened by the first transaction, and made when absent, with the tables."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            with _translated():
                connection = sqlite3.connect(self._path, timeout=BUSY_S, isolation_level=None)
                try:
                    _prepare(connection)
                except sqlite3.Error:
                    connection.close()
                    raise
            self._connection = connection
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._between("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        with self._between("BEGIN DEFERRED") as transaction:
            yield transaction

    @contextmanager
    def _between(self, begin: str) -> Iterator[Transaction]:
        connection = self._open()
        transaction = _SqliteTransaction(connection)
        transaction.rows(begin)
        try:
            yield transaction
            transaction.rows("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):  # it may have rolled back by itself
                connection.execute("ROLLBACK")
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    connection.execute("PRAGMA synchronous = FULL")
    synchronous = connection.execute("PRAGMA synchronous").fetchone()[0]
    if (mode, synchronous) != ("wal", 2):
        raise sqlite3.OperationalError(f"wants WAL and FULL, has {mode} and {synchronous}")
    # the table that is made last; looking for it, unlike making it, waits for no writer
    if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'disk_parts'").fetchone():
        connection.executescript(SCHEMA)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
        raise StoreRefused(str(error)) from error
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.ProgrammingError) or _is_our_sql(error):
            raise
        raise StoreUnavailable(str(error)) from error


def _is_our_sql(error: sqlite3.Error) -> bool:
    # a missing table or a syntax error is an OperationalError too, and no retry will cure it
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR
