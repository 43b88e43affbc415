"""The suite on a simulated kiosk: all is well; every fault has its injection; what is not fitted is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from hw_tests.faults import FAULTS
from hw_tests.phases import REQUIRED_ON_A_RASPBERRY, phases
from hw_tests.record import Outcome, outcome_of_all
from simulators.pcscd import Pcscd, Slot
from tests.drivers.conftest import pcscd, rested, slot
from tests.hw_tests.injections import INJECTIONS, SYSTEM_CALLS
from tests.hw_tests.simulated import kiosk
from tests.hw_tests.suite import FULL, of, ran

__all__ = ["pcscd", "rested", "slot"]  # fixtures


@pytest.mark.timeout(300)
def test_a_kiosk_that_is_well_passes_every_phase_and_skips_none(tmp_path: Path, pcscd: Pcscd, slot: Slot) -> None:
    everything = frozenset({"document_", "finger", "printer", "lane", "camera", "tpm"})
    with kiosk(tmp_path, everything, (pcscd, slot)) as here:
        record = ran(here, plan=replace(FULL, required=REQUIRED_ON_A_RASPBERRY))
        names = {each.name for each in phases(here.station())}
    assert record.failed() == ()
    assert record.skipped() == ()
    assert record.outcome is Outcome.PASS
    assert {each.name for each in record.phases} == names


def test_every_fault_has_an_injection_and_no_injection_is_left_over() -> None:
    assert sorted([*INJECTIONS, *SYSTEM_CALLS]) == sorted(fault.name for fault in FAULTS)
    injected = [*of(), *of("chip"), *of("camera"), *of("document", "finger", "printer", "lane")]
    assert sorted(each.name for each in injected) == sorted(each.name for each in FAULTS)


def test_every_phase_and_nearly_every_measurement_has_a_fault_that_it_finds(tmp_path: Path) -> None:
    with kiosk(tmp_path, frozenset({"camera"})) as here:
        known = [each for each in phases(here.station()) if not each.name.startswith("camera_2")]
    found = {name for fault in FAULTS for name in fault.found}
    assert {each.name for each in known} - {name for fault in FAULTS for name in fault.phases} == set()
    judged = {f"{phase.name}.{each.name}" for phase in known for each in phase.expects if each.limits.judges}
    assert judged - found == NOT_INJECTED


NOT_INJECTED = {
    # what a device that does not answer raises comes before these are measured
    *("chip_reader.answers", "document_reader.answers", "fingerprint.answers", "lane.answers"),
    "lane.gate",  # a board that leaves its gate open when told to shut it: no simulator lies so
    "lane_tamper.cleared",  # a board that says that it cleared the latch and did not
    "memory.wrong_bytes",  # no memory can be broken here; the comparison has a test of its own
    "network_uplink.connect_ms",  # loopback is never slow
    "storage.read_back",  # needs a disk that lies
    "tpm.self_test",  # swtpm never fails its own
}
"""Judged, and in no row of the table."""


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


def test_a_board_without_sensors_skips_by_name_and_fails_where_they_are_required(tmp_path: Path) -> None:
    with kiosk(tmp_path, frozenset()) as here:
        here.tree.bare()
        names = frozenset({"power", "temperature", "watchdog", "ups", "tpm", "network_lan"})
        record = ran(here, names)
        strict = ran(here, names, replace(FULL, required=REQUIRED_ON_A_RASPBERRY))
    assert {"power", "temperature", "watchdog", "ups", "tpm"} <= set(record.skipped())
    assert {"power:skipped", "temperature:skipped", "watchdog:skipped"} <= set(strict.failed())
    assert strict.outcome is Outcome.FAIL


def test_the_quick_run_asks_nobody_anything(tmp_path: Path) -> None:
    with kiosk(tmp_path, frozenset({"document_", "finger", "printer", "lane", "camera"})) as here:
        record = ran(here, plan=replace(FULL, suite="quick"))
        flags = {each.name: each.flag for each in phases(here.station())}
    assert here.hands.heard == []
    assert record.failed() == ()
    quick = {each.name for each in record.phases}
    assert {"power", "storage", "camera", "camera_2", "printer", "lane", "fingerprint", "document_reader"} < quick
    assert not any(flags[name] for name in quick)
