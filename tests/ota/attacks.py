"""Every attack on what a device shall install: what the attacker holds, what he does, and the word that refuses him.

The device is the real client against real repositories behind a real server. The table in docs/update-attacks.md is
made from this list, from a run (`python -m tests.ota.attack_table`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import urllib3
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Snapshot, TargetFile, Timestamp

from ota import stick
from ota.clock import judge
from ota.disk import RealDisk
from ota.fetch import Store, adopt, fetch
from ota.floor import Floor
from ota.held import held
from ota.layout import STICK, contents, image, metadata
from ota.publish import Holders, Signers, assignment, sign
from ota.refusals import Code, Later, Refused
from ota.release import Release, Role, describe
from ota.trust import Word
from tests.ota.conftest import ME, START, World, holders, release

OLD, NEW, EVIL = b"release one" * 100, b"release two" * 120, b"another thing" * 90
OTHER = "kiosk-8"


@dataclass(frozen=True, slots=True)
class Attack:
    """`has`: what is in the attacker's hands. `does`: the attack, up to what the device makes of it. `word`: what it is
    refused with; None: the device installs what headquarters meant, and nothing else."""

    name: str
    has: str
    does: Callable[[World, Path], Word]
    word: Code | None


def outcome(attack: Attack, world: World, device: Path) -> Code | None:
    """What the device answers."""
    try:
        word = attack.does(world, device)
    except (Refused, Later) as refusal:
        return refusal.code
    assert [a.release.sha256 for a in word.assignments] == [release(NEW, 2).sha256], "it took something else"
    return None


def two_releases(world: World) -> tuple[Release, Release]:
    """The older one first; both genuine, each with a name of its own."""
    return world.publish(OLD, 1, name="apps/1-kiosk"), world.publish(NEW, 2, name="apps/2-kiosk")


def kept(world: World, repository: str) -> Path:
    """A copy of all that is served now, for later."""
    there = world.served(repository, "")
    copy = there.with_name("kept")
    shutil.copytree(there, copy)
    return copy


def replayed(world: World, repository: str, pattern: str) -> None:
    """The copy again, over what is newer."""
    copy = world.served(repository, "").with_name("kept")
    for path in copy.glob(pattern):
        shutil.copy(path, world.served(repository, path.name))


def forced(world: World, role: Role, releases: tuple[Release, ...], signers: Signers) -> None:
    """Into the image repository whoever signed it, and announced with the daily keys."""
    targets = {r.name: TargetFile(r.length, {"sha256": r.sha256}, r.name, {"custom": describe(r)}) for r in releases}
    world.image._put(world.image.renewed(role, targets), signers, role)
    world.image.refresh(world.image_keys)


# replay, freeze, mixtures


def older_timestamp(repository: str) -> Callable[[World, Path], Word]:
    def does(world: World, device: Path) -> Word:
        world.publish(OLD, 1)
        kept(world, repository)
        world.publish(NEW, 2)
        world.device(device)
        replayed(world, repository, "timestamp.json")
        return world.device(device)

    return does


def older_all_to_a_wiped_device(repository: str) -> Callable[[World, Path], Word]:
    """The floor lies apart from the metadata, twice, above what the image was built with."""

    def does(world: World, device: Path) -> Word:
        world.publish(OLD, 1)
        kept(world, repository)
        world.publish(NEW, 2)
        floor = world.device(device).floor
        shutil.rmtree(device)
        replayed(world, repository, "*")
        return world.device(device, floor)

    return does


def older_all_to_a_device_wiped_of_its_floor_too(world: World, device: Path) -> Word:
    """Nothing is left but what was built in; the image was built after the older release."""
    world.publish(OLD, 1)
    kept(world, "image"), kept(world, "director")
    world.publish(NEW, 2)
    world.device(device)
    shutil.rmtree(device)
    for repository in ("image", "director"):
        replayed(world, repository, "*")
    return world.device(device, Floor(counters={Role.APPS: 2}))


def frozen(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    world.device(device)
    return world.device(device, at=START + timedelta(days=4))


def frozen_and_wound_back(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    seen = int((START + timedelta(days=10)).timestamp())
    time = judge(int(START.timestamp()) - 6 * 365 * 86400, seen)
    return world.device(device, at=datetime.fromtimestamp(time.now_s, UTC))


def wound_forward(world: World, device: Path) -> Word:
    """A clock in 2037 is not believed, so that it expires nothing."""
    world.publish(NEW, 2)
    floor = world.device(device).floor
    time = judge(int(START.timestamp()) + 11 * 365 * 86400, floor.time_s)
    return world.device(device, floor, at=datetime.fromtimestamp(time.now_s, UTC))


def old_file_under_a_new_name(role: str) -> Callable[[World, Path], Word]:
    def does(world: World, device: Path) -> Word:
        world.publish(OLD, 1)
        world.publish(NEW, 2)
        if role == "targets":
            world.image.accept("targets", sign(world.image.renewed("targets", {}), world.image_keys.targets))
            world.image.refresh(world.image_keys)
        newest = max(world.served("image", "").glob(f"*.{role}.json"), key=lambda p: int(p.name.split(".")[0]))
        shutil.copy(world.served("image", f"1.{role}.json"), newest)
        return world.device(device)

    return does


def announced_older(world: World, role: str) -> None:
    """With the image repository's daily keys: a new timestamp over a new snapshot over the role's older version."""
    newest = max(world.served("image", "").glob("*.snapshot.json"), key=lambda p: int(p.name.split(".")[0]))
    snapshot = Metadata[Snapshot].from_file(str(newest)).signed
    snapshot.version += 1
    snapshot.meta[f"{role}.json"].version -= 1
    world.image._put(snapshot, world.image_keys.snapshot)
    stamp = Metadata[Timestamp].from_bytes(world.image.timestamp()).signed
    stamp.version += 1
    stamp.snapshot_meta.version = snapshot.version
    world.image._write("timestamp.json", sign(stamp, world.image_keys.timestamp).to_bytes())


def daily_keys_bring_back_an_older_role(world: World, device: Path) -> Word:
    two_releases(world)
    world.device(device)
    announced_older(world, Role.APPS)
    return world.device(device)


def and_the_device_is_wiped(world: World, device: Path) -> Word:
    """It sees the older role; but what the director names is not in it."""
    two_releases(world)
    floor = world.device(device).floor
    shutil.rmtree(device)
    announced_older(world, Role.APPS)
    return world.device(device, floor)


def and_the_directors_keys_too(world: World, device: Path) -> Word:
    old, _ = two_releases(world)
    floor = world.device(device).floor.with_counter(Role.APPS, 2)
    shutil.rmtree(device)
    announced_older(world, Role.APPS)
    world.order(old)
    return world.device(device, floor)


# endless, garbled, other bytes


def endless_metadata(repository: str) -> Callable[[World, Path], Word]:
    def does(world: World, device: Path) -> Word:
        world.publish(NEW, 2)
        path = world.served(repository, "timestamp.json").relative_to(world.folder)
        world.server.endless.add(f"/{path}")
        return world.device(device)

    return does


def dripping_metadata(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    path = world.served("image", "timestamp.json").relative_to(world.folder)
    world.server.dripping.add(f"/{path}")
    return world.device(device, limit_s=0.3)


def garbage(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    world.served("image", "2.apps.json").write_bytes(bytes(range(256)))
    return world.device(device)


def fetched(world: World, device: Path, new: Release) -> Word:
    """The content as well."""
    word, pool = world.device(device), urllib3.PoolManager()
    (device / "store").mkdir()
    try:
        store = Store(device / "store", RealDisk(), lambda: 1 << 40)
        fetch(pool, f"{world.url}image/targets/", new, store, lambda *_: None)
    finally:
        pool.clear()
    return word


def right_name_other_bytes(content: bytes) -> Callable[[World, Path], Word]:
    def does(world: World, device: Path) -> Word:
        new = world.publish(NEW, 2)
        (world.folder / "image" / "targets" / new.file).write_bytes(content)
        return fetched(world, device, new)

    return does


def endless_content(world: World, device: Path) -> Word:
    new = world.publish(NEW, 2)
    world.server.endless.add(f"/image/targets/{new.file}")
    return fetched(world, device, new)


# keys of the image repository


def foreign_key(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    forced(world, Role.APPS, (release(EVIL, 9),), (CryptoSigner.generate_ed25519(),))
    return world.device(device)


def one_role_names_anothers(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    evil = release(EVIL, 9, "apps/9-kiosk")
    forced(world, Role.WATCHLISTS, (evil,), world.image_keys.roles[Role.WATCHLISTS])
    world.order(evil)
    return world.device(device)


def one_role_signs_as_another(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    forced(world, Role.APPS, (release(EVIL, 9),), world.image_keys.roles[Role.WATCHLISTS])
    return world.device(device)


def one_roles_file_as_anothers(world: World, device: Path) -> Word:
    """Genuine and of the same version, but signed by those of another role."""
    world.publish(NEW, 2)
    lists = release(b"list", 1, "watchlists/1-all")
    world.offer(lists, b"list")
    shutil.copy(world.served("image", "2.watchlists.json"), world.served("image", "2.apps.json"))
    return world.device(device)


def one_of_two_signs(world: World, device: Path) -> Word:
    """Where two must: World's apps want one, so its delegation is changed first, as a ceremony does."""
    world.publish(NEW, 2)
    one, two = world.image_keys.roles[Role.APPS][0], CryptoSigner.generate_ed25519()
    keys = replace(world.image_keys, roles={**world.image_keys.roles, Role.APPS: (one, two)})
    targets = world.image.renewed("targets", {})
    assert targets.delegations is not None and targets.delegations.roles is not None
    targets.add_key(two.public_key, Role.APPS)
    targets.delegations.roles[Role.APPS].threshold = 2
    world.image.accept("targets", sign(targets, keys.targets))
    evil = release(EVIL, 9, "apps/9-kiosk")
    forced(world, Role.APPS, (evil,), (two,))
    world.order(evil)
    return world.device(device)


def undescribed(world: World, device: Path) -> Word:
    new = world.publish(NEW, 2)
    target = TargetFile(new.length, {"sha256": new.sha256}, new.name, {"custom": {"version": "2"}})
    said = world.image.renewed(Role.APPS, {new.name: target})
    world.image.accept(Role.APPS, sign(said, world.image_keys.roles[Role.APPS]))
    world.image.refresh(world.image_keys)
    return world.device(device)


def new_root(world: World, new: Holders, signers: Signers) -> None:
    root = world.image.root().signed
    for key in list(root.roles["root"].keyids):
        root.revoke_key(key, "root")
    for signer in new.root:
        root.add_key(signer.public_key, "root")
    root.version += 1
    world.image.put_root(sign(root, signers))


def one_root_key(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    new = holders(roles=False)
    new_root(world, new, (world.image_keys.root[0], *new.root[:2]))
    return world.device(device)


def former_holders(world: World, device: Path) -> Word:
    """Two of three, whom a root has replaced."""
    world.publish(NEW, 2)
    first, second, third = (holders(roles=False) for _ in range(3))
    new_root(world, first, (*world.image_keys.root[:2], *first.root[:2]))
    new_root(world, second, (*world.image_keys.root[:2], *second.root[:2], third.root[0]))
    return world.device(device)


def revoked_timestamp_key(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    world.device(device)
    fresh_timestamp_key(world)
    world.image.refresh(world.image_keys)
    return world.device(device)


def fresh_timestamp_key(world: World) -> CryptoSigner:
    """In place of the old one, which is taken back."""
    stolen, fresh = world.image_keys.timestamp[0], CryptoSigner.generate_ed25519()
    root = world.image.root().signed
    root.revoke_key(stolen.public_key.keyid, "timestamp")
    root.add_key(fresh.public_key, "timestamp")
    root.version += 1
    world.image.put_root(sign(root, world.image_keys.root[:2]))
    return fresh


# the director's keys


def unknown_release(world: World, device: Path) -> Word:
    world.publish(OLD, 1)
    world.order(release(EVIL, 9, "apps/9-other"))
    return world.device(device)


def known_name_other_bytes(world: World, device: Path) -> Word:
    world.publish(OLD, 1)
    world.order(release(EVIL, 1))
    return world.device(device)


def known_hash_other_length(world: World, device: Path) -> Word:
    new = world.publish(NEW, 2)
    world.order(replace(new, length=new.length + 1))
    return world.device(device)


def older_genuine_release(world: World, device: Path) -> Word:
    old, _ = two_releases(world)
    world.order(old)
    return world.device(device, Floor(counters={Role.APPS: 2}))


def lies_about_the_counter(world: World, device: Path) -> Word:
    old, _ = two_releases(world)
    target = assignment(old, ME.device, ME.hardware, "bench")
    target.unrecognized_fields["custom"]["release-counter"] = 99
    world.director.assign({old.name: target}, world.director_keys.targets)
    world.director.refresh(world.director_keys)
    return world.device(device, Floor(counters={Role.APPS: 2}))


def withdrawn_release(world: World, device: Path) -> Word:
    old, _ = two_releases(world)
    world.image.withdraw(old, world.image_keys.roles[Role.APPS])
    world.image.refresh(world.image_keys)
    world.order(old)
    return world.device(device)


def another_devices_metadata(world: World, device: Path) -> Word:
    world.order(world.publish(NEW, 2), device=OTHER)
    return world.device(device)


def another_board(world: World, device: Path) -> Word:
    new = release(NEW, 2, "images/2-os", ("rpi4",))
    world.offer(new, NEW)
    world.order(new)
    return world.device(device)


def taken_for_another_board(world: World, device: Path) -> Word:
    world.order(world.publish(NEW, 2), hardware="rpi4")
    return world.device(device)


# a stick


def written(world: World, device: Path, name: str = "stick") -> Path:
    """What headquarters gives to somebody who goes to the port; the folder of updates on it."""
    at = device.with_name(name)
    at.mkdir()
    stick.write(RealDisk(), world.folder, at, [ME.device])
    return at / STICK


def brought(world: World, device: Path, at: Path, new: Release) -> Word:
    """Metadata and content as a stick brings them."""
    word = world.device(device, stick=at)
    (device / "store").mkdir()
    adopt(bundle_on(at, new), new, Store(device / "store", RealDisk(), lambda: 1 << 40))
    return word


def bundle_on(at: Path, new: Release) -> Path:
    return contents(image(at)) / new.file


def spoilt_stick(spoil: Callable[[Path], object]) -> Callable[[World, Path], Word]:
    """`spoil`: what is done to the bundle on it."""

    def does(world: World, device: Path) -> Word:
        new = world.publish(NEW, 2)
        at = written(world, device)
        spoil(bundle_on(at, new))
        return brought(world, device, at, new)

    return does


def other_bytes(bundle: Path) -> None:
    bundle.write_bytes(EVIL + bytes(bundle.stat().st_size - len(EVIL)))


def longer(bundle: Path) -> None:
    os.truncate(bundle, 1 << 40)


def halved(bundle: Path) -> None:
    os.truncate(bundle, bundle.stat().st_size // 2)


def linked_away(bundle: Path) -> None:
    whole = bundle.rename(bundle.with_name("whole"))
    bundle.symlink_to(whole)


def linked_folder(bundle: Path) -> None:
    """The bundle is plain and right, the way to it is not."""
    there = bundle.parent.rename(bundle.parent.with_name("there"))
    bundle.parent.symlink_to(there)


def piped(bundle: Path) -> None:
    bundle.unlink()
    os.mkfifo(bundle)


def last_years_stick(world: World, device: Path) -> Word:
    old = world.publish(OLD, 1)
    at = written(world, device)
    world.publish(NEW, 2)
    world.device(device)
    return brought(world, device, at, old)


def endless_stick(world: World, device: Path) -> Word:
    """A hole of a terabyte costs nothing to make."""
    new = world.publish(NEW, 2)
    at = written(world, device)
    os.truncate(metadata(image(at)) / "timestamp.json", 1 << 40)
    return brought(world, device, at, new)


def held_image(meanwhile: Callable[[Path, Path], object]) -> Callable[[World, Path], Word]:
    """`meanwhile`: what is done, after the bundle on the stick was judged, to it and an older genuine one. What RAUC
    then reads must be what was signed."""

    def does(world: World, device: Path) -> Word:
        old, new = two_releases(world)
        at = written(world, device)
        word = world.device(device, stick=at)
        older = device.with_name("older")
        older.write_bytes(contents(world.folder / "image").joinpath(old.file).read_bytes())
        with held(bundle_on(at, new), new, lambda _percent, _what: None) as bundle:
            meanwhile(older, bundle_on(at, new))
            try:
                read = Path(bundle.address).read_bytes()
            finally:
                bundle.judge()
        assert read == NEW
        return word

    return does


def put_in_its_place(older: Path, bundle: Path) -> None:
    older.replace(bundle)


def written_over(older: Path, bundle: Path) -> None:
    """Into the same file; of the same length, as a stick that answers twice differently would."""
    data = older.read_bytes()
    bundle.write_bytes(data + bytes(bundle.stat().st_size - len(data)))


def torn_out(_older: Path, bundle: Path) -> None:
    halved(bundle)


# the device's own disk, and the line


def withheld(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    world.served("director", "timestamp.json").unlink()
    return world.device(device)


def wiped(world: World, device: Path) -> Word:
    world.publish(NEW, 2)
    floor = world.device(device).floor
    shutil.rmtree(device)
    return world.device(device, floor)


def truncated(world: World, device: Path) -> Word:
    """Every file of both copies, one empty after the other."""
    world.publish(NEW, 2)
    floor = world.device(device).floor
    for path in sorted(device.rglob("*.json")):
        path.resolve().write_bytes(b"")
        floor = world.device(device, floor).floor
    return world.device(device, floor)


LINE, SERVER = "the line", "the server's disk"
DAILY = "the image repository's snapshot and timestamp keys"
DIRECTOR = "the director's keys"
ROLE = "the key of another role"
BROUGHT = "the stick"

ATTACKS: tuple[Attack, ...] = (
    Attack("An older timestamp of the image repository", LINE, older_timestamp("image"), Code.REPLAYED),
    Attack("An older timestamp of the director", LINE, older_timestamp("director"), Code.REPLAYED),
    Attack(
        "All of the image repository as it was, to a device whose metadata was wiped",
        SERVER,
        older_all_to_a_wiped_device("image"),
        Code.REPLAYED,
    ),
    Attack(
        "All of the director as it was, to a device whose metadata was wiped",
        SERVER,
        older_all_to_a_wiped_device("director"),
        Code.REPLAYED,
    ),
    Attack(
        "All of both as it was, to a device whose floor was wiped too, down to what its image has built in",
        SERVER,
        older_all_to_a_device_wiped_of_its_floor_too,
        Code.OLDER,
    ),
    Attack("The same answers for ever (freeze)", LINE, frozen, Code.EXPIRED),
    Attack("The same, and the device's clock wound back six years", LINE, frozen_and_wound_back, Code.EXPIRED),
    Attack("The device's clock wound forward to 2037", "the device's clock", wound_forward, None),
    Attack("Old targets under a new name", SERVER, old_file_under_a_new_name("targets"), Code.REPLAYED),
    Attack("An old snapshot under a new name", SERVER, old_file_under_a_new_name("snapshot"), Code.REPLAYED),
    Attack("A role's old file under a new name", SERVER, old_file_under_a_new_name("apps"), Code.REPLAYED),
    Attack("A new snapshot that lists a role's older file", DAILY, daily_keys_bring_back_an_older_role, Code.REPLAYED),
    Attack("The same, to a device whose metadata was wiped", DAILY, and_the_device_is_wiped, Code.UNKNOWN),
    Attack("The same, and the director names it", f"{DAILY}, and {DIRECTOR}", and_the_directors_keys_too, Code.OLDER),
    Attack("Endless metadata of the image repository", LINE, endless_metadata("image"), Code.ENDLESS),
    Attack("Endless metadata of the director", LINE, endless_metadata("director"), Code.ENDLESS),
    Attack("Metadata that drips, a byte now and then", LINE, dripping_metadata, Code.OFFLINE),
    Attack("An endless bundle", LINE, endless_content, Code.ENDLESS),
    Attack(
        "A bundle with the right name and length and other bytes",
        SERVER,
        right_name_other_bytes(EVIL + bytes(150)),
        Code.CONTENT,
    ),
    Attack("A bundle with one bit turned", SERVER, right_name_other_bytes(NEW[:99] + b"?" + NEW[100:]), Code.CONTENT),
    Attack("A bundle that is cut short", SERVER, right_name_other_bytes(NEW[:-1]), Code.OFFLINE),
    Attack("Bytes that are no metadata", SERVER, garbage, Code.GARBLED),
    Attack("No answer at all", LINE, withheld, Code.OFFLINE),
    Attack("A release signed with a key of his own", f"{SERVER}, {DAILY}", foreign_key, Code.UNSIGNED),
    Attack("An app named by the watchlists", f"{ROLE}, {DAILY}, {DIRECTOR}", one_role_names_anothers, Code.UNKNOWN),
    Attack(
        "The apps' own file signed with the watchlists' key",
        f"{ROLE}, {DAILY}",
        one_role_signs_as_another,
        Code.UNSIGNED,
    ),
    Attack("The watchlists' genuine file in place of the apps'", SERVER, one_roles_file_as_anothers, Code.UNSIGNED),
    Attack(
        "A release signed by one holder where two must",
        f"one holder's key, {DAILY}, {DIRECTOR}",
        one_of_two_signs,
        Code.UNSIGNED,
    ),
    Attack("A release of which nothing is said but its bytes", "the apps' own key", undescribed, Code.GARBLED),
    Attack("A new root signed by one holder", "one root key", one_root_key, Code.UNSIGNED),
    Attack(
        "A new root signed by two former holders", "two root keys that were replaced", former_holders, Code.UNSIGNED
    ),
    Attack(
        "A timestamp by a key that the root has taken back",
        "the old timestamp key",
        revoked_timestamp_key,
        Code.UNSIGNED,
    ),
    Attack("A release that the image repository does not know", DIRECTOR, unknown_release, Code.UNKNOWN),
    Attack("A known name with other bytes", DIRECTOR, known_name_other_bytes, Code.DISAGREE),
    Attack("A known name and hash with another length", DIRECTOR, known_hash_other_length, Code.DISAGREE),
    Attack("An older genuine release", DIRECTOR, older_genuine_release, Code.OLDER),
    Attack("The same, with a higher counter of the director's own", DIRECTOR, lies_about_the_counter, Code.OLDER),
    Attack("A release that was withdrawn", DIRECTOR, withdrawn_release, Code.UNKNOWN),
    Attack("Another device's metadata", DIRECTOR, another_devices_metadata, Code.NOT_MINE),
    Attack("A release for another board", DIRECTOR, another_board, Code.HARDWARE),
    Attack("The device is taken for another board", DIRECTOR, taken_for_another_board, Code.HARDWARE),
    Attack("Another bundle on a stick under the right name", BROUGHT, spoilt_stick(other_bytes), Code.CONTENT),
    Attack("A bundle on a stick that goes on and on", BROUGHT, spoilt_stick(longer), Code.ENDLESS),
    Attack("Half a bundle on a stick", BROUGHT, spoilt_stick(halved), Code.STICK),
    Attack("A link in the bundle's place", BROUGHT, spoilt_stick(linked_away), Code.STICK),
    Attack("A link on the way to it", BROUGHT, spoilt_stick(linked_folder), Code.STICK),
    Attack("A pipe that nobody writes to", BROUGHT, spoilt_stick(piped), Code.STICK),
    Attack("Endless metadata on a stick", BROUGHT, endless_stick, Code.ENDLESS),
    Attack("An older stick, to a device that has seen newer", BROUGHT, last_years_stick, Code.REPLAYED),
    Attack(
        "An image's file exchanged for an older genuine one once it was judged",
        BROUGHT,
        held_image(put_in_its_place),
        None,
    ),
    Attack("An image's bytes exchanged once they were judged", BROUGHT, held_image(written_over), Code.CONTENT),
    Attack("A stick pulled out while an image is read", BROUGHT, held_image(torn_out), Code.STICK),
    Attack("The device's metadata is wiped", "the device's data partition", wiped, None),
    Attack("Every file of the device's metadata is truncated", "the device's data partition", truncated, None),
)
