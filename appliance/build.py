"""The composition root: the one file that knows every part, and puts one kiosk together from its configuration."""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from pathlib import Path

from starlette.applications import Starlette

from appliance.clock import SystemClock, TimeKeeper, read_boot_id
from appliance.config import Config, ConfigError, LaneDirection
from appliance.content import Content
from appliance.devices import Devices
from appliance.eyes import open_eyes
from appliance.journey.capture import Bench
from appliance.journey.deciding import Desk as DecisionDesk
from appliance.journey.ports import Hands
from appliance.journey.runner import Manners, Runner
from appliance.journey.screen import Screen
from appliance.keys import Keys, load_keys
from appliance.lane import Lane
from appliance.post import officers
from appliance.post.desk import Desk, Surroundings
from appliance.post.journal import Journal
from appliance.post.keeper import Keeper, Records
from appliance.post.neighbours import Neighbours
from appliance.post.schema import open_database
from appliance.post.storage import Disk
from appliance.reporting import brokers
from appliance.reporting.condition import Condition, Site, disk_free_bytes
from appliance.reporting.inbox import Inbox
from appliance.reporting.publisher import Publisher
from appliance.reporting.reports import Reporter
from appliance.reporting.settings import Settings
from appliance.times import Times
from appliance.web import catalogue as catalogues
from appliance.web.officer import officer_app
from appliance.web.panel import Panel
from appliance.web.speech import Speech
from appliance.web.traveller import traveller_app
from border.encounter import Direction
from drivers.catalogue import CAMERA, DOCUMENT_READER, FINGERPRINT

SOFTWARE = "0.1.0"
MB = 1_000_000
TABLET = Panel(1280, 800, 217.0, 600.0)
"""The officer's: a 10 inch tablet."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kiosk:
    """Everything that runs, and what has to be closed."""

    runner: Runner
    devices: Devices
    vision: Lane
    keeper: Keeper
    times: TimeKeeper
    neighbours: Neighbours
    publisher: Publisher
    traveller: Starlette
    officer: Starlette

    @property
    def lanes_are_alive(self) -> bool:
        overdue = any(lane.is_overdue for lane in (*self.devices.lanes, self.vision))
        return not overdue and not self.keeper.is_overdue and self.publisher.is_alive

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


def build(config: Config) -> Kiosk:
    """Raises `ConfigError`, `KeysUnusable`, `RosterWrong`, `ModelTampered`, `JournalUnsafe`: nothing starts then."""
    folder = config.kiosk.folder
    keys = _keys(config)
    keeper_of_time = TimeKeeper(SystemClock(), folder / "time", boot_id=read_boot_id())
    times = Times(keeper_of_time)
    content = Content(folder / "lists", keys.policy, times.now_ms, times.today)
    keeper_of_time.raise_floor(content.newest_signed_ms)
    keeper = Keeper(lambda: Journal(open_database(folder / "journal.sqlite"), keys, _disk(config)))
    records = Records(keeper, keeper_of_time.stamp)
    devices, vision = Devices(_hands(config)), Lane("vision")
    words = catalogues.load()
    screen = Screen(words.languages[0].code)
    bench = Bench(
        devices=devices,
        eyes=open_eyes(folder / "passive-pad", keys.policy),
        vision=vision,
        lists=content,
        stamps=times,
        screen=screen,
        dice=random.SystemRandom(),
    )
    desk = DecisionDesk(
        kiosk=keys.kiosk, records=records, lists=content, stamps=times, same_for_all_s=config.times.deciding_s
    )
    runner = Runner(bench, desk, _manners(config, tuple(language.code for language in words.languages)))
    neighbours, site = Neighbours(config.pages.neighbours), _site(config)

    def condition() -> Condition:
        return _condition(runner, devices, content, folder)

    inbox = Inbox(folder / "lists", keys.kiosk, keys.policy, lambda _kind: content.reload())
    publisher = Publisher(
        Settings(brokers=brokers.parse(config.centre.brokers), state_every_s=config.times.state_report_s),
        keys,
        keeper,
        reporter=Reporter(site, keys.signer, keeper_of_time, condition=condition, troubles=lambda: inbox.troubles),
        inbox=inbox,
    )
    keeper.ask(lambda journal: journal.when_recorded(publisher.nudge))
    post = Desk(
        keeper,
        officers.load(folder),
        keeper_of_time,
        site=site,
        surroundings=Surroundings(condition, lambda: publisher.connected, runner.help_seen),
        neighbours=neighbours,
    )
    panel = _panel(config)
    return Kiosk(
        runner=runner,
        devices=devices,
        vision=vision,
        keeper=keeper,
        times=keeper_of_time,
        neighbours=neighbours,
        publisher=publisher,
        traveller=traveller_app(
            runner, runner, Speech(words, folder / "speech"), words, panel, practice=config.practice
        ),
        officer=officer_app(post, words, TABLET, practice=config.practice),
    )


def _keys(config: Config) -> Keys:
    keys = load_keys(config.centre.keys)
    if keys.kiosk != config.kiosk.id:
        raise ConfigError((f"kiosk.id is {config.kiosk.id}, but the certificate's name is {keys.kiosk}",))
    return keys


def _hands(config: Config) -> Hands:
    """The drivers by name. Raises `ConfigError` naming every name the catalogue does not have."""
    devices = config.devices
    wanted = (
        ("document_reader", devices.document_reader, DOCUMENT_READER),
        ("camera", devices.camera, CAMERA),
        ("fingerprint", devices.fingerprint, FINGERPRINT),
    )
    unknown = [
        f"devices.{what}: {name!r} is none of {', '.join(known)}" for what, name, known in wanted if name not in known
    ]
    if unknown:
        raise ConfigError(tuple(unknown))
    return Hands(
        reader=DOCUMENT_READER[devices.document_reader](devices.document_reader_address, "document_reader"),
        camera=CAMERA[devices.camera](devices.camera_address, "camera"),
        sensor=FINGERPRINT[devices.fingerprint](devices.fingerprint_address, "fingerprint"),
    )


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


def _site(config: Config) -> Site:
    return Site(
        kiosk=config.kiosk.id,
        port=config.kiosk.port,
        lane=config.kiosk.lane,
        direction=config.kiosk.direction.value,
        software=SOFTWARE,
        officer_url=config.pages.officer_url or f"http://{config.pages.officer}",
    )


def _condition(runner: Runner, devices: Devices, content: Content, folder: Path) -> Condition:
    return Condition(
        state=runner.view.state.value,
        help_called=runner.view.help_called and not runner.view.help_seen,
        devices=devices.health,
        policy_version=content.policy.version if content.policy else 0,
        list_version=content.list_version,
        list_age_hours=content.list_age_hours(),
        disk_free_mb=disk_free_bytes(folder) // MB,
    )


def _panel(config: Config) -> Panel:
    panel = config.panel
    return Panel(panel.width_px, panel.height_px, panel.width_mm, panel.viewing_distance_mm)
