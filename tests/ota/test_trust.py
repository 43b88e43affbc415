"""What a device believes of two real repositories, as keys come and go and its own copies break. Attacks: `attacks`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Targets

from ota.disk import RealDisk
from ota.floor import Floor
from ota.publish import Writer, sign
from ota.refusals import Code, Refused, Unpublished
from ota.release import Role
from ota.repository import Settled
from ota.trust import Word
from tests.ota.attacks import fresh_timestamp_key, new_root
from tests.ota.conftest import START, World, holders, release

OLD, NEW, EVIL = b"release one" * 100, b"release two" * 120, b"another thing" * 90


@pytest.fixture
def device(tmp_path: Path) -> Path:
    return tmp_path / "device"


def refused(world: World, device: Path, floor: Floor | None = None, **more: object) -> Code:
    with pytest.raises(Refused) as caught:
        world.device(device, floor, **more)  # type: ignore[arg-type]
    return caught.value.code


def names(word: Word) -> list[tuple[str, int]]:
    return [(a.release.name, a.release.counter) for a in word.assignments]


def test_what_both_agree_on_is_installed(world: World, device: Path) -> None:
    new = world.publish(NEW, 2)
    word = world.device(device)
    assert word.assignments[0].release == new
    assert word.assignments[0].ring == "bench"
    assert not word.assignments[0].hold


def test_nothing_assigned_is_nothing_to_do(world: World, device: Path) -> None:
    world.offer(release(NEW, 2), NEW)
    assert world.device(device).assignments == ()


class SyncedDisk(RealDisk):
    """Keeps the names of what is synced."""

    def __init__(self) -> None:
        self.synced: list[str] = []

    def sync(self, path: Path) -> None:
        super().sync(path)
        self.synced.append(path.name)

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        self.synced.append(f"{folder.name}/")

    def taken(self) -> list[str]:
        found, self.synced = sorted(self.synced), []
        return found


def test_what_a_process_has_synced_it_does_not_sync_again(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    disk, settled = SyncedDisk(), Settled()
    world.device(device, disk=disk, settled=settled)
    files = ["snapshot.json", "targets.json", "timestamp.json"]
    first = disk.taken()
    assert [name for name in first if name in files] == sorted(files * 2)
    assert "apps.json" in first
    world.device(device, disk=disk, settled=settled)
    assert disk.taken() == []
    world.director.refresh(world.director_keys)
    world.device(device, disk=disk, settled=settled)
    assert disk.taken() == ["director/", "snapshot.json", "timestamp.json"]


def test_what_a_process_before_may_have_left_unsynced_is_synced(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    disk = SyncedDisk()
    world.device(device, disk=disk, settled=Settled())
    first = disk.taken()
    world.device(device, disk=disk, settled=Settled())
    assert {*disk.taken()} == {*first}


def test_a_root_that_came_later_is_synced_before_it_is_believed(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    disk, settled = SyncedDisk(), Settled()
    world.device(device, disk=disk, settled=settled)
    disk.taken()
    first = holders(roles=False)
    new_root(world, first, (*world.image_keys.root[:2], *first.root[:2]))
    world.device(device, disk=disk, settled=settled)
    assert {"2.root.json", "root_history/"} <= {*disk.taken()}


def test_the_floor_rises_with_what_was_seen(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    floor = world.device(device).floor
    assert floor.metadata == {"director": 2, "image": 2}
    assert floor.time_s == int(START.timestamp())


@pytest.mark.parametrize("garbage", [b"", b"{", b"[]", b'{"signed": {}, "signatures": []}', bytes(range(256))])
@pytest.mark.parametrize("name", ["timestamp.json", "2.snapshot.json", "2.apps.json"])
def test_garbage_is_garbage(world: World, device: Path, name: str, garbage: bytes) -> None:
    world.publish(NEW, 2)
    world.served("image", name).write_bytes(garbage)
    assert refused(world, device) in {Code.GARBLED, Code.UNSIGNED}


def test_a_foreign_key_signs_nothing(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    foreign = (CryptoSigner.generate_ed25519(),)
    with pytest.raises(Unpublished, match="RELEASE-THRESHOLD: apps version 3: 0 of 1 signatures"):
        world.image.accept(Role.APPS, sign(world.image.renewed(Role.APPS, {}), foreign))
    world.image._put(world.image.renewed(Role.APPS, {}), foreign, Role.APPS)
    world.image.refresh(world.image_keys)
    assert refused(world, device) is Code.UNSIGNED


def test_a_sanctioned_way_back_above_the_floor_is_taken(world: World, device: Path) -> None:
    old = world.publish(OLD, 3, name="apps/kiosk-3")
    world.publish(NEW, 4, name="apps/kiosk-4")
    world.order(old)
    assert names(world.device(device, Floor(counters={Role.APPS: 3}))) == [("apps/kiosk-3", 3)]


@pytest.mark.parametrize(
    "said", [None, {}, {"version": 1}, {"version": "1", "release-counter": 0, "hardware-ids": ["rpi5"]}, "text"]
)
def test_a_target_that_is_not_described_is_garbled(world: World, device: Path, said: object) -> None:
    new = world.publish(NEW, 2)
    target = Metadata[Targets].from_file(str(world.served("image", "2.apps.json"))).signed.targets[new.name]
    target.unrecognized_fields["custom"] = said
    said_of = world.image.renewed(Role.APPS, {new.name: target})
    world.image.accept(Role.APPS, sign(said_of, world.image_keys.roles[Role.APPS]))
    world.image.refresh(world.image_keys)
    assert refused(world, device) is Code.GARBLED


# keys come and go


def test_two_old_and_two_new_holders_can_and_a_lost_key_is_no_end(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    world.device(device)
    new = holders(roles=False)
    new_root(world, new, (*world.image_keys.root[1:], *new.root[:2]))  # the first holder lost the key
    assert names(world.device(device)) == [("apps/kiosk", 2)]
    newer = holders(roles=False)
    new_root(world, newer, (*world.image_keys.root[:2], *newer.root[:2]))  # those hold nothing any more
    assert refused(world, device) is Code.UNSIGNED


def test_a_revoked_timestamp_key_signs_nothing(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    world.device(device)
    fresh = fresh_timestamp_key(world)
    world.image.refresh(world.image_keys)
    assert refused(world, device) is Code.UNSIGNED
    world.image.refresh(replace(world.image_keys, timestamp=(fresh,)))
    assert names(world.device(device)) == [("apps/kiosk", 2)]


def test_a_device_from_a_drawer_meets_root_forty(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    for _ in range(39):
        root = world.image.root().signed
        root.version += 1
        world.image.put_root(sign(root, world.image_keys.root[:2]))
    assert Metadata[Root].from_file(str(world.served("image", "40.root.json"))).signed.version == 40
    assert names(world.device(device)) == [("apps/kiosk", 2)]


# a device whose own copies broke


@pytest.mark.parametrize("name", ["root.json", "timestamp.json", "snapshot.json", "targets.json", "apps.json"])
def test_a_truncated_copy_heals(world: World, device: Path, name: str) -> None:
    world.publish(NEW, 2)
    world.device(device)
    (device / "image" / name).resolve().write_bytes(b"")
    assert names(world.device(device)) == [("apps/kiosk", 2)]


def test_a_root_that_was_built_in_broken_is_said(world: World, device: Path) -> None:
    world.image_root = b"{}"
    assert refused(world, device) is Code.GARBLED


def test_two_writers_of_one_folder_see_each_others_work(tmp_path: Path) -> None:
    keys = holders(roles=True)
    Writer(tmp_path, lambda: START, RealDisk()).found(keys)
    again = Writer(tmp_path, lambda: START)
    again.add(release(NEW, 1), NEW, keys.roles[Role.APPS])
    with pytest.raises(Unpublished, match="RELEASE-CONTENT"):
        again.add(release(NEW, 1), OLD, keys.roles[Role.APPS])
    again.withdraw(release(NEW, 1), keys.roles[Role.APPS])
    assert again.targets_of(Role.APPS).targets == {}
