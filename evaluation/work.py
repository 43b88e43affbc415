"""Long work, item by item: what is done is kept at once, so that the same command goes on after an interruption."""

from __future__ import annotations

import hashlib
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Answer = dict[str, Any]

TELL_EVERY_S = 2.0


class Journal:
    """Answers by key, one JSON line each. Keys are digests: no name of a person or file stands in the journal."""

    def __init__(self, path: Path, conditions: str) -> None:
        """`conditions` is all that an answer depends on beside its item; other conditions find no answer."""
        self._path, self._conditions = path, conditions
        self._known: dict[str, Answer] = dict(_lines(path))

    def answer(self, item: str, work: Callable[[], Answer]) -> Answer:
        """The kept answer of this item, or that of `work`, kept before it is returned."""
        key = hashlib.sha256(f"{self._conditions}\0{item}".encode()).hexdigest()[:32]
        if key not in self._known:
            self._known[key] = json.loads(json.dumps(work()))  # as it will be read again
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"key": key, "answer": self._known[key]}) + "\n")
        return self._known[key]


def _lines(path: Path) -> Iterator[tuple[str, Answer]]:
    """What was kept; a last line that an interruption cut short is work to do again."""
    if not path.exists():
        return
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
            yield row["key"], row["answer"]
        except (ValueError, KeyError, TypeError):
            continue


class Work(Protocol):
    """How a part goes through its items."""

    def through(self, part: str, items: Sequence[tuple[str, Item]], judge: Callable[[Item], Answer]) -> list[Answer]:
        """The answer for each (name, item), in their order; kept, so that it is not worked out twice."""
        ...

    def unkept(self, part: str, items: Sequence[Item], judge: Callable[[Item], Result]) -> list[Result]:
        """The same for results that must not be written down, such as biometric features."""
        ...


class KeptWork:
    """Work with a journal and a line that tells how far it is."""

    def __init__(self, journal: Journal, tell: TextIO = sys.stderr) -> None:
        self._journal, self._tell = journal, tell

    def through(self, part: str, items: Sequence[tuple[str, Item]], judge: Callable[[Item], Answer]) -> list[Answer]:
        return self.unkept(part, items, lambda pair: self._journal.answer(f"{part}\0{pair[0]}", lambda: judge(pair[1])))

    def unkept(self, part: str, items: Sequence[Item], judge: Callable[[Item], Result]) -> list[Result]:
        results, began_s, told_s = [], time.monotonic(), 0.0
        for number, item in enumerate(items, start=1):
            results.append(judge(item))
            now_s = time.monotonic()
            if now_s - told_s >= TELL_EVERY_S or number == len(items):
                self._say(_progress(part, number, len(items), now_s - began_s), is_last=number == len(items))
                told_s = now_s
        return results

    def _say(self, words: str, *, is_last: bool) -> None:
        """On a terminal one line that renews itself, in a file one line after the other."""
        renews = self._tell.isatty()
        self._tell.write(f"\r{words}\x1b[K" if renews else words)
        self._tell.write("\n" if is_last or not renews else "")
        self._tell.flush()


def _progress(part: str, done: int, of: int, taken_s: float) -> str:
    left_s = taken_s / done * (of - done)
    return f"{part}: {done} of {of}, {taken_s:.0f} s" + (f", about {left_s:.0f} s left" if done < of else "")


def at_most(items: Iterable[Item], most: int | None, group: Callable[[Item], object]) -> tuple[Item, ...]:
    """At most so many items of each group, evenly from among them, so that not only the first subjects count."""
    if most is None:
        return tuple(items)
    groups: dict[object, list[Item]] = {}
    for item in items:
        groups.setdefault(group(item), []).append(item)
    return tuple(one for members in groups.values() for one in _evenly(members, most))


def _evenly(members: Sequence[Item], most: int) -> Iterator[Item]:
    count = min(most, len(members))
    yield from (members[at * len(members) // count] for at in range(count))


def named(paths: Iterable[Path], root: Path) -> str:
    """What tells these files from all others and from older ones of the same names."""
    rows = ((path.relative_to(root).as_posix(), path.stat()) for path in paths)
    return "\0".join(f"{name} {status.st_size} {status.st_mtime_ns}" for name, status in rows)
