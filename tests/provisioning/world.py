"""One board in a test's hands: its folder, its stick, its root of /proc, and what is typed at it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
"""
        )

    def command(self, *arguments: str, program: str = "tests.provisioning.command") -> list[str]:
        return [sys.executable, "-m", program, "--config", str(self.config), "--json", *arguments]

    def call(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Exit status and what was told. The hardware tests are those of tests/provisioning/command.py."""
        done = subprocess.run(
            self.command(*arguments),
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **self.environment},
            timeout=100,
        )
        assert done.stdout.strip(), f"{done.returncode} {done.stderr}"
        told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return done.returncode, told

    def run(self, *arguments: str, answers: Mapping[str, str] = ANSWERS) -> dict[str, Any]:
        """On and on with these answers, until it ends, fails, or asks for something else."""
        _, told = self.call("run", *arguments)
        for _ in range(60):
            question = (current(told) or {}).get("question")
            if question is None or question["key"] not in answers:
                return told
            _, told = self.call("answer", question["key"], answers[question["key"]])
        raise AssertionError(f"asked without end: {told}")


def current(told: Mapping[str, Any]) -> dict[str, Any] | None:
    """The step that is not done."""
    return next((step for step in told["steps"] if step["state"] != "done"), None)


def failure(told: Mapping[str, Any]) -> dict[str, Any]:
    step = current(told)
    assert step is not None and step["failure"] is not None, json.dumps(told, indent=1)
    found: dict[str, Any] = step["failure"]
    return found


def done(told: Mapping[str, Any]) -> list[str]:
    return [step["name"] for step in told["steps"] if step["state"] == "done"]
