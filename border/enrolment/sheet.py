"""The commissioning sheet: entries that nobody can take out, change or reorder unseen, signed by the lane."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from border.encounter import Stamp
from border.enrolment.values import ACCEPTANCE, CommissioningSheet, SheetEntry, StepResult
from border.messages import codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError

SHEET_TYPE = "application/vnd.landfall.commissioning-sheet+cbor"
GENESIS = bytes(32)
MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Written:
    """What a step leaves: everything of an entry but its place in the chain."""

    step: str
    result: StepResult
    evidence: bytes
    who: str
    at: Stamp


def next_entry(entries: Sequence[SheetEntry], written: Written) -> SheetEntry:
    """The entry that follows `entries`."""
    return SheetEntry(
        number=len(entries) + 1,
        step=written.step,
        result=written.result,
        evidence_sha256=hashlib.sha256(written.evidence).hexdigest(),
        who=written.who,
        at=written.at,
        previous=link(entries[-1]) if entries else GENESIS,
    )


def link(entry: SheetEntry) -> bytes:
    return hashlib.sha256(codec.encode(entry)).digest()


def broken_at(entries: Sequence[SheetEntry]) -> int | None:
    """The first number that does not follow, or None."""
    previous = GENESIS
    for number, entry in enumerate(entries, 1):
        if entry.number != number or entry.previous != previous:
            return number
        previous = link(entry)
    return None


def is_accepted(sheet: CommissioningSheet) -> bool:
    """Whether an officer's acceptance closes it, and no step's last word is a failure."""
    last = {entry.step: entry.result for entry in sheet.entries}
    closed = bool(sheet.entries) and sheet.entries[-1].step == ACCEPTANCE and last[ACCEPTANCE] is StepResult.DONE
    return closed and StepResult.FAILED not in last.values()


def sign_sheet(sheet: CommissioningSheet, signer: Signer) -> bytes:
    """Raises MessageError for a sheet that the centre would refuse."""
    _check(sheet)
    return cose.sign1(codec.encode(sheet), signer, SHEET_TYPE)


def peek_sheet(data: bytes) -> CommissioningSheet:
    """Unproven: to learn whose key to verify with."""
    return codec.decode(CommissioningSheet, cose.peek(data, max_bytes=MAX_BYTES).payload, max_bytes=MAX_BYTES)


def open_sheet(data: bytes, public_key: ec.EllipticCurvePublicKey) -> CommissioningSheet:
    """Raises MessageError: bad_signature, wrong_content_type, wrong_kiosk, wrong_sequence (the chain is broken),
    wrong_digest (evidence that no entry names), and what the codec raises."""
    signed = cose.verify1(data, public_key, max_bytes=MAX_BYTES)
    if signed.content_type != SHEET_TYPE:
        raise MessageError("wrong_content_type")
    sheet = codec.decode(CommissioningSheet, signed.payload, max_bytes=MAX_BYTES)
    if sheet.kiosk != signed.key_id:
        raise MessageError("wrong_kiosk")
    _check(sheet)
    return sheet


def _check(sheet: CommissioningSheet) -> None:
    if broken_at(sheet.entries) is not None:
        raise MessageError("wrong_sequence")
    named = {entry.evidence_sha256 for entry in sheet.entries}
    if any(hashlib.sha256(kept.data).hexdigest() not in named for kept in sheet.evidence):
        raise MessageError("wrong_digest")
