"""Locked disks at headquarters: what waits, and a custodian's release of his part to one board's TPM alone.

No two parts ever meet here. The office that answers holds neither a custodian's key nor a part that it could open.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from border.enrolment import requests
from border.enrolment.recovery import NEEDED, locked_sha256, part_name
from border.enrolment.refusals import REFUSALS, Refusal
from border.enrolment.requests import OpenRequest
from border.enrolment.values import DiskRelease, LockedDisk, ReleasedPart, SealedPart
from border.enrolment.voucher import open_voucher
from border.messages.errors import MessageError
from border.messages.sealing import KEY_TAG_BYTES, RecipientPrivate, unseal
from central.enrolment import tpm
from central.enrolment.judgement import Attested, Case, Refused, judge
from central.store import lanes, releases
from central.store.api import Transaction
from central.store.lanes import Event
from central.store.releases import PartRow, WaitingRow

DIGITS = 16
"""Of a request's digest, hex: how people name it."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom a custodian believes: who signs vouchers, and who makes TPMs."""

    people: Mapping[str, ec.EllipticCurvePublicKey]
    makers: Sequence[x509.Certificate]


@dataclass(frozen=True, slots=True)
class Waiting:
    """For a person who decides. `released`: custodians who did, `wanted`: names, or key tags that nobody here has."""

    name: str
    kiosk: str
    from_board: str
    to_board: str
    released: tuple[str, ...]
    wanted: tuple[str, ...]


class ReleaseError(ValueError):
    """Why a custodian cannot release, in words for him."""


def waiting(t: Transaction, custodians: Mapping[bytes, str]) -> list[Waiting]:
    found = []
    for row in releases.waiting(t):
        opened = requests.open_enrolment(row.request)
        if opened.request.disk is not None and opened.request.tpm is not None:
            found.append(_waiting(t, row, opened, opened.request.disk, custodians))
    return found


def release(t: Transaction, name: str, custodian: str, key: RecipientPrivate, trust: Trust, now_ms: int) -> bool:
    """The part of this custodian goes to the board that asks, and whether two are released now.

    `name`: first digits of the request's digest. Everything is judged anew, so that an office that was bribed alone
    moves nobody. False also when the part cannot be opened: that is kept, and the board is told. Raises ReleaseError.
    """
    opened = _named(t, name)
    disk, attested = _judged(t, opened, trust, now_ms)
    part = next((one for one in disk.parts if _tag(one) == key.public().tag), None)
    if part is None:
        raise ReleaseError("No part of this disk's key is sealed to you.")
    released = PartRow(custodian, _to_board(part, disk, attested, key), now_ms)
    releases.add_part(t, locked_sha256(disk), attested.ak_name, released)
    what = "disk released" if released.is_whole else "disk not released"
    detail = f"part {part.number} of {disk.disk} to board {opened.request.board.serial}"
    lanes.add_event(t, Event(opened.request.kiosk, now_ms, what, custodian, detail))
    whole = [row for row in releases.parts(t, locked_sha256(disk), attested.ak_name) if row.is_whole]
    return released.is_whole and len(whole) >= NEEDED


def released(t: Transaction, disk: LockedDisk, attested: Attested) -> DiskRelease:
    """What custodians gave this board. Raises Refused: not enough yet, or not enough that can be opened."""
    digest = locked_sha256(disk)
    rows = releases.parts(t, digest, attested.ak_name)
    whole, broken = [row for row in rows if row.is_whole], [row for row in rows if not row.is_whole]
    if len(whole) >= NEEDED:
        return DiskRelease(disk.disk, digest, tuple(row.part for row in whole[:NEEDED]))
    if len(disk.parts) - len(broken) < NEEDED:
        raise Refused(Refusal.DISK_PART_WRONG, f"the part of {' and of '.join(row.custodian for row in broken)}")
    said = f"{len(whole)} of {NEEDED} have" + "".join(f"; the part of {row.custodian} is damaged" for row in broken)
    raise Refused(Refusal.RELEASE_WAITING, said)


def _named(t: Transaction, name: str) -> OpenRequest:
    found = [row for row in releases.waiting(t) if len(name) >= DIGITS and row.digest.hex().startswith(name)]
    if len(found) != 1:
        raise ReleaseError("No request of that name waits.")
    return requests.open_enrolment(found[0].request)


def _judged(t: Transaction, opened: OpenRequest, trust: Trust, now_ms: int) -> tuple[LockedDisk, Attested]:
    try:
        voucher = open_voucher(opened.request.voucher, trust.people)
    except MessageError:
        voucher = None
    try:
        ruling = judge(t, Case(opened, voucher, trust.makers, now_ms))
    except Refused as no:
        raise ReleaseError(f"{REFUSALS[no.reason].cause} {no.detail}") from no
    if opened.request.disk is None or ruling.attested is None:
        raise ReleaseError("It does not ask for a disk.")
    return opened.request.disk, ruling.attested


def _to_board(part: SealedPart, disk: LockedDisk, attested: Attested, key: RecipientPrivate) -> ReleasedPart:
    try:
        opened = unseal(part.sealed, key, part_name(disk.disk, disk.board, part.number))
    except MessageError:
        return ReleasedPart(part.number, b"", b"")
    return ReleasedPart(part.number, *tpm.sealed_to(attested.ek.public_key(), attested.ak_name, opened))


def _waiting(
    t: Transaction, row: WaitingRow, opened: OpenRequest, disk: LockedDisk, custodians: Mapping[bytes, str]
) -> Waiting:
    assert opened.request.tpm is not None
    ak = tpm.read_public(opened.request.tpm.ak_public)
    done = tuple(one.custodian for one in releases.parts(t, locked_sha256(disk), ak.name) if one.is_whole)
    names = (custodians.get(_tag(part), _tag(part).hex()) for part in disk.parts)
    wanted = tuple(name for name in names if name not in done)
    return Waiting(row.digest.hex()[:DIGITS], row.kiosk, disk.board, opened.request.board.serial, done, wanted)


def _tag(part: SealedPart) -> bytes:
    """Of the key that it is sealed to."""
    return part.sealed[1 : 1 + KEY_TAG_BYTES]
