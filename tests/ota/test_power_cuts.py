"""Every state in which a power cut can leave the selector, the floor, the journal, the shelf: none is broken."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ota import floor as floors
from ota import selector
from ota.disk import RealDisk, replace
from ota.fetch import Store, adopt
from ota.floor import Floor
from ota.journal import KEPT_LINES, Entry, Journal
from ota.refusals import Later
from ota.release import Role
from ota.selector import Selector, SelectorUnreadable
from ota.shelf import Shelf
from ota.workflow import State
from tests.ota.conftest import release
from tests.ota.crash import RecordingDisk, found_after

Count = Callable[[str, int], None]


@pytest.fixture(scope="module")
def count() -> Count:
    """Prints how many states were tried: pytest -s shows it."""

    def tell(what: str, states: int) -> None:
        sys.stderr.write(f"{what}: {states} states, none broken\n")

    return tell


def after_cuts(tmp_path: Path, work: Callable[[RecordingDisk, Path], None], before: Path) -> list[Path]:
    """What can be found after a cut anywhere in `work`, which begins with the folder `before`."""
    disk = RecordingDisk(before)
    work(disk, before)
    return [found_after(state, tmp_path / f"found-{n}") for n, state in enumerate(disk.states.values())]


def made(tmp_path: Path) -> Path:
    folder = tmp_path / "before"
    folder.mkdir()
    return folder


def test_the_selector_names_the_old_or_the_new(tmp_path: Path, count: Count) -> None:
    old, before = Selector(2, 3), made(tmp_path)
    (before / "autoboot.txt").write_bytes(selector.render(old))
    found = after_cuts(
        tmp_path, lambda disk, folder: selector.write(disk, folder / "autoboot.txt", old.committed()), before
    )
    read = {selector.parse((folder / "autoboot.txt").read_bytes()) for folder in found}
    assert read == {old, old.committed()}
    count("selector", len(found))


def test_the_model_does_find_a_selector_written_the_usual_way(tmp_path: Path) -> None:
    """A check that cannot fail would be none."""
    old, before = Selector(2, 3), made(tmp_path)
    (before / "autoboot.txt").write_bytes(selector.render(old))

    def usual(disk: RecordingDisk, folder: Path) -> None:
        disk.write(folder / "autoboot.txt", selector.render(old.committed()))
        disk.sync_folder(folder)

    broken = 0
    for folder in after_cuts(tmp_path, usual, before):
        try:
            selector.parse((folder / "autoboot.txt").read_bytes())
        except SelectorUnreadable:
            broken += 1
    assert broken > 0


def test_the_model_does_find_a_rename_without_a_sync(tmp_path: Path) -> None:
    before = made(tmp_path)
    (before / "file").write_bytes(b"old")

    def unsynced(disk: RecordingDisk, folder: Path) -> None:
        disk.write(folder / ".file.new", b"newer")
        disk.rename(folder / ".file.new", folder / "file")
        disk.sync_folder(folder)

    found = {(folder / "file").read_bytes() for folder in after_cuts(tmp_path, unsynced, before)}
    assert found > {b"old", b"newer"}


def test_a_replaced_file_is_the_old_or_the_new(tmp_path: Path, count: Count) -> None:
    before = made(tmp_path)
    (before / "file").write_bytes(b"old")
    found = after_cuts(tmp_path, lambda disk, folder: replace(disk, folder / "file", b"newer"), before)
    assert {(folder / "file").read_bytes() for folder in found} == {b"old", b"newer"}
    count("file", len(found))


def test_the_floor_never_falls(tmp_path: Path, count: Count) -> None:
    old = Floor({"apps": 3}, {"image": 7, "director": 9}, 1_800_000_000)
    new = old.with_counter("apps", 4).with_metadata("image", 8, 1_800_000_100)
    before = made(tmp_path)
    floors.save(RealDisk(), before, old)
    found = after_cuts(tmp_path, lambda disk, folder: floors.save(disk, folder, new), before)
    assert {floors.encode(floors.load(folder, Floor())) for folder in found} == {
        floors.encode(old),
        floors.encode(new),
    }
    count("floor", len(found))


def test_the_first_floor_of_all_is_there_or_what_was_built_in(tmp_path: Path) -> None:
    built_in, new = Floor({"apps": 1}), Floor({"apps": 4})
    found = after_cuts(tmp_path, lambda disk, folder: floors.save(disk, folder, new), made(tmp_path))
    assert {floors.load(folder, built_in).counters["apps"] for folder in found} == {1, 4}


def entry(number: int, state: State = State.KEPT) -> Entry:
    digest = hashlib.sha256(b"%d" % number).hexdigest()
    return Entry(f"t{number}", state, Role.APPS, "apps/kiosk", digest, f"{number}", number, 1, 1_800_000_000 + number)


@pytest.mark.parametrize("there", [0, 1, 3, KEPT_LINES])
def test_the_journal_has_the_line_or_not(tmp_path: Path, count: Count, there: int) -> None:
    before = made(tmp_path)
    journal = Journal(RealDisk(), before / "journal")
    for number in range(there):
        journal.append(entry(number))
    old = journal.entries

    def note(disk: RecordingDisk, folder: Path) -> None:
        Journal(disk, folder / "journal").append(entry(there))

    found = after_cuts(tmp_path, note, before)
    for folder in found:
        read = Journal(RealDisk(), folder / "journal").entries
        assert read in (old, (*old, entry(there)), (*old, entry(there))[-KEPT_LINES // 2 :])
        after = Journal(RealDisk(), folder / "journal")
        after.append(entry(999))  # and goes on behind whatever was torn
        assert Journal(RealDisk(), folder / "journal").entries[-1] == entry(999)
    count(f"journal of {there} lines", len(found))


VERSIONS = {hashlib.sha256(b"version %d" % n).hexdigest(): b"version %d" % n for n in range(5)}


def shelf_before(tmp_path: Path, running: int) -> Path:
    before, names = made(tmp_path), list(VERSIONS)
    for name, content in VERSIONS.items():
        (before / name).write_bytes(content)
    for number in range(running + 1):
        Shelf(RealDisk(), before).switch(names[number])
    return before


@pytest.mark.parametrize("what", ["switch", "switch back", "prune"])
def test_what_runs_is_whole(tmp_path: Path, count: Count, what: str) -> None:
    names = list(VERSIONS)
    work: dict[str, Callable[[Shelf], None]] = {
        "switch": lambda shelf: shelf.switch(names[2]),
        "switch back": lambda shelf: shelf.switch_back(names[1]),
        "prune": lambda shelf: shelf.prune(tuple(reversed(names))),
    }
    before = shelf_before(tmp_path, 1)
    found = after_cuts(tmp_path, lambda disk, folder: work[what](Shelf(disk, folder)), before)
    for folder in found:
        shelf = Shelf(RealDisk(), folder)
        assert shelf.current in {names[1], {"switch": names[2], "switch back": names[0], "prune": names[1]}[what]}
        assert (folder / "current").read_bytes() == VERSIONS[shelf.current]
        assert shelf.holds(shelf.previous)
        work[what](shelf)  # and can be done again
    count(what, len(found))


def test_bytes_are_under_their_name_only_when_they_are_all_there(tmp_path: Path, count: Count) -> None:
    content = b"a bundle of some bytes"
    thing, before = release(content, 1), made(tmp_path)
    (tmp_path / "stick").write_bytes(content)

    def store(disk: RealDisk, folder: Path) -> Store:
        return Store(folder, disk, lambda: 1 << 40)

    def take(disk: RecordingDisk, folder: Path) -> None:
        adopt(tmp_path / "stick", thing, store(disk, folder))

    found = after_cuts(tmp_path, take, before)
    for folder in found:
        if (folder / thing.sha256).exists():
            assert (folder / thing.sha256).read_bytes() == content
        assert adopt(tmp_path / "stick", thing, store(RealDisk(), folder)).read_bytes() == content
    count("content", len(found))


def test_no_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    content = b"x" * 1000
    (tmp_path / "stick").write_bytes(content)
    with pytest.raises(Later, match="OTA-NO-SPACE"):
        adopt(tmp_path / "stick", release(content, 1), Store(made(tmp_path), RealDisk(), lambda: 999))
