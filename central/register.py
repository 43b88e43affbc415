"""The register of kiosks: whose signature is whose, and who may no longer report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from central.files import FolderError, parse_public, public_pem, write_whole


class Status(StrEnum):
    ACTIVE = "active"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Enrolled:
    kiosk: str
    public_key: ec.EllipticCurvePublicKey
    status: Status


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


class LiveRegister:
    """The register as it is on the disk now: read again whenever a file in it was added or replaced."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stamp = -1
        self._register: Register = {}
        self.current()

    def current(self) -> Register:
        """FolderError when an entry is broken; the caller decides what to do without a register."""
        stamp = self._folder.stat().st_mtime_ns
        if stamp != self._stamp:
            self._register = load_register(self._folder)
            self._stamp = stamp
        return self._register
