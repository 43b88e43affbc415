"""Rows of parts: slices as they come, what is still missing of a record, and when a part is whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from border.encounter import SampleKind
from border.messages.values import PartRef
from central.store.api import Transaction, listed


@dataclass(frozen=True, slots=True)
class OpenPart:
    """A part of an incomplete record that was not verified yet."""

    record: str
    ordinal: int
    kiosk: str
    ref: PartRef


@dataclass(frozen=True, slots=True)
class Slice:
    kiosk: str
    sha256: str
    position: int
    received_ms: int
    data: bytes


def add_slices(t: Transaction, slices: Sequence[Slice]) -> None:
    """The first of each position is kept: all that are true are the same, and a false one is thrown out whole."""
    t.each(
        "INSERT INTO slices VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        [(s.kiosk, s.sha256, s.position, s.received_ms, s.data) for s in slices],
    )


def records_of(t: Transaction, slices: Sequence[Slice]) -> list[str]:
    """Ids of the records that name these slices' parts."""
    names = sorted({(s.kiosk, s.sha256) for s in slices})
    if not names:
        return []
    rows = t.rows(
        listed("SELECT DISTINCT record FROM parts WHERE (kiosk, sha256) IN (:pairs)", len(names)),
        [value for name in names for value in name],
    )
    return [row[0] for row in rows]


def open_parts(t: Transaction, records: Sequence[str]) -> list[OpenPart]:
    """Parts of these records that still have to be verified, in the order of the header."""
    if not records:
        return []
    rows = t.rows(
        listed(
            "SELECT record, ordinal, kiosk, kind, media_type, sample_sha256, sha256, size, slices FROM parts "
            "WHERE verified = 0 AND record IN (:list) ORDER BY record, ordinal",
            len(records),
        ),
        records,
    )
    return [OpenPart(row[0], row[1], row[2], part_ref(row[3:])) for row in rows]


def part_ref(row: Sequence[object]) -> PartRef:
    """A row of kind, media_type, sample_sha256, sha256, size, slices."""
    kind, media_type, sample_sha256, sha256, size, slices = row
    return PartRef(
        kind=SampleKind(str(kind)),
        media_type=str(media_type),
        sample_sha256=str(sample_sha256),
        sha256=str(sha256),
        size=int(str(size)),
        slices=int(str(slices)),
    )


def positions(t: Transaction, parts: Sequence[OpenPart]) -> dict[tuple[str, str], set[int]]:
    """Which slices are here, by (kiosk, part)."""
    names = sorted({(part.kiosk, part.ref.sha256) for part in parts})
    here: dict[tuple[str, str], set[int]] = {name: set() for name in names}
    if names:
        rows = t.rows(
            listed("SELECT kiosk, sha256, position FROM slices WHERE (kiosk, sha256) IN (:pairs)", len(names)),
            [value for name in names for value in name],
        )
        for kiosk, sha256, position in rows:
            here[kiosk, sha256].add(position)
    return here


def missing(parts: Sequence[OpenPart], here: dict[tuple[str, str], set[int]]) -> list[tuple[str, int]]:
    """(part, slice index) of every slice that these parts still want."""
    return [
        (part.ref.sha256, index)
        for part in parts
        for index in range(part.ref.slices)
        if index not in here[part.kiosk, part.ref.sha256]
    ]


def sealed(t: Transaction, kiosk: str, ref: PartRef) -> bytes:
    """The slices joined, in order."""
    rows = t.rows(
        "SELECT data FROM slices WHERE kiosk = ? AND sha256 = ? AND position < ? ORDER BY position",
        (kiosk, ref.sha256, ref.slices),
    )
    return b"".join(bytes(row[0]) for row in rows)


def mark_verified(t: Transaction, parts: Sequence[OpenPart]) -> None:
    t.each("UPDATE parts SET verified = 1 WHERE record = ? AND ordinal = ?", [(p.record, p.ordinal) for p in parts])


def throw_out(t: Transaction, parts: Sequence[OpenPart]) -> None:
    """Forget every slice of these parts, because together they are not what the header names."""
    t.each("DELETE FROM slices WHERE kiosk = ? AND sha256 = ?", [(p.kiosk, p.ref.sha256) for p in parts])
