"""The hardware tests: the whole suite of hw_tests over this board, with the technician as its hands.

Where a page asks, they have their own (provisioning/hardware_page.py), which leaves its record here. By command they
are run here, and what only the screen itself could show is named as not asked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from drivers.deadline import Deadline
from hw_tests import record as records
from hw_tests import runner, store
from hw_tests.board import read_board
from hw_tests.phases import REQUIRED_ON_A_RASPBERRY
from hw_tests.phases.screen import NOT_ASKED
from hw_tests.prompt import Question as Prompted
from hw_tests.record import Answer, Outcome, Record
from hw_tests.runner import Begun, Ended, Finished, Phase, Plan, Progress
from hw_tests.station import Station, read_station
from hw_tests.words import words
from provisioning.bench import SOFTWARE, Bench
from provisioning.refusals import Code, refused
from provisioning.step import Answers, Choice, Facts, Kind, Question, Refused, Step, Talk
from provisioning.steps import board
from provisioning.words import short

FILE = "hardware.json"
RECORDS = "hardware-tests"
"""In the kiosk's folder: every run of this board, for the curves of later ones."""

ADDRESS = "tests/"
"""On the technician's page: the tests' own."""

MOST_NAMED = 3
ON_THEIR_PAGE = Question(
    "tests",
    "Test the hardware",
    Kind.PAGE,
    choices=(Choice(ADDRESS, "To the tests"),),
    detail="On the kiosk's own screen, not on a phone: touch, colours and sound are asked there alone.",
)
YES_NO = (Choice(records.YES, "Yes"), Choice(records.NO, "No"), Choice(records.NOT_SURE, "Not sure"))


def is_done(bench: Bench) -> bool:
    record = kept(bench)
    serial = board.read_facts(bench).serial
    return record is not None and record.outcome is Outcome.PASS and record.serial.lower() == serial.lower()


def do(bench: Bench, _answers: Answers) -> Question | None:
    found = station(bench)
    phases = bench.phases(found)
    if not bench.on_page:
        _run_here(bench, found, phases)
    record = kept(bench)
    if record is None or record.outcome is Outcome.PASS:
        return ON_THEIR_PAGE if bench.on_page else None
    if bench.on_page:
        bench.desk.drop(FILE)  # told once; then it is for the next run
    remedies = {f"{phase.name}.{each.name}": each.remedy for phase in phases for each in phase.expects}
    raise _not_passed(record, remedies)


def evidence(bench: Bench) -> Facts:
    record = kept(bench)
    assert record is not None
    unasked = not_asked(record)
    return (
        ("outcome", record.outcome.value),
        ("phases", str(len(record.phases))),
        ("not fitted, not tested", ", ".join(name for name in record.skipped() if name not in unasked) or "none"),
        ("not asked on its own screen", ", ".join(unasked) or "none"),
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


def keep(bench: Bench, record: Record) -> None:
    """With what there was of this board; a whole run on the desk too, for this step. Raises OSError."""
    store.keep(bench.folder / RECORDS, record)
    if record.suite == "full":
        bench.desk.write(FILE, record.canonical)


def not_asked(record: Record) -> tuple[str, ...]:
    """Phases that nobody could answer: they are neither passed nor missing on this board."""
    return tuple(each.name for each in record.phases if each.outcome is Outcome.SKIP and each.reason == NOT_ASKED)


def required(bench: Bench, phases: Sequence[Phase]) -> frozenset[str]:
    names = frozenset(phase.name for phase in phases)
    is_raspberry = read_board(bench.settings.device.root).is_raspberry
    return REQUIRED_ON_A_RASPBERRY & names if is_raspberry else frozenset[str]()


def station(bench: Bench) -> Station:
    """Raises `Refused`."""
    path = bench.settings.lane.station
    try:
        found = read_station(path, root=bench.settings.device.root)
    except (OSError, ValueError) as error:
        raise _failed(f"{path}: {error}", "Correct the file, or write headquarters' image onto the board.") from error
    return replace(
        found,
        data=bench.folder,
        clock_floor_s=bench.times.floor_ms / 1000,
        now_s=time.time,
        earlier=store.earlier(bench.folder / RECORDS, read_board(bench.settings.device.root).serial),
    )


@dataclass(frozen=True, slots=True)
class Person:
    """The technician at a terminal, as the suite asks him."""

    talk: Talk
    who: str
    has_screen: bool = False

    def ask(self, question: Prompted, deadline: Deadline) -> Answer:
        deadline.check("person")
        said = self.talk.ask(as_asked(question))
        return Answer(question.name, said if said in (records.YES, records.NO) else records.NOT_SURE, self.who)

    def tell(self, request: Prompted | None) -> None:
        if request is not None:
            self.talk.say(words().asked(request))


def as_asked(question: Prompted) -> Question:
    return Question(f"hw-{question.name}", words().asked(question), choices=YES_NO)


def titled(phase: str) -> str:
    """What a phase is called; one that nobody has named is called as it is."""
    try:
        return words().phase(phase)
    except KeyError:
        return phase.replace("_", " ")


def _run_here(bench: Bench, found: Station, phases: Sequence[Phase]) -> None:
    """With whoever is at the terminal, if anybody. Raises `Refused`."""
    plan = Plan(board.read_facts(bench).serial, bench.who, SOFTWARE, required=required(bench, phases))
    try:
        record = _run(bench, runner.run(phases, found, Person(bench.talk, bench.who), plan))
    except runner.Refused as why:
        raise _failed(why.detail, "Look at the board's label, and begin again from the board's step.") from why
    keep(bench, record)


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
