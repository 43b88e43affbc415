"""The composition root: the one file that knows every part, and puts one kiosk together from its configuration."""

from __future__ import annotations

import random
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from starlette.applications import Starlette

from appliance.clock import SystemClock, TimeKeeper, read_boot_id
from appliance.config import Config, ConfigError, DevicesConfig, LaneDirection
from appliance.content import Content
from appliance.devices import Devices
from appliance.eyes import open_eyes
from appliance.gate import Gatekeeper
from appliance.gauges import Gauges, watch
from appliance.journey.capture import Bench
from appliance.journey.deciding import Desk as DecisionDesk
from appliance.journey.handing_out import Slips
from appliance.journey.ports import Eyes, Hands
from appliance.journey.runner import Manners, Runner
from appliance.journey.screen import Screen
from appliance.keys import Keys, load_keys
from appliance.lane import Lane
from appliance.page_reader import PageDocumentReader
from appliance.post import officers
from appliance.post.api import Link
from appliance.post.chain import read_start
from appliance.post.desk import Desk, Surroundings
from appliance.post.journal import Journal, Retention
from appliance.post.keeper import Keeper, Records
from appliance.post.neighbours import Neighbours
from appliance.post.schema import open_database
from appliance.post.status import kiosk_status
from appliance.post.storage import Disk
from appliance.quiet import Hours, Quiet
from appliance.reporting import brokers
from appliance.reporting.condition import Condition, Site, disk_free_bytes
from appliance.reporting.inbox import Inbox
from appliance.reporting.publisher import Publisher
from appliance.reporting.reports import Reporter
from appliance.reporting.settings import Settings
from appliance.slip import SlipWriter
from appliance.standing import is_closed
from appliance.times import Times
from appliance.update_folder import MODELS as BUNDLES
from appliance.update_folder import UpdateFolder
from appliance.updates import Place, Updates
from appliance.version import SOFTWARE
from appliance.vision.errors import ModelAbsent
from appliance.vision.model import MODELS
from appliance.vision.mrz_reader import PageReader, Profile
from appliance.vision.page_portrait import PagePortraits
from appliance.web import catalogue as catalogues
from appliance.web.board import health
from appliance.web.officer import officer_app
from appliance.web.panel import Panel
from appliance.web.speech import Speech
from appliance.web.traveller import traveller_app
from border.encounter import Direction
from border.messages.topics import TopicKind
from drivers.address import Address
from drivers.api import ChipReader
from drivers.catalogue import CAMERA, CHIP_READER, DOCUMENT_READER, FILL_LIGHT, FINGERPRINT, LANE, PRINTER
from drivers.passport_reader.page import PageFolder

MB = 1_000_000
TABLET = Panel(1280, 800, 217.0, 600.0)
"""The officer's: a 10 inch tablet."""

D = TypeVar("D")


@dataclass(frozen=True, slots=True)
class Kiosk:
    """Everything that runs, and what has to be closed."""

    keys: Keys
    runner: Runner
    gate: Gatekeeper
    devices: Devices
    vision: Lane
    keeper: Keeper
    times: TimeKeeper
    retention: Retention
    measuring: Callable[[], Coroutine[None, None, None]]
    neighbours: Neighbours
    publisher: Publisher
    updates: Updates
    traveller: Starlette
    officer: Starlette

    @property
    def dead_lanes(self) -> tuple[str, ...]:
        """Names of the threads that only a restart frees."""
        overdue = tuple(lane.name for lane in (*self.devices.lanes, self.vision) if lane.is_overdue)
        others = {"journal": self.keeper.is_overdue, "uplink": not self.publisher.is_alive}
        return (*overdue, *(name for name, is_dead in others.items() if is_dead))

    def start(self) -> None:
        """The threads that work beside the loop."""
        self.neighbours.start()
        self.publisher.start()

    def close(self) -> None:
        self.publisher.stop()
        self.neighbours.stop()
        self.devices.close()
        self.vision.close()
        self.keeper.close()


@dataclass(frozen=True, slots=True)
class _Ground:
    """What every part stands on: who this kiosk is, its clock, its lists, its journal."""

    config: Config
    keys: Keys
    clock: TimeKeeper
    times: Times
    content: Content
    keeper: Keeper
    records: Records
    site: Site
    words: catalogues.Catalogue

    @property
    def folder(self) -> Path:
        return self.config.kiosk.folder

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(language.code for language in self.words.languages)


@dataclass(frozen=True, slots=True)
class _Crossings:
    """What a traveller meets: hands, eyes, gate, and who leads through them."""

    devices: Devices
    vision: Lane
    eyes: Eyes | None
    runner: Runner
    gate: Gatekeeper


@dataclass(frozen=True, slots=True)
class _Line:
    """What goes to the centre and comes from it."""

    publisher: Publisher
    updates: Updates


def build(config: Config) -> Kiosk:
    """Raises `ConfigError`, `KeysUnusable`, `RosterWrong`, `ModelTampered`, `JournalUnsafe`: nothing starts then."""
    ground = _ground(config)
    shelf = UpdateFolder(ground.folder / config.updates.folder)
    release, models = shelf.tree(BUNDLES) or ("", MODELS)
    crossings = _crossings(ground, models)
    gauges, neighbours = Gauges(), Neighbours(config.pages.neighbours)

    def condition() -> Condition:
        return _condition(crossings, ground.content, ground.folder, gauges)

    line = _line(ground, Place(ground.keys.kiosk, ground.folder, shelf, models=release), condition)
    runner, devices, panel = crossings.runner, crossings.devices, _panel(config)
    return Kiosk(
        keys=ground.keys,
        runner=runner,
        gate=crossings.gate,
        devices=devices,
        vision=crossings.vision,
        keeper=ground.keeper,
        times=ground.clock,
        retention=Retention(config.retention.sample_hours, config.retention.encounter_hours),
        measuring=lambda: watch(
            gauges,
            ground.keeper,
            ground.clock,
            lambda: disk_free_bytes(ground.folder),
            config.storage.hard_mark_mb * MB,
        ),
        neighbours=neighbours,
        publisher=line.publisher,
        updates=line.updates,
        traveller=traveller_app(
            runner,
            runner,
            Speech(ground.words, ground.folder / "speech"),
            ground.words,
            panel,
            practice=config.practice,
            updates=lambda: line.updates.status(runner.view.state, devices.health, painted=runner.painted_revision),
        ),
        officer=officer_app(
            _post(ground, crossings, line.publisher, neighbours, condition),
            ground.words,
            TABLET,
            practice=config.practice,
        ),
    )


def _ground(config: Config) -> _Ground:
    folder, keys = config.kiosk.folder, _keys(config)
    clock = TimeKeeper(SystemClock(), folder / "time", boot_id=read_boot_id())
    times = Times(clock)
    content = Content(folder / "lists", keys.policy, times.now_ms, times.today)
    clock.raise_floor(content.newest_signed_ms)
    start = read_start(folder)
    keeper = Keeper(lambda: Journal(open_database(folder / "journal.sqlite"), keys, _disk(config), start=start))
    return _Ground(
        config=config,
        keys=keys,
        clock=clock,
        times=times,
        content=content,
        keeper=keeper,
        records=Records(keeper, clock.stamp),
        site=_site(config),
        words=catalogues.load(),
    )


def _crossings(ground: _Ground, models: Path) -> _Crossings:
    devices, vision = Devices(_hands(ground.config, models)), Lane("vision")
    screen = Screen(ground.languages[0])
    eyes = open_eyes(_passive(models, ground.folder), ground.keys.policy, models)
    bench = Bench(
        devices=devices,
        eyes=eyes,
        vision=vision,
        lists=ground.content,
        stamps=ground.times,
        screen=screen,
        dice=random.SystemRandom(),
    )
    desk = DecisionDesk(
        kiosk=ground.keys.kiosk,
        records=ground.records,
        lists=ground.content,
        stamps=ground.times,
        same_for_all_s=ground.config.times.deciding_s,
        is_closed=partial(is_closed, ground.folder),
    )
    slips = Slips(SlipWriter(ground.words, ground.site.port, ground.site.officer_url))
    runner = Runner(bench, desk, _manners(ground.config, ground.languages), slips)
    gate = Gatekeeper(
        devices,
        screen,
        ground.content,
        ground.records,
        call_help=runner.touch,
        headset=runner.headset,
        sign=ground.keys.signer.sign,
    )
    return _Crossings(devices, vision, eyes, runner, gate)


def _line(ground: _Ground, place: Place, condition: Callable[[], Condition]) -> _Line:
    config, keys, keeper, site = ground.config, ground.keys, ground.keeper, ground.site

    def new_content(_kind: TopicKind) -> None:  # on the publisher's thread: an index of names takes its time
        ground.content.reload()
        ground.clock.raise_floor(ground.content.newest_signed_ms)

    inbox = Inbox(ground.folder / "lists", keys.kiosk, keys.policy, new_content)
    pause_s = config.updates.pause_s * config.times.scale
    updates = Updates(place, keeper, inbox, ground.times, _quiet(config), pause_s)
    publisher = Publisher(
        Settings(
            brokers=brokers.parse(config.centre.brokers),
            state_every_s=config.times.state_report_s,
            without_clock=config.centre.without_clock,
        ),
        keys,
        keeper,
        reporter=Reporter(
            site,
            keys.signer,
            ground.clock,
            condition=condition,
            troubles=lambda: (*inbox.troubles, *publisher.marks),
            health=lambda now, counts, at: health(
                kiosk_status(site, now, counts, at, uplink=Link.UP, waiting=0)  # who reads this has the line
            ),
        ),
        inbox=inbox,
        announce=updates.announce,
    )
    keeper.ask(lambda journal: journal.when_recorded(publisher.nudge))
    return _Line(publisher, updates)


def _post(
    ground: _Ground,
    crossings: _Crossings,
    publisher: Publisher,
    neighbours: Neighbours,
    condition: Callable[[], Condition],
) -> Desk:
    seen = Surroundings(condition, lambda: publisher.connected, crossings.runner.help_seen, crossings.gate.housing_seen)
    return Desk(
        ground.keeper,
        officers.load(ground.folder),
        ground.clock,
        site=ground.site,
        surroundings=seen,
        neighbours=neighbours,
    )


def _keys(config: Config) -> Keys:
    keys = load_keys(config.centre.keys)
    if keys.kiosk != config.kiosk.id:
        raise ConfigError((f"kiosk.id is {config.kiosk.id}, but the certificate's name is {keys.kiosk}",))
    return keys


PASSIVE = "passive-pad"
NONE = "none"
PAGE = "page"
"""The document reader that is a folder of page pictures, read by the line net."""


def _passive(models: Path, folder: Path) -> Path:
    """The passive nets that came with the others, or those that a technician brought."""
    came = models / PASSIVE
    return came if came.is_dir() else folder / PASSIVE


def _hands(config: Config, models: Path) -> Hands:
    """The drivers by name. Raises `ConfigError` naming every name or address that does not fit."""
    devices, mistakes = config.devices, list[str]()
    of_pages: Callable[[str, str], PageDocumentReader] = partial(page_reader, models=models)
    readers = {**DOCUMENT_READER, PAGE: of_pages}
    reader = _opened("document_reader", devices.document_reader, devices.document_reader_address, readers, mistakes)
    camera = _opened("camera", devices.camera, devices.camera_address, CAMERA, mistakes)
    sensor = _opened("fingerprint", devices.fingerprint, devices.fingerprint_address, FINGERPRINT, mistakes)
    lamp = _opened("fill_light", devices.fill_light, devices.fill_light_address, FILL_LIGHT, mistakes)
    lane = _opened("lane", devices.lane, devices.lane_address, LANE, mistakes)
    printer = _opened("printer", devices.printer, devices.printer_address, PRINTER, mistakes)
    chips = _chip_reader(devices, mistakes)
    if reader is None or camera is None or sensor is None or lamp is None or mistakes:
        raise ConfigError(tuple(mistakes))
    return Hands(reader, camera, sensor, lamp, lane=lane, chip_reader=chips, printer=printer)


def _chip_reader(devices: DevicesConfig, mistakes: list[str]) -> ChipReader | None:
    """None where this kiosk asks no chips."""
    if devices.chip_reader == NONE:
        return None
    return _opened("chip_reader", devices.chip_reader, devices.chip_reader_address, CHIP_READER, mistakes)


def _opened(
    what: str, name: str, address: str, known: Mapping[str, Callable[[str, str], D]], mistakes: list[str]
) -> D | None:
    if name not in known:
        mistakes.append(f"devices.{what}: {name!r} is none of {', '.join(known)}")
        return None
    try:
        return known[name](address, what)
    except ValueError as error:
        mistakes.append(f"devices.{what}_address: {error}")
        return None


def page_reader(address: str, device: str, models: Path = MODELS) -> PageDocumentReader:
    """`/path/of/folder?profile=photo|cradle`, or a camera over the glass: `v4l2:/dev/video1?size=1920x1080`.

    After a driver of a camera and a colon, the rest is that camera's own address; it looks all the time, pictures
    vote, and the profile is the cradle's. A folder's pictures are taken one by one.
    """
    driver, colon, rest = address.partition(":")
    if colon and driver in CAMERA:
        return PageDocumentReader(
            CAMERA[driver](rest, device),
            PageReader.load(Profile.CRADLE, models),
            _page_portraits(models),
            is_live=True,
        )
    at = Address.parse(address, frozenset({"profile"}))
    profile = Profile(at.choice("profile", Profile.PHOTO, tuple(Profile)))
    return PageDocumentReader(
        PageFolder(device, Path(at.place)), PageReader.load(profile, models), _page_portraits(models)
    )


def _page_portraits(models: Path) -> PagePortraits | None:
    """None without the face models; the kiosk refers everybody then, and says why."""
    try:
        return PagePortraits.load(models)
    except ModelAbsent:
        return None


def _disk(config: Config) -> Disk:
    marks = config.storage
    return Disk(lambda: disk_free_bytes(config.kiosk.folder), marks.soft_mark_mb * MB, marks.hard_mark_mb * MB)


def _manners(config: Config, languages: tuple[str, ...]) -> Manners:
    direction = config.kiosk.direction
    return Manners(
        languages=languages,
        direction=None if direction is LaneDirection.ASK else Direction(direction.value),
        scale=config.times.scale,
    )


def _quiet(config: Config) -> Quiet:
    """Raises `ConfigError`."""
    told = config.updates
    try:
        return Quiet(Hours.parse(told.hours), told.before_arrival_min, told.after_arrival_min)
    except ValueError as error:
        raise ConfigError((f"updates.hours: {error}",)) from error


def _site(config: Config) -> Site:
    return Site(
        kiosk=config.kiosk.id,
        port=config.kiosk.port,
        lane=config.kiosk.lane,
        direction=config.kiosk.direction.value,
        software=SOFTWARE,
        officer_url=config.pages.officer_url or f"http://{config.pages.officer}",
    )


def _condition(crossings: _Crossings, content: Content, folder: Path, gauges: Gauges) -> Condition:
    view = crossings.runner.view
    return Condition(
        state=view.state.value,
        help_called=view.help_called and not view.help_seen,
        devices=crossings.devices.health,
        policy_version=content.policy.version if content.policy else 0,
        list_version=content.list_version,
        list_age_hours=content.list_age_hours(),
        trust_version=content.trust_version,
        trust_age_hours=content.trust_age_hours(),
        disk_free_mb=disk_free_bytes(folder) // MB,
        power=gauges.power,
        storage_days=gauges.storage_days,
        passive_pad=crossings.eyes.passive_name if crossings.eyes else "",
    )


def _panel(config: Config) -> Panel:
    panel = config.panel
    return Panel(panel.width_px, panel.height_px, panel.width_mm, panel.viewing_distance_mm)
