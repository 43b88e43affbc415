"""The update client of one device: one question to the repositories, and each role goes as far as it can."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import ssl
import time
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import urllib3

from ota import clock, fetch, layout, tryboot
from ota import floor as floors
from ota.agent import Agent, Hands, Place
from ota.app import App
from ota.disk import Disk, remove
from ota.disk import replace as write_whole
from ota.floor import Floor
from ota.folder_source import place
from ota.held import Bundle, held, served
from ota.images import Steps
from ota.journal import Entry, Journal
from ota.refusals import Code, Later, Refused
from ota.release import Release, Role
from ota.repository import Repository, Settled, Source, judge_announcement
from ota.rhythm import Hint
from ota.roles import HANDS, Bench
from ota.settings import Settings
from ota.trial import last_words
from ota.trust import DIRECTOR, IMAGE, Identity, Word, check
from ota.workflow import State

log = logging.getLogger(__name__)
SAY_S = 10.0
AGAIN_S = 15.0
"""Between two tries of what has to wait for a line, a stick or room."""
BUILT_IN = Floor(time_s=1_793_000_000)  # 2026-10-26: this program is not older
TOLD = 24
"""Steps of each role that lie ready for whoever reports them: the last two or three transactions."""
STATE = "state.json"
BROUGHT = "brought"
"""Where the stick was mounted whose word counts; not there when the servers' does."""
NET, USB = "net", "usb"
MOST_ANNOUNCED = 16 * 1024
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Way:
    """By which updates come: addresses that end in a slash."""

    name: str
    director: str
    image: str
    content: str


class Client:
    """Of one device. One thread."""

    def __init__(self, settings: Settings, disk: Disk, boot_id: Path = BOOT_ID) -> None:
        """Raises OSError."""
        self._settings, self._disk = settings, disk
        self._pool = urllib3.PoolManager(retries=False, ssl_context=_tls(settings))
        settings.folder.mkdir(parents=True, exist_ok=True)
        self._floor = floors.load(settings.folder, floors.highest(BUILT_IN, settings.floor))
        self._boot = boot_id.read_text(encoding="ascii").strip() if boot_id.exists() else ""
        bench = Bench(
            settings, disk, App(settings.app), self._fetch, self._bundle, _now_s, self._place, self._tell, self._floor_s
        )
        self._agents = {role: self._agent(role, hands) for role, make in HANDS.items() if (hands := make(bench))}
        self._settled = Settled()
        self._net = self._way = _net(settings)
        self._word: Word | None = None
        self._brought = self._remembered()
        self._again_s = dict[Role, float]()
        self._heard = b""
        self._write()  # it may have been cut before it could

    @property
    def waits(self) -> bool:
        """Whether something is installed that only wants a window."""
        return any(agent.is_busy for agent in self._agents.values())

    def turn(self) -> None:
        """Ask, and go as far as it goes. Raises OSError; everything else that is wrong is said and waited for."""
        self._say()
        if (word := self._ask()) is not None:
            self._forget()
            self._word, self._way = word, self._net
        else:
            self._word, self._way = self._brought or (None, self._net)
        self._again_s.clear()
        self.go_on()

    def go_on(self) -> None:
        """As far as it goes with what was said last. Raises OSError."""
        before = self._last()
        self._advance(self._word)
        if self._last() != before:
            self._say()

    def announced(self) -> tuple[Hint, bytes] | None:
        """What lies where the app puts announcements, once for each that comes. Raises OSError."""
        path = self._settings.announcement
        if path is None or not path.is_file():
            return None
        with path.open("rb") as file:
            data = file.read(MOST_ANNOUNCED)
        if data == self._heard:
            return None
        self._heard = data
        return judge_announcement(self._settings.folder / IMAGE, data, self._floor.metadata.get(IMAGE, 0)), data

    def from_stick(self, stick: Path) -> tuple[str, ...]:
        """What a folder brought says and holds, in place of the servers. One line for each thing that came of it.

        `stick`: where it is mounted. Refused and believed as from the net, into the same journals. Its word counts,
        for the next client too, until the servers have one. Raises OSError.
        """
        way = _stick(stick, self._settings)
        try:
            word = self._judged(way)
            self._remember(stick)
            self._brought = self._word, self._way = word, way
            self._again_s.clear()
            before = self._last()
            waiting = self._advance(word)
        except Refused as refused:
            return (str(refused),)
        except Later as later:
            return (str(later if later.code is not Code.OFFLINE else Later(Code.STICK, f"not whole, {later.why}")),)
        if self._last() != before:
            self._say()
        return (*(_told(last) for role, last in self._last().items() if last and last != before[role]), *waiting)

    def _advance(self, word: Word | None) -> tuple[str, ...]:
        """Each role by itself: that one has to wait is no reason for another. What had to wait, and why; it is let
        alone for a while then, for some work is done anew each time, as reading a stick to its end."""
        told = {a.release.role: a for a in word.assignments} if word else {}
        waiting = []
        for role, agent in self._agents.items():
            if time.monotonic() < self._again_s.get(role, 0.0):
                continue
            try:
                agent.advance(told.get(role))
            except Later as later:
                self._again_s[role] = time.monotonic() + AGAIN_S
                log.info("%s: %s", role, later)
                waiting.append(str(later))
            self._raise_floor(self._floor.with_counter(role, agent.lowest_counter()))
        return tuple(waiting)

    def _agent(self, role: Role, hands: Hands) -> Agent:
        (self._settings.folder / role).mkdir(exist_ok=True)
        return Agent(role, Journal(self._disk, self._settings.folder / f"{role}.journal"), hands)

    def _last(self) -> dict[Role, Entry | None]:
        return {role: agent.last for role, agent in self._agents.items()}

    def _say(self) -> None:
        """How this device is, to whoever assigns; that it could not be said is no reason not to ask."""
        if not self._settings.office:
            return
        said = {
            "device": self._settings.device,
            "hardware": self._settings.hardware,
            "running": self._running(),
            "updates": {role: _update(last) for role, last in self._last().items() if last is not None},
            "log": last_words(self._settings.folder) if self._has_fallen_back() else "",
        }
        try:
            self._pool.request("POST", f"{self._settings.office}check-in", json=said, timeout=SAY_S)
        except urllib3.exceptions.HTTPError as cause:
            log.info("could not check in: %s", cause)

    def _running(self) -> dict[Role, str]:
        """What cannot be asked just now is left out."""
        found = dict[Role, str]()
        for role, agent in self._agents.items():
            with contextlib.suppress(Later):
                found[role] = agent.current
        return {role: sha256 for role, sha256 in found.items() if sha256}

    def _has_fallen_back(self) -> bool:
        last = self._last().get(Role.IMAGES)
        return last is not None and last.state is State.ROLLED_BACK

    def _remember(self, stick: Path) -> None:
        """What it said is on the disk already, as metadata that was verified."""
        write_whole(self._disk, self._settings.folder / BROUGHT, os.fsencode(stick.resolve()))

    def _remembered(self) -> tuple[Word, Way] | None:
        """The word of a stick that a client before this one was given, judged anew: that it lies here is no reason to
        believe it."""
        folder = self._settings.folder.resolve()
        if not (folder / BROUGHT).exists():
            return None
        try:
            way = _stick(Path(os.fsdecode((folder / BROUGHT).read_bytes())), self._settings)
        except ValueError:  # no path at all: a damaged file must not keep the client from what repairs
            log.warning("where the stick was mounted cannot be read any more")
            return None
        own = replace(way, director=f"{(folder / DIRECTOR).as_uri()}/", image=f"{(folder / IMAGE).as_uri()}/")
        try:
            return self._judged(own), way
        except (Refused, Later) as why:
            log.warning("what a stick said counts no more: %s", why)
            return None

    def _forget(self) -> None:
        """The servers' word is at least as new."""
        self._brought = None
        if (path := self._settings.folder / BROUGHT).exists():
            remove(self._disk, path)

    def _ask(self) -> Word | None:
        try:
            return self._judged(self._net)
        except (Refused, Later) as why:
            log.warning("%s (clock %s)", why, clock.judge(_now_s(), self._floor.time_s).state)
            return None

    def _judged(self, way: Way) -> Word:
        """What both repositories say by that way. Raises `Refused`, `Later`, OSError."""
        settings, now = self._settings, clock.judge(_now_s(), self._floor.time_s)
        sources = (
            Source(DIRECTOR, settings.folder / DIRECTOR, settings.director_root.read_bytes(), way.director),
            Source(IMAGE, settings.folder / IMAGE, settings.image_root.read_bytes(), way.image),
        )
        director, image = (Repository(source, self._pool, now.now_s, self._disk, self._settled) for source in sources)
        word = check(director, image, Identity(settings.device, settings.hardware), self._floor)
        self._raise_floor(word.floor)
        return replace(word, assignments=tuple(replace(a, source=way.name) for a in word.assignments))

    def _raise_floor(self, floor: Floor) -> None:
        if floor != self._floor:
            floors.save(self._disk, self._settings.folder, floor)
            self._floor = floor

    def _floor_s(self) -> int:
        return self._floor.time_s

    def _fetch(self, release: Release) -> Path:
        folder = self._settings.folder / release.role
        store = fetch.Store(folder, self._disk, lambda: shutil.disk_usage(folder).free)
        if self._way.name == USB:
            return fetch.adopt(place(self._way.content) / release.file, release, store)
        return fetch.fetch(self._pool, self._way.content, release, store, _progress)

    def _bundle(self, release: Release) -> AbstractContextManager[Bundle]:
        if self._way.name == USB:
            return held(place(self._way.content) / release.file, release, Steps())
        return served(self._way.content, release)

    def _place(self) -> Place:
        return Place(self._boot, tryboot.start().slot)

    def _tell(self, entry: Entry) -> None:
        """For whoever reports it: the appliance sends what lies there."""
        log.info("%s %s %s %s", entry.transaction, entry.state, entry.version, entry.reason)
        self._write()

    def _write(self) -> None:
        told = [asdict(entry) for agent in self._agents.values() for entry in agent.entries[-TOLD:]]
        write_whole(self._disk, self._settings.folder / STATE, json.dumps(told, sort_keys=True).encode())


def _net(settings: Settings) -> Way:
    return Way(NET, settings.director, settings.image, settings.content)


def _stick(stick: Path, settings: Settings) -> Way:
    base = stick.resolve() / layout.STICK
    director, image = layout.director(base, settings.device), layout.image(base)
    told, known = layout.metadata(director), layout.metadata(image)
    return Way(USB, f"{told.as_uri()}/", f"{known.as_uri()}/", f"{layout.contents(image).as_uri()}/")


def _told(last: Entry) -> str:
    return " ".join(word for word in (last.role, last.version, last.state, last.reason) if word)


def _update(last: Entry) -> dict[str, str]:
    return {"sha256": last.sha256, "state": last.state, "reason": last.reason}


def _progress(here: int, of: int) -> None:
    log.debug("%d of %d bytes", here, of)


def _now_s() -> int:
    return int(time.time())


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not settings.ca:
        return None
    context = ssl.create_default_context(cafile=settings.ca)
    context.load_cert_chain(settings.certificate, settings.key)
    return context
