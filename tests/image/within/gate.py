"""Runs inside the booted image with the rights of the update client's unit: what the gate of an image sees. JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from ota import health
from ota.settings import ImageSettings

DEVICES = ("/dev/video*", "/dev/vd?")
STARTED = [
    "systemctl",
    "start",
    "landfall-folders.service",
]  # what has started already: asked, allowed, and nothing done


def may_open(name: str) -> bool:
    try:
        Path(name).open("rb").close()
    except OSError:
        return False
    return True


def main() -> None:
    look = health.Look(ImageSettings(("true",), 1.0, DEVICES), Path("/data"), lambda: None, lambda: 0)
    seen = json.loads(health.encode(look()))
    opened = [name for name in seen["devices"] if name.startswith("/dev/") and may_open(name)]
    asked = subprocess.run(STARTED, capture_output=True, text=True, check=False)
    sys.stdout.write(json.dumps({"seen": seen, "opened": opened, "asked": [asked.returncode, asked.stderr.strip()]}))


main()
