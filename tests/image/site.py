"""What provisioning leaves on a board, made from development keys: a kiosk whose devices are all unplugged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

KIOSK = "image-1"
TOML = f"""\
[kiosk]
id = "{KIOSK}"
port = "Image Harbour"
lane = "1"
folder = "."

[devices]
document_reader = "rte"
document_reader_address = "/dev/ttyUSB0?baud=9600"
camera = "v4l2"
camera_address = "/dev/video0?size=640x480"
fingerprint = "zfm"
fingerprint_address = "/dev/ttyUSB1?baud=57600"
chip_reader = "pcsc"
chip_reader_address = "*"

[centre]
brokers = ["broker.example:8883"]
keys = "keys"

[pages]
traveller = "127.0.0.1:8101"
officer = "0.0.0.0:8102"
"""


def site(folder: Path, authority: Path) -> None:
    """The kiosk's folder as it is when the lane may open; `authority`: where headquarters' keys are made."""
    _run("central.ca", "init", str(authority), "--kiosk", KIOSK)
    folder.mkdir(parents=True)
    (authority / "kiosks" / KIOSK).rename(folder / "keys")
    _run("appliance.post.officers", "add", str(folder), "joseph", "Officer Joseph", "officer", "2468")
    _run("central.lists", "write", str(authority / "centre"), str(folder / "lists"))
    (folder / "kiosk.toml").write_text(TOML, encoding="utf-8")
    (folder / "commissioned").touch()


def _run(module: str, *arguments: str) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], check=True, capture_output=True)
