"""Wiping: keys, records, rosters and lists of the lane that ends are gone; what was done here stays on the desk."""

from __future__ import annotations

from pathlib import Path

from border.enrolment.values import Purpose
from provisioning import disk, records
from provisioning.bench import SOCKET, WIPED, Bench, command
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Facts, Question, Step

KEEPS = frozenset({"provisioning", "time", "frozen", SOCKET, "lost+found"})


def is_done(bench: Bench) -> bool:
    """Once: what lies there afterwards is the next lane's."""
    return bool(bench.desk.table(WIPED).get("ended"))


def do(bench: Bench, _answers: Answers) -> Question | None:
    if not bench.desk.has(WIPED):
        command(bench.settings.lane.stop, "stop")
        _refuse_while_records_wait(bench)
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


def _refuse_while_records_wait(bench: Bench) -> None:
    if not records.waiting(bench.folder).is_drained:
        raise refused(
            Code.WAITING,
            "Nothing is wiped.",
            why="Records came that are not at the centre.",
            then="Run the operation again: it waits until they are.",
            again=True,
        )


STEP = Step("wipe", "Wipe the old lane", is_done, do, evidence)
