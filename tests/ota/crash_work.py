"""What our code does to a disk while its writes are recorded, and what must be found after a cut anywhere in it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ota import floor as floors
from ota import selector
from ota.disk import RealDisk
from ota.floor import Floor
from ota.journal import Entry, Journal
from ota.release import Role
from ota.selector import Selector
from ota.shelf import Shelf
from ota.workflow import State

AUTOBOOT = "autoboot.txt"
OLD = Selector(2, 3)
NEW = OLD.committed()
STEPS = 2
CONTENTS = [bytes([number]) * 30_000 for number in range(STEPS + 1)]
NAMES = [hashlib.sha256(content).hexdigest() for content in CONTENTS]
FLOORS = [Floor({"apps": 1 + n}, {"image": 10 + n}, 1_800_000_000 + n) for n in range(STEPS + 1)]


def entry(number: int) -> Entry:
    return Entry(
        f"t{number}", State.KEPT, Role.APPS, "apps/x", NAMES[number], str(number), number + 1, 1, 1_800_000_000
    )


def prepare(folder: Path) -> None:
    """Step 0, before the record begins."""
    for name, content in zip(NAMES[:1], CONTENTS, strict=False):
        (folder / name).write_bytes(content)
    disk = RealDisk()
    floors.save(disk, folder, FLOORS[0])
    Journal(disk, folder / "journal").append(entry(0))
    Shelf(disk, folder).switch(NAMES[0])


def work(folder: Path) -> None:
    """Steps 1 to `STEPS`: a new content, the floor, the journal, the switch; and what is not wanted any more goes."""
    disk, journal, shelf = RealDisk(), Journal(RealDisk(), folder / "journal"), Shelf(RealDisk(), folder)
    for number in range(1, STEPS + 1):
        part = folder / f"{NAMES[number]}.part"
        disk.write(part, CONTENTS[number])
        disk.sync(part)
        disk.rename(part, folder / NAMES[number])
        disk.sync_folder(folder)
        floors.save(disk, folder, FLOORS[number])
        journal.append(entry(number))
        shelf.switch(NAMES[number])
        shelf.prune((NAMES[number],))


def rank(folder: Path) -> tuple[int, int, int]:
    """How far floor, journal and shelf are. Raises AssertionError, or whatever our own readers raise, when broken."""
    floor = FLOORS.index(floors.load(folder, Floor()))
    found = Journal(RealDisk(), folder / "journal").entries
    assert found == tuple(entry(number) for number in range(len(found))), "the journal has other lines"
    shelf = Shelf(RealDisk(), folder)
    current = NAMES.index(shelf.current)
    assert (folder / "current").read_bytes() == CONTENTS[current], "what runs is not whole"
    assert not shelf.previous or shelf.holds(shelf.previous), "there is no way back"
    told = len(found) - 1
    assert floor >= told >= current >= floor - 1, f"out of order: {floor}, {told}, {current}"
    return floor, told, current


def commit(folder: Path) -> None:
    """The boot selector, in place."""
    selector.write(RealDisk(), folder / AUTOBOOT, NEW)


def commit_the_usual_way(folder: Path) -> None:
    """As others replace such a file: what the rig must find broken."""
    (folder / AUTOBOOT).write_bytes(selector.render(NEW))
