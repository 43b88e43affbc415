"""Draining: every record of this lane is at the centre, by the centre's signed word, before anything is wiped."""

from __future__ import annotations

from provisioning import program, records
from provisioning.bench import Bench
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Question, Step

FILE = "drained.json"


def is_done(bench: Bench) -> bool:
    drained = bool(bench.desk.table(FILE))
    return drained and records.waiting(bench.folder).is_drained


def do(bench: Bench, _answers: Answers) -> Question | None:
    found = records.waiting(bench.folder)
    if not found.is_drained:
        program.let_run(bench.folder)  # cut between its end and the wipe, with something recorded as its last act
        held = f", {found.held} of them held back" if found.held else ""
        raise refused(
            Code.WAITING,
            "Records of this lane are not at the centre yet.",
            why=f"{found.records + found.held} wait{held}.",
            then="Leave the kiosk running with its line connected, and run this step again when the number is 0.",
            again=True,
        )
    bench.desk.put_table(FILE, {"last_seq": found.last_seq})
    return None


def evidence(bench: Bench) -> Facts:
    return (("records waiting", "0"), ("newest record", str(bench.desk.table(FILE)["last_seq"])))


STEP = Step("drain", "Everything at the centre", is_done, do, evidence)
