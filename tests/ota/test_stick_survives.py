"""A stick's word outlives the client that was given it: killed anywhere, the next one goes on while it is believed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ota.client import BROUGHT
from ota.release import Release
from tests.ota.test_channels import LONG_S, Stick, policy, stick
from tests.ota.test_client import PATIENCE_S, Kiosk, kiosk, until
from tests.ota.tokens import needs

__all__ = ["kiosk", "stick"]
pytestmark = pytest.mark.timeout(600)
LARGE = 24 << 20
"""Bytes: long enough on the way to be killed there."""


def unreached(kiosk: Kiosk) -> list[str]:
    """The client's command on a kiosk whose servers are not to be reached."""
    kiosk.settings()
    config = kiosk.folder / "ota.toml"
    config.write_text(config.read_text().replace(kiosk.world.url, "http://127.0.0.1:9/"))
    return [sys.executable, "-m", "ota", "--config", str(config)]


def turn(kiosk: Kiosk, *before: str) -> dict[str, object]:
    """Of a new client."""
    done = subprocess.run([*before, *unreached(kiosk), "--once"], timeout=PATIENCE_S, check=False)
    assert done.returncode == 0
    return kiosk.told()[-1]


def killed(kiosk: Kiosk, stick: Path, state: str) -> None:
    """The client that takes this stick, once its journal says that."""
    taking = subprocess.Popen([*unreached(kiosk), "usb", str(stick)])
    try:
        until(lambda: any(f'"{state}"'.encode() in path.read_bytes() for path in kiosk.ota.glob("*.journal")))
    finally:
        taking.kill()
        taking.wait()


def large(kiosk: Kiosk) -> Release:
    """A list, for nothing has to be started anew for it."""
    content = os.urandom(LARGE)
    (kiosk.folder / "large").write_bytes(content)
    return kiosk.world.publish(content, 1, name="policy/1.cose")


def test_what_waits_for_a_window_is_started_by_the_next_client_without_the_stick(stick: Stick) -> None:
    kiosk = stick.kiosk
    (kiosk.folder / "busy").touch()
    new = kiosk.publish(1, "good")
    stick.write()
    killed(kiosk, stick.folder, "installed")
    stick.folder.rename(stick.folder.with_name("gone"))
    assert turn(kiosk)["state"] == "installed"
    (kiosk.folder / "busy").unlink()
    last = turn(kiosk)
    assert (last["state"], last["sha256"], last["source"]) == ("kept", new.sha256, "usb")
    assert kiosk.name() == "good"


def test_what_was_on_its_way_goes_on_while_the_stick_is_there_and_waits_while_it_is_not(stick: Stick) -> None:
    kiosk, gone = stick.kiosk, stick.folder.with_name("gone")
    new = large(kiosk)
    stick.write()
    killed(kiosk, stick.folder, "chosen")
    assert not (kiosk.ota / "policy" / new.sha256).exists(), "it was killed too late"
    stick.folder.rename(gone)
    assert turn(kiosk)["state"] == "chosen"
    gone.rename(stick.folder)
    last = turn(kiosk)
    assert (last["state"], last["sha256"], last["source"]) == ("kept", new.sha256, "usb")


def test_the_servers_word_replaces_it_for_good(stick: Stick) -> None:
    kiosk = stick.kiosk
    (kiosk.folder / "busy").touch()
    kiosk.publish(1, "by-stick")
    stick.write()
    killed(kiosk, stick.folder, "installed")
    newer = kiosk.publish(2, "by-net")
    kiosk.turn()
    assert not (kiosk.ota / BROUGHT).exists()
    (kiosk.folder / "busy").unlink()
    assert kiosk.turn()["sha256"] == newer.sha256
    assert turn(kiosk)["sha256"] == newer.sha256  # nobody says anything: what runs runs
    assert kiosk.name() == "by-net"


def test_it_expires_like_any_other_word(stick: Stick) -> None:
    needs("faketime")
    kiosk = stick.kiosk
    (kiosk.folder / "busy").touch()
    kiosk.publish(1, "good")
    kiosk.world.image.refresh(kiosk.world.image_keys, days=30)
    kiosk.world.director.refresh(kiosk.world.director_keys, days=30)
    stick.write()
    killed(kiosk, stick.folder, "installed")
    (kiosk.folder / "busy").unlink()
    assert turn(kiosk, "faketime", "-f", "+31d")["state"] == "installed"
    assert kiosk.name() == "built-in"
    assert turn(kiosk, "faketime", "-f", "+29d")["state"] == "kept"


def test_what_lies_there_is_believed_no_more_than_a_stick(stick: Stick) -> None:
    """Somebody has written into the data partition, and holds no key."""
    kiosk = stick.kiosk
    (kiosk.folder / "busy").touch()
    kiosk.publish(1, "good")
    stick.write()
    killed(kiosk, stick.folder, "installed")
    (kiosk.folder / "busy").unlink()
    told = kiosk.ota / "director" / "targets.json"
    genuine = told.read_bytes()
    told.write_bytes(genuine.replace(b'"ring":"bench"', b'"ring":"thief"'))
    assert told.read_bytes() != genuine
    assert turn(kiosk)["state"] == "installed"
    assert kiosk.name() == "built-in"
    told.write_bytes(genuine)
    assert turn(kiosk)["state"] == "kept"


def test_a_place_that_no_stick_can_have_keeps_nobody_from_starting(kiosk: Kiosk) -> None:
    """A damaged disk."""
    for damaged in (b"\0", b"", b"\xff\xfe", b"x" * 5000):
        kiosk.ota.mkdir(parents=True, exist_ok=True)
        (kiosk.ota / BROUGHT).write_bytes(damaged)
        assert subprocess.run([*unreached(kiosk), "--once"], timeout=PATIENCE_S, check=False).returncode == 0, damaged


def test_a_client_at_work_goes_on_by_itself_when_the_stick_comes_back(stick: Stick) -> None:
    kiosk, gone = stick.kiosk, stick.folder.with_name("gone")
    kiosk.poll_s = LONG_S
    new = policy(kiosk, 1)
    stick.write()
    content = stick.file(new).read_bytes()
    stick.file(new).write_bytes(content[:5])
    kiosk.processes.append(subprocess.Popen(unreached(kiosk)))
    until((kiosk.ota / "state.json").exists)
    code, told = stick.insert()
    assert (code, "OTA-STICK" in told) == (1, True)
    stick.folder.rename(gone)
    time.sleep(2.0)  # it looks, and there is nothing
    gone.rename(stick.folder)
    stick.file(new).write_bytes(content)
    until(lambda: bool(kiosk.told()) and kiosk.told()[-1]["state"] == "kept")
