"""The screen's own script as a process, with a browser that only writes down what it was asked to open."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from provisioning.image.tree import LAYERS

SCRIPT = LAYERS / "kiosk/files/usr/lib/landfall/browser"
PATIENCE_S = 60.0
CHROMIUM = """\
#!/bin/bash
echo "$$ ${!#}" >> "$XDG_RUNTIME_DIR/opened"
exec sleep 600
"""
HANGS = CHROMIUM.replace("exec sleep 600", "trap '' TERM; while true; do sleep 1; done")


@dataclass(frozen=True, slots=True)
class Screen:
    """What the script is given, and what its browsers wrote down."""

    folder: Path
    traveller: str
    technician: str

    @property
    def commissioned(self) -> Path:
        return self.folder / "commissioned"

    def start(self, patience_s: int = 300) -> subprocess.Popen[bytes]:
        words = [str(SCRIPT), str(self.commissioned), self.traveller, self.technician, str(patience_s)]
        path = f"{self.folder}:{os.environ['PATH']}"
        return subprocess.Popen(words, env={**os.environ, "PATH": path, "XDG_RUNTIME_DIR": str(self.folder)})

    def opened(self) -> list[str]:
        """Addresses, first one first."""
        return [line.split()[1] for line in self._lines()]

    def browsers(self) -> list[int]:
        """Of all that were started, those that run."""
        return [pid for line in self._lines() if _runs(pid := int(line.split()[0]))]

    def _lines(self) -> list[str]:
        there = self.folder / "opened"
        return there.read_text().splitlines() if there.exists() else []


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.05)


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Screen]:
    if shutil.which("bash") is None:
        pytest.skip("bash is missing")
    browser = tmp_path / "chromium"
    browser.write_text(CHROMIUM)
    browser.chmod(0o755)
    with ExitStack() as stack:
        ports = [stack.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1] for _ in range(2)]
        yield Screen(tmp_path, f"127.0.0.1:{ports[0]}", f"localhost:{ports[1]}")


@pytest.fixture
def running(screen: Screen) -> Iterator[subprocess.Popen[bytes]]:
    script = screen.start()
    try:
        yield script
    finally:
        script.terminate()
        script.wait(PATIENCE_S)


def test_after_commissioning_the_traveller_page_comes_by_itself(
    screen: Screen, running: subprocess.Popen[bytes]
) -> None:
    until(lambda: screen.opened() == [f"http://{screen.technician}/"])
    screen.commissioned.write_text("digest\n")
    until(lambda: screen.opened() == [f"http://{screen.technician}/", f"http://{screen.traveller}/"])
    until(lambda: len(screen.browsers()) == 1)
    assert running.poll() is None


def test_a_browser_that_does_not_hear_is_ended_all_the_same(screen: Screen) -> None:
    (screen.folder / "chromium").write_text(HANGS)
    script = screen.start()
    until(lambda: screen.opened() == [f"http://{screen.technician}/"])
    screen.commissioned.write_text("digest\n")
    until(lambda: len(screen.opened()) == 2 and len(screen.browsers()) == 1)
    script.kill()
    script.wait()
    os.kill(screen.browsers()[0], signal.SIGKILL)


def test_the_technicians_page_stays_until_the_other_one_is_served(screen: Screen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        later = probe.getsockname()[1]
    waits = Screen(screen.folder, f"127.0.0.1:{later}", screen.technician)
    script = waits.start()
    try:
        until(lambda: len(waits.browsers()) == 1)
        waits.commissioned.write_text("digest\n")
        time.sleep(3.0)  # longer than it waits between two looks
        assert waits.opened() == [f"http://{waits.technician}/"]
        assert len(waits.browsers()) == 1
        with socket.create_server(("127.0.0.1", later)):
            until(lambda: waits.opened()[-1] == f"http://{waits.traveller}/")
    finally:
        script.terminate()
        script.wait(PATIENCE_S)


def test_a_lane_that_closes_for_good_shows_the_technicians_page(
    screen: Screen, running: subprocess.Popen[bytes]
) -> None:
    screen.commissioned.write_text("digest\n")
    until(lambda: screen.opened()[-1:] == [f"http://{screen.traveller}/"])
    screen.commissioned.unlink()
    until(lambda: screen.opened()[-1:] == [f"http://{screen.technician}/"])
    assert running.poll() is None


@pytest.mark.usefixtures("running")
def test_nothing_is_opened_before_it_is_served(tmp_path: Path, screen: Screen) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        unused = f"127.0.0.1:{probe.getsockname()[1]}"
    waiting = Screen(tmp_path / "waits", unused, unused)
    waiting.folder.mkdir()
    shutil.copy(screen.folder / "chromium", waiting.folder)
    script = waiting.start()
    try:
        until(lambda: bool(screen.opened()))  # the other one, which is served, has come as far by now
        assert waiting.opened() == []
    finally:
        script.terminate()
        script.wait(PATIENCE_S)


def test_a_browser_that_ends_by_itself_ends_the_script_and_the_unit_starts_it_anew(
    screen: Screen, running: subprocess.Popen[bytes]
) -> None:
    until(lambda: len(screen.browsers()) == 1)
    os.kill(screen.browsers()[0], signal.SIGKILL)
    assert running.wait(PATIENCE_S) == 1


class Kiosk(BaseHTTPRequestHandler):
    """Says of its page what it is told to say."""

    paints = False

    def do_GET(self) -> None:
        body = json.dumps({"paints": self.paints}, separators=(",", ":")).encode() if self.path == "/update" else b""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.mark.parametrize("paints", [False, True])
def test_a_browser_that_paints_nothing_is_opened_again(screen: Screen, *, paints: bool) -> None:
    handler = type("Handler", (Kiosk,), {"paints": paints})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        shown = Screen(screen.folder, f"127.0.0.1:{server.server_port}", screen.technician)
        shown.commissioned.write_text("digest\n")
        script = shown.start(patience_s=1)
        try:
            until(lambda: len(shown.opened()) >= (1 if paints else 3))
            if paints:
                time.sleep(6.0)  # twice its looks, and its patience
                assert len(shown.opened()) == 1
            until(lambda: len(shown.browsers()) == 1)
        finally:
            script.terminate()
            script.wait(PATIENCE_S)
            server.shutdown()


def test_whoever_ends_the_script_ends_its_browser(screen: Screen, running: subprocess.Popen[bytes]) -> None:
    until(lambda: len(screen.browsers()) == 1)
    running.terminate()
    running.wait(PATIENCE_S)
    until(lambda: screen.browsers() == [])
