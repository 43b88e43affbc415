"""Updates on a stick: what the servers show, in their order, longer valid, and never half of one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import urllib3

from ota import layout, stick
from ota.disk import RealDisk
from ota.floor import Floor
from ota.publish import Writer, sign
from ota.refusals import Code, Refused, Unpublished
from ota.repository import Repository, Settled, Source
from ota.trust import Word, check
from tests.ota.conftest import ME, START, World

APP, OTHER = b"an app" * 100, b"another app" * 100


class Recorder(RealDisk):
    """The names that came to be, in order."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        self.names.append(target.name)

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self.names.append(f"not {path.name}")


def asked(world: World, at_stick: Path, device: Path, days: float = 0) -> Word:
    """The real client, with the stick's folder in the servers' place."""
    there = world.folder / "stick"
    shutil.rmtree(there, ignore_errors=True)
    shutil.copytree(at_stick / layout.STICK, there)
    pool, now_s = urllib3.PoolManager(), int((START + timedelta(days=days)).timestamp())
    sources = (
        Source("director", device / "d", world.director_root, f"{world.url}stick/director/{ME.device}/metadata/"),
        Source("image", device / "i", world.image_root, f"{world.url}stick/image/metadata/"),
    )
    try:
        director, image = (Repository(source, pool, now_s, RealDisk(), Settled()) for source in sources)
        return check(director, image, ME, Floor())
    finally:
        pool.clear()


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    folder = tmp_path / "mounted"
    folder.mkdir()
    return folder


def test_a_kiosk_finds_on_it_what_it_is_told_and_nothing_else(world: World, mounted: Path, tmp_path: Path) -> None:
    old = world.publish(OTHER, 1, name="apps/1-kiosk")
    new = world.publish(APP, 2, name="apps/2-kiosk")
    written = stick.write(RealDisk(), world.folder, mounted, [ME.device])
    assert (written.releases, written.length) == ((new,), new.length)
    word = asked(world, mounted, tmp_path / "device")
    assert [a.release for a in word.assignments] == [new]
    contents = layout.contents(layout.image(mounted / layout.STICK))
    assert (contents / new.file).read_bytes() == APP
    assert not (contents / old.file).exists()


def test_it_lives_as_long_as_it_was_signed_for(world: World, mounted: Path, tmp_path: Path) -> None:
    world.publish(APP, 2)
    world.image.refresh(world.image_keys, days=30)
    world.director.refresh(world.director_keys, days=30)
    stick.write(RealDisk(), world.folder, mounted, [ME.device])
    assert asked(world, mounted, tmp_path / "device", days=29).assignments
    with pytest.raises(Refused) as caught:
        asked(world, mounted, tmp_path / "device", days=31)
    assert caught.value.code is Code.EXPIRED


def test_contents_come_first_and_timestamps_last(world: World, mounted: Path) -> None:
    new = world.publish(APP, 2)
    for _ in range(2):
        disk = Recorder()
        stick.write(disk, world.folder, mounted, [ME.device])
    assert new.file.rpartition("/")[2] not in disk.names, "what is there is not written again"
    stamps = [place for place, name in enumerate(disk.names) if name == "timestamp.json"]
    gone = [place for place, name in enumerate(disk.names) if name == "not timestamp.json"]
    assert len(stamps) == len(gone) == 2
    assert stamps[-1] == len(disk.names) - 1
    for begins, ends in zip(gone, stamps, strict=True):
        assert all(name.endswith(".json") for name in disk.names[begins + 1 : ends])


def test_a_device_nobody_knows_gets_no_stick(world: World, mounted: Path) -> None:
    with pytest.raises(Unpublished, match="RELEASE-STALE: no device kiosk-9"):
        stick.write(RealDisk(), world.folder, mounted, [ME.device, "kiosk-9"])
    assert not any(mounted.iterdir())


def test_old_snapshots_stay_at_home_and_every_root_goes_along(world: World, mounted: Path) -> None:
    world.publish(APP, 2)
    root = world.image.root().signed
    root.version = 2
    world.image.put_root(sign(root, world.image_keys.root[:2]))
    stick.write(RealDisk(), world.folder, mounted, [ME.device])
    names = {path.name for path in layout.metadata(layout.image(mounted / layout.STICK)).iterdir()}
    newest = Writer(layout.image(world.folder)).version("snapshot")
    assert {"1.root.json", "2.root.json", "timestamp.json", f"{newest}.snapshot.json"} <= names
    assert len([name for name in names if name.endswith(".snapshot.json")]) == 1


class Forgets(RealDisk):
    """A stick that says that it has written, and gives back zeros."""

    def append(self, path: Path, data: bytes) -> None:
        super().append(path, data if path.suffix == ".json" else bytes(len(data)))


def test_a_stick_that_forgets_is_found_out_before_anybody_carries_it(world: World, mounted: Path) -> None:
    new = world.publish(APP, 2)
    with pytest.raises(Unpublished, match=f"RELEASE-STICK: {new.name}: other bytes come back"):
        stick.write(Forgets(), world.folder, mounted, [ME.device])
    assert not [path for path in mounted.rglob("*") if path.is_file()]


def test_what_is_on_it_is_written_again_when_it_is_not_what_it_should_be(world: World, mounted: Path) -> None:
    new = world.publish(APP, 2)
    stick.write(RealDisk(), world.folder, mounted, [ME.device])
    place = layout.contents(layout.image(mounted / layout.STICK)) / new.file
    place.write_bytes(APP[::-1])
    stick.write(RealDisk(), world.folder, mounted, [ME.device])
    assert place.read_bytes() == APP


def test_who_waits_is_told_how_far_it_is(world: World, mounted: Path) -> None:
    content = bytes(5 << 20)
    new = world.publish(content, 2)
    told = list[tuple[int, str]]()
    stick.write(RealDisk(), world.folder, mounted, [ME.device], lambda percent, what: told.append((percent, what)))
    assert told == [
        *((percent, f"writing {new.name}") for percent in (20, 40, 60, 80, 100)),
        *((percent, f"reading {new.name}") for percent in (20, 40, 60, 80, 100)),
    ]


@pytest.fixture
def small(mounted: Path) -> Iterator[Path]:
    """A stick of 256 KiB."""
    made = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mounted)]
    if os.geteuid() != 0 or subprocess.run(made, check=False).returncode:
        if os.environ.get("CI") == "true":
            pytest.fail("nothing can be mounted here")
        pytest.skip("nothing can be mounted here: wants root")
    yield mounted
    subprocess.run(["umount", str(mounted)], check=True)


def test_too_little_room_is_said_before_anything_is_written(world: World, small: Path) -> None:
    world.publish(bytes(300 << 10), 2)
    with pytest.raises(Unpublished, match="RELEASE-STICK: the stick wants 307200 bytes free, and 262144 are"):
        stick.write(RealDisk(), world.folder, small, [ME.device])
    assert not [path for path in small.rglob("*") if path.is_file()]


def test_what_is_there_already_needs_no_room_again(world: World, small: Path) -> None:
    world.publish(bytes(150 << 10), 2)
    for _ in range(2):
        stick.write(RealDisk(), world.folder, small, [ME.device])
