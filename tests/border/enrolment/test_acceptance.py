"""The proof of an officer's passkey in a sheet: it holds for this sheet, and for nothing that was changed in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from border.encounter import ClockState, Stamp
from border.enrolment.acceptance import TakingOver, challenge, holds, proof, signed_with
from border.enrolment.sheet import Written, link, next_entry
from border.enrolment.values import ACCEPTANCE, CommissioningSheet, Evidence, SheetEntry, StepResult
from border.passkeys import as_row
from border.webauthn import NotBelieved
from tests.border.authenticator import ORIGIN, PRESENT, VERIFIED, Authenticator

AT = Stamp(1_714_521_600_000, 1, "boot-1", ClockState.FLOOR)
NONCE = bytes(range(16))
KEY = Authenticator(-8)
Change = Callable[[dict[str, Any]], object]


def unchanged(_attached: dict[str, Any]) -> None: ...


def sheet(
    change: Change = unchanged, *, hardware: bytes = b"passed", flags: int = PRESENT | VERIFIED
) -> CommissioningSheet:
    """An officer's key took it over; then the proof was changed."""
    entries: list[SheetEntry] = []
    entries.append(next_entry(entries, Written("hardware", StepResult.DONE, b"passed", "anna", AT)))
    told = KEY.sign(challenge(TakingOver("quay-1", "bequia", "ef01", link(entries[-1]), NONCE)), ORIGIN, flags=flags)
    attached = json.loads(json.dumps(proof(KEY.passkey, told, NONCE, ORIGIN)))
    change(attached)
    evidence = json.dumps({"facts": [], "attached": attached}).encode()
    if hardware != b"passed":  # what was found is another, after the officer had signed
        entries = [next_entry([], Written("hardware", StepResult.DONE, hardware, "anna", AT))]
    entries.append(next_entry(entries, Written(ACCEPTANCE, StepResult.DONE, evidence, "joseph", AT)))
    return CommissioningSheet("quay-1", "bequia", "ef01", tuple(entries), (Evidence("application/json", evidence),), AT)


def test_it_holds_for_the_sheet_that_was_signed() -> None:
    used = signed_with(sheet())
    assert used is not None and used.credential == KEY.credential


CHANGES: dict[str, Change] = {
    "another nonce": lambda told: told.update(nonce="00" * 16),
    "another page": lambda told: told.update(origin="http://elsewhere.example"),
    "another key": lambda told: told["passkey"].update(as_row(Authenticator(-8).passkey)),
    "no key": lambda told: told["passkey"].update(credential="AAAA"),
    "no signature": lambda told: told["assertion"]["response"].update(signature=""),
    "no assertion": lambda told: told.pop("assertion"),
    "no object": lambda told: told.update(passkey=[]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_it_holds_for_nothing_else(change: str) -> None:
    assert not holds(sheet(CHANGES[change]))


def test_it_does_not_hold_for_another_lane_board_or_finding() -> None:
    whole = sheet()
    changed = (replace(whole, kiosk="quay-2"), replace(whole, port="castries"), replace(whole, board_serial="ef02"))
    assert [holds(each) for each in changed] == [False] * 3
    assert not holds(sheet(hardware=b"failed"))
    with pytest.raises(NotBelieved):
        signed_with(sheet(flags=PRESENT))


def test_a_sheet_without_a_passkey_claims_none() -> None:
    bare = replace(sheet(), evidence=())
    assert signed_with(bare) is None
    assert holds(replace(bare, entries=bare.entries[:1]))
