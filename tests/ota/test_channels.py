"""Lists, models, announcements and sticks, through the real client, the launcher and an app as processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.vision.model import MODELS
from ota.layout import STICK
from ota.publish import assignment
from ota.release import Release
from ota.tree import pack
from tests.ota.conftest import ME, World, release
from tests.ota.test_client import PATIENCE_S, Kiosk, kiosk, until

__all__ = ["kiosk"]
TREE = Path(__file__).parent.parent.parent
LONG_S = 86_400


def order_all(world: World, *wanted: tuple[Release, bytes]) -> None:
    """Of several roles at once."""
    for new, content in wanted:
        world.image.add(new, content, world.image_keys.roles[new.role])
    world.image.refresh(world.image_keys)
    told = {new.name: assignment(new, ME.device, ME.hardware, "bench") for new, _ in wanted}
    world.director.assign(told, world.director_keys.targets)
    world.director.refresh(world.director_keys)


def policy(kiosk: Kiosk, counter: int, content: bytes = b"a signed policy") -> Release:
    new = release(content + b"%d" % counter, counter, f"policy/{counter}.cose")
    order_all(kiosk.world, (new, content + b"%d" % counter))
    return new


def test_one_question_serves_every_role_and_each_has_its_own_journal(kiosk: Kiosk) -> None:
    lists = [(release(b"list", 5, "watchlists/5.cose"), b"list"), (release(b"csca", 2, "csca/2.cose"), b"csca")]
    order_all(kiosk.world, *lists)
    pid = kiosk.answer()["pid"]
    kiosk.turn()
    ends = {(one["role"], one["sha256"]) for one in kiosk.told() if one["state"] == "kept"}
    assert ends == {(new.role, new.sha256) for new, _ in lists}
    for new, content in lists:
        assert (kiosk.ota / new.role / "current").read_bytes() == content
        assert (kiosk.ota / f"{new.role}.journal").exists()
    assert kiosk.answer()["pid"] == pid  # nobody was disturbed
    assert {one["source"] for one in kiosk.told()} == {"net"}
    assert all(one["boot"] for one in kiosk.told())


def test_a_list_that_the_app_refuses_is_taken_back_with_the_apps_own_reason(kiosk: Kiosk) -> None:
    old = policy(kiosk, 1)
    assert kiosk.turn()["state"] == "kept"
    (kiosk.folder / "refuses").write_text("bad_signature")
    policy(kiosk, 2)
    told = kiosk.turn()
    assert (told["state"], told["reason"]) == ("rolled_back", "OTA-GATE: bad_signature")
    assert str((kiosk.ota / "policy" / "current").readlink()) == old.sha256


@pytest.fixture
def with_models(kiosk: Kiosk) -> Iterator[Kiosk]:
    kiosk.more = (
        f'[models]\nprove = ["{sys.executable}", "-m", "appliance.vision.built_in"]\nprove_s = 300\n'
        f'built_in = "{TREE}"\n'
    )
    yield kiosk


def bundle(kiosk: Kiosk, counter: int, leave_out: str = "") -> Release:
    files = [path for path in MODELS.iterdir() if path.name != leave_out]
    pack(MODELS, files, archive := kiosk.folder / f"models-{counter}.zip", {"RELEASE": b"%d" % counter})
    return kiosk.world.publish(archive.read_bytes(), counter, name=f"models/{counter}.zip")


@pytest.mark.timeout(300)
def test_models_are_tried_beside_the_old_and_used_after_a_restart_of_the_app_alone(with_models: Kiosk) -> None:
    kiosk, pid = with_models, with_models.answer()["pid"]
    good = bundle(kiosk, 1)
    assert kiosk.turn()["state"] == "kept"
    assert kiosk.answer()["pid"] != pid
    assert (kiosk.ota / "models" / f"{good.sha256}.d" / "finger.toml").exists()

    bundle(kiosk, 2, leave_out="finger.toml")
    told = kiosk.turn()
    assert told["state"] == "refused"
    assert str(told["reason"]).startswith("OTA-MODELS: ")
    assert "finger" in str(told["reason"])
    assert str((kiosk.ota / "models" / "current").readlink()) == good.sha256


def test_what_is_announced_is_asked_after_and_nothing_else_makes_it_ask(kiosk: Kiosk) -> None:
    kiosk.poll_s, kiosk.more = LONG_S, 'announcement = "announced"\nspread_s = 0\n'
    client = kiosk.client()
    kiosk.processes.append(client)
    until((kiosk.ota / "floor-b").exists)  # it has asked once
    new = policy(kiosk, 1)
    (kiosk.folder / "announced").write_bytes(kiosk.world.image.timestamp())
    until((kiosk.ota / "policy" / "current").is_symlink)
    until(lambda: any(one["state"] == "kept" and one["sha256"] == new.sha256 for one in kiosk.told()))


class Stick:
    """What headquarters wrote, on a kiosk whose servers are not to be reached."""

    def __init__(self, kiosk: Kiosk) -> None:
        self.kiosk, self.folder = kiosk, kiosk.folder / "stick"

    def write(self) -> Path:
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.kiosk.world.folder, self.folder / STICK)
        return self.folder

    def file(self, new: Release) -> Path:
        return self.folder / STICK / "image" / "targets" / new.file

    def insert(self) -> tuple[int, str]:
        self.kiosk.settings()
        config = self.kiosk.folder / "ota.toml"
        dead = config.read_text().replace(self.kiosk.world.url, "http://127.0.0.1:9/")
        config.write_text(dead)
        command = [sys.executable, "-m", "ota", "--config", str(config), "usb", str(self.folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        return done.returncode, done.stdout


@pytest.fixture
def stick(kiosk: Kiosk) -> Stick:
    return Stick(kiosk)


def test_a_stick_brings_what_the_servers_would_into_the_same_journal(stick: Stick) -> None:
    new = policy(stick.kiosk, 1)
    stick.write()
    assert stick.insert() == (0, "policy 1.0.0 kept\n")
    last = stick.kiosk.told()[-1]
    assert (last["sha256"], last["state"], last["source"]) == (new.sha256, "kept", "usb")
    assert stick.insert() == (0, "nothing new for this device\n")


def test_half_a_copy_is_refused_by_name_and_the_whole_one_taken(stick: Stick) -> None:
    new = policy(stick.kiosk, 1)
    stick.write()
    whole = stick.file(new).read_bytes()
    stick.file(new).write_bytes(whole[:-3])
    code, told = stick.insert()
    assert (code, "OTA-STICK" in told) == (1, True)
    stick.file(new).unlink()
    assert stick.insert()[0] == 1
    stick.file(new).symlink_to("/dev/zero")
    assert stick.insert()[0] == 1
    stick.file(new).unlink()
    os.mkfifo(stick.file(new))
    assert stick.insert()[0] == 1
    stick.file(new).unlink()
    stick.file(new).write_bytes(whole)
    assert stick.insert() == (0, "policy 1.0.0 kept\n")


def test_other_bytes_under_the_right_name_are_refused(stick: Stick) -> None:
    new = policy(stick.kiosk, 1)
    stick.write()
    stick.file(new).write_bytes(stick.file(new).read_bytes()[::-1])
    code, told = stick.insert()
    assert (code, told.startswith("policy 1.0.0 refused OTA-CONTENT")) == (1, True)


def test_a_stick_without_metadata_of_another_port_or_older_is_refused_by_name(stick: Stick, tmp_path: Path) -> None:
    policy(stick.kiosk, 1)
    old = shutil.copytree(stick.write(), tmp_path / "old")
    policy(stick.kiosk, 2)
    stick.write()
    assert stick.insert()[0] == 0
    shutil.rmtree(stick.folder)
    shutil.copytree(old, stick.folder)
    assert "OTA-REPLAYED" in stick.insert()[1]
    shutil.rmtree(stick.folder / STICK / "director")
    assert "OTA-STICK" in stick.insert()[1]
    foreign = World(tmp_path / "foreign", stick.kiosk.world.server, stick.kiosk.world.now)
    foreign.publish(b"theirs", 9, name="policy/9.cose")
    foreign.image.refresh(foreign.image_keys)
    shutil.rmtree(stick.folder)
    shutil.copytree(foreign.folder, stick.folder / STICK)
    assert "OTA-UNSIGNED" in stick.insert()[1]


def test_a_stick_is_handed_to_the_client_that_is_at_work(stick: Stick) -> None:
    kiosk = stick.kiosk
    kiosk.poll_s = LONG_S
    client = kiosk.client()
    kiosk.processes.append(client)
    until((kiosk.ota / "floor-b").exists)
    policy(kiosk, 1)
    stick.write()
    assert stick.insert() == (0, "policy 1.0.0 kept\n")
    second = kiosk.client("--once")
    assert second.wait(PATIENCE_S) == 2  # OTA-TWICE: never two in one journal
