"""Faults of chip reader and chip, each injected alone, through a real pcscd."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hw_tests.faults import Fault
from simulators.pcscd import Pcscd, Slot
from tests.drivers.conftest import pcscd, rested, slot
from tests.hw_tests.suite import Readers, is_found, of

__all__ = ["pcscd", "rested", "slot"]  # fixtures


@pytest.fixture
def readers(pcscd: Pcscd, slot: Slot) -> Iterator[Readers]:
    yield pcscd, slot
    if not pcscd.running:
        pcscd.start()


@pytest.mark.parametrize("fault", of("chip"), ids=lambda each: each.name)
def test_a_fault_is_found_by_its_own_name(tmp_path: Path, fault: Fault, readers: Readers) -> None:
    is_found(tmp_path, fault, readers)
