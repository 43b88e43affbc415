"""An impression's way from the sensor, beside what its wire allows and what hosts that others wrote take for the same.

Serial: our driver, pyfingerprint (ZFM-20) and Adafruit's host (R503) on one simulated module each, whose line takes its
true time: 10 bits a byte, 0.3 s for the picture itself. The floor is that and the bytes of both ways. Ours draws its
picture at 57600 baud as the others do, and once more at 115200, where it moves a module that lets itself be moved.

USB: processor time to make a picture of what a U.are.U 4500 sends, plain and scrambled, beside the time that full
speed (19 packets of 64 bytes in a millisecond) needs for the same bytes. They are a simulated reader's.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench import finger_hosts
from bench.peers import NoPeer, python_of
from drivers.catalogue import FINGERPRINT
from drivers.deadline import Deadline
from drivers.fingerprint.uru4000_wire import parse, picture, unscrambled
from simulators.uru4000 import HEIGHT, PLAIN, SECRET, WIDTH, Uru4000Sim
from simulators.zfm import R503_SIZE, TRUE_CAPTURE_S, ZFM_20_SIZE, ZfmSim

SLOW, FAST = 57600, 115200
COMMANDS_AND_ANSWERS_BYTES, PACKET_BYTES, PACKET_EXTRA_BYTES = 4 * 12, 128, 11
FULL_SPEED_BYTES_PER_MS = 19 * 64
LIMIT_S = 60.0
SIZES = {"zfm_20": ZFM_20_SIZE, "r503": R503_SIZE}
DRIVERS = {"zfm_20": "zfm", "r503": "r503"}
HOSTS: dict[str, tuple[str, Callable[[str], list[list[str]]]]] = {
    "zfm_20": ("pyfingerprint", lambda folder: [["readImage"], ["downloadImage", f"{folder}/seen.bmp"]]),
    "r503": ("adafruit", lambda _folder: [["get_image"], ["get_fpdata", "image"]]),
}
PEER = "what the wire allows for the same bytes; pyfingerprint and Adafruit's host on the same simulated module"


def nobody(_share: float) -> None:
    """Does not listen."""


def floor_s(size: tuple[int, int], baud: int) -> float:
    """The picture itself, and every byte of the two commands, their answers and the packets."""
    nibbles = size[0] * size[1] // 2
    packets = -(-nibbles // PACKET_BYTES)
    return TRUE_CAPTURE_S + (COMMANDS_AND_ANSWERS_BYTES + nibbles + packets * PACKET_EXTRA_BYTES) * 10 / baud


def module(folder: Path, size: tuple[int, int]) -> ZfmSim:
    """With a finger on the glass."""
    sim = ZfmSim(folder / "finger", size=size)
    sim.place(np.random.default_rng(1).integers(0, 256, (size[1], size[0]), dtype=np.uint8))
    return sim


def ours_s(folder: Path, name: str, baud: int, rounds: int) -> float:
    """Seconds from the call to the impression, the module connected and at this speed; median."""
    sim = module(folder, SIZES[name])
    sensor = FINGERPRINT[DRIVERS[name]](f"{sim.path}?fast={int(baud == FAST)}", "bench")
    try:
        sensor.capture(Deadline(LIMIT_S), nobody)  # connects
        sim.throttle = True
        return statistics.median(_seconds(lambda: sensor.capture(Deadline(LIMIT_S), nobody)) for _ in range(rounds))
    finally:
        sensor.close()
        sim.close()


def theirs_s(folder: Path, name: str, python: Path, rounds: int) -> float:
    """The same of the host that others wrote, by its own clock."""
    host, asked = HOSTS[name]
    sim = module(folder, SIZES[name])
    command = [str(python), finger_hosts.__file__, host, str(sim.path), str(sim.baud), "00000000"]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None and child.stdout is not None
    try:
        json.loads(child.stdout.readline())
        sim.throttle = True
        calls = asked(str(folder))
        child.stdin.writelines(json.dumps(call) + "\n" for _ in range(rounds) for call in calls)
        child.stdin.flush()
        told = [json.loads(child.stdout.readline())["seconds"] for _ in range(rounds * len(calls))]
    finally:
        child.stdin.close()
        child.wait(LIMIT_S)
        sim.close()
    sums = [float(sum(told[at : at + len(calls)])) for at in range(0, len(told), len(calls))]
    return statistics.median(sums)


def serial(name: str, rounds: int, python: Path | None) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="landfall-finger-") as folder:
        took = {baud: ours_s(Path(folder), name, baud, rounds) for baud in (SLOW, FAST)}
        result = {
            "at_57600_s": took[SLOW],
            "wire_peer_at_57600_s": floor_s(SIZES[name], SLOW),
            "at_115200_s": took[FAST],
            "wire_peer_at_115200_s": floor_s(SIZES[name], FAST),
            "to_wire_at_57600_ratio": took[SLOW] / floor_s(SIZES[name], SLOW),
            "to_wire_at_115200_ratio": took[FAST] / floor_s(SIZES[name], FAST),
        }
        if python is not None:
            theirs = theirs_s(Path(folder), name, python, rounds)
            result |= {f"{HOSTS[name][0]}_peer_at_57600_s": theirs, "to_host_at_57600_ratio": took[SLOW] / theirs}
    return {key: round(value, 3) for key, value in result.items()}


def usb(rounds: int) -> dict[str, float]:
    """Milliseconds of processor time from bytes to picture."""
    finger = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH), dtype=np.uint8)
    sizes, took = [], {}
    for name, layout in (("plain", PLAIN), ("scrambled", SECRET)):
        data, key = Uru4000Sim(layout=layout).image_of(finger)
        sizes.append(len(data))
        took[name] = statistics.median(_processor_ms(data, key) for _ in range(rounds))
    floor_ms = max(sizes) / FULL_SPEED_BYTES_PER_MS
    return {
        "plain_processor_ms": round(took["plain"], 2),
        "scrambled_processor_ms": round(took["scrambled"], 2),
        "full_speed_bus_peer_ms": round(floor_ms, 1),
        "scrambled_to_bus_ratio": round(took["scrambled"] / floor_ms, 3),
    }


def _processor_ms(data: bytes, key: int) -> float:
    began_s = time.process_time()
    raw = parse(data)
    picture(unscrambled(raw, (key,)) if raw.is_scrambled else raw)
    return (time.process_time() - began_s) * 1000


def _seconds(what: Callable[[], object]) -> float:
    began_s = time.perf_counter()
    what()
    return time.perf_counter() - began_s


def main(arguments: Sequence[str]) -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=3)
    ask.add_argument("--modules", nargs="+", choices=SIZES, default=list(SIZES))
    ask.add_argument("--no-peers", action="store_true", help="leave out the foreign hosts")
    args = ask.parse_args(arguments)
    told: dict[str, Any] = {"bench": "finger", "peer": PEER}
    python = None
    if not args.no_peers:
        try:
            python = python_of("fingerprint")
        except NoPeer as error:
            told["peer"] = f"{PEER}; {error}"
    told |= {name: serial(name, args.rounds, python) for name in args.modules}
    told |= {"uru4000": usb(20 * args.rounds), "rounds": args.rounds}
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
