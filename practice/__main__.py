"""`make run`: a whole practice port on loopback, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import shutil
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import uvicorn

from practice.papers import Papers
from practice.port import Hardware, HardwareWrong, KioskPlace, Port, hardware_of
from practice.processes import NotReady, Process, free_port, told
from practice.quay import Quay
from practice.quay_page import QuayPage
from simulators.pcscd import Missing

KIOSK = "practice-kiosk-1"
IDLE = "idle"
"""What the kiosk's page says when all its simulated devices are there and a touch counts."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make run ARGS=...", description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path(".run"), help="where keys, databases and logs are kept")
    parser.add_argument("--hardware", type=Path, help="a kiosk.toml whose [devices] are real: no simulated hands then")
    parser.add_argument("--no-browser", action="store_true", help="do not open the kiosk page")
    parser.add_argument("--scale", type=float, default=1.0, help="all the journey's time limits times this")
    return parser.parse_args()


async def main(options: argparse.Namespace) -> int:
    leaving = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    port = Port(options.folder, (KIOSK,), launched=True)
    papers = Papers()
    quay = None if options.hardware else _quay(options.folder.resolve() / "quay", papers)
    page: tuple[_Server, asyncio.Task[None]] | None = None
    browser: Process | None = None
    try:
        _say("starting the development CA, the broker and the centre")
        await port.start_centre_side()
        _say("starting one kiosk")
        hardware = _simulated(quay, port) if quay else hardware_of(options.hardware)
        await asyncio.to_thread(_publish, papers, port)
        environment = quay.environment if quay else None
        kiosk = await port.add_kiosk(KIOSK, hardware, scale=options.scale, environment=environment)
        _say("starting the updates office and the kiosk's update client")
        updates_port = await port.start_updates()
        quay_port = free_port()
        if quay:
            screen = f"http://127.0.0.1:{kiosk.traveller_port}/state"
            quay.look(screen)
            server = _Server(_config(QuayPage(quay, port, kiosk), quay_port))
            page = server, asyncio.create_task(server.serve())
            await server.up.wait()  # a script may call as soon as the address is printed
            await asyncio.to_thread(kiosk.process.wait_until, lambda: (told(screen) or {}).get("state") == IDLE, 40.0)
        _tell(port, kiosk, updates_port, quay_port if quay else None)
        browser = None if options.no_browser else _browser(f"http://127.0.0.1:{kiosk.traveller_port}/", port.folder)
        if browser is not None:
            browser.start()
        await leaving.wait()
        return 0
    except (NotReady, HardwareWrong) as error:
        _say(str(error))
        return 1
    finally:
        _say("stopping")
        if browser is not None:
            browser.stop()
        if page is not None:
            page[0].should_exit = True
            await page[1]
        await port.stop()
        if quay is not None:
            await asyncio.to_thread(quay.close)


def _simulated(quay: Quay, port: Port) -> Hardware:
    quay.belong_to(port.ca / "kiosks" / KIOSK / "device.crt")
    return quay.hardware()


def _quay(folder: Path, papers: Papers) -> Quay:
    """With a virtual chip reader where this machine can have one."""
    try:
        return Quay(folder, papers=papers)
    except Missing as missing:
        _say(f"no chip reader: {missing}")
        return Quay(folder)


def _publish(papers: Papers, port: Port) -> None:
    """The practice states' authorities, through headquarters: today's, and of one day the latest."""
    folder = port.folder / "trust"
    shutil.rmtree(folder, ignore_errors=True)
    papers.publish(folder)
    port.publish_trust(folder, papers.today.toordinal())


class _Server(uvicorn.Server):
    """Says when it is up, and leaves the signals to us."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _config(page: QuayPage, port: int) -> uvicorn.Config:
    return uvicorn.Config(page.app(), port=port, log_level="warning", timeout_graceful_shutdown=2)


def _say(text: str) -> None:
    print(f"practice: {text}", file=sys.stderr, flush=True)


def _tell(port: Port, kiosk: KioskPlace, updates_port: int, quay_port: int | None) -> None:
    rows = [
        ("traveller page", f"http://127.0.0.1:{kiosk.traveller_port}/"),
        ("officer page", f"http://127.0.0.1:{kiosk.officer_port}/   (joseph, PIN 2468)"),
        ("centre", f"http://127.0.0.1:{port.console_port}/"),
        ("updates", f"http://127.0.0.1:{updates_port}/   (publish the app, halt)"),
    ]
    if quay_port is not None:
        rows.append(("quay", f"http://127.0.0.1:{quay_port}/   (be the traveller)"))
    print("\n".join(f"{name:>16}  {url}" for name, url in rows), flush=True)
    print("Ctrl-C stops everything.", flush=True)


def _browser(url: str, folder: Path) -> Process | None:
    """The kiosk page, where there is a screen to open it on."""
    program = shutil.which("chromium")
    if program is None or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return None
    window = [program, f"--app={url}", f"--user-data-dir={folder / 'browser'}", "--no-first-run"]
    return Process("browser", window, folder / "browser.log")


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
