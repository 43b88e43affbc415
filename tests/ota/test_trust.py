"""Every attack on what a device shall install, against the real client and real repositories: each refused by name."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Snapshot, Targets, Timestamp

from ota.clock import ClockState, judge
from ota.disk import RealDisk
from ota.floor import Floor
from ota.publish import Holders, Writer, assignment, sign
from ota.refusals import Code, Later, Refused, Unpublished
from ota.release import Role
from ota.trust import Word
from tests.ota.conftest import ENDLESS, ME, START, World, holders, release

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


def test_the_floor_rises_with_what_was_seen(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    floor = world.device(device).floor
    assert floor.metadata == {"director": 2, "image": 2}
    assert floor.time_s == int(START.timestamp())


def test_every_role_has_keys_of_its_own(world: World, device: Path) -> None:
    """Who signs watchlists can put nothing under apps/."""
    thing = release(EVIL, 9)
    shelf = world.image
    target = assignment(thing, ME.device, ME.hardware, "bench")
    shelf.accept(
        Role.WATCHLISTS,
        sign(shelf.renewed(Role.WATCHLISTS, {thing.name: target}), world.image_keys.roles[Role.WATCHLISTS]),
    )
    shelf.refresh(world.image_keys)
    world.order(thing)
    assert refused(world, device) is Code.UNKNOWN


# replay, freeze, mix-and-match


def keep(world: World, repository: str) -> Path:
    there = world.served(repository, "")
    copy = there.with_name("kept")
    shutil.copytree(there, copy)
    return copy


def serve_again(world: World, repository: str, kept: Path, pattern: str = "*") -> None:
    for path in kept.glob(pattern):
        shutil.copy(path, world.served(repository, path.name))


@pytest.mark.parametrize("repository", ["image", "director"])
def test_an_older_timestamp_is_a_replay(world: World, device: Path, repository: str) -> None:
    world.publish(OLD, 1)
    kept = keep(world, repository)
    world.publish(NEW, 2)
    world.device(device)
    serve_again(world, repository, kept, "timestamp.json")
    assert refused(world, device) is Code.REPLAYED


@pytest.mark.parametrize("repository", ["image", "director"])
def test_also_on_a_device_whose_data_was_wiped(world: World, device: Path, repository: str) -> None:
    """python-tuf alone believes it: the floor, kept elsewhere, does not."""
    world.publish(OLD, 1)
    kept = keep(world, repository)
    world.publish(NEW, 2)
    floor = world.device(device).floor
    shutil.rmtree(device)
    serve_again(world, repository, kept)
    assert refused(world, device, floor) is Code.REPLAYED


def test_a_frozen_repository_expires(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    world.device(device)
    assert refused(world, device, at=START + timedelta(days=4)) is Code.EXPIRED


def test_expiry_is_judged_at_the_floor_when_the_clock_was_wound_back(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    seen = int((START + timedelta(days=10)).timestamp())  # something signed was seen then
    time = judge(int(START.timestamp()) - 6 * 365 * 86400, seen)
    assert time.state is ClockState.BEHIND
    assert refused(world, device, at=datetime.fromtimestamp(time.now_s, UTC)) is Code.EXPIRED


@pytest.mark.parametrize("role", ["targets", "snapshot", "apps"])
def test_an_old_file_under_a_new_name_is_a_mixture(world: World, device: Path, role: str) -> None:
    world.publish(OLD, 1)
    world.publish(NEW, 2)
    newest = max(world.served("image", "").glob(f"*.{role}.json"), key=lambda p: int(p.name.split(".")[0]))
    oldest = world.served("image", f"1.{role}.json")
    if newest == oldest:  # the top targets did not change: let it
        writer = world.image
        writer.accept("targets", sign(writer.renewed("targets", {}), world.image_keys.targets))
        writer.refresh(world.image_keys)
        newest = world.served("image", "2.targets.json")
    shutil.copy(oldest, newest)
    assert refused(world, device) in {Code.REPLAYED, Code.GARBLED}


def test_stolen_online_keys_cannot_bring_back_an_older_role(world: World, device: Path) -> None:
    world.publish(OLD, 1)
    old_role = Metadata[Targets].from_file(str(world.served("image", "2.apps.json"))).signed.version
    world.publish(NEW, 2)
    world.device(device)
    path = max(world.served("image", "").glob("*.snapshot.json"), key=lambda p: int(p.name.split(".")[0]))
    snapshot = Metadata[Snapshot].from_file(str(path)).signed
    snapshot.version += 1
    snapshot.meta["apps.json"].version = old_role
    world.image._put(snapshot, world.image_keys.snapshot)
    stamp = json.loads(world.image.timestamp())
    assert stamp["signed"]["version"] == 3
    forged = Metadata[Timestamp].from_bytes(world.image.timestamp()).signed
    forged.version += 1
    forged.snapshot_meta.version = snapshot.version
    world.image._write("timestamp.json", sign(forged, world.image_keys.timestamp).to_bytes())
    assert refused(world, device) is Code.REPLAYED


# endless, garbled, foreign


@pytest.mark.parametrize("repository", ["image", "director"])
def test_endless_metadata_is_cut(world: World, device: Path, repository: str) -> None:
    world.publish(NEW, 2)
    path = world.served(repository, "timestamp.json").relative_to(world.folder)
    world.server.endless.add(f"/{path}")
    assert refused(world, device) is Code.ENDLESS
    assert world.server.poured < ENDLESS


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


def test_a_server_that_is_away_is_waited_for(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    world.served("director", "timestamp.json").unlink()
    with pytest.raises(Later) as caught:
        world.device(device)
    assert caught.value.code is Code.OFFLINE


# the director's keys are stolen


def test_stolen_director_an_unknown_thing(world: World, device: Path) -> None:
    world.publish(OLD, 1)
    world.order(release(EVIL, 9, "apps/other"))
    assert refused(world, device) is Code.UNKNOWN


def test_stolen_director_a_known_name_with_other_bytes(world: World, device: Path) -> None:
    world.publish(OLD, 1)
    world.order(release(EVIL, 1))
    assert refused(world, device) is Code.DISAGREE


def test_stolen_director_an_older_genuine_release(world: World, device: Path) -> None:
    old = world.publish(OLD, 1, name="apps/kiosk-1")
    world.publish(NEW, 4, name="apps/kiosk-4")
    world.order(old)
    assert refused(world, device, Floor(counters={Role.APPS: 3})) is Code.OLDER


def test_a_sanctioned_way_back_above_the_floor_is_taken(world: World, device: Path) -> None:
    old = world.publish(OLD, 3, name="apps/kiosk-3")
    world.publish(NEW, 4, name="apps/kiosk-4")
    world.order(old)
    assert names(world.device(device, Floor(counters={Role.APPS: 3}))) == [("apps/kiosk-3", 3)]


def test_stolen_director_another_devices_metadata(world: World, device: Path) -> None:
    new = world.publish(NEW, 2)
    world.order(new, device="kiosk-8")
    assert refused(world, device) is Code.NOT_MINE


def test_stolen_director_another_board(world: World, device: Path) -> None:
    new = release(NEW, 2, "images/os", ("rpi4",))
    world.offer(new, NEW)
    world.order(new)
    assert refused(world, device) is Code.HARDWARE


def test_a_director_that_takes_us_for_another_board(world: World, device: Path) -> None:
    new = world.publish(NEW, 2)
    world.order(new, hardware="rpi4")
    assert refused(world, device) is Code.HARDWARE


def test_a_director_alone_lies_about_the_counter_in_vain(world: World, device: Path) -> None:
    """It has no field for it: what it says beside its own fields is not read."""
    old = world.publish(OLD, 1)
    target = assignment(old, ME.device, ME.hardware, "bench")
    target.unrecognized_fields["custom"]["release-counter"] = 99
    world.director.assign({old.name: target}, world.director_keys.targets)
    world.director.refresh(world.director_keys)
    assert refused(world, device, Floor(counters={Role.APPS: 3})) is Code.OLDER


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


def rotated(world: World, new: Holders, signers: tuple[object, ...]) -> None:
    root = world.image.root().signed
    for key in list(root.roles["root"].keyids):
        root.revoke_key(key, "root")
    for signer in new.root:
        root.add_key(signer.public_key, "root")
    root.version += 1
    world.image.put_root(sign(root, signers))  # type: ignore[arg-type]


def test_one_old_holder_cannot_change_the_root(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    new = holders(roles=False)
    rotated(world, new, (world.image_keys.root[0], *new.root[:2]))
    assert refused(world, device) is Code.UNSIGNED


def test_two_old_and_two_new_holders_can_and_a_lost_key_is_no_end(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    world.device(device)
    new = holders(roles=False)
    rotated(world, new, (*world.image_keys.root[1:], *new.root[:2]))  # the first holder lost the key
    assert names(world.device(device)) == [("apps/kiosk", 2)]
    newer = holders(roles=False)
    rotated(world, newer, (*world.image_keys.root[:2], *newer.root[:2]))  # those hold nothing any more
    assert refused(world, device) is Code.UNSIGNED


def test_a_revoked_timestamp_key_signs_nothing(world: World, device: Path) -> None:
    world.publish(NEW, 2)
    world.device(device)
    stolen, fresh = world.image_keys.timestamp[0], CryptoSigner.generate_ed25519()
    root = world.image.root().signed
    root.revoke_key(stolen.public_key.keyid, "timestamp")
    root.add_key(fresh.public_key, "timestamp")
    root.version += 1
    world.image.put_root(sign(root, world.image_keys.root[:2]))
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
