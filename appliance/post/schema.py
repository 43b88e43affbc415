"""The journal's tables, and the settings without which a committed record could be lost in a power cut.

WAL with synchronous=FULL: every COMMIT is on the disk when it returns. 16 KB pages suit rows of 50 KB.
Both are read back and must be so; a journal that cannot promise them is not opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

VERSION = 1
PAGE_BYTES = 16384
WAL_PAGES = 256  # checkpoint after 4 MB
SYNCHRONOUS_FULL = 2

Value = str | int | float | bytes | None
Row = tuple[Any, ...]


class Cursor(Protocol):
    def fetchone(self) -> Any: ...

    def fetchall(self) -> list[Any]: ...


class Database(Protocol):
    """The little of SQLite that the journal uses: the standard library's connection, or one on a tested disk."""

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, values: Sequence[Value] = ..., /) -> Cursor: ...

    def close(self) -> None: ...


class JournalUnsafe(Exception):
    """The file cannot keep its promise here: wrong setting, newer schema, or broken. `code` is stable."""

    code = "JRN-UNSAFE"

    def __init__(self, detail: str) -> None:
        super().__init__(f"{self.code}: {detail}")


STATEMENTS: tuple[str, ...] = (
    """CREATE TABLE ledger (
         seq INTEGER PRIMARY KEY,             -- 1, 2, 3 ... without a gap
         record TEXT NOT NULL UNIQUE,         -- id of the record
         kind TEXT NOT NULL,
         encounter TEXT NOT NULL,
         digest BLOB NOT NULL,                -- SHA-256 of the header as it is sent
         head BLOB NOT NULL,                  -- SHA-256(previous head || digest)
         at_wall_ms INTEGER NOT NULL,
         accepted_at_wall_ms INTEGER          -- the centre's signed acceptance came; moves once
       ) STRICT""",
    "CREATE INDEX ledger_encounter ON ledger (encounter)",
    """CREATE TABLE checkpoints (
         seq INTEGER PRIMARY KEY REFERENCES ledger (seq),
         signed BLOB NOT NULL
       ) STRICT""",
    """CREATE TABLE encounters (
         encounter TEXT PRIMARY KEY,
         seq INTEGER NOT NULL UNIQUE REFERENCES ledger (seq),
         number TEXT NOT NULL,
         at_wall_ms INTEGER NOT NULL,
         outcome TEXT NOT NULL,
         severity INTEGER NOT NULL,           -- 0 most urgent
         name TEXT NOT NULL,
         document_number TEXT NOT NULL,
         reasons TEXT NOT NULL,               -- words, one space between
         face_sha256 TEXT,
         walked_away INTEGER NOT NULL,
         checked BLOB NOT NULL,               -- the facts as signed
         recommended BLOB NOT NULL,
         decided BLOB,                        -- moves once
         decided_at_wall_ms INTEGER,          -- moves once
         taken_by TEXT                        -- moves
       ) STRICT""",
    "CREATE INDEX encounters_open ON encounters (severity, at_wall_ms) WHERE outcome = 'referred' AND decided IS NULL",
    "CREATE INDEX encounters_time ON encounters (at_wall_ms)",
    """CREATE TABLE samples (
         encounter TEXT NOT NULL REFERENCES encounters (encounter) ON DELETE CASCADE,
         sha256 TEXT NOT NULL,
         kind TEXT NOT NULL,
         media_type TEXT NOT NULL,
         data BLOB NOT NULL,
         PRIMARY KEY (encounter, sha256)
       ) STRICT""",
    "CREATE INDEX samples_sha256 ON samples (sha256)",
    """CREATE TABLE outbox (
         key INTEGER PRIMARY KEY,
         record TEXT NOT NULL,
         seq INTEGER NOT NULL,                -- of the record; alarms bear the seq before them
         slot INTEGER NOT NULL,               -- 0 header or alarm, then the slices in order
         priority INTEGER NOT NULL,
         state TEXT NOT NULL,                 -- queued | quarantined
         topic TEXT NOT NULL,
         part TEXT NOT NULL,                  -- sha256 of the sealed part; '' for headers and alarms
         slice INTEGER NOT NULL,
         digest BLOB,                         -- headers and alarms: what the receipt must bear
         at_wall_ms INTEGER NOT NULL,
         size INTEGER NOT NULL,
         payload BLOB NOT NULL,
         UNIQUE (record, slot)
       ) STRICT""",
    "CREATE INDEX outbox_order ON outbox (state, priority, seq, slot)",
    """CREATE TABLE quarantine (
         record TEXT PRIMARY KEY,
         reason TEXT NOT NULL,
         at_wall_ms INTEGER NOT NULL
       ) STRICT""",
    """CREATE TABLE audit (
         number INTEGER PRIMARY KEY,
         at_wall_ms INTEGER NOT NULL,
         officer TEXT NOT NULL,
         act TEXT NOT NULL,
         subject TEXT NOT NULL
       ) STRICT""",
    """CREATE TRIGGER audit_is_not_rewritten BEFORE UPDATE ON audit
         BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TRIGGER audit_is_not_shortened BEFORE DELETE ON audit
         BEGIN SELECT RAISE(ABORT, 'the audit is append-only'); END""",
    """CREATE TABLE lockouts (
         officer TEXT PRIMARY KEY,
         wrong INTEGER NOT NULL,              -- in a row
         at_wall_ms INTEGER NOT NULL,         -- of the last one
         at_monotonic_ms INTEGER NOT NULL,
         boot_id TEXT NOT NULL
       ) STRICT""",
    """CREATE TABLE meta (
         name TEXT PRIMARY KEY,
         value TEXT NOT NULL
       ) STRICT""",
)
"""Version 1. A later version is a further tuple of statements, never an edit of this one."""

ADDED: tuple[str, ...] = (
    """CREATE TABLE IF NOT EXISTS faces (
         encounter TEXT NOT NULL,
         sha256 TEXT NOT NULL,
         area TEXT NOT NULL,                  -- FaceArea's six numbers, one space between
         PRIMARY KEY (encounter, sha256),
         FOREIGN KEY (encounter, sha256) REFERENCES samples (encounter, sha256) ON DELETE CASCADE
       ) STRICT""",
)
"""Beside version 1, and no version of its own: a program that does not know them works on, so that an update may be
taken back."""


def open_database(path: Path) -> sqlite3.Connection:
    """The journal's file, created when absent; to be used from the calling thread alone. Raises `JournalUnsafe`."""
    try:
        database = sqlite3.connect(path, isolation_level=None, cached_statements=64)
    except sqlite3.Error as error:
        raise JournalUnsafe(f"{path.name}: {error}") from error
    try:
        prepare(database)
    except BaseException as error:
        database.close()
        if isinstance(error, sqlite3.Error):
            raise JournalUnsafe(f"{path.name}: {error}") from error
        raise
    return database


def prepare(database: Database) -> None:
    """Settings, read back; then the tables that are missing. Raises `JournalUnsafe` or the database's own error."""
    for pragma in (
        f"page_size = {PAGE_BYTES}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "secure_delete = FAST",
        "trusted_schema = OFF",
        "temp_store = MEMORY",
        f"wal_autocheckpoint = {WAL_PAGES}",
        f"journal_size_limit = {WAL_PAGES * PAGE_BYTES}",
    ):
        database.execute(f"PRAGMA {pragma}").fetchall()
    _insist(database)
    version = _pragma(database, "user_version")
    if version > VERSION:
        raise JournalUnsafe(f"written by a newer program (schema {version}, this one knows {VERSION})")
    if version < VERSION:
        _create(database)
    for statement in ADDED:
        database.execute(statement)


def _insist(database: Database) -> None:
    wanted = {
        "page_size": PAGE_BYTES,
        "journal_mode": "wal",
        "synchronous": SYNCHRONOUS_FULL,
        "foreign_keys": 1,
    }
    for name, value in wanted.items():
        found = _pragma(database, name)
        if found != value:
            raise JournalUnsafe(f"{name} is {found}, not {value}")


def _create(database: Database) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        for statement in STATEMENTS:
            database.execute(statement)
        database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _pragma(database: Database, name: str) -> Any:
    return database.execute(f"PRAGMA {name}").fetchone()[0]
