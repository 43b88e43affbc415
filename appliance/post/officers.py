"""The port's officers: a roster with PINs as argon2 hashes, and a lock-out that survives a restart.

The roster is `officers.toml` in the kiosk's folder:

    [[officer]]
    id = "o-17"
    name = "A. Example"
    role = "officer"            # or "supervisor"
    pin = "$argon2id$..."       # python -m appliance.post.officers add FOLDER ID NAME ROLE [PIN]

    [[officer.passkey]]         # as many as he has keys: python -m appliance.web.passkeys FOLDER ID
    credential = "..."
    sign_count = 0
"""

from __future__ import annotations

import getpass
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from appliance import durable
from appliance.post.api import Officer
from appliance.post.journal import Journal
from appliance.post.keeper import Keeper
from appliance.post.schema import Database
from border.encounter import Stamp
from border.passkeys import Passkey, as_row, from_row

FILE = "officers.toml"
ROLES: tuple[str, ...] = ("officer", "supervisor")
MAX_WRONG = 5
LOCKED_S = 300
MIN_PIN, MAX_PIN = 4, 64

_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # 19 MiB: OWASP's floor, 0.3 s on a Pi


class RosterWrong(Exception):
    """All that is wrong with the roster, named at once. `code` is stable."""

    code = "ROS-WRONG"

    def __init__(self, path: Path, mistakes: list[str]) -> None:
        super().__init__("\n  ".join((f"{self.code}: {path}:", *mistakes)))


@dataclass(frozen=True, slots=True)
class Entry:
    """One officer with the hash of his PIN, and his passkeys."""

    officer: Officer
    pin_hash: str
    passkeys: tuple[Passkey, ...] = ()

    def __repr__(self) -> str:
        return f"<entry {self.officer.id}>"  # never the hash


Roster = Mapping[str, Entry]


def load(folder: Path) -> Roster:
    """Officers by id; empty when there is no file. Raises `RosterWrong`."""
    path = folder / FILE
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RosterWrong(path, [f"cannot be read: {error}"]) from error
    rows = table.get("officer", [])
    mistakes: list[str] = []
    entries = [_entry(row, f"officer {n}", mistakes) for n, row in enumerate(rows, start=1)]
    ids = [entry.officer.id for entry in entries]
    mistakes += [f"{id}: twice" for id in sorted({id for id in ids if ids.count(id) > 1})]
    if mistakes:
        raise RosterWrong(path, mistakes)
    return {entry.officer.id: entry for entry in entries}


def _entry(row: Mapping[str, object], where: str, mistakes: list[str]) -> Entry:
    values = {name: row.get(name) for name in ("id", "name", "role", "pin")}
    mistakes += [f"{where}: wants a text for {k}" for k, v in values.items() if not (isinstance(v, str) and v)]
    id, name, role, pin = (str(value) for value in values.values())
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", id):
        mistakes.append(f"{where}: an id has letters, digits, dot, dash, underscore")
    if role not in ROLES:
        mistakes.append(f"{where}: role wants one of {', '.join(ROLES)}")
    if not pin.startswith("$argon2id$"):
        mistakes.append(f"{where}: pin wants an argon2id hash")
    return Entry(Officer(id, name, role), pin, tuple(_passkeys(row.get("passkey", []), where, mistakes)))


def _passkeys(rows: object, where: str, mistakes: list[str]) -> Iterator[Passkey]:
    if not isinstance(rows, list):
        mistakes.append(f"{where}: passkey wants tables")
        return
    for row in rows:
        try:
            yield from_row(row)
        except (ValueError, AttributeError) as error:
            mistakes.append(f"{where}: {error}")


def with_officer(roster: Roster, officer: Officer, pin: str) -> Roster:
    """The roster with this officer added or replaced; only who stays the same keeps his passkeys.

    Raises ValueError for a PIN or role that will not do.
    """
    if not MIN_PIN <= len(pin) <= MAX_PIN:
        raise ValueError(f"a PIN has {MIN_PIN} to {MAX_PIN} characters")
    if officer.role not in ROLES:
        raise ValueError(f"role wants one of {', '.join(ROLES)}")
    known = roster.get(officer.id)
    passkeys = known.passkeys if known is not None and known.officer == officer else ()
    return {**roster, officer.id: Entry(officer, _HASHER.hash(pin), passkeys)}


def with_passkey(roster: Roster, officer_id: str, passkey: Passkey) -> Roster:
    """Raises KeyError: no such officer."""
    entry = roster[officer_id]
    return {**roster, officer_id: replace(entry, passkeys=(*entry.passkeys, passkey))}


def save(folder: Path, roster: Roster) -> None:
    """Write the file durably."""
    blocks = []
    for entry in roster.values():
        values = {
            "id": entry.officer.id,
            "name": entry.officer.name,
            "role": entry.officer.role,
            "pin": entry.pin_hash,
        }
        blocks.append(_table("officer", values))
        blocks += [_table("officer.passkey", as_row(passkey)) for passkey in entry.passkeys]
    durable.write(folder / FILE, "\n".join(blocks).encode())


def _table(name: str, values: Mapping[str, str | int]) -> str:
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([f"[[{name}]]", *lines, ""])


def sign_in(keeper: Keeper, roster: Roster, officer_id: str, pin: str, at: Stamp) -> Officer | None:
    """None for a wrong name, a wrong PIN or a lock-out; the three look and last alike.

    The attempt is on the disk before the PIN is looked at, so that pulling the plug gives no free guess.
    """
    entry = roster.get(officer_id)
    allowed = entry is not None and keeper.ask(lambda j: _begin(j.db, officer_id, at))
    fits = _fits(entry.pin_hash if entry else _NOBODY, pin)
    if entry is None:
        return None
    if not (allowed and fits):
        keeper.ask(lambda j: j.audit(at.wall_ms, officer_id, "sign-in refused", "" if allowed else "locked"))
        return None
    keeper.ask(lambda j: _succeed(j, officer_id, at))
    return entry.officer


def _begin(db: Database, officer: str, at: Stamp) -> bool:
    """Count this attempt as wrong until proven right; False when the officer is locked out."""
    row = db.execute(
        "SELECT wrong, at_wall_ms, at_monotonic_ms, boot_id FROM lockouts WHERE officer = ?", (officer,)
    ).fetchone()
    wrong = row[0] if row else 0
    if row and wrong >= MAX_WRONG:
        if elapsed_s(row[1], row[2], row[3], at) < LOCKED_S:
            return False
        wrong = 0
    db.execute(
        "INSERT OR REPLACE INTO lockouts VALUES (?, ?, ?, ?, ?)",
        (officer, wrong + 1, at.wall_ms, at.monotonic_ms, at.boot_id),
    )
    return True


def _succeed(journal: Journal, officer: str, at: Stamp) -> None:
    with journal.transaction():
        journal.db.execute("DELETE FROM lockouts WHERE officer = ?", (officer,))
        journal.audit(at.wall_ms, officer, "signed in", "")


def elapsed_s(wall_ms: int, monotonic_ms: int, boot_id: str, now: Stamp) -> float:
    """Seconds since then, as far as they can be proven.

    In the same boot the monotonic clock knows, whatever is done to the wall clock. After a restart: the longer of
    the time since this boot and the wall's difference; a wall clock that fell behind proves nothing.
    """
    if now.boot_id == boot_id:
        return (now.monotonic_ms - monotonic_ms) / 1000
    return max(now.monotonic_ms, now.wall_ms - wall_ms) / 1000


def _fits(pin_hash: str, pin: str) -> bool:
    try:
        return len(pin) <= MAX_PIN and _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


# The hash of 64 random characters nobody kept: an unknown name takes as long as a wrong PIN.
_NOBODY = "$argon2id$v=19$m=19456,t=2,p=1$KZBBvn9ypkuEzw+lpkYTFw$+qg6YiNlkDRiP2SSOiReJjHOj52XTfIPDO/CqySs8wM"


def main(arguments: list[str]) -> int:
    """add FOLDER ID NAME ROLE [PIN]: the PIN is asked for when it is not given."""
    if len(arguments) not in (5, 6) or arguments[0] != "add":
        sys.stderr.write("usage: python -m appliance.post.officers add FOLDER ID NAME ROLE [PIN]\n")
        return 2
    folder, id, name, role = Path(arguments[1]), *arguments[2:5]
    pin = arguments[5] if len(arguments) == 6 else getpass.getpass("PIN: ")
    try:
        save(folder, with_officer(load(folder), Officer(id, name, role), pin))
        load(folder)
    except (RosterWrong, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
