"""An officer's passkey over one sheet: what it is asked to sign, once, and whether what came back is believed.

In provisioning/passkeys.json lie the open question, what was answered before, and how often each key had signed.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from border import webauthn
from border.enrolment.acceptance import TakingOver, challenge, proof
from border.enrolment.sheet import GENESIS, link
from border.passkeys import Passkey
from border.webauthn import Cause, NotBelieved
from provisioning import disk, officers
from provisioning.bench import Bench
from provisioning.officers import Officer
from provisioning.refusals import Code, refused
from provisioning.step import Choice, Kind, Question, Refused
from provisioning.steps import board

FILE = "provisioning/passkeys.json"
MOST_USED = 64
NONCE_BYTES = 16
PIN = "pin"
AGAIN = "Run this step again."
WHY: dict[Cause, tuple[Code, str, str]] = {
    Cause.UNREADABLE: (Code.PASSKEY_UNREADABLE, "What the browser sent is no assertion of a passkey.", AGAIN),
    Cause.ALGORITHM: (Code.PASSKEY_UNKNOWN, "The key signs in a way that is not accepted.", AGAIN),
    Cause.ORIGIN: (
        Code.PASSKEY_ORIGIN,
        "It was signed for another page than this board's own.",
        "Sign on the kiosk's own screen, and tell headquarters if you did.",
    ),
    Cause.CHALLENGE: (
        Code.PASSKEY_SHEET,
        "It was signed for another sheet, or for what this sheet was before.",
        "Look at the steps again, then run this step again.",
    ),
    Cause.UNKNOWN: (
        Code.PASSKEY_UNKNOWN,
        "The roster has no officer with this key.",
        "Take the key that was registered, or have this one registered and bring the new roster.",
    ),
    Cause.UNVERIFIED: (
        Code.PASSKEY_UNVERIFIED,
        "The key was touched, and did not check who touched it.",
        "Give the key its PIN or your finger; one that can do neither will not do.",
    ),
    Cause.SIGNATURE: (Code.PASSKEY_SIGNATURE, "The signature is not the registered key's.", AGAIN),
    Cause.COUNTER: (
        Code.PASSKEY_REPLAYED,
        "The key has signed that often before: this is an old answer, or there is a second such key.",
        "Run this step again; if it stays so, take the key off the roster and tell headquarters.",
    ),
}
REPLAYED = (Code.PASSKEY_REPLAYED, "This answer was given before.", AGAIN)


@dataclass(frozen=True, slots=True)
class Signed:
    """`proof`: JSON, for the sheet."""

    officer: Officer
    passkey: Passkey
    proof: Mapping[str, Any]


def are_registered(bench: Bench) -> bool:
    return bool(_known(bench))


def question(bench: Bench) -> Question:
    """Over the sheet as it is now."""
    known = [passkey for _, passkey in _known(bench)]
    return Question(
        "passkey",
        "Officer: sign with your key",
        Kind.PASSKEY,
        choices=(Choice(PIN, "I have no key here: use my PIN"),),
        detail="Plug it into the kiosk, touch the button, then the key. It knows you by its PIN or by your finger.",
        passkey=webauthn.assertion_options(_open(bench), known),
    )


def signed(bench: Bench, told: str) -> Signed:
    """The question is closed before its answer is looked at. Raises `Refused`."""
    nonce, answered = _close(bench)
    known, origin = _known(bench), bench.settings.page.own_url
    try:
        passkey = webauthn.asserted(told, _challenge(bench, nonce), origin, [passkey for _, passkey in known])
    except NotBelieved as why:
        raise _not_believed(why, answered) from why
    officer = next(officer for officer, each in known if each.id == passkey.id)
    kept = _kept(bench)
    _keep(bench, {**kept, "counts": {**kept["counts"], passkey.id.hex(): passkey.sign_count}})
    return Signed(officer, passkey, proof(passkey, told, nonce, origin))


def head(bench: Bench) -> bytes:
    """What the next entry of the sheet follows."""
    entries = bench.desk.entries()
    return link(entries[-1]) if entries else GENESIS


def _known(bench: Bench) -> list[tuple[Officer, Passkey]]:
    """Everybody's, each with the highest count that roster or board knows."""
    counts = _kept(bench)["counts"]
    return [
        (officer, replace(each, sign_count=max(each.sign_count, int(counts.get(each.id.hex(), 0)))))
        for officer in officers.roster(bench.folder).values()
        for each in officer.passkeys
    ]


def _open(bench: Bench) -> bytes:
    """The challenge of the question that is open."""
    kept = _kept(bench)
    if not kept["nonce"]:
        kept = {**kept, "nonce": secrets.token_hex(NONCE_BYTES)}
        _keep(bench, kept)
    return _challenge(bench, bytes.fromhex(kept["nonce"]))


def _close(bench: Bench) -> tuple[bytes, Sequence[str]]:
    """The nonce of the open question, or one that nobody was asked; and the challenges that were answered before."""
    kept = _kept(bench)
    nonce = bytes.fromhex(kept["nonce"]) or secrets.token_bytes(NONCE_BYTES)
    used = [*kept["used"], _challenge(bench, nonce).hex()]
    _keep(bench, {**kept, "nonce": "", "used": used[-MOST_USED:]})
    return nonce, kept["used"]


def _challenge(bench: Bench, nonce: bytes) -> bytes:
    serial = board.read_facts(bench).serial
    return challenge(TakingOver(bench.kiosk, bench.answer().port, serial, head(bench), nonce))


def _not_believed(why: NotBelieved, answered: Sequence[str]) -> Refused:
    is_old = why.cause is Cause.CHALLENGE and why.challenge.hex() in answered
    code, because, then = REPLAYED if is_old else WHY[why.cause]
    return refused(code, "The officer's key did not take the lane over.", why=because, then=then)


def _kept(bench: Bench) -> dict[str, Any]:
    try:
        told = json.loads((bench.folder / FILE).read_bytes())
        return {"nonce": str(told["nonce"]), "used": list(told["used"]), "counts": dict(told["counts"])}
    except (OSError, ValueError, KeyError, TypeError):
        return {"nonce": "", "used": [], "counts": {}}


def _keep(bench: Bench, kept: Mapping[str, Any]) -> None:
    disk.write(bench.folder / FILE, json.dumps(kept).encode())
