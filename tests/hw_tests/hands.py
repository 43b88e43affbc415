"""A person before a hardware test, as a table: what he says to each question, and what his hands do when he is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from drivers.deadline import Deadline
from hw_tests.prompt import Question
from hw_tests.record import NOT_SURE, YES, Answer

CELLS = 40


@dataclass(slots=True)
class Hands:
    """`says`: by question, yes else. `does`: by question or request, before he answers or as soon as he is told."""

    says: Mapping[str, Answer | str] = field(default_factory=dict)
    does: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    has_screen: bool = True

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        deadline.check("person")
        self.heard.append(question.name)
        self.does.get(question.name, lambda: None)()
        said = self.says.get(question.name, YES)
        if isinstance(said, Answer):
            return said
        touches = tuple((cell, 1.5) for cell in range(CELLS)) if said == YES else ()
        return Answer(question.name, said, "T. Technician", touches=touches)

    def tell(self, request: Question | None) -> None:
        if request is not None:
            self.heard.append(request.name)
            self.does.get(request.name, lambda: None)()


def unsure() -> Answer:
    return Answer("any", NOT_SURE, "T. Technician")
