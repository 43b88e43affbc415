"""Wiping: keys, records, rosters and lists of the lane that ends are gone; what was done here stays on the desk."""

from __future__ import annotations

from pathlib import Path

from border.enrolment.values import Purpose
from provisioning import disk, program, records
from provisioning.bench import SOCKET, WIPED, Bench, command
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Question, Step

KEEPS = frozenset({"provisioning", "time", "frozen", program.RUNNING, SOCKET, "lost+found"})
ENDS_S = 60.0
"""For a program that somebody stands before."""


def is_done(bench: Bench) -> bool:
    """Once: what lies there afterwards is the next lane's."""
    return bool(bench.desk.table(WIPED).get("ended"))


def do(bench: Bench, _answers: Answers) -> Question | None:
    if not bench.desk.has(WIPED):
        _refuse_while_records_wait(bench)
        command(bench.settings.lane.stop, "stop")
        _end_program(bench)
        _refuse_while_records_wait(bench)  # it may have recorded something as its last act
        bench.desk.put_table(WIPED, {"ended": False})  # from here on the journal may be half gone
    for path in _left(bench):
        if path.is_dir() and not path.is_symlink():
            disk.remove_tree(path)
        else:
            disk.erase(path)
    if bench.purpose is Purpose.MOVE_SITE:
        bench.slots[1 - bench.slots.index(bench.backend)].forget()
        bench.desk.choose_slot(bench.slots.index(bench.backend))
        disk.erase(bench.folder / "frozen")
    else:
        bench.backend.forget()
    bench.desk.put_table(WIPED, {"ended": True})
    return None


def evidence(_bench: Bench) -> Facts:
    return (
        ("wiped", "keys, records, lists, roster, configuration"),
        ("left", "what was done here, and the saved time"),
    )


def _left(bench: Bench) -> list[Path]:
    return [path for path in sorted(bench.folder.iterdir()) if path.name not in KEEPS]


def _end_program(bench: Bench) -> None:
    """One that went on would sign as the old lane, into a journal that is gone."""
    if not program.end(bench.folder, ENDS_S):
        raise refused(
            Code.KIOSK,
            "The kiosk's program did not stop.",
            why="It still runs, and nothing is wiped under it.",
            then="Start the board again, and run this step again.",
            again=True,
        )


def _refuse_while_records_wait(bench: Bench) -> None:
    if not records.waiting(bench.folder).is_drained:
        program.let_run(bench.folder)  # or they never get to the centre
        raise refused(
            Code.WAITING,
            "Nothing is wiped.",
            why="Records came that are not at the centre.",
            then="Run the operation again: it waits until they are.",
            again=True,
        )


STEP = Step("wipe", "Wipe the old lane", is_done, do, evidence)
