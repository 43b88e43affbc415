"""The kiosk's process: one loop for journey and pages, one thread per device, until SIGTERM."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from appliance.build import Kiosk, build
from appliance.config import Config, ConfigError, load
from appliance.journey.machine import State
from appliance.kept_log import KeptLog
from appliance.keys import KeysUnusable
from appliance.post.officers import RosterWrong
from appliance.post.schema import JournalUnsafe
from appliance.receipts import take_receipts
from appliance.standing import Founding, Twice, hold, tell_of_stops, until_succeeded
from appliance.updates import keep_updated
from appliance.upkeep import keep_up
from appliance.vision.errors import ModelError
from appliance.watchdog import PageHealth, beat, notify

CANNOT_START = 2


class _Server(uvicorn.Server):
    """Leaves the signals to us, so that both pages and the journey stop together."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(config: Config, kiosk: Kiosk, founding: Founding) -> None:
    """Run until a signal, or until this is another lane. A bug that escapes the journey ends the process; systemd
    starts it again."""
    leaving = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    servers = [_server(kiosk.traveller, config.pages.traveller), _server(kiosk.officer, config.pages.officer)]
    kiosk.start()
    health = PageHealth()

    def dead() -> tuple[str, ...]:
        runner, now_s = kiosk.runner, kiosk.times.clock.monotonic_s()
        paints = health.is_alive(runner.view.revision, runner.painted_revision, runner.painted_at_s, now_s)
        return kiosk.dead_lanes if paints else (*kiosk.dead_lanes, "page")

    upkeep = keep_up(kiosk.keeper, kiosk.times, kiosk.retention)
    receipts = take_receipts(config.kiosk.folder, kiosk.keys, kiosk.keeper, kiosk.times)

    def state() -> State:
        return kiosk.runner.view.state

    updating = keep_updated(kiosk.updates, state)
    stops = tell_of_stops(config.kiosk.folder, state, kiosk.keeper, kiosk.times)
    succeeded = until_succeeded(founding, state)
    journey = (kiosk.runner.run(), kiosk.gate.run())
    endless = (*journey, beat(dead), upkeep, kiosk.measuring(), receipts, updating, stops, succeeded)
    own = [asyncio.create_task(work) for work in endless]
    works = [*own, *(asyncio.create_task(server.serve()) for server in servers)]
    stop = asyncio.create_task(leaving.wait())
    served = asyncio.create_task(_say_when_served(servers))
    try:
        done, _ = await asyncio.wait([stop, *works], return_when=asyncio.FIRST_COMPLETED)
        for task in done - {stop}:
            task.result()  # raises what ended it
    finally:
        notify("STOPPING=1")
        for server in servers:
            server.should_exit = True
        for task in (served, *own):
            task.cancel()
        await asyncio.wait(works, timeout=5.0)


async def _say_when_served(servers: Sequence[_Server]) -> None:
    """Who waits for us, the browser above all, must find the page."""
    while not all(server.started for server in servers):  # noqa: ASYNC110 - uvicorn has a flag and nothing to wait for
        await asyncio.sleep(0.05)
    notify("READY=1")


def _server(app: Starlette, address: str) -> _Server:
    host, _, port = address.rpartition(":")
    return _Server(
        uvicorn.Config(
            app,
            host=host,
            port=int(port),
            log_level="warning",
            ws_per_message_deflate=False,  # JPEG does not deflate; the processor would be the one to suffer
            timeout_graceful_shutdown=2,  # open event streams never end by themselves
        )
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m appliance", description=__doc__)
    parser.add_argument("--config", type=Path, required=True, help="kiosk.toml")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        config = load(options.config)
        lock = hold(config.kiosk.folder)
        founding = Founding(options.config, config.centre.keys)
        logging.getLogger().addHandler(KeptLog(config.kiosk.folder))
        kiosk = build(config)
    except (ConfigError, KeysUnusable, RosterWrong, ModelError, JournalUnsafe, Twice) as error:
        sys.stderr.write(f"{error}\n")
        return CANNOT_START
    try:
        asyncio.run(serve(config, kiosk, founding))
    finally:
        kiosk.close()
        os.close(lock)
    return 0


if __name__ == "__main__":
    sys.exit(main())
