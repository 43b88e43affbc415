"""The suites of the bench as a person runs them, at a real terminal; the devices, and the person, are simulated."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from hw_tests.person import TERMINAL
from simulators.lane_board import LaneBoardSim
from simulators.mrz_swipe import MrzSwipeSim, Profile
from simulators.zfm import ZfmSim
from tests.drivers import golden
from tests.drivers.lane_keys import new_key

PATIENCE_S = 110.0
Hands = dict[str, Callable[[], object]]


def run(folder: Path, toml: str, hands: Hands, suite: str) -> str:
    """What the terminal showed. Each line that asks is obeyed by the hand it begins with."""
    (folder / "bench.toml").write_text(toml)
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-m", "bench", "-q", "-p", "no:cacheprovider", "hw_tests", "-k", suite]
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *command],
        env={**os.environ, "LANDFALL_BENCH": str(folder / "bench.toml"), "TERM": "dumb"},
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    try:
        return _obey(master, hands)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def _obey(master: int, hands: Hands) -> str:
    shown, obeyed, ends_s = "", 0, time.monotonic() + PATIENCE_S
    while time.monotonic() < ends_s:
        if not select.select([master], [], [], 1.0)[0]:
            continue
        try:
            shown += os.read(master, 65536).decode(errors="replace")
        except OSError:  # the other end was closed: it has ended
            return shown
        asked = re.findall(r">>> (.*?)(, then Enter| NOW)\a", shown)
        for what, how in asked[obeyed:]:
            next(act for name, act in hands.items() if what.startswith(name))()
            if how.endswith("Enter"):
                os.write(master, b"\n")
        obeyed = len(asked)
    raise AssertionError(f"it did not end:\n{shown[-3000:]}")


def passed(shown: str) -> int:
    found = re.search(r"(\d+) passed", shown)
    assert found is not None, shown[-3000:]
    assert " failed" not in shown, shown[-6000:]
    assert " error" not in shown, shown[-6000:]
    return int(found[1])


@pytest.fixture(autouse=True)
def _needs_a_terminal() -> None:
    if not TERMINAL.exists():
        pytest.skip("this machine has no /dev/tty")


@pytest.mark.timeout(240)
def test_a_document_reader_and_a_person(tmp_path: Path) -> None:
    sim = MrzSwipeSim(tmp_path / "reader", Profile.ELYCTIS)
    documents = [list(golden.PASSPORT), list(golden.IDENTITY_CARD)]
    hands: Hands = {
        "Put document 1": lambda: sim.present(golden.PASSPORT),
        "Put document 2": lambda: sim.present(golden.IDENTITY_CARD),
        "Pull the cable of the document reader": sim.unplug,
        "Put the cable of the document reader in": sim.replug,
    }
    toml = f'[document_reader]\ndriver = "elyctis"\naddress = "{sim.path}"\ndocuments = {documents}\n'
    try:
        shown = run(tmp_path, toml, hands, "TestDocumentReader")
    finally:
        sim.close()
    assert passed(shown) >= 8
    assert "this rig cannot" in shown  # what nobody can make a real device do is skipped by name


@pytest.mark.timeout(240)
def test_a_lane_board_and_a_person(tmp_path: Path) -> None:
    key = new_key()
    (tmp_path / "device.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    sim = LaneBoardSim(tmp_path / "lane", kiosk=key.public_key())
    hands: Hands = {
        "Press": sim.press,
        "Open": sim.open_housing,
        "Close": sim.close_housing,
        "Plug": lambda: sim.plug_headset(True),
        "Pull the headset": lambda: sim.plug_headset(False),
        "Pull the cable": sim.unplug,
        "Put the cable": sim.replug,
    }
    toml = f'[lane]\ndriver = "board"\naddress = "{sim.path}"\nkey = "device.key"\ntoo_long_s = 20\n'
    try:
        shown = run(tmp_path, toml, hands, "TestLane")
    finally:
        sim.close()
    assert passed(shown) >= 12


@pytest.mark.timeout(240)
def test_a_fingerprint_sensor_and_a_person(tmp_path: Path) -> None:
    sim = ZfmSim(tmp_path / "finger")
    finger = np.full((sim.height, sim.width), 96, np.uint8)
    hands: Hands = {
        "Lay a finger": lambda: sim.place(finger),
        "Take the finger": sim.lift,
        "Pull the cable": sim.unplug,
        "Put the cable": sim.replug,
    }
    toml = f'[fingerprint]\ndriver = "zfm"\naddress = "{sim.path}"\nsize = [{sim.height}, {sim.width}]\ncapture_s = 8\n'
    try:
        shown = run(tmp_path, toml, hands, "TestFingerprint")
    finally:
        sim.close()
    assert passed(shown) >= 8


def test_a_bench_without_a_device_skips_by_name(tmp_path: Path) -> None:
    shown = run(tmp_path, "", {}, "TestCamera and frame_is_the_scene")
    assert "no camera on this bench" in shown
