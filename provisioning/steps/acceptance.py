"""Acceptance: an officer of the port takes the lane over, with his name and PIN. It closes the sheet."""

from __future__ import annotations

from border.enrolment.values import ACCEPTANCE
from provisioning import officers
from provisioning.bench import Bench
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Choice, Facts, Kind, Question, Step
from provisioning.steps import hardware

FILE = "acceptance.json"
ID = Question("officer", "Officer: what is your name in the roster?", Kind.TEXT, detail="As you sign in on your page.")
PIN = Question("pin", "Officer: what is your PIN?", Kind.SECRET)


def is_done(bench: Bench) -> bool:
    return bool(bench.desk.table(FILE).get("officer"))


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
    bench.desk.put_table(FILE, {"officer": officer.id, "role": officer.role, "by": "PIN"})
    return None


def evidence(bench: Bench) -> Facts:
    table = bench.desk.table(FILE)
    return (("accepted by", str(table["officer"])), ("role", str(table["role"])), ("signed in with", str(table["by"])))


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


STEP = Step(ACCEPTANCE, "Acceptance by an officer", is_done, do, evidence)
