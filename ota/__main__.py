"""The update client of one device: asks, fetches, waits for a window, switches, proves, keeps or takes back.

    python -m ota --config ota.toml [--once]

Runs beside the app and not inside it, so that it can repair a broken one.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import signal
import ssl
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import urllib3

from ota import clock, fetch
from ota import floor as floors
from ota.agent import Agent, Hands
from ota.app import App
from ota.bundles import BundleInstaller
from ota.disk import Disk, RealDisk, replace
from ota.floor import Floor
from ota.journal import Entry, Journal
from ota.refusals import Later, Refused
from ota.release import Release, Role
from ota.repository import Repository, Source
from ota.settings import Settings, SettingsWrong, load
from ota.shelf import Shelf
from ota.tree import unpack
from ota.trust import DIRECTOR, IMAGE, Assignment, Identity, check

log = logging.getLogger("ota")
CANNOT_START = 2
SAY_S = 10.0
WINDOW_S = 2.0
"""How often somebody who is busy is asked again."""
BUILT_IN = Floor(time_s=1_793_000_000)  # 2026-10-26: this program is not older


class Client:
    """Of the app bundles of one device."""

    def __init__(self, settings: Settings, disk: Disk) -> None:
        """Raises OSError."""
        self._settings, self._disk = settings, disk
        self._apps = settings.folder / "apps"
        self._apps.mkdir(parents=True, exist_ok=True)
        self._pool = urllib3.PoolManager(retries=False, ssl_context=_tls(settings))
        self._app = App(settings.app)
        self._shelf = Shelf(disk, self._apps)
        hands = Hands(
            BundleInstaller(
                self._shelf, self._app.restart, lambda sha256, file: _unpack(disk, file, self._apps, sha256)
            ),
            self._app,
            self._fetch,
            self._app.is_idle,
            lambda: int(time.time()),
            self._tell,
        )
        self._agent = Agent(Role.APPS, Journal(disk, settings.folder / "journal"), hands)
        self._floor = floors.load(settings.folder, BUILT_IN)
        if self._agent.last is not None:
            self._tell(self._agent.last)  # it may have been cut before it could

    @property
    def waits(self) -> bool:
        """Whether something is installed that only wants a window."""
        return self._agent.last is not None and not self._agent.last.state.is_end

    def turn(self) -> None:
        """Ask, and go as far as it goes. Raises OSError; everything else that is wrong is said and waited for."""
        before, told = self._agent.last, self._ask()
        try:
            self._agent.advance(told)
        except Later as later:
            log.info("%s", later)
        self._raise_floor(self._floor.with_counter(Role.APPS, self._agent.lowest_counter()))
        if self._agent.last != before:
            self._say()

    def _say(self) -> None:
        """How this device is, to whoever assigns; that it could not be said is no reason not to ask."""
        if not self._settings.office:
            return
        last = self._agent.last
        said = {
            "device": self._settings.device,
            "hardware": self._settings.hardware,
            "running": self._shelf.current,
            "update": {"sha256": last.sha256, "state": last.state, "reason": last.reason} if last else {},
        }
        try:
            self._pool.request("POST", f"{self._settings.office}check-in", json=said, timeout=SAY_S)
        except urllib3.exceptions.HTTPError as cause:
            log.info("could not check in: %s", cause)

    def _ask(self) -> Assignment | None:
        settings = self._settings
        self._say()
        now = clock.judge(int(time.time()), self._floor.time_s)
        sources = (
            Source(DIRECTOR, settings.folder / "director", settings.director_root.read_bytes(), settings.director),
            Source(IMAGE, settings.folder / "image", settings.image_root.read_bytes(), settings.image),
        )
        try:
            director, image = (Repository(source, self._pool, now.now_s, self._disk) for source in sources)
            word = check(director, image, Identity(settings.device, settings.hardware), self._floor)
        except (Refused, Later) as why:
            log.warning("%s (clock %s)", why, now.state)
            return None
        self._raise_floor(word.floor)
        return next((a for a in word.assignments if a.release.role is Role.APPS), None)

    def _raise_floor(self, floor: Floor) -> None:
        if floor != self._floor:
            floors.save(self._disk, self._settings.folder, floor)
            self._floor = floor

    def _fetch(self, release: Release) -> Path:
        store = fetch.Store(self._apps, self._disk, lambda: shutil.disk_usage(self._apps).free)
        return fetch.fetch(self._pool, self._settings.content, release, store, _progress)

    def _tell(self, entry: Entry) -> None:
        """For whoever reports it: the appliance sends what lies there."""
        log.info("%s %s %s %s", entry.transaction, entry.state, entry.version, entry.reason)
        replace(self._disk, self._settings.folder / "state.json", json.dumps(asdict(entry), sort_keys=True).encode())


def _unpack(disk: Disk, file: Path, folder: Path, sha256: str) -> None:
    unpack(disk, file, folder, sha256)


def _progress(here: int, of: int) -> None:
    log.debug("%d of %d bytes", here, of)


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.ca:
        return None
    context = ssl.create_default_context(cafile=settings.ca)
    context.load_cert_chain(settings.certificate, settings.key)
    return context


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m ota", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="ota.toml")
    parser.add_argument("--once", action="store_true", help="one turn, then end")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        settings = load(options.config)
    except SettingsWrong as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    client, leaving = Client(settings, RealDisk()), threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leaving.set())
    while not leaving.is_set():
        client.turn()
        if options.once:
            break
        leaving.wait(min(WINDOW_S, settings.poll_s) if client.waits else settings.poll_s)
    return 0


if __name__ == "__main__":
    sys.exit(main())
