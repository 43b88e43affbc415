"""From the document presented to the receipt, with hands that cost no time: the machine's own share, step by step.

    python -m bench.journey [--crossings 7] [--fps 30]

A whole practice port runs: broker, centre, one kiosk with simulated devices at the wire. Times are those of the
kiosk's own log. Named peer: the same face nets invoked bare in this process, between the crossings.
What the kiosk waits on purpose is told apart: chance waits before each turn, and the equal time for all travellers,
which is switched off here (times.deciding_s).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from appliance.config import TimesConfig
from appliance.journey.machine import State
from appliance.vision.challenge import HOLD_S
from appliance.vision.eye_lids import MODEL as LIDS
from appliance.vision.face_detection import MODEL as FACES
from appliance.vision.face_landmarks import MODEL as MESH
from appliance.vision.model import Model
from bench.hands import Hands, touch, wait_for
from border.rules.default import DEVELOPMENT
from practice.port import KioskPlace, Port
from practice.processes import answers
from simulators.travellers import traveller
from tests.journeys.rows import Step, steps_in

KIOSK = "bench-kiosk"
WHO = "skipper"
QUESTION_STANDS_S = 0.6  # a swipe counts from when the reader has been asked
STEPS = (State.DOCUMENT, State.FACE, State.TURN, State.FINGER, State.DECIDING)
LEAST_FRAMES = 4  # the face step ends with four good pictures in a row
FRAME_NETS = (FACES, MESH, LIDS, LIDS)  # what one frame runs: the lids once for each eye
PEER = "the same face nets invoked bare: one frame, and the four frames a face step needs at least"
PEER_FRAMES = 20
START_LIMIT_S = 60.0
MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Crossing:
    """Milliseconds by step; `outcome` is the state it ended in."""

    steps_ms: dict[State, float]
    outcome: State

    @property
    def total_ms(self) -> float:
        return sum(self.steps_ms.values())


def crossing(place: KioskPlace, hands: Hands) -> Crossing:
    """One traveller from the language to the receipt, and away again."""
    port, log = place.traveller_port, place.folder / "kiosk.log"
    wait_for(port, State.IDLE)
    touch(port, "language", "en")
    wait_for(port, State.WELCOME)
    touch(port, "arriving")
    wait_for(port, State.DOCUMENT)
    time.sleep(QUESTION_STANDS_S)
    before = len(steps_in(log))
    swiped_s = time.time()
    hands.swipe()
    wait_for(port, State.CLEARED, State.REFERRED)
    walked = steps_in(log)[before:]
    touch(port, "finish")
    return timed(swiped_s, walked)


def timed(swiped_s: float, walked: Sequence[Step]) -> Crossing:
    """How long each state lasted; the document's time begins with the swipe."""
    steps_ms: dict[State, float] = {}
    began_s = swiped_s
    for step in walked:
        if step.state in STEPS:
            steps_ms[step.state] = (step.at_s - began_s) * 1000
            began_s, last = step.at_s, step.new
    return Crossing(steps_ms, last)


def bare_nets(models: dict[str, Model]) -> list[float]:
    """Milliseconds of all nets of one frame, invoked on random input and nothing else."""
    chance = np.random.default_rng(7)
    inputs = {name: chance.random(model.card.input_shape, np.float32) for name, model in models.items()}
    runs = [partial(models[name].run, inputs[name]) for name in FRAME_NETS]
    taken = []
    for _ in range(PEER_FRAMES):
        began_s = time.perf_counter()
        for run in runs:
            run()
        taken.append((time.perf_counter() - began_s) * 1000)
    return taken


def started(place: KioskPlace) -> dict[str, float]:
    """Seconds from the process's start until its page answers, and until it takes travellers."""
    place.process.stop()
    log = place.folder / "kiosk.log"
    before = len(steps_in(log))
    began_s = time.time()
    place.process.start()
    place.process.wait_until(lambda: answers(place.traveller_port), START_LIMIT_S)
    page_s = time.time() - began_s
    place.process.wait_until(lambda: len(steps_in(log)) > before, START_LIMIT_S)
    return {"page_answers_s": round(page_s, 2), "takes_travellers_s": round(steps_in(log)[before].at_s - began_s, 2)}


def memory_mb(place: KioskPlace, field: str) -> float:
    """One line of the kernel's word on the kiosk's process: VmRSS is resident now, VmHWM was the most ever."""
    for line in Path(f"/proc/{place.process.pid}/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return round(int(line.split()[1]) * 1024 / MB, 1)
    raise RuntimeError(f"the kernel does not tell {field}")


def accepted_ms(journal: Path) -> list[int]:
    """From each record's own time to the centre's acceptance in hand, by the kiosk's clock."""
    with closing(sqlite3.connect(f"file:{journal}?mode=ro", uri=True)) as reader:
        rows = reader.execute(
            "SELECT accepted_at_wall_ms - at_wall_ms FROM ledger WHERE accepted_at_wall_ms IS NOT NULL"
        ).fetchall()
    return [row[0] for row in rows]


async def measure(folder: Path, crossings: int, fps: float) -> dict[str, object]:
    """One port, one kiosk, so many crossings, each followed by a look at the peer."""
    hands = Hands(folder / "hands", traveller(WHO), fps=fps)
    port = Port(folder, (KIOSK,))
    try:
        await port.start_centre_side()
        settings = {"times": {"deciding_s": 0.001}}
        place = await port.add_kiosk(KIOSK, hands.hardware(), settings=settings)
        return await asyncio.to_thread(_measured, place, hands, crossings)
    finally:
        await port.stop()
        await asyncio.to_thread(hands.close)


def _measured(place: KioskPlace, hands: Hands, crossings: int) -> dict[str, object]:
    models = {name: Model.load(name) for name in set(FRAME_NETS)}
    startup = started(place)
    hands.look(place.traveller_port)
    wait_for(place.traveller_port, State.IDLE)
    idle_mb = memory_mb(place, "VmRSS")
    found, nets_ms = list[Crossing](), list[float]()
    for _ in range(crossings + 1):
        found.append(crossing(place, hands))
        wait_for(place.traveller_port, State.IDLE)
        nets_ms += bare_nets(models)
    memory = {
        "resident_idle_mb": idle_mb,
        "resident_after_crossings_mb": memory_mb(place, "VmRSS"),
        "highest_mb": memory_mb(place, "VmHWM"),
    }
    return {
        **_figures(found[1:], nets_ms),  # the first warms caches
        "record_to_acceptance_ms": round(statistics.median(accepted_ms(place.folder / "journal.sqlite"))),
        "memory": memory,
        "startup": startup,
    }


def _figures(found: Sequence[Crossing], nets_ms: Sequence[float]) -> dict[str, object]:
    cleared = [one for one in found if one.outcome is State.CLEARED]
    if not cleared:
        raise RuntimeError(f"nobody was cleared; the ends: {', '.join(one.outcome for one in found)}")
    steps = {step: statistics.median(one.steps_ms[step] for one in cleared) for step in STEPS}
    least_ms = LEAST_FRAMES * statistics.median(nets_ms)
    waits_ms = DEVELOPMENT.turn.turns * sum(HOLD_S) / 2 * 1000
    return {
        "cleared": len(cleared),
        "crossings": len(found),
        "document_to_receipt_ms": round(statistics.median(one.total_ms for one in cleared)),
        "slowest_ms": round(max(one.total_ms for one in cleared)),
        "steps": {f"{step}_ms": round(value, 1) for step, value in steps.items()},
        "by_design": {
            "turn_chance_waits_mean_ms": round(waits_ms),
            "equal_time_for_all_ms": round(TimesConfig().deciding_s * 1000),  # not in the figures above
        },
        "peer_bare_nets": {
            "one_frame_ms": round(statistics.median(nets_ms), 2),
            "four_frames_ms": round(least_ms, 2),
        },
        "face_step_over_bare_nets_ratio": round(steps[State.FACE] / least_ms, 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crossings", type=int, default=7, help="besides one that only warms")
    parser.add_argument("--fps", type=float, default=30.0, help="pictures a second of the simulated camera")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="landfall-bench-") as name:
        figures = asyncio.run(measure(Path(name), chosen.crossings, chosen.fps))
    head = {"bench": "journey", "peer": PEER, "fps": chosen.fps}
    print(json.dumps({**head, **figures}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
