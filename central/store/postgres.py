"""The central store: one PostgreSQL connection that comes back by itself. The only importer of psycopg."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

import psycopg

from central.store.api import Row, StoreRefused, StoreUnavailable, Transaction, Value

SCHEMA = (Path(__file__).parent / "postgres.sql").read_text(encoding="utf-8")
CONNECT_S = 3
WRITERS_LOCK = 0x4C414E44  # one writer at a time, so that `arrival` is the order of commit
VANISHED_MS = 10_000  # a server that vanished must not hold the collector for hours


class _PostgresTransaction:
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        with _translated(), self._connection.cursor(binary=True) as cursor:
            cursor.execute(_spoken(sql), tuple(values))
            return cursor.fetchall() if cursor.description is not None else []

    def each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        if not rows:
            return
        with _translated(), self._connection.cursor() as cursor:
            cursor.executemany(_spoken(sql), rows)


class PostgresStore:
    """`dsn` as libpq reads it, several hosts too. The first transaction connects, and makes the tables if need be."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: psycopg.Connection | None = None

    def _open(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed or self._connection.broken:
            self.close()
            with _translated():
                connection = psycopg.connect(
                    self._dsn, autocommit=True, connect_timeout=CONNECT_S, tcp_user_timeout=VANISHED_MS
                )
                try:
                    _prepare(connection)
                except psycopg.Error:
                    connection.close()
                    raise
            self._connection = connection
        return self._connection

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        with self._between("BEGIN") as transaction:
            transaction.rows(f"SELECT pg_advisory_xact_lock({WRITERS_LOCK})")
            yield transaction

    @contextmanager
    def snapshot(self) -> Iterator[Transaction]:
        with self._between("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as transaction:
            yield transaction

    @contextmanager
    def _between(self, begin: str) -> Iterator[Transaction]:
        transaction = _PostgresTransaction(self._open())
        try:
            transaction.rows(begin)
            yield transaction
            transaction.rows("COMMIT")
        except StoreUnavailable:
            self.close()  # whatever state it is in, the next transaction starts on a fresh connection
            raise
        except BaseException:
            with suppress(StoreUnavailable, StoreRefused):
                transaction.rows("ROLLBACK")
            raise

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _prepare(connection: psycopg.Connection) -> None:
    connection.execute("SET statement_timeout = 60000")
    connection.execute("SET client_min_messages = warning")
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [WRITERS_LOCK + 1])
        there = connection.execute("SELECT to_regclass('disk_parts')").fetchone()
        if there == (None,):
            connection.execute(SCHEMA.encode())
    setting = connection.execute("SHOW synchronous_commit").fetchone()
    if setting == ("off",):
        connection.execute("SET synchronous_commit = on")  # a receipt promises the disk


@cache
def _spoken(sql: str) -> bytes:
    """The same statement in psycopg's placeholders."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (psycopg.DataError, psycopg.IntegrityError) as error:
        raise StoreRefused(str(error)) from error
    except (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError) as error:
        raise StoreUnavailable(str(error)) from error
