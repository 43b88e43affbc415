"""Reading a passport's chip through a real pcscd, beside the time that chip and air interface need for themselves.

The simulated chip takes its true time on an ISO 14443 interface of 106 to 848 kbit/s and 4 ms of thought for each
command, within the waiting time of its frames; what it took is clocked at its own end, from each command's arrival to
its answer. The rest of a reading is ours: terminal, pyscard and pcscd. PACE (ECDH-GM, AES-128, brainpoolP256r1), then
every file under secure messaging with AES, a face of 20 kB among them. The goal is the chip's own time and at most
15 percent. Beside it stand the interface's own limit, which is the same frames both ways from a chip that need not
think, and the bare files at the rate, as if nobody had to ask for them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from drivers.api import ChipKeys, ChipReader, Private
from drivers.catalogue import CHIP_READER
from drivers.deadline import Deadline
from simulators.chip_crypto import tlv
from simulators.chip_keys import GM, PaceWay
from simulators.passport_chip import COM, SOD, Chip, Passport
from simulators.pcscd import Pcscd
from simulators.vpcd_wire import AirInterface, ChipOnReader

RATES_KBIT_S = (106, 212, 424, 848)
ANSWERS = {"short": 256, "long": 65535}
FACE_BYTES = 20_000
ZONE = "L898902C<369080619406236"
LIMIT_S = 60.0
KEYS = ChipKeys(mrz=Private(ZONE))
GOAL = 1.15
PEER = (
    "the chip's own time on the same interface, clocked at its end; "
    "the same frames without the chip's thinking; and the bare files at the rate"
)


@dataclass(slots=True)
class Clock:
    """The chip's own seconds when its files began, heard by the progress of the reading."""

    chip: ChipOnReader
    files_from_s: float = -1.0

    def hear(self, share: float) -> None:
        if self.files_from_s < 0 and share > 0:
            self.files_from_s = self.chip.own_s


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one reading: all of it and its files, as passed and as the chip took.

    `interface_s`: what its frames alone need between antenna and chip, reckoned. `floor_s`: the bare files at the rate.
    """

    read_s: float
    own_s: float
    files_s: float
    files_own_s: float
    interface_s: float
    floor_s: float


def document(longest_answer: int) -> Passport:
    files = {
        COM: tlv(0x60, tlv(0x5F01, b"0107")),
        SOD: tlv(0x77, os.urandom(1800)),
        0x0101: tlv(0x61, tlv(0x5F1F, b"P<UTO" + b"<" * 83)),
        0x0102: tlv(0x75, os.urandom(FACE_BYTES)),
        0x010B: tlv(0x6B, os.urandom(80)),
        0x010C: tlv(0x6C, os.urandom(60)),
    }
    return Passport(ZONE, files, pace=(PaceWay(GM, 2, 13),), longest_answer=longest_answer)


def timed(pcscd: Pcscd, rate_kbit_s: int, longest_answer: int, rounds: int) -> list[Timed]:
    """So many readings of one chip."""
    slot = pcscd.slots[0 if longest_answer == 256 else 1]
    chip = ChipOnReader(slot.port, Chip(document(longest_answer)), air=AirInterface(rate_kbit_s))
    reader = CHIP_READER["pcsc"](slot.reader, "bench")
    chip.put_down()
    try:
        return [reading(reader, chip, rate_kbit_s) for _ in range(rounds)]
    finally:
        reader.close()
        chip.lift()


def reading(reader: ChipReader, chip: ChipOnReader, rate_kbit_s: int) -> Timed:
    """From the chip's first command to its last."""
    clock, before_s, before_air_s = Clock(chip), chip.own_s, _on_air_s(chip.air)
    read = reader.read(KEYS, Deadline(LIMIT_S), clock.hear)
    took = read.timing
    return Timed(
        read_s=took.access_s + took.files_s,
        own_s=chip.own_s - before_s,
        files_s=took.files_s,
        files_own_s=chip.own_s - clock.files_from_s,
        interface_s=_on_air_s(chip.air) - before_air_s,
        floor_s=took.file_bytes * 9 / (rate_kbit_s * 1000),
    )


def _on_air_s(air: AirInterface) -> float:
    return air.busy_s - air.thought_s


def summed(readings: list[Timed]) -> dict[str, float | bool]:
    def median(name: str) -> float:
        return statistics.median(float(getattr(each, name)) for each in readings)

    ratios = [each.read_s / each.own_s for each in readings]
    files = [each.files_s / each.files_own_s for each in readings]
    return {
        "read_s": round(median("read_s"), 3),
        "chip_alone_peer_s": round(median("own_s"), 3),
        "interface_limit_peer_s": round(median("interface_s"), 3),
        "bare_files_peer_s": round(median("floor_s"), 3),
        "read_to_chip_ratio": round(statistics.median(ratios), 3),
        "files_to_chip_ratio": round(statistics.median(files), 3),
        "goal_ratio": GOAL,
        "is_reached": statistics.median(ratios) <= GOAL,
    }


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--rates", type=int, nargs="+", default=RATES_KBIT_S, help="kbit/s")
    args = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="landfall-chip-") as folder:
        pcscd = Pcscd(Path(folder) / "pcscd")
        os.environ["PCSCLITE_CSOCK_NAME"] = pcscd.socket
        try:
            figures = {
                f"kbit_{rate}": {name: summed(timed(pcscd, rate, size, args.rounds)) for name, size in ANSWERS.items()}
                for rate in args.rates
            }
        finally:
            pcscd.close()
    told = {"bench": "chip", "peer": PEER, **figures, "rounds": args.rounds, "face_bytes": FACE_BYTES}
    print(json.dumps(told, indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
