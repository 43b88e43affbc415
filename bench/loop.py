"""How late the kiosk's event loop is while frames are judged: the loop of the real kiosk, asked every millisecond.

    python -m bench.loop [--crossings 4] [--fps 30]

A whole practice port runs with a traveller who costs no time, and somebody watches the mirror as the page does. A
tick is late by what passes beyond its millisecond until the loop comes to it. Judging: the face and turn steps, in
which every frame is judged; resting: the home screen. Named peer: the same eyes, the same frames, asked on the
loop itself instead of on the vision lane.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Origin

from appliance.__main__ import serve
from appliance.build import build
from appliance.config import load
from appliance.eyes import TfliteEyes
from appliance.journey.machine import State
from appliance.standing import Founding
from appliance.vision.face_reading import FaceReader
from appliance.vision.finger_quality import FingerReader
from bench.hands import Hands, wait_for
from bench.journey import crossing
from border.rules.default import DEVELOPMENT
from practice.port import KioskPlace, Port, module
from practice.processes import Process, answers
from simulators.faces import Identity, Scene, render
from simulators.travellers import traveller

KIOSK = "bench-kiosk"
TICK_S = 0.001
JUDGING = (State.FACE.value, State.TURN.value)
PEER_FRAMES = 60
LIMIT_S = 60.0
Ticks = dict[str, list[float]]
"""Milliseconds late, by what the loop was doing."""


async def tick(into: Ticks, what: Callable[[], str]) -> None:
    """For ever: note how late the loop is."""
    while True:
        due_s = time.perf_counter() + TICK_S
        await asyncio.sleep(TICK_S)
        into.setdefault(what(), []).append((time.perf_counter() - due_s) * 1000)


async def watched_kiosk(config: Path) -> Ticks:
    """The real kiosk with one more task on its loop; what that saw, once the kiosk was told to stop."""
    told = load(config)
    kiosk, seen = build(told), Ticks()
    ticking = asyncio.create_task(tick(seen, lambda: kiosk.runner.view.state.value))
    try:
        await serve(told, kiosk, Founding(config, told.centre.keys))
    finally:
        ticking.cancel()
        kiosk.close()
    return seen


async def judged_on_the_loop(fps: float) -> list[float]:
    """The peer: frames come as from a camera, and the loop judges them itself."""
    eyes, late = TfliteEyes(FaceReader.load(), FingerReader.load()), Ticks()
    frames = [render(Identity.of(2), scene=Scene(noise_seed=seed)) for seed in range(3)]
    eyes.look(frames[0], DEVELOPMENT.face)
    ticking = asyncio.create_task(tick(late, lambda: ""))
    for number in range(PEER_FRAMES):
        await asyncio.sleep(1 / fps)
        eyes.look(frames[number % len(frames)], DEVELOPMENT.face)
    ticking.cancel()
    return late[""]


def lateness_ms(late: Iterable[float]) -> dict[str, float]:
    """The figures of one list of ticks."""
    all_ms = np.asarray(list(late))
    if not all_ms.size:
        raise RuntimeError("the loop was never asked")
    p50, p99 = np.percentile(all_ms, (50, 99))
    shown = {"p50_ms": p50, "p99_ms": p99, "max_ms": all_ms.max()}
    return {name: round(max(0.0, float(value)), 2) for name, value in shown.items()}


def watch(port: int, leaving: threading.Event) -> None:
    """The mirror picture, as the page takes it, until told to leave."""
    at, origin = f"ws://127.0.0.1:{port}/preview", Origin(f"http://127.0.0.1:{port}")
    while not leaving.wait(0.2):
        with contextlib.suppress(OSError, WebSocketException), connect(at, origin=origin) as socket:
            while not leaving.is_set():
                with contextlib.suppress(TimeoutError):
                    socket.recv(0.5)


async def measure(folder: Path, crossings: int, fps: float) -> dict[str, object]:
    """One port, one kiosk that is watched, so many crossings."""
    hands, out = Hands(folder / "hands", traveller("skipper"), fps=fps), folder / "ticks.json"
    port = Port(folder, (KIOSK,))
    try:
        await port.start_centre_side()
        place = await port.add_kiosk(KIOSK, hands.hardware(), settings={"times": {"deciding_s": 0.001}})
        await asyncio.to_thread(_cross, place, hands, out, crossings)
    finally:
        await port.stop()
        await asyncio.to_thread(hands.close)
    seen: Ticks = json.loads(await asyncio.to_thread(out.read_text))
    judging = [late for state in JUDGING for late in seen.get(state, [])]
    return {
        "ticks": {"judging": len(judging), "resting": len(seen.get(State.IDLE.value, []))},
        "judging": lateness_ms(judging),
        "resting": lateness_ms(seen.get(State.IDLE.value, [])),
        "other_steps": lateness_ms(late for state, ticks in seen.items() if state not in JUDGING for late in ticks),
        "peer_judged_on_the_loop": lateness_ms(await judged_on_the_loop(fps)),
    }


def _cross(place: KioskPlace, hands: Hands, out: Path, crossings: int) -> None:
    place.process.stop()
    config = place.folder / "kiosk.toml"
    command = module("bench.loop", "--kiosk", str(config), "--out", str(out))
    watched = Process(KIOSK, command, place.folder / "kiosk.log")
    watched.start()
    watched.wait_until(lambda: answers(place.traveller_port), LIMIT_S)
    hands.look(place.traveller_port)
    wait_for(place.traveller_port, State.IDLE)
    leaving = threading.Event()
    viewer = threading.Thread(target=watch, args=(place.traveller_port, leaving), daemon=True)
    viewer.start()
    for _ in range(crossings):
        crossing(place, hands)
        wait_for(place.traveller_port, State.IDLE)
    leaving.set()
    viewer.join(5.0)
    watched.stop()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crossings", type=int, default=4)
    parser.add_argument("--fps", type=float, default=30.0, help="pictures a second of the simulated camera")
    parser.add_argument("--kiosk", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.kiosk is not None:
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
        chosen.out.write_text(json.dumps(asyncio.run(watched_kiosk(chosen.kiosk))), encoding="utf-8")
        return 0
    with tempfile.TemporaryDirectory(prefix="landfall-bench-") as name:
        figures = asyncio.run(measure(Path(name), chosen.crossings, chosen.fps))
    head = {"bench": "loop", "peer": "the same frames judged on the loop itself", "fps": chosen.fps}
    print(json.dumps({**head, **figures}, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
