"""Runs the hardware suite on a simulated kiosk, whole or some phases of it."""

from __future__ import annotations

from pathlib import Path

from hw_tests.faults import FAULTS, Fault
from hw_tests.phases import phases
from hw_tests.record import Outcome, Record
from hw_tests.runner import Finished, Plan, run
from simulators.board_tree import SERIAL
from simulators.pcscd import Pcscd, Slot
from tests.hw_tests.injections import INJECTIONS
from tests.hw_tests.simulated import Kiosk, kiosk

FULL = Plan(SERIAL, "T. Technician", "0.1.0", allowed=frozenset({"cuts-power", "moves-gate"}))
Readers = tuple[Pcscd, Slot]
DEVICES = ("document", "chip", "finger", "printer", "lane", "camera")


def ran(here: Kiosk, names: frozenset[str] | None = None, plan: Plan = FULL) -> Record:
    """All phases of the plan, or only these."""
    station = here.station()
    todo = [each for each in phases(station) if names is None or each.name in names]
    *_, last = run(todo, station, here.hands, plan)
    assert isinstance(last, Finished)
    return last.record


def of(*kinds: str) -> list[Fault]:
    """The faults of these devices; of none: those of the board, its network, and what a person alone can tell."""
    wanted = kinds or DEVICES
    return [each for each in FAULTS if any(name.startswith(wanted) for name in each.phases) == bool(kinds)]


def is_found(folder: Path, fault: Fault, readers: Readers | None = None) -> None:
    """Inject it, run its phases, and hold the run to its names and no others."""
    with kiosk(folder, fault.phases, readers) as here:
        INJECTIONS[fault.name](here)
        record = ran(here, fault.phases)
    told = [f"{each.name} {each.outcome} {each.reason} {each.measurements}" for each in record.phases]
    assert record.failed() == fault.found, told
    assert record.outcome in (Outcome.FAIL, Outcome.ERROR)
