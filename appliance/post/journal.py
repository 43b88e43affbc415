"""The kiosk's durable memory: one SQLite file, in which an encounter is whole or not at all.

One COMMIT (WAL, synchronous=FULL) holds the encounter, its samples, its ledger row and its outbox rows. Used from
exactly one thread, the one that made it (post/keeper.py); every other thread gets a RuntimeError.
"""

from __future__ import annotations

import os
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from appliance.keys import Keys
from appliance.post import summary
from appliance.post.chain import BEGINNING, Start
from appliance.post.schema import Database, JournalUnsafe
from appliance.post.storage import OPTIONAL, Disk, Room, StorageFull, kept, transaction
from appliance.reporting.flights import Limits
from appliance.reporting.outbox import Outbox, Settled
from border import ids, ledger
from border.encounter import CheckedFact, DecidedFact, Fact, RecommendedFact, Sample, Stamp
from border.messages import topics
from border.messages.envelope import Draft, Outbound, Packed, pack, sign_alarm
from border.messages.errors import MessageError
from border.messages.values import Alarm, AlarmKind, Priority, ReceiptBatch, RecordKind

__all__ = ["Journal", "Recorded", "Retention", "StorageFull"]

CHECKPOINT_EVERY = 64


@dataclass(frozen=True, slots=True)
class Recorded:
    """One record, committed. `digest`: SHA-256 of the header as it will be sent."""

    id: str
    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Retention:
    """How long the port keeps what the centre has accepted. Hours; no default, because somebody must have chosen."""

    sample_hours: float
    encounter_hours: float

    def __post_init__(self) -> None:
        if not 0 <= self.sample_hours <= self.encounter_hours:
            raise ValueError("wants 0 <= sample_hours <= encounter_hours")


class Journal:
    """Owns the database. `noise(n)` gives n random bytes, `jitter()` 0..1."""

    def __init__(
        self,
        database: Database,
        keys: Keys,
        disk: Disk,
        *,
        limits: Limits | None = None,
        start: Start = BEGINNING,
        noise: Callable[[int], bytes] = os.urandom,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._thread = threading.get_ident()
        self._db = database
        self._keys = keys
        self._disk = disk
        self._noise = noise
        self._start = start
        self.revision = 0  # grows with every change a page could show; written here, read anywhere
        broken = self.first_break()
        if broken is not None:
            database.close()  # nobody else will: there is no journal to close
            raise JournalUnsafe(f"the ledger is broken at {broken}")
        self._outbox = Outbox(database, jitter=jitter, limits=limits)
        self._when_recorded: list[Callable[[], None]] = []

    @property
    def db(self) -> Database:
        self._own_thread()
        return self._db

    @property
    def outbox(self) -> Outbox:
        self._own_thread()
        return self._outbox

    @property
    def keys(self) -> Keys:
        return self._keys

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; calls inside join it. Raises `StorageFull`."""
        outermost = not self.db.in_transaction
        with transaction(self.db):
            yield
        if outermost:
            self.revision += 1

    def when_recorded(self, tell: Callable[[], None]) -> None:
        """`tell()` runs on this thread when something was put into the outbox; it must be quick."""
        self._when_recorded.append(tell)

    def _tell(self) -> None:
        for tell in self._when_recorded:
            tell()

    # -- recording

    def record(
        self, kind: RecordKind, encounter: str, facts: Sequence[Fact], samples: Sequence[Sample], at: Stamp
    ) -> Recorded:
        """Sign the facts, give the next number, commit everything at once.

        When this returns, a power cut loses nothing of it. Raises `StorageFull`, and then nothing was written.
        """
        room = self.room()
        if room is Room.NONE:
            raise StorageFull("watermark")
        with self.transaction():
            if room is Room.SCARCE:
                self._shed()
            recorded = self._append(kind, encounter, tuple(facts), kept(tuple(samples), room), at)
        self._tell()
        return recorded

    def _append(
        self, kind: RecordKind, encounter: str, facts: tuple[Fact, ...], samples: tuple[Sample, ...], at: Stamp
    ) -> Recorded:
        seq, previous = self.head()
        id = encounter if kind is RecordKind.ENCOUNTER else ids.uuid7(at.wall_ms, self._noise(ids.RANDOM_BYTES))
        draft = Draft(self._keys.kiosk, seq + 1, previous, kind, id, encounter, at, facts)
        packed = pack(draft, samples, self._keys.signer, self._keys.seal)
        self._db.execute(
            "INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, NULL)",
            (seq + 1, id, kind.value, encounter, packed.digest, packed.head, at.wall_ms),
        )
        if kind is RecordKind.ENCOUNTER:
            self._insert_encounter(packed, facts, samples)
        else:
            self._insert_decision(packed, facts)
        self._outbox.add(packed, at.wall_ms)
        if (seq + 1) % CHECKPOINT_EVERY == 0:
            self._checkpoint(packed, at)
        return Recorded(id, seq + 1, packed.digest)

    def _insert_encounter(self, packed: Packed, facts: tuple[Fact, ...], samples: tuple[Sample, ...]) -> None:
        checked, recommended = facts  # pack() has refused any other kind
        assert isinstance(checked, CheckedFact) and isinstance(recommended, RecommendedFact)
        row = summary.row(checked, recommended)
        self._db.execute(
            "INSERT INTO encounters VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, NULL, NULL)",
            (checked.encounter, packed.record.seq, *row, *packed.record.facts),
        )
        for digest, sample in summary.by_digest(samples):
            self._db.execute(
                "INSERT INTO samples VALUES (?, ?, ?, ?, ?)",
                (checked.encounter, digest, sample.kind.value, sample.media_type, sample.data),
            )
            if sample.face is not None:
                values = (checked.encounter, digest, summary.area(sample.face))
                self._db.execute("INSERT INTO faces VALUES (?, ?, ?)", values)

    def _insert_decision(self, packed: Packed, facts: tuple[Fact, ...]) -> None:
        (decided,) = facts  # pack() has refused any other kind
        assert isinstance(decided, DecidedFact)
        self._db.execute(
            "UPDATE encounters SET decided = ?, decided_at_wall_ms = ? WHERE encounter = ?",
            (packed.record.facts[0], decided.at.wall_ms, decided.encounter),
        )

    def _checkpoint(self, packed: Packed, at: Stamp) -> None:
        checkpoint = ledger.Checkpoint(self._keys.kiosk, packed.record.seq, packed.head, at)
        signed = ledger.sign_checkpoint(checkpoint, self._keys.signer)
        self._db.execute("INSERT INTO checkpoints VALUES (?, ?)", (checkpoint.seq, signed))

    def alarm(self, kind: AlarmKind, detail: str, at: Stamp) -> None:
        """Queue an alarm before everything else. `detail` is a code. Raises `StorageFull`."""
        id = ids.uuid7(at.wall_ms, self._noise(ids.RANDOM_BYTES))
        payload = sign_alarm(Alarm(self._keys.kiosk, id, kind, at, detail), self._keys.signer)
        message = Outbound(topics.alarm(self._keys.kiosk, id), payload, Priority.ALARM)
        with self.transaction():
            self._outbox.add_alarm(id, message, summary.digest(payload), at.wall_ms)
        self._tell()

    def settle(self, batch: ReceiptBatch, now_s: float, wall_ms: int) -> Settled:
        """Act on a verified receipt batch: Outbox.settle, with its changes shown."""
        self.revision += 1
        return self.outbox.settle(batch, now_s, wall_ms)

    # -- the chain

    def head(self) -> tuple[int, bytes]:
        """Number and head of the last record; before the first, where the chain begins or goes on."""
        row = self.db.execute("SELECT seq, head FROM ledger ORDER BY seq DESC LIMIT 1").fetchone()
        return (row[0], row[1]) if row else self._start

    def first_break(self) -> int | None:
        """The first number at which the chain, or a signed checkpoint on it, does not hold; None: all holds."""
        rows = self.db.execute("SELECT seq, digest, head FROM ledger ORDER BY seq").fetchall()
        begin = self._start if not rows or rows[0][0] != 1 else BEGINNING
        heads: dict[int, bytes] = dict([begin])
        heads.update((seq, head) for seq, _, head in rows)
        links = (ledger.Link(seq, heads.get(seq - 1, b""), digest, head) for seq, digest, head in rows)
        broken = ledger.verify_chain(begin[1], links, start_seq=begin[0])
        if broken is not None:
            return broken
        for seq, signed in self.db.execute("SELECT seq, signed FROM checkpoints ORDER BY seq").fetchall():
            if not self._is_checkpoint(signed, seq, heads.get(seq)):
                return int(seq)
        return None

    def _is_checkpoint(self, signed: bytes, seq: int, head: bytes | None) -> bool:
        return any(self._is_by(key, signed, seq, head) for key in (self._keys.device, *self._keys.former))

    def _is_by(self, key: ec.EllipticCurvePublicKey, signed: bytes, seq: int, head: bytes | None) -> bool:
        try:
            checkpoint = ledger.open_checkpoint(signed, key)
        except MessageError:
            return False
        return (checkpoint.kiosk, checkpoint.seq, checkpoint.head) == (self._keys.kiosk, seq, head)

    # -- room

    def room(self) -> Room:
        """Asks the disk now."""
        (free_pages,) = self.db.execute("PRAGMA freelist_count").fetchone()
        (page_bytes,) = self.db.execute("PRAGMA page_size").fetchone()
        return self._disk.room(free_pages * page_bytes)

    def _shed(self) -> None:
        """Optional samples of encounters that are done with here and accepted there."""
        marks = ", ".join("?" * len(OPTIONAL))
        self._db.execute(
            f"DELETE FROM samples WHERE kind IN ({marks}) AND encounter IN ({_DONE})",  # noqa: S608 - marks only
            (*OPTIONAL, 2**62),
        )

    def forget(self, wall_ms: int, retention: Retention) -> None:
        """Delete what was accepted long enough ago. Open referrals and whatever the centre has not are kept."""
        with self.transaction():
            old = wall_ms - round(retention.sample_hours * 3_600_000)
            self._db.execute(f"DELETE FROM samples WHERE encounter IN ({_DONE})", (old,))  # noqa: S608
            old = wall_ms - round(retention.encounter_hours * 3_600_000)
            self._db.execute(f"DELETE FROM encounters WHERE encounter IN ({_DONE})", (old,))  # noqa: S608

    # -- who did what

    def audit(self, wall_ms: int, officer: str, act: str, subject: str) -> None:
        """Append one line. Inside a transaction it stands or falls with it."""
        with self.transaction():
            self._db.execute(
                "INSERT INTO audit (at_wall_ms, officer, act, subject) VALUES (?, ?, ?, ?)",
                (wall_ms, officer, act, subject),
            )

    def close(self) -> None:
        self.db.close()

    def _own_thread(self) -> None:
        if threading.get_ident() != self._thread:
            raise RuntimeError("the journal belongs to one thread; submit work to its keeper")


_DONE = """SELECT encounter FROM encounters AS e
  WHERE (outcome = 'cleared' OR decided IS NOT NULL)
  AND NOT EXISTS (SELECT 1 FROM ledger WHERE ledger.encounter = e.encounter
    AND (accepted_at_wall_ms IS NULL OR accepted_at_wall_ms > ?))"""
"""Encounters with nothing left to decide, whose every record the centre had accepted by then."""
