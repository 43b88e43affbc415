"""The suite on a simulated kiosk: all is well; then each fault alone, found by the test meant for it, by its name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hw_tests.faults import FAULTS, Fault
from hw_tests.phases import REQUIRED_ON_A_RASPBERRY, phases
from hw_tests.record import Outcome, Record, outcome_of_all
from hw_tests.runner import Finished, Plan, run
from simulators.board_tree import SERIAL
from simulators.pcscd import Pcscd, Slot
from tests.drivers.conftest import pcscd, rested, slot
from tests.hw_tests.injections import INJECTIONS
from tests.hw_tests.simulated import Kiosk, kiosk

__all__ = ["pcscd", "rested", "slot"]  # fixtures
FULL = Plan(SERIAL, "T. Technician", "0.1.0", allowed=frozenset({"cuts-power", "moves-gate"}))
Readers = tuple[Pcscd, Slot]


@pytest.fixture
def readers(pcscd: Pcscd, slot: Slot) -> Iterator[Readers]:
    yield pcscd, slot
    if not pcscd.running:
        pcscd.start()


def ran(here: Kiosk, names: frozenset[str] | None = None, plan: Plan = FULL) -> Record:
    """All phases of the plan, or only these."""
    station = here.station()
    todo = [each for each in phases(station) if names is None or each.name in names]
    *_, last = run(todo, station, here.hands, plan)
    assert isinstance(last, Finished)
    return last.record


@pytest.mark.timeout(300)
def test_a_kiosk_that_is_well_passes_every_phase_and_skips_none(tmp_path: Path, readers: Readers) -> None:
    everything = frozenset({"document_", "finger", "printer", "lane", "camera", "tpm"})
    with kiosk(tmp_path, everything, readers) as here:
        record = ran(here, plan=replace(FULL, required=REQUIRED_ON_A_RASPBERRY))
    assert record.failed() == ()
    assert record.skipped() == ()
    assert record.outcome is Outcome.PASS
    assert {each.name for each in record.phases} == {each.name for each in phases(here.station())}


def test_every_fault_has_an_injection_and_no_injection_is_left_over() -> None:
    assert sorted(INJECTIONS) == sorted(fault.name for fault in FAULTS)


def test_every_phase_has_a_fault_that_it_finds(tmp_path: Path) -> None:
    with kiosk(tmp_path, frozenset({"camera"})) as here:
        names = {each.name for each in phases(here.station()) if not each.name.startswith("camera_2_")}
    assert names - {name for fault in FAULTS for name in fault.phases} == set()


@pytest.mark.parametrize(
    "fault", [each for each in FAULTS if "chip_" not in str(each.phases)], ids=lambda each: each.name
)
def test_a_fault_is_found_by_its_own_name(tmp_path: Path, fault: Fault) -> None:
    with kiosk(tmp_path, fault.phases) as here:
        INJECTIONS[fault.name](here)
        record = ran(here, fault.phases)
    assert record.failed() == fault.found
    assert record.outcome in (Outcome.FAIL, Outcome.ERROR)


@pytest.mark.parametrize("fault", [each for each in FAULTS if "chip_" in str(each.phases)], ids=lambda each: each.name)
def test_a_fault_of_chip_or_chip_reader_is_found_by_its_own_name(
    tmp_path: Path, fault: Fault, readers: Readers
) -> None:
    with kiosk(tmp_path, fault.phases, readers) as here:
        INJECTIONS[fault.name](here)
        record = ran(here, fault.phases)
    assert record.failed() == fault.found


def test_a_fault_of_one_device_leaves_the_others_as_they_are(tmp_path: Path) -> None:
    with kiosk(tmp_path, frozenset({"printer", "lane"})) as here:
        here.printer.unplug()
        record = ran(here, frozenset({"printer", "lane", "watchdog"}))
    assert record.failed() == ("printer:DEV-GONE",)
    assert outcome_of_all(each for each in record.phases if each.name != "printer") is Outcome.PASS


def test_what_is_not_fitted_is_skipped_by_its_name(tmp_path: Path) -> None:
    with kiosk(tmp_path, frozenset()) as here:
        record = ran(here, frozenset({"printer", "lane", "camera", "chip_reader", "document_reader"}))
    told = {each.name: each.reason for each in record.phases}
    assert told["printer"] == "no printer is fitted"
    assert told["document_reader"] == "no document reader is fitted"
    assert set(record.skipped()) == set(told)
    assert record.outcome is Outcome.SKIP


def test_the_quick_run_asks_nobody_anything(tmp_path: Path) -> None:
    with kiosk(tmp_path, frozenset({"document_", "finger", "printer", "lane", "camera"})) as here:
        record = ran(here, plan=replace(FULL, suite="quick"))
    assert here.hands.heard == []
    assert record.failed() == ()
    quick = {each.name for each in record.phases}
    assert {"power", "storage", "camera", "camera_2", "printer", "lane", "fingerprint", "document_reader"} < quick
    assert not any(each.flag for each in phases(here.station()) if each.name in quick)
