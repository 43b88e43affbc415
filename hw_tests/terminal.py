"""The person at a terminal: a question is answered with a number, so that no key is hit by habit."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TextIO

from drivers.deadline import Deadline
from drivers.errors import Cancelled
from hw_tests.prompt import Question
from hw_tests.record import NO, NOT_SURE, YES, Answer
from hw_tests.words import Words

NUMBERS = {"1": YES, "2": NO, "3": NOT_SURE}


@dataclass(slots=True)
class Terminal:
    """Asks on standard error, reads from standard input; touch, screen and sound are asked elsewhere."""

    by: str
    words: Words
    out: TextIO = field(default_factory=lambda: sys.stderr)
    source: TextIO = field(default_factory=lambda: sys.stdin)
    has_screen: bool = False

    def ask(self, question: Question, deadline: Deadline) -> Answer:
        self._say(f"{self.words.asked(question)}\n    1 yes   2 no   3 not sure\n")
        while True:
            deadline.check("person")
            line = self.source.readline()
            if not line:
                raise Cancelled("person", "nobody is at the terminal")
            if (said := NUMBERS.get(line.strip())) is not None:
                return Answer(question.name, said, self.by)
            self._say("    1, 2 or 3\n")

    def tell(self, request: Question | None) -> None:
        if request is not None:
            self._say(f"{self.words.asked(request)}\a\n")

    def _say(self, text: str) -> None:
        self.out.write(text)
        self.out.flush()
