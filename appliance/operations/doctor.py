"""What ails this kiosk: looks that need no running program, each with the next step. They change nothing."""

from __future__ import annotations

import socket
import sqlite3
import ssl
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from appliance import clock
from appliance.config import Config
from appliance.keys import KeysUnusable, TlsFiles, load_keys
from appliance.operations import waiting
from appliance.operations.findings import ACT, LOOK, OK, Finding
from appliance.reporting import brokers
from appliance.reporting.brokers import Broker
from appliance.reporting.condition import disk_free_bytes
from appliance.reporting.settings import dates_fit, tls_context
from appliance.standing import FROZEN, STOPPED
from appliance.vision.errors import ModelAbsent, ModelError
from appliance.vision.model import MODELS, read_card, read_checked
from border.encounter import ClockState

MB = 1_000_000
REACH_S = 5.0
SOON_DAYS = 14
LONGEST_WATCHDOG_S = 15
"""A Raspberry Pi's watchdog takes no longer time, and then is silently not there."""


def look(config: Config, root: Path = Path("/")) -> Iterator[Finding]:
    """One finding after the other, as they are found. `root`: where /sys is."""
    for check in CHECKS:
        yield from check(config)
    yield watchdog(root)


def _folder(config: Config) -> Iterator[Finding]:
    """A file is written, synced and removed: what cannot be written cannot be kept."""
    probe = config.kiosk.folder / ".doctor"
    try:
        probe.write_bytes(b"landfall")
        probe.unlink()
        free_mb = disk_free_bytes(config.kiosk.folder) // MB
    except OSError as error:
        yield Finding("folder", ACT, error.strerror or "cannot be written", "Look at the disk and its mount.")
        return
    marks = config.storage
    level = OK if free_mb > marks.soft_mark_mb else LOOK if free_mb > marks.hard_mark_mb else ACT
    yield Finding("disk", level, f"{free_mb} MB free", "" if level == OK else "Bring the uplink back, or export.")


def _lane(config: Config) -> Iterator[Finding]:
    folder = config.kiosk.folder
    if (folder / FROZEN).exists():
        yield Finding("lane", LOOK, "was closed by the technician's tool", "Finish the operation on its page.")
    elif (folder / STOPPED).exists():
        yield Finding("lane", LOOK, "was closed by hand", "landfall start")


def _journal(config: Config) -> Iterator[Finding]:
    try:
        said = waiting.sound(config.kiosk.folder)
    except sqlite3.Error:
        yield Finding("journal", LOOK, "there is none yet", "Start the kiosk once.")
        return
    if said:
        yield Finding("journal", ACT, said[:120], "Do not delete it. Export what can be read and ask headquarters.")
    else:
        yield Finding("journal", OK)


def _keys(config: Config) -> Iterator[Finding]:
    try:
        keys = load_keys(config.centre.keys)
        shown = [config.centre.keys / "device.crt", *([keys.tls.certificate] if keys.tls else [])]
        ends = min(x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc for path in shown)
    except (KeysUnusable, OSError, ValueError) as error:
        why = str(error).replace("\n", "; ")
        yield Finding("keys", ACT, why, "Bring the whole folder again; never mix two kiosks'.")
        return
    if keys.kiosk != config.kiosk.id:
        yield Finding("keys", ACT, "are those of another kiosk", "Bring this kiosk's own folder of keys.")
        return
    left = (ends - datetime.now(UTC)).days
    if left >= SOON_DAYS:
        yield Finding("certificate", OK, f"{left} days left")
    else:
        level = LOOK if left >= 0 else ACT
        yield Finding("certificate", level, f"{left} days left", "Renew it: the technician's page tells how.")


def _clock(config: Config) -> Iterator[Finding]:
    keeper = clock.TimeKeeper(clock.SystemClock(), config.kiosk.folder / "time", boot_id=clock.read_boot_id())
    state = keeper.stamp().clock
    steps = {
        ClockState.TRUSTED: (OK, ""),
        ClockState.FLOOR: (LOOK, "Nobody disciplines it: look at chrony and the port's other kiosks."),
        ClockState.UNTRUSTED: (
            ACT,
            "It stands before the newest time there is proof of: set it, look at the RTC cell.",
        ),
    }
    level, step = steps[state]
    yield Finding("clock", level, state.value, step)


def _models(config: Config) -> Iterator[Finding]:  # noqa: ARG001 - one signature for all
    for name in sorted(path.stem for path in MODELS.glob("*.toml")):
        try:
            read_checked(MODELS, read_card(MODELS, name))
        except ModelAbsent:
            yield Finding(
                f"model.{name}", ACT, "is not there: every traveller is referred", "Install the release again."
            )
        except (ModelError, OSError) as error:
            yield Finding(f"model.{name}", ACT, str(error)[:120], "Install the release again.")
        else:
            yield Finding(f"model.{name}", OK)


def _devices(config: Config) -> Iterator[Finding]:
    """Only whether a node is there: the running program has the device and says how it is."""
    devices = config.devices
    for name in ("document_reader", "camera", "fingerprint", "fill_light", "lane", "printer"):
        address = str(getattr(devices, f"{name}_address")).partition("?")[0]
        if not address.startswith("/dev/"):
            continue
        if Path(address).exists():
            yield Finding(name, OK, address)
        else:
            yield Finding(name, ACT, f"{address} is not there", "Plug it in; compare the address with `ls /dev`.")


def _brokers(config: Config) -> Iterator[Finding]:
    try:
        found = brokers.parse(config.centre.brokers)
    except ValueError as error:
        yield Finding("brokers", ACT, str(error), "Correct kiosk.toml.")
        return
    try:
        files = load_keys(config.centre.keys).tls
    except KeysUnusable:
        files = None
    if files is None:
        return  # that is said of the keys, and no cable would help
    reached = [_reached(f"broker.{number}", broker, files) for number, broker in enumerate(found, start=1)]
    yield from reached
    if all(one.level == ACT for one in reached):
        yield Finding("uplink", LOOK, "no broker answers", "Go on as usual: records wait. For days: export to a stick.")


def _reached(what: str, broker: Broker, files: TlsFiles) -> Finding:
    try:
        context = tls_context(files, 0.0)
        with (
            socket.create_connection((broker.host, broker.port), REACH_S) as plain,
            context.wrap_socket(plain, server_hostname=broker.host) as line,
        ):
            line.settimeout(REACH_S)
            in_date = dates_fit(line.getpeercert(), time.time())
    except ssl.SSLCertVerificationError as error:
        return Finding(
            what, ACT, f"{broker}: its certificate: {error.verify_message}", "Compare ca.crt with the centre's."
        )
    except ssl.SSLError as error:
        return Finding(
            what, ACT, f"{broker}: TLS: {error.reason}", "It does not take this kiosk's certificate: renew it."
        )
    except socket.gaierror:
        return Finding(
            what, ACT, f"{broker}: its name is not known here", "Look at the port's name server, or write an address."
        )
    except TimeoutError:
        return Finding(what, ACT, f"{broker} does not answer", "Look at cable, router and the centre's firewall.")
    except ConnectionResetError:
        return Finding(what, ACT, f"{broker} hangs up when greeted", "Is that its port with TLS, usually 8883?")
    except OSError as error:
        return Finding(what, ACT, f"{broker}: {error.strerror or 'cannot be reached'}", "Look at cable and router.")
    if not in_date:
        return Finding(
            what, LOOK, f"{broker}: its certificate is not in force by this clock", "One of the two clocks is wrong."
        )
    return Finding(what, OK, str(broker))


def watchdog(root: Path) -> Finding:
    """Whether the hardware watchdog runs, with a time it can keep."""
    place = root / "sys/class/watchdog/watchdog0"
    try:
        state, seconds = (place / "state").read_text().strip(), int((place / "timeout").read_text())
    except (OSError, ValueError):
        return Finding("watchdog", LOOK, "this machine has none", "On a Raspberry Pi: RuntimeWatchdogSec=15 at most.")
    if state != "active":
        return Finding("watchdog", ACT, "it does not run", "RuntimeWatchdogSec in systemd's settings, 15 s at most.")
    if seconds > LONGEST_WATCHDOG_S:
        return Finding("watchdog", LOOK, f"waits {seconds} s", "15 s at most: a Raspberry Pi takes no longer.")
    return Finding("watchdog", OK, f"{seconds} s")


CHECKS: tuple[Callable[[Config], Iterator[Finding]], ...] = (
    _folder,
    _lane,
    _journal,
    _keys,
    _clock,
    _models,
    _devices,
    _brokers,
)
