"""Rows that tell the story around the records: kiosk states, receipts said, dead letters, alarms, chain breaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from border.messages.values import Receipt, StateReport
from central.store.api import Transaction
from central.store.records import ChainBreak

KEPT_BYTES = 64 * 1024
"""So much of a dead letter's payload is kept, for whoever has to find out what it was."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that could not be taken. `kiosk` is whom the topic claims; empty when even that is unreadable."""

    topic: str
    reason: str
    kiosk: str
    digest: bytes
    size: int
    payload: bytes
    received_ms: int


@dataclass(frozen=True, slots=True)
class AlarmNote:
    """`source` is "kiosk" or "centre". An id is kept once per kiosk."""

    kiosk: str
    id: str
    source: str
    kind: str
    detail: str
    record: str
    at_ms: int
    received_ms: int


def add_letters(t: Transaction, letters: Sequence[Letter]) -> None:
    """The same bytes on the same topic for the same reason are one row that counts."""
    t.each(
        "INSERT INTO dead_letters (topic, reason, kiosk, digest, size, payload, first_ms, last_ms, times) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (topic, digest, reason) "
        "DO UPDATE SET times = dead_letters.times + 1, last_ms = excluded.last_ms",
        [
            (
                _storable(x.topic),
                x.reason,
                x.kiosk,
                x.digest,
                x.size,
                x.payload[:KEPT_BYTES],
                x.received_ms,
                x.received_ms,
            )
            for x in letters
        ],
    )


def _storable(text: str) -> str:
    # PostgreSQL takes no NUL in a text, and a dead letter must always find its row
    return text.replace("\0", "\ufffd")


def add_alarms(t: Transaction, alarms: Sequence[AlarmNote]) -> None:
    t.each(
        "INSERT INTO alarms VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(a.kiosk, a.id, a.source, a.kind, a.detail, a.record, a.at_ms, a.received_ms) for a in alarms],
    )


def has_alarm(t: Transaction, kiosk: str, id_: str) -> bool:
    return bool(t.rows("SELECT 1 FROM alarms WHERE kiosk = ? AND id = ?", (kiosk, id_)))


def add_chain_flags(t: Transaction, breaks: Sequence[ChainBreak], now_ms: int) -> None:
    t.each(
        "INSERT INTO chain_flags VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(b.kiosk, b.seq, b.expected, b.found, now_ms) for b in breaks],
    )


def log_receipts(t: Transaction, receipts: Sequence[tuple[str, Receipt]], now_ms: int) -> None:
    """(kiosk, receipt) pairs that will be said once this transaction is committed."""
    t.each(
        "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, 1) ON CONFLICT (kiosk, id, status, digest) "
        "DO UPDATE SET times = receipts.times + 1, last_ms = excluded.last_ms",
        [(kiosk, r.id, r.status.value, r.reason, r.digest, now_ms, now_ms) for kiosk, r in receipts],
    )


def seen(t: Transaction, kiosks: dict[str, int]) -> None:
    """When each kiosk was last heard of, in the centre's milliseconds."""
    t.each(
        "INSERT INTO kiosks VALUES (?, ?, '', NULL, 0, 0, '', 0) ON CONFLICT (kiosk) "
        "DO UPDATE SET last_seen_ms = excluded.last_seen_ms WHERE excluded.last_seen_ms > kiosks.last_seen_ms",
        sorted(kiosks.items()),
    )


def keep_state(t: Transaction, report: StateReport, signed: bytes, received_ms: int) -> None:
    """The newest state of a kiosk; within one boot an older report never replaces a newer one.

    A last will was signed when the kiosk connected: it says "offline" and nothing newer about the rest.
    """
    t.rows(
        "INSERT INTO kiosks VALUES (?, 0, ?, ?, ?, ?, ?, ?) ON CONFLICT (kiosk) DO UPDATE SET "
        "port = excluded.port, state = excluded.state, state_received_ms = excluded.state_received_ms, "
        "online = excluded.online, state_boot = excluded.state_boot, "
        "state_monotonic_ms = excluded.state_monotonic_ms "
        "WHERE kiosks.state IS NULL OR (excluded.online = 1 AND (kiosks.state_boot <> excluded.state_boot "
        "OR kiosks.state_monotonic_ms <= excluded.state_monotonic_ms))",
        [
            report.kiosk,
            report.port,
            signed,
            received_ms,
            int(report.online),
            report.boot_id,
            report.at.monotonic_ms,
        ],
    )
    if not report.online:
        t.rows("UPDATE kiosks SET online = 0 WHERE kiosk = ?", (report.kiosk,))


def next_version(t: Transaction) -> None:
    """Something a page may show has changed."""
    t.rows("UPDATE centre SET version = version + 1")
