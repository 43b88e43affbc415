"""Updates on a stick: what the servers show, in their order, longer valid, and never half of one."""

from __future__ import annotations

import shutil
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
