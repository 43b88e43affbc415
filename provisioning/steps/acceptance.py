"""Acceptance: an officer of the port takes the lane over. It closes the sheet.

With a passkey of the roster, which signs this very sheet, on the board's own page; else with name and PIN, and then the
sheet says why there was no passkey.
"""

from __future__ import annotations

import json

from border import webauthn
from border.enrolment.values import ACCEPTANCE
from provisioning import officers, passkeys
from provisioning.bench import Bench
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Choice, Facts, Kind, Question, Step
from provisioning.steps import hardware

FILE = "acceptance.json"
ID = Question("officer", "Officer: what is your name in the roster?", Kind.TEXT, detail="As you sign in on your page.")
PIN = Question("pin", "Officer: what is your PIN?", Kind.SECRET)


def is_done(bench: Bench) -> bool:
    """A passkey's word is for the sheet that it signed: not if something came between before it was written there."""
    table = bench.desk.table(FILE)
    return bool(table.get("officer")) and ("head" not in table or str(table["head"]) in _heads(bench))


def do(bench: Bench, answers: Answers) -> Question | None:
    if "accepts" not in answers:
        return _question(bench)
    if answers["accepts"] != "yes":
        raise refused(
            Code.DECLINED,
            "The officer does not take this lane over.",
            why="He said no.",
            then="Ask him what is missing, put it right, and run this step again.",
        )
    if bench.on_page and "passkey" not in answers and passkeys.are_registered(bench):
        return passkeys.question(bench)
    if answers.get("passkey", passkeys.PIN) != passkeys.PIN:
        _signed(bench, answers["passkey"])
        return None
    if "officer" not in answers:
        return ID
    if "pin" not in answers:
        return PIN
    officer = officers.sign_in(bench.folder, answers["officer"].strip(), answers["pin"], bench.stamp())
    if officer is None:
        raise refused(
            Code.SIGN_IN,
            "The officer was not signed in.",
            why="The name or the PIN is wrong, or five were wrong within five minutes.",
            then="Run this step again; after five wrong PINs wait five minutes.",
        )
    why = _why_no_passkey(bench, officer)
    bench.desk.put_table(FILE, {"officer": officer.id, "role": officer.role, "by": "PIN", "no passkey": why})
    return None


def evidence(bench: Bench) -> Facts:
    table = bench.desk.table(FILE)
    names = ("role", "signed in with", "passkey", "algorithm", "no passkey")
    told = {**table, "signed in with": table["by"]}
    return (("accepted by", str(table["officer"])), *((name, str(told[name])) for name in names if name in told))


def attachment(bench: Bench) -> bytes:
    """The assertion, so that anybody can judge it again (border/enrolment/acceptance.py)."""
    kept = bench.desk.table(FILE).get("proof")
    return json.dumps(kept).encode() if kept else b""


def _signed(bench: Bench, told: str) -> None:
    """Raises `Refused`."""
    signed = passkeys.signed(bench, told)
    bench.desk.put_table(
        FILE,
        {
            "officer": signed.officer.id,
            "role": signed.officer.role,
            "by": "passkey",
            "passkey": signed.passkey.fingerprint,
            "algorithm": webauthn.algorithm(signed.passkey),
            "proof": signed.proof,
            "head": passkeys.head(bench).hex(),
        },
    )


def _heads(bench: Bench) -> tuple[str, ...]:
    """Of the sheet as it is, and as it was before each acceptance in it."""
    before = (entry.previous.hex() for entry in bench.desk.entries() if entry.step == ACCEPTANCE)
    return (passkeys.head(bench).hex(), *before)


def _why_no_passkey(bench: Bench, officer: officers.Officer) -> str:
    if not officer.passkeys:
        return "none registered"
    return "not at hand" if bench.on_page else "no page to ask for it"


def _question(bench: Bench) -> Question:
    record = hardware.kept(bench)
    unasked = ", ".join(hardware.titled(name) for name in hardware.not_asked(record)) if record else ""
    return Question(
        "accepts",
        f"Officer: do you take over lane {bench.kiosk}?",
        choices=(Choice("yes", "I take it over"), Choice("no", "No")),
        detail="Look at the steps: each says what was done and found."
        + (f" Nobody was asked about these of its screen: {unasked}." if unasked else ""),
    )


STEP = Step(ACCEPTANCE, "Acceptance by an officer", is_done, do, evidence, attachment)
