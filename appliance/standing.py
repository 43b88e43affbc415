"""Whether this lane may be open, and whether this program is still the lane's: what others lay into its folder.

stopped    a technician closed the lane for a while (`landfall stop`); it stays closed over restarts
frozen     provisioning: this board is about to be another lane, or none
running    locked as long as the program runs: one program for one folder, and who wipes it knows when it is gone
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from appliance import durable
from appliance.clock import TimeKeeper
from appliance.config import ConfigError
from appliance.journey.machine import State
from appliance.post.keeper import Keeper
from appliance.post.storage import StorageFull
from border.messages.values import AlarmKind

log = logging.getLogger(__name__)

STOPPED, FROZEN, RUNNING = "stopped", "frozen", "running"
TOLD = "stopped-told"
"""There while the centre's last word from here is that the lane was stopped."""

LANE_STOPPED, LANE_STARTED = "lane_stopped", "lane_started"
NOBODY = (State.IDLE, State.OUT_OF_SERVICE)
EVERY_S = 1.0


class Twice(Exception):
    """Another program runs in this folder. `code` is stable."""

    code = "CFG-TWICE"

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{self.code}: another kiosk's program runs in {folder}")


def is_closed(folder: Path) -> bool:
    return (folder / STOPPED).exists() or (folder / FROZEN).exists()


def hold(folder: Path) -> int:
    """The lock of the program that runs here, as long as it runs. Raises `Twice`, and `ConfigError` for a folder that
    is not there or that nobody may write to."""
    try:
        return durable.lock(folder / RUNNING)
    except BlockingIOError:
        raise Twice(folder) from None
    except OSError as error:
        raise ConfigError((f"kiosk.folder: {folder}: {error.strerror}",)) from error


def is_held(folder: Path) -> bool:
    """Whether a program runs there."""
    return durable.is_locked(folder / RUNNING)


async def tell_of_stops(folder: Path, state: Callable[[], State], keeper: Keeper, times: TimeKeeper) -> None:
    """For ever: each closing by hand, once nobody is there any more, and each opening is an alarm to the centre.

    The alarm first, then the memory of it: a cut between them tells it twice, and never not at all.
    """
    while True:
        stopped, told = (folder / STOPPED).exists(), (folder / TOLD).exists()
        try:
            if stopped and not told and state() is State.OUT_OF_SERVICE:
                await _alarm(keeper, times, LANE_STOPPED)
                await asyncio.to_thread(durable.write, folder / TOLD, b"")
            elif told and not stopped:
                await _alarm(keeper, times, LANE_STARTED)
                await asyncio.to_thread(durable.remove, (folder / TOLD,))
        except (OSError, StorageFull) as error:
            log.error("a stop or start of the lane is not told yet: %s", error.__class__.__name__)
        await asyncio.sleep(EVERY_S)


async def _alarm(keeper: Keeper, times: TimeKeeper, detail: str) -> None:
    at = times.stamp()
    await keeper.call(lambda journal: journal.alarm(AlarmKind.DEVICE, detail, at))


class Founding:
    """What the program was started with: kiosk.toml and the lane's identity. A renewed certificate is the same."""

    def __init__(self, config: Path, keys: Path) -> None:
        self._config, self._certificate = config, keys / "device.crt"
        self._was = self._look()

    def holds(self) -> bool:
        """False: it is another lane's by now, or no lane's. What cannot be read proves nothing."""
        now = self._look()
        return now is None or now == self._was

    def _look(self) -> tuple[bytes, bytes] | None:
        try:
            text = self._config.read_bytes() if self._config.exists() else b""
            key = x509.load_pem_x509_certificate(self._certificate.read_bytes()).public_key() if text else None
        except (OSError, ValueError):
            return None
        return text, b"" if key is None else key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


async def until_succeeded(founding: Founding, state: Callable[[], State]) -> None:
    """Returns when this program is not the lane's any more and nobody is there: whoever supervises it starts it anew.

    Going on would sign with a key that headquarters has revoked, into a journal that may be gone.
    """
    while True:
        if state() in NOBODY and not await asyncio.to_thread(founding.holds):
            break
        await asyncio.sleep(EVERY_S)
    log.warning("the lane's configuration or identity was replaced; the program ends, to begin anew with it")
