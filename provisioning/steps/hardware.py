"""The hardware tests: the whole suite of hw_tests over this board, with the technician as its hands."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import hw_tests
from drivers.deadline import Deadline
from hw_tests import record as records
from hw_tests import runner
from hw_tests.board import read_board
from hw_tests.phases import REQUIRED_ON_A_RASPBERRY
from hw_tests.prompt import Question as Prompted
from hw_tests.record import Answer, Outcome, Record
from hw_tests.runner import Begun, Ended, Finished, Plan, Progress
from hw_tests.station import Station, read_station
from hw_tests.words import words
from provisioning.bench import SOFTWARE, Bench
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Choice, Facts, Question, Refused, Step, Talk
from provisioning.steps import board
from provisioning.words import short

FILE = "hardware.json"
PICTURES, DRAWN = "hardware", Path(hw_tests.__file__).parent / "static" / "pictures"
"""The page serves them under this name."""

MOST_NAMED = 3
YES_NO = (Choice(records.YES, "Yes"), Choice(records.NO, "No"), Choice(records.NOT_SURE, "Not sure"))


def is_done(bench: Bench) -> bool:
    record = kept(bench)
    serial = board.read_facts(bench).serial
    return record is not None and record.outcome is Outcome.PASS and record.serial.lower() == serial.lower()


def do(bench: Bench, _answers: Answers) -> Question | None:
    station = _station(bench)
    phases = bench.phases(station)
    names = frozenset(phase.name for phase in phases)
    is_raspberry = read_board(bench.settings.device.root).is_raspberry
    required = REQUIRED_ON_A_RASPBERRY & names if is_raspberry else frozenset[str]()
    plan = Plan(board.read_facts(bench).serial, bench.who, SOFTWARE, required=required)
    try:
        record = _run(bench, runner.run(phases, station, Person(bench.talk, bench.who), plan))
    except runner.Refused as why:
        raise _failed(why.detail, "Look at the board's label, and begin again from the board's step.") from why
    bench.desk.write(FILE, record.canonical)
    if record.outcome is not Outcome.PASS:
        remedies = {f"{phase.name}.{each.name}": each.remedy for phase in phases for each in phase.expects}
        raise _not_passed(record, remedies)
    return None


def evidence(bench: Bench) -> Facts:
    record = kept(bench)
    assert record is not None
    return (
        ("outcome", record.outcome.value),
        ("phases", str(len(record.phases))),
        ("not fitted, not tested", ", ".join(record.skipped()) or "none"),
        ("seconds", f"{record.took_s:.0f}"),
        ("record", short(record.sha256)),
    )


def attachment(bench: Bench) -> bytes:
    return bench.desk.read(FILE)


def kept(bench: Bench) -> Record | None:
    try:
        return records.read(bench.desk.read(FILE))
    except (OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Person:
    """The technician, as the suite asks him."""

    talk: Talk
    who: str

    @property
    def has_screen(self) -> bool:
        """The page may be on a phone: what only the board's own screen could show is not tested here."""
        return False

    def ask(self, question: Prompted, deadline: Deadline) -> Answer:
        deadline.check("person")
        said = self.talk.ask(as_asked(question))
        return Answer(question.name, said if said in (records.YES, records.NO) else records.NOT_SURE, self.who)

    def tell(self, request: Prompted | None) -> None:
        if request is not None:
            self.talk.say(words().asked(request))


def as_asked(question: Prompted) -> Question:
    picture = f"{PICTURES}/{question.name}.svg" if (DRAWN / f"{question.name}.svg").is_file() else ""
    return Question(f"hw-{question.name}", words().asked(question), choices=YES_NO, picture=picture)


def titled(phase: str) -> str:
    """What a phase is called; one that nobody has named is called as it is."""
    try:
        return words().phase(phase)
    except KeyError:
        return phase.replace("_", " ")


def _station(bench: Bench) -> Station:
    path = bench.settings.lane.station
    try:
        station = read_station(path, root=bench.settings.device.root)
    except (OSError, ValueError) as error:
        raise _failed(f"{path}: {error}", "Correct the file, or write headquarters' image onto the board.") from error
    floor_s = bench.times.floor_ms / 1000
    return replace(station, data=Path(bench.folder), clock_floor_s=floor_s, now_s=time.time)


def _run(bench: Bench, progress: Iterator[Progress]) -> Record:
    for event in progress:
        if isinstance(event, Begun):
            bench.talk.say(f"{event.number} of {event.of}: {titled(event.phase)}")
        elif isinstance(event, Ended) and event.phase.failed():
            bench.talk.say(f"{titled(event.phase.name)}: {event.phase.outcome.value}")
        elif isinstance(event, Finished):
            return event.record
    raise AssertionError("the suite ends with its record")


def _not_passed(record: Record, remedies: dict[str, str]) -> Refused:
    failed = record.failed()
    named = ", ".join(failed[:MOST_NAMED]) + (f" and {len(failed) - MOST_NAMED} more" if len(failed) > 3 else "")
    remedy = next((remedies[name] for name in failed if remedies.get(name)), "")
    return _failed(named or record.outcome.value, f"{remedy or 'Correct it'} Then run this step again.".strip())


def _failed(why: str, then: str) -> Refused:
    return refused(Code.HARDWARE, "The hardware tests did not pass.", why=f"{why}.", then=then)


STEP = Step("hardware", "Hardware tests", is_done, do, evidence, attachment)
