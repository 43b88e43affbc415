"""The update client of one device: asks, fetches, waits for a window, switches, proves, keeps or takes back.

    python -m ota --config ota.toml [--once]

Runs beside the app and not inside it, so that it can repair a broken one.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
import time
from pathlib import Path

from ota.client import Client
from ota.disk import RealDisk
from ota.rhythm import Rhythm, asked, heard
from ota.settings import Settings, SettingsWrong, load
from ota.turns import Turns, Twice

FAILED, CANNOT_START = 1, 2
LOOK_S = 1.0
"""How often somebody who is busy is asked again, and whether something was announced."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ota", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="ota.toml")
    parser.add_argument("--once", action="store_true", help="one turn, then end")
    commands = parser.add_subparsers(dest="command")
    stick = commands.add_parser("usb", help="take what a stick holds, now")
    stick.add_argument("stick", type=Path, help="where it is mounted")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load(options.config)
    except SettingsWrong as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    settings.folder.mkdir(parents=True, exist_ok=True)
    with Turns(settings.folder) as turns:
        if options.command == "usb":
            told = turns.hand_over(options.stick.resolve()) if not turns.mine else None
            told = Client(settings, RealDisk()).from_stick(options.stick) if told is None else told
            sys.stdout.write("".join(f"{line}\n" for line in told or ("nothing new for this device",)))
            return FAILED if any("OTA-" in line for line in told) else 0
        if not turns.mine:
            sys.stderr.write(f"{Twice(settings.folder)}\n")
            return CANNOT_START
        return work(settings, turns, once=options.once)


def work(settings: Settings, turns: Turns, *, once: bool) -> int:
    """As the one client of this device."""
    client, leaving = Client(settings, RealDisk()), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leaving.set())
    if once:
        client.turn()
        return 0
    serve(client, Rhythm(settings.device, settings.poll_s, settings.spread_s), turns, leaving)
    return 0


def serve(client: Client, rhythm: Rhythm, turns: Turns, leaving: threading.Event) -> None:
    """Until `leaving`."""
    while not leaving.is_set():
        if stick := turns.asked():
            turns.answer(client.from_stick(stick))
        if announced := client.announced():
            rhythm = heard(rhythm, *announced, time.monotonic())
        if rhythm.is_due(time.monotonic()):
            client.turn()
            rhythm = asked(rhythm, time.monotonic())
        elif client.waits:
            client.go_on()
        leaving.wait(LOOK_S)


if __name__ == "__main__":
    sys.exit(main())
