"""Asked before the kiosk starts: is this the board that the lane was commissioned on?

    python -m provisioning.newcomer --config provisioning.toml

Ends with 0: yes, or nobody can tell; 1: no. Then the lane is closed, so that the technician's page comes up, and what
opens it again is replace-board. The records of the disk stay where they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from appliance.durable import sync_folder
from hw_tests.board import read_board
from provisioning.desk import Desk
from provisioning.settings import SettingsWrong, load
from provisioning.steps.board import FILE
from provisioning.steps.handover import COMMISSIONED

SAME, ANOTHER, CANNOT_START = 0, 1, 2


def former_board(folder: Path) -> str:
    """Serial number of the board that this disk's newest operation was done on; empty: it does not say."""
    data = Desk(folder).last(FILE)
    try:
        return str(json.loads(data)["serial"]) if data is not None else ""
    except (ValueError, KeyError, TypeError):
        return ""


def close(folder: Path) -> None:
    (folder / COMMISSIONED).unlink(missing_ok=True)
    sync_folder(folder)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser("python -m provisioning.newcomer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="provisioning.toml")
    try:
        device = load(parser.parse_args(arguments).config).device
    except SettingsWrong as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    former, own = former_board(device.folder), read_board(device.root).serial
    if not former or not own or former == own:
        return SAME
    sys.stderr.write(f"landfall: this disk is of board {former}, and this is {own}: replace-board opens the lane\n")
    close(device.folder)
    return ANOTHER


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
