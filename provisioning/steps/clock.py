"""The clock: how far it can be believed, from which proof. Never waits for anybody to send the time."""

from __future__ import annotations

from border.encounter import ClockState
from provisioning.bench import FLOOR, Bench
from provisioning.step import Answers, Facts, Question, Step
from provisioning.words import day

FILE = "clock.json"
MEANING = {
    ClockState.TRUSTED: "something disciplines the clock (chrony, timesyncd, GNSS)",
    ClockState.FLOOR: "nothing disciplines the clock; it is not before the newest proof",
    ClockState.UNTRUSTED: "the clock stands before the newest proof: the floor is used for every date",
}


def is_done(bench: Bench) -> bool:
    return bool(bench.desk.table(FILE).get("floor_ms"))


def do(bench: Bench, _answers: Answers) -> Question | None:
    at = bench.stamp()
    source = bench.desk.table(FLOOR).get("from", "build or saved")
    table = {"state": at.clock.value, "now_ms": at.wall_ms, "floor_ms": bench.times.floor_ms, "from": source}
    bench.times.save()
    bench.desk.put_table(FILE, table)
    return None


def evidence(bench: Bench) -> Facts:
    table = bench.desk.table(FILE)
    return (
        ("clock", f"{table['state']}: {MEANING[ClockState(table['state'])]}"),
        ("the clock said", day(table["now_ms"])),
        ("it is not before", f"{day(table['floor_ms'])} ({table['from']})"),
    )


STEP = Step("clock", "Clock", is_done, do, evidence)
