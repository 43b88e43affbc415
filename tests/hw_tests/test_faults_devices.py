"""Faults of readers, sensor, printer and lane, each injected alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from hw_tests.faults import Fault
from tests.hw_tests.suite import is_found, of


@pytest.mark.parametrize("fault", of("document", "finger", "printer", "lane"), ids=lambda each: each.name)
def test_a_fault_is_found_by_its_own_name(tmp_path: Path, fault: Fault) -> None:
    is_found(tmp_path, fault)
