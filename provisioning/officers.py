"""The port's officers as their roster names them, and a PIN that is counted as wrong before it is looked at.

The same file and the same hash as the kiosk's own sign-in (appliance/post/officers.py), which this room may not import;
the lock of five wrong PINs is kept beside the desk, and survives a restart.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from border.encounter import Stamp
from border.passkeys import Passkey, from_row
from provisioning import disk

FILE = "officers.toml"
LOCK = "provisioning/sign-in.json"
MOST_WRONG = 5
LOCKED_S = 300
MAX_PIN = 64


@dataclass(frozen=True, slots=True)
class Officer:
    id: str
    name: str
    role: str
    pin_hash: str
    passkeys: tuple[Passkey, ...] = ()

    def __repr__(self) -> str:
        return f"<officer {self.id}>"  # never the hash


def read(data: bytes) -> Mapping[str, Officer]:
    """Officers by id; empty for what is no roster."""
    try:
        rows = tomllib.loads(data.decode("utf-8")).get("officer", [])
        officers = [_officer(row) for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {officer.id: officer for officer in officers}


def _officer(row: Mapping[str, Any]) -> Officer:
    id, name, role, pin_hash = (str(row[key]) for key in ("id", "name", "role", "pin"))
    return Officer(id, name, role, pin_hash, tuple(from_row(each) for each in row.get("passkey", ())))


def roster(folder: Path) -> Mapping[str, Officer]:
    try:
        return read((folder / FILE).read_bytes())
    except OSError:
        return {}


def sign_in(folder: Path, officer_id: str, pin: str, at: Stamp) -> Officer | None:
    """None: a wrong name, a wrong PIN, or too many of them in the last five minutes; all look alike."""
    wrong = _counted(folder, at)
    if wrong >= MOST_WRONG:
        return None
    _count(folder, wrong + 1, at)
    officer = roster(folder).get(officer_id)
    if officer is None or not _fits(officer.pin_hash, pin):
        return None
    _count(folder, 0, at)
    return officer


def _counted(folder: Path, at: Stamp) -> int:
    """Wrong attempts that still count. They fade by the monotonic clock of one boot, and never by a restart alone."""
    try:
        told = json.loads((folder / LOCK).read_bytes())
        wrong, boot, at_ms = int(told["wrong"]), str(told["boot"]), int(told["monotonic_ms"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0
    passed_ms = at.monotonic_ms - at_ms if boot == at.boot_id else at.monotonic_ms
    return 0 if passed_ms >= LOCKED_S * 1000 else wrong


def _count(folder: Path, wrong: int, at: Stamp) -> None:
    told = {"wrong": wrong, "boot": at.boot_id, "monotonic_ms": at.monotonic_ms}
    disk.write(folder / LOCK, json.dumps(told).encode())


def _fits(pin_hash: str, pin: str) -> bool:
    try:
        return len(pin) <= MAX_PIN and PasswordHasher().verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False
