"""Broker, centre, kiosk and PostgreSQL killed at random: whatever a kiosk has committed, the centre has once.

Three kiosk processes with the real journal and publisher, a real mosquitto with mutual TLS, the real centre on a real
PostgreSQL. The control runs the same harness with kiosks that forget on PUBACK, and must lose.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from central.keys import load_centre
from central.store import open_store
from tests.chaos.faults import DECK, Kind, schedule
from tests.chaos.port import KIOSKS, Port, running_port
from tests.chaos.truth import Verdict, kept, sworn, verdict

pytestmark = pytest.mark.chaos
ARTEFACTS = Path(__file__).parents[2] / "artefacts" / "chaos"
DRAIN_S = 180.0
"""What the broker took and lost is asked for by the centre, at worst a minute after it first asked in vain."""


@dataclass(frozen=True, slots=True)
class Outcome:
    verdict: Verdict
    struck: dict[Kind, int]
    drained_s: float
    counted: int  # by the centre's own consumer, which must count each encounter once
    alarms: list[tuple[str, str]]
    letters: list[tuple[str, str]]


def storm(folder: Path, seed: int, generate_s: float, *, deck: Sequence[Kind] = DECK, forgets: bool = False) -> Outcome:
    """One storm from its beginning to the reckoning, which is also kept as an artefact."""
    with running_port(folder) as port:
        port.open_kiosks(generate_s, forgets=forgets)
        port.suffer(schedule(seed, deck=deck))
        drained_s = port.drain(DRAIN_S)
        port.end()
        outcome = _reckon(port, drained_s)
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    name = f"{'puback' if forgets else 'receipt'}-{generate_s:.0f}s-seed{seed}.json"
    (ARTEFACTS / name).write_text(json.dumps(asdict(outcome), indent=2) + "\n")
    return outcome


def _reckon(port: Port, drained_s: float) -> Outcome:
    store, keys = open_store(port.database), load_centre(port.broker.centre_folder)
    try:
        found = verdict([sworn(k, port.journal(k)) for k in KIOSKS], [kept(k, store, keys) for k in KIOSKS])
        with store.snapshot() as t:
            (counted,) = t.rows("SELECT CAST(COALESCE(SUM(travellers), 0) AS BIGINT) FROM counts")[0]
            alarms = [(a, b) for a, b in t.rows("SELECT kind, detail FROM alarms")]
            letters = [(a, b) for a, b in t.rows("SELECT reason, topic FROM dead_letters")]
    finally:
        store.close()
    return Outcome(found, dict(port.struck), round(drained_s, 1), counted, alarms, letters)


def is_whole(outcome: Outcome) -> None:
    """Nothing lost, invented, doubled, out of order, left behind or held for a lie."""
    assert outcome.verdict.faults == {}, outcome
    assert outcome.verdict.generated == outcome.verdict.stored == outcome.counted > 0
    assert (outcome.alarms, outcome.letters) == ([], [])


@pytest.mark.timeout(420)
def test_a_short_storm_loses_nothing_and_doubles_nothing(tmp_path: Path) -> None:
    outcome = storm(tmp_path, seed=1, generate_s=25.0)
    is_whole(outcome)
    assert sum(outcome.struck.values()) >= 4


@pytest.mark.timeout(420)
def test_the_storm_catches_kiosks_that_forget_on_the_brokers_word(tmp_path: Path) -> None:
    outcome = storm(tmp_path, seed=1, generate_s=15.0, deck=(Kind.SERVER_ROOM, Kind.BROKER), forgets=True)
    assert outcome.verdict.lost > 0, outcome
    assert outcome.verdict.gaps == outcome.verdict.lost  # and yet the numbering lets the centre see it


@pytest.mark.full
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [11, 12, 13, 14, 15])
def test_a_minute_of_storm_loses_nothing_and_doubles_nothing(tmp_path: Path, seed: int) -> None:
    outcome = storm(tmp_path, seed, generate_s=60.0)
    is_whole(outcome)
    assert set(outcome.struck) == set(Kind)


@pytest.mark.full
@pytest.mark.timeout(600)
def test_the_same_minute_of_storm_robs_kiosks_that_forget_on_the_brokers_word(tmp_path: Path) -> None:
    assert storm(tmp_path, 11, generate_s=60.0, forgets=True).verdict.lost > 0
