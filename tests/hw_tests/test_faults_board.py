"""Faults of the board, its storage, clock, TPM and network, and what a person alone can tell; each injected alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from hw_tests.faults import FAULTS, Fault
from hw_tests.phases.memory import wrong_bytes
from tests.drivers.conftest import without
from tests.hw_tests.injections import SYSTEM_CALLS
from tests.hw_tests.suite import is_found, of


@pytest.mark.parametrize("fault", [each for each in of() if each.name not in SYSTEM_CALLS], ids=lambda each: each.name)
def test_a_fault_is_found_by_its_own_name(tmp_path: Path, fault: Fault) -> None:
    is_found(tmp_path, fault)


@pytest.mark.parametrize("fault", [each for each in FAULTS if each.name in SYSTEM_CALLS], ids=lambda each: each.name)
def test_a_fault_of_the_storage_itself_is_found_by_its_own_name(tmp_path: Path, fault: Fault) -> None:
    """The kernel's answers are changed on their way to the process."""
    if shutil.which("strace") is None:
        without("strace is missing: install Debian's package strace")
    calls = ["-e", "trace=fsync,fdatasync", "-e", f"inject={SYSTEM_CALLS[fault.name]}"]
    command = [sys.executable, "-m", "tests.hw_tests.storage_run", str(tmp_path / "kiosk")]
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(tmp_path / "calls"), *calls]
    done = subprocess.run([*strace, *command], capture_output=True, text=True, check=False)
    if "ptrace" in done.stderr and done.returncode:
        without(f"no process may be traced here: {done.stderr[-200:]}")
    assert done.returncode == 0, done.stderr
    assert tuple(json.loads(done.stdout)) == fault.found


def test_a_byte_of_memory_that_turns_is_counted() -> None:
    """No memory can be broken here: the comparison alone is held to it."""
    field = np.full(4096, 0x55, np.uint8)
    assert wrong_bytes(field, 0x55) == 0
    field[17] ^= 0x04
    assert wrong_bytes(field, 0x55) == 1
