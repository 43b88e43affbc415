"""What an officer signs with his passkey when he takes a lane over, and the proof of it as the sheet keeps it.

The challenge is a digest of the lane, its board and the sheet's chain up to there, so an assertion fits one sheet and
one question. Whoever has the sheet can look at it again; that the passkey is the officer's, his port's roster says.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from border import webauthn
from border.enrolment.values import ACCEPTANCE, CommissioningSheet, StepResult
from border.messages import codec
from border.passkeys import Passkey, as_row, from_row
from border.webauthn import Cause, NotBelieved

ATTACHED, PASSKEY = "attached", "passkey"


@dataclass(frozen=True, slots=True)
class TakingOver:
    """`head`: the link of the sheet's last entry; `nonce`: of this one question."""

    kiosk: str
    port: str
    board_serial: str
    head: bytes
    nonce: bytes


def challenge(taking: TakingOver) -> bytes:
    """32 bytes."""
    return hashlib.sha256(codec.encode(taking)).digest()


def proof(passkey: Passkey, told: str, nonce: bytes, origin: str) -> Mapping[str, Any]:
    """A JSON object: all that is needed to judge `told`, an assertion that was believed, once more."""
    response = json.loads(told)
    kept = {key: response["response"][key] for key in ("clientDataJSON", "authenticatorData", "signature")}
    answer = {"id": response["rawId"], "rawId": response["rawId"], "type": "public-key", "response": kept}
    return {PASSKEY: as_row(passkey), "nonce": nonce.hex(), "origin": origin, "assertion": answer}


def signed_with(sheet: CommissioningSheet) -> Passkey | None:
    """The passkey that took the lane over, its signature judged again; None: it was taken over without one.

    Raises `NotBelieved`.
    """
    entry = next((each for each in reversed(sheet.entries) if each.step == ACCEPTANCE), None)
    if entry is None or entry.result is not StepResult.DONE:
        return None
    pieces = (each.data for each in sheet.evidence if hashlib.sha256(each.data).hexdigest() == entry.evidence_sha256)
    found = _attached(next(pieces, b"{}"))
    if not found:
        return None
    try:
        passkey, origin, nonce = from_row(found[PASSKEY]), str(found["origin"]), bytes.fromhex(found["nonce"])
        told = json.dumps(found["assertion"])
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise NotBelieved(Cause.UNREADABLE) from problem
    if urlsplit(origin).hostname != webauthn.RP_ID:
        raise NotBelieved(Cause.ORIGIN)
    taking = TakingOver(sheet.kiosk, sheet.port, sheet.board_serial, entry.previous, nonce)
    # the count that the roster knew is the board's to judge: here any is new
    return webauthn.asserted(told, challenge(taking), origin, [Passkey(passkey.credential)])


def holds(sheet: CommissioningSheet) -> bool:
    """False: a passkey is said to have signed, and it did not sign this."""
    try:
        signed_with(sheet)
    except NotBelieved:
        return False
    return True


def _attached(evidence: bytes) -> Any:
    try:
        told = json.loads(evidence)
    except (ValueError, RecursionError):
        return None
    return told.get(ATTACHED) if isinstance(told, dict) else None
