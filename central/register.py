"""The register of kiosks: whose signature is whose, and who may no longer report.

It has two sources. Practice has a folder with one file per kiosk; the enrolment office has the store, where a lane's
keys follow one another. What the store says of a kiosk counts before what the folder says.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from central.files import FolderError, parse_public, public_pem, write_whole
from central.store import lanes
from central.store.api import Transaction
from central.store.lanes import IN_SERVICE, IdentityRow, LaneState


class Status(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Former:
    """A key that was this kiosk's. What it signed up to `last_seq` counts; records may have waited on a disk."""

    public_key: ec.EllipticCurvePublicKey
    last_seq: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class Enrolled:
    kiosk: str
    public_key: ec.EllipticCurvePublicKey
    status: Status
    former: tuple[Former, ...] = ()


Register = Mapping[str, Enrolled]


def write_enrolled(folder: Path, enrolled: Enrolled) -> None:
    """One file per kiosk, `<kiosk>.json`."""
    entry = {
        "development": True,
        "kiosk": enrolled.kiosk,
        "status": enrolled.status.value,
        "public_key": public_pem(enrolled.public_key).decode("ascii"),
    }
    write_whole(folder / f"{enrolled.kiosk}.json", json.dumps(entry, indent=1).encode() + b"\n")


def load_register(folder: Path) -> Register:
    """Every kiosk by its id. FolderError names every entry that cannot be read: a half register is none."""
    entries: dict[str, Enrolled] = {}
    mistakes: list[str] = []
    for path in sorted(folder.glob("*.json")):
        try:
            enrolled = _read(path)
        except (OSError, ValueError, KeyError, TypeError) as error:
            mistakes.append(f"{path.name}: {error}")
        else:
            entries[enrolled.kiosk] = enrolled
    if mistakes:
        raise FolderError("; ".join(mistakes))
    return entries


def _read(path: Path) -> Enrolled:
    entry = json.loads(path.read_text(encoding="utf-8"))
    if entry["kiosk"] != path.stem:
        raise ValueError(f"is about {entry['kiosk']!r}")
    return Enrolled(entry["kiosk"], parse_public(entry["public_key"].encode()), Status(entry["status"]))


def stored_register(t: Transaction) -> Register:
    """Every lane that has or had a board, from the store."""
    states = {row.kiosk: row.state for row in lanes.all_lanes(t)}
    history: dict[str, list[IdentityRow]] = defaultdict(list)
    for row in lanes.all_identities(t):
        history[row.kiosk].append(row)
    return {
        kiosk: _entry(rows[-1], states[kiosk], tuple(_former(row) for row in rows[:-1]))
        for kiosk, rows in history.items()
    }


def _former(row: IdentityRow) -> Former:
    return Former(_key(row), row.last_seq, row.until_ms)


def _entry(row: IdentityRow, state: LaneState, former: tuple[Former, ...]) -> Enrolled:
    status = Status.ACTIVE if state in IN_SERVICE and not row.until_ms else Status.REVOKED
    return Enrolled(row.kiosk, _key(row), status, former)


def _key(row: IdentityRow) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(row.public_key)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise TypeError("the store holds EC keys alone")
    return key


class LiveRegister:
    """The register as it is on the disk now: read again whenever a file in it was added or replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = -1
        self._register: Register = {}
        self._stored: tuple[int, Register] = (-1, {})
        self.current()

    def current(self) -> Register:
        """FolderError when an entry is broken; the caller decides what to do without a register."""
        stamp = self._folder.stat().st_mtime_ns
        if stamp != self._stamp:
            self._register = load_register(self._folder)
            self._stamp = stamp
        return self._register

    def with_store(self, t: Transaction) -> Register:
        """Folder and store together, the store's word first. Keys are parsed again only when the register moved."""
        version, stored = self._stored
        if version != (now := lanes.version(t)):
            stored = stored_register(t)
            self._stored = (now, stored)
        return {**self.current(), **stored}
