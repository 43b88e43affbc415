"""The outbox's rows on the disk: every statement that touches them, and nothing that decides. Journal's thread."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.post.schema import Database, Row
from border.messages.envelope import Outbound, Packed
from border.messages.values import Priority

_INSERT = """INSERT INTO outbox
  (record, seq, slot, priority, state, topic, part, slice, digest, at_wall_ms, size, payload)
  VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)"""
_UNSEEN = """SELECT key, record, seq, priority, size, slot FROM outbox
  WHERE state = 'queued' AND priority = ? AND seq BETWEEN ? AND ? AND (seq, slot) > (?, ?)
  ORDER BY seq, slot LIMIT ?"""
_ALARMS = """SELECT key, record, seq, priority, size, slot FROM outbox
  WHERE state = 'queued' AND priority = ? ORDER BY key"""
_OF_RECORD = """SELECT key, record, seq, priority, size, slot, part, slice FROM outbox
  WHERE record = ? AND state = 'queued' ORDER BY slot"""
_LAST = 2**62


@dataclass(frozen=True, slots=True)
class Counts:
    """For boards and the state report. Quarantined records are not in `depth`."""

    depth: int  # records (not messages) without the centre's acceptance
    oldest_s: int
    quarantined: int
    last_seq: int


@dataclass(slots=True)
class Cursor:
    """How far a range of rows has been looked at, in the order in which they go."""

    priority: int
    low: int  # seq, both included
    high: int
    seq: int = -1
    slot: int = -1

    def move(self, row: Row) -> None:
        self.seq, self.slot = row[2], row[5]


class Rows:
    """A row is (key, record, seq, priority, size, slot). Writing methods run inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self.db = database

    def insert(self, packed: Packed, at_wall_ms: int) -> None:
        """Header and slices of one record."""
        record = packed.record
        names = [(part.sha256, index) for part in record.parts for index in range(part.slices)]
        if len(names) != len(packed.parts):
            raise ValueError(f"{len(packed.parts)} slices packed, {len(names)} named")
        rows = zip([("", 0), *names], (packed.header, *packed.parts), strict=True)
        for slot, ((part, index), message) in enumerate(rows):
            digest = packed.digest if slot == 0 else None
            place = (record.id, record.seq, slot, message.priority, message.topic, part, index)
            self.db.execute(_INSERT, (*place, digest, at_wall_ms, len(message.payload), message.payload))

    def insert_alarm(self, id: str, message: Outbound, digest: bytes, at_wall_ms: int) -> None:
        place = (id, self.last_seq(), 0, Priority.ALARM, message.topic, "", 0)
        self.db.execute(_INSERT, (*place, digest, at_wall_ms, len(message.payload), message.payload))

    def cursors(self, edge: int) -> tuple[Cursor, ...]:
        """Headers after seq `edge`, then up to it; slices after it, then up to it."""
        spans = ((edge + 1, _LAST), (0, edge))
        return tuple(Cursor(priority, *span) for priority in (Priority.HEADER, Priority.PART) for span in spans)

    def alarms(self) -> list[Row]:
        """All that wait; there are few."""
        return self.db.execute(_ALARMS, (Priority.ALARM,)).fetchall()

    def unseen(self, cursor: Cursor, limit: int) -> list[Row]:
        """The next rows behind the cursor."""
        place = (cursor.priority, cursor.low, cursor.high, cursor.seq, cursor.slot, limit)
        return self.db.execute(_UNSEEN, place).fetchall()

    def of_record(self, record: str) -> list[tuple[Row, tuple[str, int]]]:
        """Queued rows of a record, each with its (part, index)."""
        found = self.db.execute(_OF_RECORD, (record,)).fetchall()
        return [(tuple(row[:6]), (row[6], row[7])) for row in found]

    def message(self, key: int, priority: int) -> Outbound:
        topic, payload = self.db.execute("SELECT topic, payload FROM outbox WHERE key = ?", (key,)).fetchone()
        return Outbound(topic, payload, priority)

    def digest(self, record: str) -> bytes | None:
        """Of its header, as it was sent; None: not in the outbox."""
        row = self.db.execute("SELECT digest FROM outbox WHERE record = ? AND slot = 0", (record,)).fetchone()
        return bytes(row[0]) if row else None

    def count(self, record: str) -> int:
        return int(self.db.execute("SELECT count(*) FROM outbox WHERE record = ?", (record,)).fetchone()[0])

    def accept(self, record: str, wall_ms: int) -> None:
        """The centre has it: the rows go, the ledger says when."""
        self.db.execute("DELETE FROM outbox WHERE record = ?", (record,))
        self.db.execute("DELETE FROM quarantine WHERE record = ?", (record,))
        self.db.execute(
            "UPDATE ledger SET accepted_at_wall_ms = ? WHERE record = ? AND accepted_at_wall_ms IS NULL",
            (wall_ms, record),
        )

    def set_aside(self, record: str, reason: str) -> None:
        """Into quarantine, under the time of the record."""
        self.db.execute("UPDATE outbox SET state = 'quarantined' WHERE record = ?", (record,))
        self.db.execute(
            "INSERT INTO quarantine SELECT record, ?, at_wall_ms FROM outbox WHERE record = ? AND slot = 0"
            " ON CONFLICT (record) DO UPDATE SET reason = excluded.reason",
            (reason, record),
        )

    def release(self, reasons: Sequence[str]) -> None:
        """Out of quarantine; the rows keep their place in the order."""
        for reason in reasons:
            chosen = "(SELECT record FROM quarantine WHERE reason = ?)"
            self.db.execute(f"UPDATE outbox SET state = 'queued' WHERE record IN {chosen}", (reason,))  # noqa: S608
            self.db.execute("DELETE FROM quarantine WHERE reason = ?", (reason,))

    def quarantined(self) -> list[tuple[str, str]]:
        """Record ids with their reasons, oldest first."""
        found = self.db.execute("SELECT record, reason FROM quarantine ORDER BY at_wall_ms, record").fetchall()
        return [(record, reason) for record, reason in found]

    def counts(self, wall_ms: int) -> Counts:
        depth, oldest = self.db.execute(
            "SELECT count(*), min(at_wall_ms) FROM outbox WHERE state = 'queued' AND priority = ?", (Priority.HEADER,)
        ).fetchone()
        (aside,) = self.db.execute("SELECT count(*) FROM quarantine").fetchone()
        age_s = max(0, wall_ms - oldest) // 1000 if depth else 0
        return Counts(depth, age_s, aside, self.last_seq())

    def last_seq(self) -> int:
        return int(self.db.execute("SELECT coalesce(max(seq), 0) FROM ledger").fetchone()[0])
