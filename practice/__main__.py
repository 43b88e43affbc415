"""`make run`: a whole practice port on loopback, until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import uvicorn

from practice.port import KioskPlace, Port, hardware_of
from practice.processes import NotReady, free_port
from practice.quay import Quay
from practice.quay_page import QuayPage

KIOSK = "practice-kiosk-1"


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
    port = Port(options.folder, (KIOSK,))
    quay = None if options.hardware else Quay(options.folder.resolve() / "quay")
    page: asyncio.Task[None] | None = None
    try:
        _say("starting the development CA, the broker and the centre")
        await port.start_centre_side()
        _say("starting one kiosk")
        hardware = quay.hardware() if quay else hardware_of(options.hardware)
        kiosk = await port.add_kiosk(KIOSK, hardware, scale=options.scale)
        quay_port = free_port()
        if quay:
            quay.look(f"http://127.0.0.1:{kiosk.traveller_port}/state")
            page = asyncio.create_task(serve(QuayPage(quay, port, kiosk), quay_port))
        _tell(port, kiosk, quay_port if quay else None)
        if not options.no_browser:
            _open(f"http://127.0.0.1:{kiosk.traveller_port}/")
        await leaving.wait()
        return 0
    except NotReady as error:
        _say(str(error))
        return 1
    finally:
        _say("stopping")
        if page is not None:
            page.cancel()
        await port.stop()
        if quay is not None:
            await asyncio.to_thread(quay.close)


class _Server(uvicorn.Server):
    """Leaves the signals to us."""

    def install_signal_handlers(self) -> None:
        return


async def serve(page: QuayPage, port: int) -> None:
    config = uvicorn.Config(page.app(), port=port, log_level="warning", timeout_graceful_shutdown=2)
    await _Server(config)._serve()


def _say(text: str) -> None:
    print(f"practice: {text}", file=sys.stderr, flush=True)


def _tell(port: Port, kiosk: KioskPlace, quay_port: int | None) -> None:
    rows = [
        ("traveller page", f"http://127.0.0.1:{kiosk.traveller_port}/"),
        ("officer page", f"http://127.0.0.1:{kiosk.officer_port}/   (joseph, PIN 2468)"),
        ("centre", f"http://127.0.0.1:{port.console_port}/"),
    ]
    if quay_port is not None:
        rows.append(("quay", f"http://127.0.0.1:{quay_port}/   (be the traveller)"))
    print("\n".join(f"{name:>16}  {url}" for name, url in rows), flush=True)
    print("Ctrl-C stops everything.", flush=True)


def _open(url: str) -> None:
    """The kiosk page, where there is a screen to open it on."""
    browser = shutil.which("chromium")
    if browser and (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        profile = ["--user-data-dir=" + str(Path(".run/browser").resolve()), "--no-first-run"]
        subprocess.Popen([browser, f"--app={url}", *profile], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(asyncio.run(main(arguments())))
