"""Every fuzz harness with the inputs it starts from. A harness is a module with `one_input(data)`.

What `one_input` lets escape is a finding: it swallows the documented errors and asserts what must hold.
"""

from __future__ import annotations

import importlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz import seeds

ROOMS = ("border", "drivers")
"""What is instrumented; the harnesses and what they check with stay as they are."""


@dataclass(frozen=True, slots=True)
class Harness:
    """`name` as in fuzz_<name>.py. `seeds()`: whole inputs of many kinds."""

    name: str
    seeds: Callable[[], list[bytes]]

    @property
    def module(self) -> str:
        return f"tests.fuzz.fuzz_{self.name}"

    def load(self) -> Callable[[bytes], object]:
        """Import it only now: under atheris, imports are what is instrumented."""
        one_input: Callable[[bytes], object] = importlib.import_module(self.module).one_input
        return one_input


HARNESSES: dict[str, Harness] = {
    harness.name: harness
    for harness in (
        Harness("documents", seeds.documents),
        Harness("enrolment", seeds.enrolment),
        Harness("lane", seeds.lane),
        Harness("chip", seeds.chip),
        Harness("messages", seeds.messages),
        Harness("mjpeg", seeds.mjpeg),
        Harness("mrz", seeds.mrz),
        Harness("swipe", seeds.swipe),
        Harness("uru4000", seeds.uru4000),
        Harness("zfm", seeds.zfm),
    )
}

CONTROL = Harness("planted", seeds.mrz)
"""It has a bug on purpose, and must be found out."""


def named(name: str) -> Harness:
    return CONTROL if name == CONTROL.name else HARNESSES[name]


def harmed(data: bytes, chance: random.Random) -> bytes:
    """One to four small harms: a byte changed, a piece taken out, doubled, or replaced by noise."""
    result = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(result))
        match chance.randrange(4):
            case 0:
                result[at : at + 1] = bytes([chance.randrange(256)])
            case 1:
                del result[at : at + chance.randint(1, 8)]
            case 2:
                result[at:at] = result[at : at + chance.randint(1, 40)]
            case _:
                result[at : at + 3] = chance.randbytes(3)
    return bytes(result)
