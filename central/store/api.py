"""What the centre asks of a database: one transaction at a time, in SQL that SQLite and PostgreSQL both speak.

The dialect is their common part: `?` for a value, ON CONFLICT, row values, window functions. The tables are
in `sqlite.sql` and `postgres.sql`; a consumer brings its own, made of TEXT and BIGINT only.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

Value = str | int | float | bytes | None
Row = tuple[Any, ...]


class StoreUnavailable(Exception):
    """The database cannot answer now (stopped, locked, disk full). Nothing was kept; the same work may be retried."""


class StoreRefused(Exception):
    """The database answered, and will never take these values. Nothing of the transaction was kept."""


class Transaction(Protocol):
    """One transaction. Both methods raise StoreUnavailable or StoreRefused, and nothing else of a database."""

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run one statement and give what it returns; an empty list when it returns nothing."""
        ...

    def each(self, sql: str, rows: Sequence[Sequence[Value]]) -> None:
        """Run one statement once per row, in one round trip where the database can."""
        ...


class Store(Protocol):
    """One connection, for the one thread that uses it; made when first needed, and again after a failure."""

    def transaction(self) -> AbstractContextManager[Transaction]:
        """Read and write. Leaving means committed and on the disk; an exception means nothing was kept."""
        ...

    def snapshot(self) -> AbstractContextManager[Transaction]:
        """Read only: one consistent state, never waiting for a writer."""
        ...

    def close(self) -> None: ...


def listed(sql: str, count: int) -> str:
    """The statement with `:list` as `?, ?, ...` and `:pairs` as `VALUES (?, ?), ...`, `count` of them."""
    values = ", ".join("?" * count)
    pairs = ", ".join(["(?, ?)"] * count)
    return sql.replace(":list", values).replace(":pairs", f"VALUES {pairs}")
