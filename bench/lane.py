"""The lane board: how long an order takes there and back, and how long after the kiosk's last word its gate is shut.

    python -m bench.lane [--rounds 200]

The real firmware on MicroPython's unix port, by pty; beside it the simulated board, which costs next to nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from drivers.api import Lamp, Lane, LaneOrder
from drivers.catalogue import LANE
from drivers.deadline import Deadline
from drivers.lane import board_wire as wire
from drivers.lane.board_wire import Kind
from scripts import lane_firmware
from scripts.micropython import command
from simulators.lane_board import LaneBoardSim
from tests.drivers.lane_host import hosting, numbered
from tests.drivers.unix_board import GATE, UnixBoard

SILENCE_MS = 500
"""The protocol's own bound: after it the board shuts, at its next round."""
OPEN_MS = 15000


def round_trips_ms(lane: Lane, rounds: int) -> list[float]:
    """An order given by the caller's thread until its state is in that thread again."""
    taken = []
    for number in range(rounds):
        began_s = time.perf_counter()
        lane.obey(LaneOrder(Lamp.WAIT if number % 2 else Lamp.STOP), Deadline(10))
        taken.append((time.perf_counter() - began_s) * 1000)
    return taken


def silences_ms(board: UnixBoard, rounds: int) -> list[float]:
    """From the answer to the kiosk's last word until the gate's pin is low."""
    taken = []
    with hosting(board.path) as host:
        host.greeted()
        for _ in range(rounds):
            host.said(Kind.ORDER, wire.order(Lamp.GO, OPEN_MS))
            last_s = time.monotonic()
            while board.outputs.get(GATE) != 0 or board.history[-1][0] < last_s:
                time.sleep(0.01)
            shut_s = next(at for at, pin, level in reversed(board.history) if pin == GATE and not level)
            taken.append((shut_s - last_s) * 1000)
    return taken


def update_s(board: UnixBoard) -> float:
    """A whole firmware: signature, bytes, unpacking, restart, until the new one answers."""
    with hosting(board.path) as host:
        host.greeted()
        bundle = lane_firmware.bundle(board.owners.release, numbered(2))
        began_s = time.perf_counter()
        host.update(bundle)
        assert host.greeted().version == 2
        return time.perf_counter() - began_s


@contextmanager
def driven(path: Path) -> Iterator[Lane]:
    lane = LANE["board"](str(path), "lane")
    try:
        lane.obey(LaneOrder(Lamp.STOP), Deadline(10))
        yield lane
    finally:
        lane.close()


def figures(rounds: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        board = UnixBoard(Path(folder) / "board")
        sim = LaneBoardSim(Path(folder) / "sim")
        try:
            with driven(board.path) as lane:
                ours = round_trips_ms(lane, rounds)
            with driven(sim.path) as lane:
                floor = round_trips_ms(lane, rounds)
            silent = silences_ms(board, max(2, rounds // 10))
            update = update_s(board)
        finally:
            board.close()
            sim.close()
    return {
        "bench": "lane",
        "peer": "the simulated board by the same driver, and the protocol's own bound of silence",
        "rounds": rounds,
        "order": spread(ours),
        "peer_order_to_simulated_board": spread(floor),
        "silence_to_shut": spread(silent),
        "peer_silence_bound_ms": SILENCE_MS,
        "update_s": round(update, 2),
    }


def spread(values: Sequence[float]) -> dict[str, float]:
    ranked = sorted(values)
    return {
        "median_ms": round(statistics.median(ranked), 2),
        "p95_ms": round(ranked[math.ceil(0.95 * len(ranked)) - 1], 2),
        "most_ms": round(ranked[-1], 2),
    }


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    chosen = parser.parse_args(arguments)
    if command() is None:
        sys.stderr.write("no MicroPython: python -m scripts.micropython gets one\n")
        return 1
    print(json.dumps(figures(chosen.rounds), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
