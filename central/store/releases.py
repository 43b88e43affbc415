"""Rows of locked disks: requests that wait for custodians, and the parts that these have released."""

from __future__ import annotations

from dataclasses import dataclass

from border.enrolment.values import ReleasedPart
from central.store.api import Row, Transaction

MOST_WAITING = 20
"""Requests of one lane; the oldest give way."""


@dataclass(frozen=True, slots=True)
class WaitingRow:
    digest: bytes
    kiosk: str
    request: bytes
    at_ms: int


@dataclass(frozen=True, slots=True)
class PartRow:
    """`part.credential` is empty where the custodian could not open the disk's part."""

    custodian: str
    part: ReleasedPart
    at_ms: int

    @property
    def is_whole(self) -> bool:
        return bool(self.part.credential)


def wait(t: Transaction, row: WaitingRow) -> None:
    """The same request again is the same row."""
    t.rows(
        "INSERT INTO disk_requests VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (row.digest, row.kiosk, row.request, row.at_ms),
    )
    kept = "SELECT digest FROM disk_requests WHERE kiosk = ? ORDER BY at_ms DESC, digest LIMIT ?"
    t.rows(
        f"DELETE FROM disk_requests WHERE kiosk = ? AND digest NOT IN ({kept})",  # noqa: S608 - no value is in it
        (row.kiosk, row.kiosk, MOST_WAITING),
    )
    t.rows("UPDATE enrolment SET version = version + 1")


def waiting(t: Transaction) -> list[WaitingRow]:
    """Oldest first."""
    return [_waiting(row) for row in t.rows("SELECT digest, kiosk, request, at_ms FROM disk_requests ORDER BY at_ms")]


def settle(t: Transaction, digest: bytes) -> None:
    """It waits no longer."""
    t.rows("DELETE FROM disk_requests WHERE digest = ?", (digest,))


def add_part(t: Transaction, locked: bytes, tpm: bytes, row: PartRow) -> None:
    """The newest word on a part counts."""
    t.rows(
        "INSERT INTO disk_parts VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (locked, tpm, number) DO UPDATE SET "
        "custodian = excluded.custodian, credential = excluded.credential, secret = excluded.secret, "
        "at_ms = excluded.at_ms",
        (locked, tpm, row.part.number, row.custodian, row.part.credential, row.part.secret, row.at_ms),
    )


def parts(t: Transaction, locked: bytes, tpm: bytes) -> list[PartRow]:
    wanted = (
        "SELECT custodian, number, credential, secret, at_ms FROM disk_parts WHERE locked = ? AND tpm = ? "
        "ORDER BY number"
    )
    return [
        PartRow(custodian, ReleasedPart(number, bytes(credential), bytes(secret)), at_ms)
        for custodian, number, credential, secret, at_ms in t.rows(wanted, (locked, tpm))
    ]


def _waiting(row: Row) -> WaitingRow:
    digest, kiosk, request, at_ms = row
    return WaitingRow(bytes(digest), kiosk, bytes(request), at_ms)
