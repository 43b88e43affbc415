"""One board in a test's hands: its folder, its stick, its root of /proc, and what is typed at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.post import officers
from appliance.post.api import Officer
from practice.processes import free_port
from provisioning import operations
from provisioning.bench import Phases
from provisioning.page import Pages, Worker
from provisioning.runner import Runner
from provisioning.settings import load
from provisioning.steps import NAMES
from provisioning.view import Failure, StepState, View
from tests.provisioning.command import phases
from tests.web.serving import serving

SERIAL = "10000000abcdef01"
OFFICER, OFFICER_PIN = "joseph", "2468"
DEVICES = """\
[devices]
document_reader = "line"
document_reader_address = "/dev/ttyUSB0"
camera = "frames"
camera_address = "{folder}/frames"
fingerprint = "zfm"
fingerprint_address = "/dev/ttyUSB1"

[panel]
width_mm = 217.0
"""
ANSWERS = {
    "who": "T. Technician",
    "serial": SERIAL[-4:],
    "stuck": "yes",
    "accepts": "yes",
    "officer": OFFICER,
    "pin": OFFICER_PIN,
    "close": "yes",
    "hw-lane_green": "yes",
}
"""What a technician and an officer answer when everything is well."""


class Board:
    """A board with an image on it: settings, the people of headquarters, and nothing else."""

    def __init__(
        self,
        folder: Path,
        people: Path,
        *,
        serial: str = SERIAL,
        identity: str = 'level = "software"',
        devices: str = DEVICES,
        environment: Mapping[str, str] | None = None,
        more: str = "",
    ) -> None:
        self.folder, self.serial = folder, serial
        self.state, self.stick, self.root = folder / "state", folder / "media" / "usb" / "landfall", folder / "root"
        self.environment = environment or {}
        for path in (self.stick, self.root / "proc/device-tree"):
            path.mkdir(parents=True)
        (self.root / "proc/device-tree/serial-number").write_text(serial + "\0")
        (self.root / "proc/device-tree/model").write_text("Raspberry Pi 5 Model B Rev 1.0\0")
        (folder / "devices.toml").write_text(devices.format(folder=folder))
        (folder / "station.toml").write_text(f'[station]\ndata = "{self.state}"\n')
        self.config = folder / "provisioning.toml"
        self.config.write_text(
            f"""\
[device]
folder = "{self.state}"
root = "{self.root}"
[identity]
{identity}
[centre]
people = "{people}"
[sticks]
folders = ["{folder}/media/*/landfall"]
[page]
listen = "127.0.0.1:8103"
[lane]
devices = "devices.toml"
station = "station.toml"
{more}
"""
        )

    def officers(self) -> None:
        """The port's roster lies on the stick."""
        roster = officers.with_officer({}, Officer(OFFICER, "Officer Joseph", "officer"), OFFICER_PIN)
        officers.save(self.stick, roster)

    @contextmanager
    def page(self, suite: Phases = phases, token: str = "a token") -> Iterator[str]:
        """The technician's page, served by a real server; its address."""
        port = free_port()
        settings = load(self.config)
        shown = replace(settings.page, listen=f"127.0.0.1:{port}", url=f"http://localhost:{port}")
        worker = Worker(replace(settings, page=shown), suite)
        threading.Thread(target=worker.watch, daemon=True).start()
        try:
            with serving(Pages(worker, shown, token).app(), port) as url:
                yield url
        finally:
            worker.leave()

    def runner(self, suite: Phases = phases) -> Runner:
        """As after a start of the board."""
        return Runner(load(self.config), suite)

    def go(self, operation: str = "commission", **answers: str) -> View:
        """Begin, or go on, until it ends, fails, or asks for something else. `answers`: other ones than usual."""
        runner = self.runner()
        if not runner.bench.operation or operation != runner.view().operation:
            operations.begin(runner.bench, NAMES[operation])
            runner.look()
        return walk(runner, {**ANSWERS, "serial": self.serial[-4:], **answers})

    def command(self, *arguments: str) -> list[str]:
        """The technician's command as a process of its own, with the hardware tests of `command.py`."""
        return [sys.executable, "-m", "tests.provisioning.command", "--config", str(self.config), "--json", *arguments]

    def call(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit status and what was told."""
        environment = {**os.environ, **self.environment}
        command = self.command(*arguments)
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=100)
        assert done.stdout.strip(), f"{done.returncode} {done.stderr}"
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return done.returncode, told


def walk(runner: Runner, answers: Mapping[str, str] = ANSWERS) -> View:
    for _ in range(60):
        view = runner.go()
        question = view.current.question if view.current else None
        if question is None or question.key not in answers:
            return view
        runner.answer(question.key, answers[question.key])
    raise AssertionError(f"asked without end: {view}")


def failure(view: View) -> Failure:
    assert view.current is not None and view.current.failure is not None, view
    return view.current.failure


def done(view: View) -> list[str]:
    return [step.name for step in view.steps if step.state is StepState.DONE]
