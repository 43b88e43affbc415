"""Pictures of the real pages: a practice port is started, a synthetic traveller crosses, Chromium looks."""

from __future__ import annotations

import json
import signal
import struct
import subprocess
import sys
import tempfile
import time
import urllib.request
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
SWITCHES = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
WIDTH_PX = 960
MOST_BYTES = 149_000
PATIENCE_S = 90.0
OFFICER = ("joseph", "2468")
"""A practice officer; practice/port.py seeds him."""


class Port:
    """`make run` as a newcomer has it, in a folder of its own. `addresses` are those it prints."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "practice", "--folder", str(folder), "--no-browser"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addresses: dict[str, str] = {}
        assert self._process.stdout is not None
        for line in self._process.stdout:
            name, found, rest = line.strip().partition("  http")
            if found:
                self.addresses[name] = f"http{rest}".split()[0].rstrip("/")
            if line.startswith("Ctrl-C"):
                return
        raise RuntimeError(f"the practice port did not start; its folder was {folder}")

    def do(self, what: str) -> None:
        """What the quay page's buttons do: `present/skipper`, `swipe/well`."""
        request = urllib.request.Request(f"{self.addresses['quay']}/do/{what}", method="POST")  # noqa: S310
        with urllib.request.urlopen(request, timeout=30.0) as answer:  # noqa: S310  our own loopback address
            answer.read()

    def screen(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.addresses['traveller page']}/state", timeout=5.0) as answer:  # noqa: S310
            told: dict[str, Any] = json.load(answer)
            return told

    def wait_for(self, *states: str) -> str:
        return str(self.wait_until(lambda now: now["state"] in states)["state"])

    def wait_until(self, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        ends_s = time.monotonic() + PATIENCE_S
        while not holds(now := self.screen()):
            if time.monotonic() > ends_s:
                raise TimeoutError(f"waited in vain; the screen shows {now}")
            time.sleep(0.05)
        return now

    def close(self) -> None:
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60.0)


@contextmanager
def practice_port() -> Iterator[Port]:
    with tempfile.TemporaryDirectory() as folder:
        port = Port(Path(folder))
        try:
            yield port
        finally:
            port.close()


def take(into: Path) -> tuple[str, ...]:
    """Every picture, into this folder; the names that were written."""
    into.mkdir(parents=True, exist_ok=True)
    names: list[str] = []

    def shot(page: Page, name: str) -> None:
        (into / name).write_bytes(small_png(page.screenshot()))
        names.append(name)

    with practice_port() as port, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=SWITCHES)
        panel = chromium.new_page(viewport={"width": 1280, "height": 800})
        panel.goto(port.addresses["traveller page"])
        crossing(port, panel, shot)
        referral(port, panel)
        for name, look in (("officer", officer), ("quay", quay), ("centre", centre)):
            look(port, chromium.new_page(viewport={"width": 1280, "height": 800}), shot)
            print(f"pictures: {name}")
        chromium.close()
    return tuple(names)


Shot = Callable[[Page, str], None]


def crossing(port: Port, panel: Page, shot: Shot) -> None:
    """A traveller with nothing against her, from the first screen to the slip."""
    port.wait_for("idle")
    panel.wait_for_selector("#language-en")
    shot(panel, "kiosk-languages.png")
    port.do("present/deckhand")
    panel.click("#language-en")
    panel.click("#touch-arriving")
    port.wait_for("document")
    time.sleep(1.0)
    port.do("swipe/well")
    port.wait_for("turn")
    port.wait_until(lambda now: now["asked"] in ("turn_left", "turn_right") or now["state"] != "turn")
    time.sleep(0.6)
    shot(panel, "kiosk-turn.png")
    port.wait_for("finger")
    port.do("finger/own")
    end = port.wait_for("cleared", "referred")
    if end != "cleared":
        raise RuntimeError("the traveller of the picture was referred: is the machine very busy? take it again")
    panel.wait_for_selector(".slip .number")
    time.sleep(0.5)
    shot(panel, "kiosk-slip.png")
    panel.click("#touch-finish")


def referral(port: Port, panel: Page) -> None:
    """Somebody whose passport has run out, for the officer's page."""
    port.wait_for("idle")
    port.do("present/expired")
    panel.click("#language-fr")
    panel.click("#touch-arriving")
    port.wait_for("document")
    time.sleep(1.0)
    port.do("swipe/well")
    if port.wait_for("finger", "referred") == "finger":
        port.do("finger/own")
    port.wait_for("referred")


def officer(port: Port, page: Page, shot: Shot) -> None:
    page.goto(port.addresses["officer page"])
    page.fill("#officer", OFFICER[0])
    page.fill("#pin", OFFICER[1])
    page.keyboard.press("Enter")
    page.wait_for_selector("#desk")
    shot(page, "officer-desk.png")
    page.click("#desk button:has-text('Take')")
    page.wait_for_selector("#decision, #take")
    shot(page, "officer-case.png")


def quay(port: Port, page: Page, shot: Shot) -> None:
    page.goto(port.addresses["quay"])
    page.wait_for_selector("[data-now=screen]:not(:text-is('…'))")
    shot(page, "quay.png")


def centre(port: Port, page: Page, shot: Shot) -> None:
    page.goto(port.addresses["centre"])
    page.wait_for_selector("tbody tr")
    shot(page, "centre.png")


def small_png(png: bytes) -> bytes:
    """The same picture for a page of text: `WIDTH_PX` wide, with a palette when it would be too large without."""
    pixels = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    height = round(pixels.shape[0] * WIDTH_PX / pixels.shape[1])
    small = cv2.resize(pixels, (WIDTH_PX, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
    done = cv2.imencode(".png", small, [cv2.IMWRITE_PNG_COMPRESSION, 9])[1].tobytes()
    return done if len(done) <= MOST_BYTES else palette_png(small)


def palette_png(pixels: NDArray[np.uint8]) -> bytes:
    """PNG of 256 colours: the 96 most frequent as they are, the others by k-means.

    `pixels`: height x width x 3, BGR.
    """
    colours, which, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    exact = colours[np.argsort(counts)[::-1][:96]]
    cv2.setRNGSeed(1)
    ending = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    start = np.zeros((0, 1), np.int32)
    _, _, centres = cv2.kmeans(colours.astype(np.float32), 160, start, ending, 1, cv2.KMEANS_PP_CENTERS)
    palette = np.concatenate([exact, np.clip(np.rint(centres), 0, 255).astype(np.uint8)])
    nearest = np.array([np.argmin(((palette.astype(np.int32) - one) ** 2).sum(axis=1)) for one in colours], np.uint8)
    rows = nearest[which.reshape(-1)].reshape(pixels.shape[:2])
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], 8, 3, 0, 0, 0)
    chunks = (
        (b"IHDR", head),
        (b"PLTE", palette[:, ::-1].tobytes()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
