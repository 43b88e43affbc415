"""The gate of an image, and the watch over its try."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ota import health, selector
from ota.app import Status
from ota.disk import RealDisk
from ota.health import HealthGate, Look, Vitals, ailing, decode, encode
from ota.selector import Selector
from ota.settings import ImageSettings
from ota.trial import LOG, Trial, Verdict, judge, last_words

WELL = Vitals(
    answers=True,
    paints=True,
    ails=frozenset(),
    devices=frozenset({"/dev/video0", "usb 05ba:000a"}),
    peers=frozenset({"broker:8883"}),
    units=frozenset(),
    clock=True,
    room=True,
)
NONE: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (WELL, ()),
        (replace(WELL, answers=False, paints=False), ("the app does not answer",)),
        (replace(WELL, paints=False), ("the app does not paint",)),
        (replace(WELL, devices=frozenset({"/dev/video0"})), ("gone: usb 05ba:000a",)),
        (replace(WELL, peers=NONE), ("not reached: broker:8883",)),
        (replace(WELL, units=frozenset({"chrony.service"})), ("failed: chrony.service",)),
        (replace(WELL, ails=frozenset({"camera: gone"})), ("ails: camera: gone",)),
        (replace(WELL, clock=False), ("the clock is wrong",)),
        (replace(WELL, room=False), ("no room on the data partition",)),
        (replace(WELL, devices=WELL.devices | {"/dev/video1"}), ()),
    ],
)
def test_what_was_well_before_must_be_well_after(now: Vitals, why: tuple[str, ...]) -> None:
    assert ailing(WELL, now) == why


def test_what_was_ill_before_is_not_the_images_fault() -> None:
    ill = replace(
        WELL, ails=frozenset({"camera: gone"}), devices=NONE, peers=NONE, units=frozenset({"x.service"}), clock=False
    )
    assert ailing(ill, ill) == ()
    assert ailing(ill, WELL) == ()


def test_what_the_kiosk_is_for_must_work_whatever_was_before() -> None:
    dead = replace(WELL, answers=False, paints=False, room=False)
    assert ailing(dead, dead) == ("the app does not answer", "no room on the data partition")


def test_the_snapshot_survives_the_restart() -> None:
    assert decode(encode(WELL)) == WELL


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b'{"answers": true}', encode(WELL)[:-3]])
def test_a_snapshot_that_is_none(data: bytes) -> None:
    assert decode(data) is None


@pytest.fixture
def peer() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def look(folder: Path, *peers: str, status: Status | None = None) -> Look:
    settings = ImageSettings(("true",), 1.0, (f"{folder}/dev*",), peers)
    return Look(settings, folder, lambda: status, lambda: 0)


FINE = Status("", idle=True, ails=(), paints=True)


def test_a_machine_is_looked_at(tmp_path: Path, peer: str) -> None:
    (tmp_path / "dev-camera").touch()
    seen = look(tmp_path, peer, "127.0.0.1:1", status=FINE)()
    assert (seen.answers, seen.paints, seen.room) == (True, True, True)
    assert str(tmp_path / "dev-camera") in seen.devices
    assert seen.peers == {peer}
    assert not seen.clock  # a floor of 1970 makes today too far ahead


def test_usb_devices_are_named_and_hubs_are_not(tmp_path: Path) -> None:
    for name, kind, vendor, product in (("1-1", "00", "05ba", "000a"), ("usb1", "09", "1d6b", "0002")):
        device = tmp_path / name
        device.mkdir()
        for file, text in (("bDeviceClass", kind), ("idVendor", vendor), ("idProduct", product)):
            (device / file).write_text(f"{text}\n")
    assert health.usb_devices(tmp_path) == {"usb 05ba:000a"}


def gate(folder: Path, status: Status | None, *, is_try: bool = True, gate_s: float = 0.0) -> HealthGate:
    return HealthGate(look(folder, status=status), RealDisk(), folder / "before.json", gate_s, is_try)


def test_a_try_proves_itself(tmp_path: Path) -> None:
    gate(tmp_path, FINE).remember()
    assert gate(tmp_path, FINE, gate_s=60.0).prove("") == ""


def test_a_device_that_is_gone_fails_it_by_name(tmp_path: Path) -> None:
    (tmp_path / "dev-camera").touch()
    gate(tmp_path, FINE).remember()
    (tmp_path / "dev-camera").unlink()
    assert gate(tmp_path, FINE).prove("") == f"gone: {tmp_path / 'dev-camera'}"


def test_an_app_that_does_not_paint_fails_it(tmp_path: Path) -> None:
    gate(tmp_path, FINE).remember()
    assert gate(tmp_path, replace(FINE, paints=False)).prove("") == "the app does not paint"
    assert gate(tmp_path, None).prove("") == "the app does not answer"


def test_without_a_snapshot_nothing_is_proved(tmp_path: Path) -> None:
    assert "not known" in gate(tmp_path, FINE).prove("")
    (tmp_path / "before.json").write_bytes(b"torn")
    assert "not known" in gate(tmp_path, FINE).prove("")


def test_what_was_committed_has_proved_itself(tmp_path: Path) -> None:
    assert gate(tmp_path, None, is_try=False).prove("") == ""


def test_a_trial_ends_by_commit_or_by_time() -> None:
    assert judge(3, 3, 1e9, 10.0) is Verdict.COMMITTED
    assert judge(2, 3, 9.9, 10.0) is Verdict.ON
    assert judge(2, 3, 10.0, 10.0) is Verdict.LATE
    assert judge(0, -1, 10.0, 10.0) is Verdict.LATE  # a selector or firmware that says nothing commits nothing


def trial(folder: Path, chosen: Selector, deadline_s: float) -> Trial:
    (folder / "autoboot.txt").write_bytes(selector.render(chosen))
    says = ("sh", "-c", "echo kernel: it began; echo app: it died")
    return Trial(folder, folder / "autoboot.txt", deadline_s, says, ("true",), ("true",), RealDisk())


def test_a_trial_that_is_late_leaves_its_log(tmp_path: Path) -> None:
    assert trial(tmp_path, Selector(2, 3), 0.0).watch(3, threading.Event()) is Verdict.LATE
    assert last_words(tmp_path) == "kernel: it began\napp: it died\n\n0 s passed without a commit\n"


def test_a_trial_that_is_stopped_leaves_its_log(tmp_path: Path) -> None:
    leaving = threading.Event()
    leaving.set()
    assert trial(tmp_path, Selector(2, 3), 1e6).watch(3, leaving) is Verdict.ON
    assert "it died" in last_words(tmp_path)


def test_a_trial_that_was_committed_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / LOG).write_text("of a second ago")
    assert trial(tmp_path, Selector(3, 2), 0.0).watch(3, threading.Event()) is Verdict.COMMITTED
    assert last_words(tmp_path) == ""


def test_a_log_that_cannot_be_kept_is_no_reason_to_miss_the_deadline(tmp_path: Path) -> None:
    one = trial(tmp_path, Selector(2, 3), 0.0)
    assert replace(one, folder=tmp_path / "not-mounted").watch(3, threading.Event()) is Verdict.LATE
    assert replace(one, log=("no-such-command",)).watch(3, threading.Event()) is Verdict.LATE


def test_the_watch_restarts_the_machine_when_time_is_up(tmp_path: Path) -> None:
    """The whole program, with a restart that only leaves a mark."""
    (tmp_path / "autoboot.txt").write_bytes(selector.render(Selector(2, 3)))
    tree = tmp_path / "bootloader"
    tree.mkdir()
    (tree / "partition").write_bytes(b"\0\0\0\3")
    words = ["--folder", str(tmp_path), "--selector", str(tmp_path / "autoboot.txt"), "--deadline-s", "0"]
    words += ["--tree", str(tree), "--log", "echo seen", "--restart", f"touch {tmp_path}/restarted"]
    words += ["--resort", "true"]
    command = [sys.executable, "-m", "ota.trial", *words]
    (tree / "tryboot").write_bytes(b"\0\0\0\0")
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
    assert not (tmp_path / "restarted").exists()
    (tree / "tryboot").write_bytes(b"\0\0\0\1")
    with subprocess.Popen(command) as watch:
        ended = threading.Event()
        while not (tmp_path / "restarted").exists():
            assert watch.poll() is None
            ended.wait(0.05)
        watch.kill()
    assert "without a commit" in last_words(tmp_path)
