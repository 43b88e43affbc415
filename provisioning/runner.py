"""Goes through an operation's steps: is it done, do it, is it done now; and writes each into the sheet.

Nothing is remembered but what lies on the desk, so a run that was cut goes on where the world stands. One thread calls
`go`; any thread may look at `view` and answer.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance import durable
from border.enrolment.sheet import Written
from border.enrolment.values import Purpose, StepResult
from border.messages.errors import MessageError
from provisioning.bench import FLOOR, OPERATION, Bench, Phases, open_bench
from provisioning.refusals import Code, refused
from provisioning.settings import Settings
from provisioning.step import Facts, Kind, Question, Refused, Step, Unanswered
from provisioning.steps import NAMES, STEPS
from provisioning.view import ClockView, Failure, StepState, StepView, View
from provisioning.words import iso

ANSWERS = "answers.json"
MOST_PROGRESS = 12
Asker = Callable[[Question], str]


class Runner:
    """Of the operation that lies on the desk. `asker`: who answers a step in the middle of its work, if anybody.

    `on_page`: a page shows what is asked, and can lead to another.
    """

    def __init__(
        self,
        settings: Settings,
        phases: Phases,
        *,
        steps: Mapping[Purpose, Sequence[Step[Bench]]] = STEPS,
        asker: Asker | None = None,
        on_page: bool = False,
    ) -> None:
        """Raises OSError."""
        self._bench = open_bench(settings, self, phases, on_page=on_page)
        self._all = steps
        self._asker = asker
        self._secrets: dict[tuple[str, str], str] = {}
        self._views: dict[str, StepView] = {}
        self._lock = threading.RLock()
        self._revision = 0
        self._current = ""
        self.look()

    @property
    def bench(self) -> Bench:
        return self._bench

    @property
    def revision(self) -> int:
        """Grows with everything that a page could show."""
        return self._revision

    @property
    def steps(self) -> Sequence[Step[Bench]]:
        """Empty: no operation was begun."""
        return self._all[self._bench.purpose] if self._bench.operation else ()

    @property
    def is_finished(self) -> bool:
        return bool(self._bench.operation.get("finished"))

    # -- to be looked at

    def view(self) -> View:
        with self._lock:
            at, operation = self._bench.stamp(), self._bench.operation
            floor = str(self._bench.desk.table(FLOOR).get("from", "build or saved"))
            names = {purpose: name for name, purpose in NAMES.items()}
            return View(
                operation=names[self._bench.purpose] if operation else "",
                kiosk=self._bench.kiosk,
                place=str(operation.get("place", "")),
                identity_level=self._bench.backend.level.value,
                clock=ClockView(at.clock.value, iso(at.wall_ms), iso(self._bench.times.floor_ms), floor),
                steps=tuple(self._views[step.name] for step in self.steps),
                revision=self._revision,
            )

    def look(self) -> None:
        """What the sheet says of each step; nothing is asked of any chip or line."""
        entries = {entry.step: entry for entry in self._entries() if entry.result is StepResult.DONE}
        waiting = False
        for step in self.steps:
            if step.name in entries and not waiting:
                facts = self._written(entries[step.name].number)
                view = StepView(step.name, step.title, StepState.DONE, facts)
            else:
                view = StepView(step.name, step.title, StepState.WAITING if waiting else StepState.NEXT)
                waiting = True
            self._put(view)

    # -- to be answered

    def answer(self, key: str, value: str) -> None:
        """To the question that the current step asks. Raises KeyError: it asks no such thing."""
        with self._lock:
            asking = next((view for view in self._views.values() if view.question and view.question.key == key), None)
            if asking is None or asking.question is None:
                raise KeyError(key)
            if asking.question.kind in (Kind.SECRET, Kind.PASSKEY):
                self._secrets[asking.name, key] = value
            else:
                told = {**self._answers(asking.name), key: value}
                self._keep_answers(asking.name, told)
            self._put(replace(asking, state=StepState.NEXT, question=None))

    # -- to be done

    def go(self) -> View:
        """As far as it goes: to the end, to a question, or to a failure. Raises `Refused`: another run is at it."""
        with self._alone():
            if not self.is_finished:
                for step in self.steps:
                    if not self._settle(step):
                        return self.view()
                if self.steps:
                    self._finish()
            return self.view()

    def _settle(self, step: Step[Bench]) -> bool:
        """Whether this step is done now, and stands in the sheet."""
        self._current = step.name
        try:
            if not step.is_done(self._bench):
                self._put(StepView(step.name, step.title, StepState.RUNNING))
                question = step.do(self._bench, self._told(step.name))
                if question is not None:
                    return self._ask(step, question)
                if not step.is_done(self._bench):
                    raise _not_held(step)
            self._record(step)
        except Unanswered as nobody:
            return self._ask(step, nobody.question)
        except Refused as why:
            return self._fail(step, why)
        except (OSError, sqlite3.Error, MessageError) as error:
            return self._fail(step, _disk(error))
        self._forget_answers(step.name)
        return True

    def _ask(self, step: Step[Bench], question: Question) -> bool:
        self._put(StepView(step.name, step.title, StepState.ASKING, question=question))
        return False

    def _fail(self, step: Step[Bench], why: Refused) -> bool:
        failure = Failure(why.code, why.what, why.why, why.then, why.again)
        if not why.again:
            self._forget_answers(step.name)
            facts = (("code", why.code), ("what", why.what), ("why", why.why))
            self._append(step, StepResult.FAILED, _packed(facts, b""))
        progress = self._views[step.name].progress
        self._put(StepView(step.name, step.title, StepState.FAILED, failure=failure, progress=progress))
        return False

    def _record(self, step: Step[Bench]) -> None:
        facts = step.evidence(self._bench)
        attached = step.attachment(self._bench) if step.attachment else b""
        self._append(step, StepResult.DONE, _packed(facts, attached))
        self._put(StepView(step.name, step.title, StepState.DONE, facts))

    def _append(self, step: Step[Bench], result: StepResult, evidence: bytes) -> None:
        """Unless the sheet's last word on this step is the same."""
        last = next((entry for entry in reversed(self._entries()) if entry.step == step.name), None)
        digest = hashlib.sha256(evidence).hexdigest()
        if last is not None and (last.result, last.evidence_sha256) == (result, digest):
            return
        who = dict(_facts(evidence)).get("accepted by") or self._bench.who or "this board"
        self._bench.desk.append(Written(step.name, result, evidence, who, self._bench.stamp()))

    def _finish(self) -> None:
        self._bench.desk.put_table(OPERATION, {**self._bench.operation, "finished": True})
        self._bench.desk.drop(ANSWERS)

    # -- Talk, for the steps

    def say(self, words: str) -> None:
        with self._lock:
            view = self._views[self._current]
            self._put(replace(view, progress=(*view.progress, words)[-MOST_PROGRESS:]))

    def ask(self, question: Question) -> str:
        if self._asker is None:
            told = self._told(self._current)
            if question.key not in told:
                raise Unanswered(question)
            return told[question.key]
        view = self._views[self._current]
        self._put(replace(view, state=StepState.ASKING, question=question))
        try:
            return self._asker(question)
        finally:
            self._put(replace(self._views[self._current], state=StepState.RUNNING, question=None))

    # -- what lies on the desk

    def _entries(self) -> tuple[Any, ...]:
        try:
            return self._bench.desk.entries()
        except (OSError, MessageError):
            return ()

    def _written(self, number: int) -> Facts:
        try:
            return _facts((self._bench.desk.now / "sheet" / f"{number:04}.evidence").read_bytes())
        except (OSError, ValueError):
            return ()

    def _answers(self, step: str) -> dict[str, str]:
        told = self._bench.desk.table(ANSWERS).get(step, {})
        return {str(key): str(value) for key, value in told.items()}

    def _told(self, step: str) -> Mapping[str, str]:
        return {**self._answers(step), **{key: value for (name, key), value in self._secrets.items() if name == step}}

    def _keep_answers(self, step: str, told: Mapping[str, str]) -> None:
        self._bench.desk.put_table(ANSWERS, {**self._bench.desk.table(ANSWERS), step: dict(told)})

    def _forget_answers(self, step: str) -> None:
        self._secrets = {place: value for place, value in self._secrets.items() if place[0] != step}
        if self._answers(step):
            self._keep_answers(step, {})

    def _put(self, view: StepView) -> None:
        with self._lock:
            self._views[view.name] = view
            self._revision += 1

    @contextmanager
    def _alone(self) -> Iterator[None]:
        path = self._bench.folder / "provisioning" / "lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, durable.PRIVATE)
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise _busy(path) from None
            yield
        finally:
            os.close(handle)


def _packed(facts: Facts, attached: bytes) -> bytes:
    told: dict[str, Any] = {"facts": [list(fact) for fact in facts]}
    if attached:
        told["attached"] = json.loads(attached)
    return json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _facts(evidence: bytes) -> Facts:
    return tuple((str(name), str(value)) for name, value in json.loads(evidence)["facts"])


def _not_held(step: Step[Bench]) -> Refused:
    return refused(
        Code.NOT_HELD,
        f"{step.title}: it was done, and it did not hold.",
        why="What was written is not there, or is not what was written.",
        then="Run the step again; if it stays so, replace the storage.",
        again=True,
    )


def _disk(error: Exception) -> Refused:
    return refused(
        Code.DISK,
        "The disk does not do what it must.",
        why=f"{type(error).__name__}: {error}.",
        then="Look whether there is room on it; if there is, replace the storage.",
        again=True,
    )


def _busy(path: Path) -> Refused:
    return refused(
        Code.BUSY,
        "This board is being worked on already.",
        why=f"Another run holds {path.name}.",
        then="Use the page or terminal on which it was begun.",
        again=True,
    )
