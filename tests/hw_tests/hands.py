"""A person before a hardware test, as a table: what he says to each question, and what his hands do when he is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.deadline import Deadline
from hw_tests.phases.screen import CELLS
from hw_tests.prompt import Question
from hw_tests.record import YES, Answer

NAME = "T. Technician"
AGAIN_S = 0.8
Act = Callable[[], object]


def touching(cells: range = range(CELLS), off_mm: float = 1.5) -> Answer:
    return Answer("touch_grid", YES, NAME, touches=tuple((cell, off_mm) for cell in cells))


@dataclass(slots=True)
class Hands:
    """`says`: by question, yes else. `does`: once, by question or request. `repeats`: until he is told otherwise."""

    says: Mapping[str, Answer | str] = field(default_factory=dict)
    does: Mapping[str, Act] = field(default_factory=dict)
    repeats: Mapping[str, Act] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    has_screen: bool = True
    _enough: threading.Event | None = None
    _busy: threading.Thread | None = None

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        deadline.check("person")
        self._hear(question.name)
        said = self.says.get(question.name, touching() if question.name == "touch_grid" else YES)
        return said if isinstance(said, Answer) else Answer(question.name, said, NAME)

    def tell(self, request: Question | None) -> None:
        self._rest()
        if request is not None:
            self._hear(request.name)

    def _hear(self, name: str) -> None:
        self.heard.append(name)
        self.does.get(name, lambda: None)()
        if name in self.repeats:
            self._enough = threading.Event()
            self._busy = threading.Thread(target=_repeat, args=(self.repeats[name], self._enough), daemon=True)
            self._busy.start()

    def _rest(self) -> None:
        if self._enough is not None and self._busy is not None:
            self._enough.set()
            self._busy.join()
            self._enough = self._busy = None


def _repeat(act: Act, enough: threading.Event) -> None:
    while not enough.wait(AGAIN_S):
        act()
