"""One board under test as a page sees it: a thread that runs the suite, and the person who answers from another.

`view` is a value; a page shows it and posts back. A question has a number, so that a second touch on a button does not
answer the question after it.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from drivers.deadline import Deadline
from hw_tests.codes import Code
from hw_tests.prompt import Question
from hw_tests.record import Answer, Outcome, PhaseRecord, Record, repeated
from hw_tests.runner import Begun, Ended, Finished, Phase, Plan, Progress, Refused, run
from hw_tests.station import Station

SLICE_S = 0.2
JOIN_S = 30.0


@dataclass(frozen=True, slots=True)
class View:
    """`asked` waits for an answer under `asked_number`; `told` is to be done while a device waits. `record`: the newest
    whole run, with what was repeated since in its place. `failure`: the suite itself broke; nothing was recorded."""

    revision: int = 0
    is_running: bool = False
    by: str = ""  # who runs it, and whose answers these are
    phase: str = ""
    number: int = 0
    of: int = 0
    done: tuple[PhaseRecord, ...] = ()  # of the run that goes on
    asked: Question | None = None
    asked_number: int = 0
    told: Question | None = None
    record: Record | None = None
    failure: str = ""


class Session:
    """`station` is asked for anew at each run, for its earlier records. `keep` makes a record durable."""

    def __init__(
        self,
        station: Callable[[], Station],
        phases: Callable[[Station], Sequence[Phase]],
        keep: Callable[[Record], object],
    ) -> None:
        self._station, self._phases, self._keep = station, phases, keep
        self._changed = threading.Condition()
        self._view = View()
        self._answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
        self._left = Deadline(math.inf)
        self._thread: threading.Thread | None = None

    @property
    def station(self) -> Station:
        return self._station()

    @property
    def phases(self) -> Sequence[Phase]:
        return self._phases(self._station())

    def view(self, after: int = -1, wait_s: float = 0.0) -> View:
        """As it is now; with `after`, as soon as it is newer than that, or after `wait_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._view.revision > after, wait_s)
            return self._view

    def begin(self, plan: Plan, *, has_screen: bool) -> None:
        """Raises `Refused`: HW-BUSY while one goes on."""
        with self._changed:
            if self._view.is_running:
                raise Refused(Code.BUSY, "a run goes on")
            self._left = Deadline(math.inf)
            station = self._station()
            progress = run(self._phases(station), station, _Person(self, has_screen), plan, self._left)
            self._change(is_running=True, by=plan.by, done=(), phase="", number=0, of=0, failure="")
        self._thread = threading.Thread(target=self._run, args=(progress,), name="hardware tests", daemon=True)
        self._thread.start()

    def answer(self, number: int, answer: Answer) -> bool:
        """False: that question is not asked any more."""
        with self._changed:
            asked = self._view.asked
            if asked is None or number != self._view.asked_number or answer.question != asked.name:
                return False
            self._change(asked=None)
        self._answers.put(answer)
        return True

    def stop(self) -> None:
        """The phase that runs and those that follow are aborted; returns when the thread has ended."""
        self._left.cancel()
        if self._thread is not None:
            self._thread.join(JOIN_S)

    def _run(self, progress: Iterable[Progress]) -> None:
        try:
            for each in progress:
                self._note(each)
        except Exception as bug:  # noqa: BLE001 - told on the page; the thread has nobody else to tell
            self._note_failure(bug)

    def _note(self, each: Progress) -> None:
        if isinstance(each, Begun):
            self._set(phase=each.phase, number=each.number, of=each.of)
        elif isinstance(each, Ended):
            self._set(done=(*self._view.done, each.phase), asked=None, told=None)
        else:
            self._finish(each)

    def _finish(self, finished: Finished) -> None:
        self._keep(finished.record)
        whole, again = self._view.record, finished.record
        if again.suite not in ("full", "quick") and whole is not None and whole.serial == again.serial:
            again = repeated(whole, again)
            if again.outcome is not Outcome.ABORTED and again != whole:
                self._keep(again)
        self._set(record=again, is_running=False, phase="", asked=None, told=None)

    def _note_failure(self, bug: Exception) -> None:
        self._set(is_running=False, asked=None, told=None, failure=f"{type(bug).__name__}: {bug}")

    def _ask(self, question: Question, deadline: Deadline) -> Answer:
        with self._changed:
            while not self._answers.empty():  # came as its question was given up: it is no answer to this one
                self._answers.get()
            self._change(asked=question, asked_number=self._view.asked_number + 1, told=None)
        while True:
            try:
                return self._answers.get(timeout=SLICE_S)
            except queue.Empty:
                deadline.check("person")

    def _tell(self, request: Question | None) -> None:
        self._set(told=request)

    def _set(self, **what: object) -> None:
        with self._changed:
            self._change(**what)

    def _change(self, **what: object) -> None:
        """With the lock held."""
        self._view = replace(self._view, revision=self._view.revision + 1, **what)  # type: ignore[arg-type]
        self._changed.notify_all()


@dataclass(frozen=True, slots=True)
class _Person:
    """Whoever sits before the page."""

    session: Session
    has_screen: bool

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        return self.session._ask(question, deadline)

    def tell(self, request: Question | None) -> None:
        self.session._tell(request)
