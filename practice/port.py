"""A whole small port on loopback: development CA, broker, centre and kiosks, each a real process."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

from practice.broker import broker, wait_for_broker
from practice.processes import Process, answers, free_port
from practice.uplink import Uplink
from simulators.travellers import WATCHED, traveller

OFFICERS: tuple[tuple[str, str, str, str], ...] = (
    ("joseph", "Officer Joseph (practice)", "officer", "2468"),
    ("marie", "Supervisor Marie (practice)", "supervisor", "1357"),
)
"""Practice officers: id, name, role, PIN. Their roster is written into the practice folder alone."""

_LISTED = traveller(WATCHED)
PRACTICE_LIST = f"""\
version = 1
[[entries]]
id = "practice-1"
action = "speak_alone"
names = [{{ primary = "{_LISTED.primary_identifier}", secondary = "{_LISTED.secondary_identifier}" }}]
documents = ["{_LISTED.document_number}"]
"""
"""The practice watchlist: one synthetic traveller of the set, so that a match can be tried."""


TREE = Path(__file__).parent.parent
"""The program that came with the machine, and what new versions of it are packed from."""

Settings = Mapping[str, Mapping[str, float]]
"""Numbers of a kiosk.toml, by table and name."""


@dataclass(frozen=True, slots=True)
class Hardware:
    """Driver names and addresses of one kiosk, as they stand in kiosk.toml."""

    document_reader: str
    document_reader_address: str
    camera: str
    camera_address: str
    fingerprint: str
    fingerprint_address: str
    fill_light: str = "none"
    fill_light_address: str = "none"
    lane: str = "none"
    lane_address: str = "none"
    chip_reader: str = "none"
    chip_reader_address: str = "none"
    printer: str = "none"
    printer_address: str = "none"


@dataclass(frozen=True, slots=True)
class KioskPlace:
    """Where one kiosk's things are."""

    id: str
    folder: Path
    traveller_port: int
    officer_port: int
    uplink: Uplink
    process: Process


class Port:
    """Starts everything in order and stops it in the opposite one. Blocking; the uplinks need a running loop."""

    def __init__(
        self,
        folder: Path,
        kiosks: Sequence[str],
        *,
        database: str | None = None,
        watchlist: str = PRACTICE_LIST,
        launched: bool = False,
    ) -> None:
        """`launched`: kiosks run under the launcher and can be updated; else they are the process itself."""
        self.folder = folder.resolve()
        self.watchlist = watchlist
        self.kiosk_ids = tuple(kiosks)
        self.broker_port, self.console_port = free_port(), free_port()
        self.ca = self.folder / "ca"
        self.kiosks: list[KioskPlace] = []
        self._database = database or f"sqlite:{self.folder / 'centre' / 'centre.sqlite'}"
        self.broker: Process | None = None
        self.centre: Process | None = None
        self.updates: list[Process] = []
        self._launched = launched

    async def start_centre_side(self) -> None:
        """CA, signed lists, broker, centre."""
        self.folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._make_ca)
        self.broker = broker(self.folder / "broker", self.ca, self.broker_port)
        self.broker.start()
        await asyncio.to_thread(wait_for_broker, self.broker, self.broker_port)
        self.centre = Process("centre", self._centre_command(), self.folder / "centre" / "centre.log")
        self.centre.start()
        await asyncio.to_thread(self.centre.wait_until, lambda: answers(self.console_port), 20.0)

    def _make_ca(self) -> None:
        kiosks = [part for kiosk in self.kiosk_ids for part in ("--kiosk", kiosk)]
        run_module("central.ca", "init", str(self.ca), *kiosks)

    def _centre_command(self) -> list[str]:
        return module(
            "central",
            "--folder",
            str(self.ca / "centre"),
            "--database",
            self._database,
            "--broker",
            f"127.0.0.1:{self.broker_port}",
            "--console-port",
            str(self.console_port),
        )

    async def add_kiosk(
        self,
        kiosk: str,
        hardware: Hardware,
        *,
        scale: float = 1.0,
        settings: Settings | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> KioskPlace:
        """Write kiosk.toml, connect its uplink, start it and wait until its page answers.

        `settings`: further numbers by table and name, as {"storage": {"hard_mark_mb": 200}}. `environment`: what its
        process finds set besides ours.
        """
        uplink = Uplink(self.broker_port)
        await uplink.put()
        folder = self.folder / kiosk
        folder.mkdir(exist_ok=True)
        traveller, officer = free_port(), free_port()
        config = folder / "kiosk.toml"
        numbers = _tables({"times": {"scale": scale}}, settings or {})
        config.write_text(self._kiosk_toml(kiosk, hardware, (traveller, officer, uplink.port)) + numbers)
        process = Process(kiosk, self._app_command(folder, config), folder / "kiosk.log", environment=environment)
        place = KioskPlace(kiosk, folder, traveller, officer, uplink, process)
        self.kiosks.append(place)
        await asyncio.to_thread(self._seed, folder)
        process.start()
        await asyncio.to_thread(process.wait_until, lambda: answers(traveller) and answers(officer), 40.0)
        return place

    def _app_command(self, folder: Path, config: Path) -> list[str]:
        """The kiosk, or the launcher, which runs what the update client last installed, else this program."""
        if not self._launched:
            return module("appliance", "--config", str(config))
        shutil.rmtree(folder / "ota", ignore_errors=True)  # each start begins with the tree as it lies here
        shelf = folder / "ota" / "apps"
        shelf.mkdir(parents=True)
        return module("ota.launcher", "--shelf", str(shelf), "--built-in", str(TREE), "--", "--config", str(config))

    async def start_updates(self) -> int:
        """Headquarters' updates office and each kiosk's update client. The office's port."""
        port, folder = free_port(), self.folder / "updates"
        shutil.rmtree(folder, ignore_errors=True)
        command = module("ota.office_page", "--folder", str(folder), "--tree", str(TREE), "--port", str(port))
        office = Process("updates office", command, folder / "office.log")
        self.updates.append(office)
        office.start()
        await asyncio.to_thread(office.wait_until, lambda: answers(port), 20.0)
        stamp = folder / "image" / "metadata" / "timestamp.json"
        told = (str(self.ca / "centre"), str(stamp), "--broker", f"127.0.0.1:{self.broker_port}")
        announcer = Process("announcer", module("central.announcer", *told), folder / "announcer.log")
        self.updates.append(announcer)
        announcer.start()
        for place in self.kiosks:
            config = place.folder / "ota.toml"
            config.write_text(_ota_toml(place, folder, f"http://127.0.0.1:{port}/"))
            client = Process(f"{place.id} updates", module("ota", "--config", str(config)), place.folder / "ota.log")
            self.updates.append(client)
            client.start()
        return port

    def _seed(self, folder: Path) -> None:
        """What a technician would bring on a stick: officers, signed policy and watchlist."""
        for officer, name, role, pin in OFFICERS:
            run_module("appliance.post.officers", "add", str(folder), officer, name, role, pin)
        wanted = folder / "practice-watchlist.toml"
        wanted.write_text(self.watchlist)
        run_module("central.lists", "write", str(self.ca / "centre"), str(folder / "lists"), "--watchlist", str(wanted))

    def publish_trust(self, folder: Path, version: int) -> None:
        """Have headquarters sign what lies there, and the broker hand it to every kiosk."""
        arguments = ("trust", str(self.ca / "centre"), str(folder), "--version", str(version))
        run_module("central.lists", *arguments, "--broker", f"127.0.0.1:{self.broker_port}")

    def _kiosk_toml(self, kiosk: str, hardware: Hardware, ports: tuple[int, int, int]) -> str:
        traveller, officer, uplink = ports
        neighbours = [f"http://127.0.0.1:{place.officer_port}" for place in self.kiosks]
        return f"""\
# A practice kiosk: simulated travellers, development keys.
practice = true

[kiosk]
id = "{kiosk}"
port = "Practice Harbour"
lane = "{len(self.kiosks) + 1}"
folder = "."

[devices]
document_reader = "{hardware.document_reader}"
document_reader_address = "{hardware.document_reader_address}"
camera = "{hardware.camera}"
camera_address = "{hardware.camera_address}"
fingerprint = "{hardware.fingerprint}"
fingerprint_address = "{hardware.fingerprint_address}"
fill_light = "{hardware.fill_light}"
fill_light_address = "{hardware.fill_light_address}"
lane = "{hardware.lane}"
lane_address = "{hardware.lane_address}"
chip_reader = "{hardware.chip_reader}"
chip_reader_address = "{hardware.chip_reader_address}"
printer = "{hardware.printer}"
printer_address = "{hardware.printer_address}"

[centre]
brokers = ["localhost:{uplink}"]
keys = "{self.ca / "kiosks" / kiosk}"

[pages]
traveller = "127.0.0.1:{traveller}"
officer = "127.0.0.1:{officer}"
neighbours = {neighbours!r}

[updates]
pause_s = 3.0
"""

    async def stop(self) -> None:
        """Kiosks first, so that their last word still reaches the centre; before them, who would restart them."""
        for client in reversed(self.updates):
            await asyncio.to_thread(client.stop)
        for place in reversed(self.kiosks):
            await asyncio.to_thread(place.process.stop)
            await place.uplink.pull()
        for process in (self.centre, self.broker):
            if process is not None:
                await asyncio.to_thread(process.stop)


def _ota_toml(place: KioskPlace, office: Path, url: str) -> str:
    return f"""\
# The update client of a practice kiosk.
device = "{place.id}"
hardware = "practice"
folder = "ota"
office = "{url}"
director = "{url}director/{place.id}/metadata/"
image = "{url}image/metadata/"
content = "{url}image/targets/"
director_root = "{office / "director.root.json"}"
image_root = "{office / "image.root.json"}"
announcement = "announcement.json"
spread_s = 2
poll_s = 60

[app]
status = "http://127.0.0.1:{place.traveller_port}/update"
restart = {json.dumps([sys.executable, "-c", f"import os, signal; os.kill({place.process.pid}, signal.SIGHUP)"])}
gate_s = 45

[models]
prove = {json.dumps([sys.executable, "-m", "appliance.vision.built_in"])}
prove_s = 120
built_in = "{TREE}"
"""


def _tables(*settings: Settings) -> str:
    """As TOML; a later table of the same name adds to the earlier one."""
    together: dict[str, dict[str, float]] = {}
    for one in settings:
        for table, numbers in one.items():
            together.setdefault(table, {}).update(numbers)
    lines = (
        f"\n[{table}]\n" + "".join(f"{k} = {v}\n" for k, v in numbers.items()) for table, numbers in together.items()
    )
    return "".join(lines)


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules with this very Python."""
    return [sys.executable, "-m", name, *arguments]


def run_module(name: str, *arguments: str) -> None:
    """Run it to its end. Raises `CalledProcessError` with its words when it fails."""
    done = subprocess.run(module(name, *arguments), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{name} {arguments[0] if arguments else ''} failed:\n{done.stderr or done.stdout}")


class HardwareWrong(ValueError):
    """The [devices] of a kiosk.toml do not name all of it; the message says what is missing or unknown."""


def hardware_of(config: Path) -> Hardware:
    """The [devices] of a kiosk.toml a person wrote, for `make run` on real hardware. Raises `HardwareWrong`."""
    known = {field.name for field in fields(Hardware)}
    wanted = {field.name for field in fields(Hardware) if field.default is MISSING}
    try:
        table = tomllib.loads(config.read_text(encoding="utf-8")).get("devices", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise HardwareWrong(f"{config}: {error}") from error
    mistakes = [f"missing: {name}" for name in sorted(wanted - table.keys())]
    mistakes += [f"unknown: {name}" for name in sorted(table.keys() - known)]
    mistakes += [f"{name}: wants text" for name in sorted(known & table.keys()) if not isinstance(table[name], str)]
    if mistakes:
        raise HardwareWrong("\n  ".join([f"{config}: [devices]", *mistakes]))
    return Hardware(**table)
