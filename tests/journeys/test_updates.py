"""`make run` as its user has it: a new app is published from the page, taken between two travellers, or taken back."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

PATIENCE_S = 110.0


@dataclass
class Run:
    """The addresses that it printed."""

    traveller: str
    updates: str
    quay: str

    def state(self) -> dict[str, Any]:
        told: dict[str, Any] = httpx.get(f"{self.updates}state.json", timeout=30).json()
        return told

    def device(self) -> dict[str, Any]:
        device: dict[str, Any] = self.state()["devices"][0]
        return device

    def kiosk(self) -> dict[str, Any]:
        """What the kiosk tells the update client; empty while it is being replaced."""
        try:
            told: dict[str, Any] = httpx.get(f"{self.traveller}update", timeout=30).json()
        except httpx.TransportError:
            return {}
        return told

    def touch(self, button: str, **more: str) -> None:
        page = {"origin": self.traveller.rstrip("/")}
        answer = httpx.post(f"{self.traveller}touch/{button}", data=more, headers=page, timeout=30)
        assert answer.status_code == 204

    def publish(self, version: str, **more: str) -> None:
        assert httpx.post(f"{self.updates}publish", data={"version": version, **more}, timeout=60).status_code == 303


def until(seen: Callable[[], bool]) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < ends_s
        time.sleep(0.2)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("run")
    log = folder / "run.log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "practice", "--no-browser", "--folder", str(folder / "port")]
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT)
    try:
        until(lambda: "Ctrl-C stops everything" in log.read_text() or process.poll() is not None)
        told = dict(re.findall(r"^ *(\w+)(?: page)?  (http://\S+/)", log.read_text(), re.MULTILINE))
        yield Run(told["traveller"], told["updates"], told["quay"])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
        left = folder / "port" / "practice-kiosk-1" / "ota.log"
        sys.stderr.write(left.read_text()[-4000:] if left.exists() else "")


@pytest.mark.timeout(400)
def test_it_is_taken_when_the_traveller_has_gone(run: Run) -> None:
    run.touch("language", language="en")  # somebody has begun: nothing is replaced under these hands
    until(lambda: run.kiosk().get("idle") is False)
    run.publish("2026.12")
    until(lambda: run.device()["phase"] == "installed")
    assert run.device()["runs"] == "what came with it"
    run.touch("stop")
    until(lambda: run.device()["phase"] == "kept")
    until(lambda: run.state()["courses"][0]["status"] == "done")
    device, course = run.device(), run.state()["courses"][0]
    assert (device["runs"], device["version"]) == ("2026.12", "2026.12")
    assert (course["kept"], course["failed"]) == (1, 0)
    assert run.kiosk()["release"][:8] == course["release"]


@pytest.mark.timeout(400)
def test_one_that_does_not_start_is_taken_back_and_halts_the_rollout(run: Run) -> None:
    before = run.kiosk()["release"]
    run.publish("2027.01", broken="yes")
    until(lambda: run.device()["phase"] == "rolled_back")
    device, course = run.device(), run.state()["courses"][0]
    assert device["reason"] == "OTA-GATE: it does not answer"
    assert (course["status"], course["why"]) == ("halted", "1 failed: practice-kiosk-1 rolled_back")
    until(lambda: run.kiosk().get("release") == before)
