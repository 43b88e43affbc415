"""Where the centre keeps what it accepted: SQLite inside, or PostgreSQL, behind one small interface."""

from __future__ import annotations

from pathlib import Path

from central.store.api import Store


def open_store(url: str) -> Store:
    """`sqlite:PATH` or `postgresql://...`, for the one thread that will use it. ValueError: neither."""
    if url.startswith("sqlite:"):
        from central.store.sqlite import SqliteStore  # noqa: PLC0415 - the other one needs a library of its own

        return SqliteStore(Path(url.removeprefix("sqlite:")))
    if url.startswith(("postgresql://", "postgres://")):
        from central.store.postgres import PostgresStore  # noqa: PLC0415 - SQLite alone needs no psycopg

        return PostgresStore(url)
    raise ValueError(f"a database is sqlite:PATH or postgresql://..., not {url.partition(':')[0]}:")
