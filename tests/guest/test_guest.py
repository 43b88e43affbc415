"""Drivers on devices of a real kernel, in a guest; in `make guest-test`, each with its time."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from scripts.guest_kernel import Kernel, NoGuest, kernel
from tests.guest import guest

pytestmark = [pytest.mark.full, pytest.mark.timeout(3600)]

SUITES = {
    "vivid": 12,
    "serial_gadget": 16,
    "gpio_pins": 4,
    "lane_pins": 20,
    "wedge_keyboard": 6,
    "headphone_jack": 3,
    "lamp": 6,
    "usb_finger": 20,
}
"""What runs in a guest, and how many of its tests have to pass there."""


@pytest.fixture(scope="module")
def debian() -> Kernel:
    try:
        return kernel()
    except NoGuest as error:
        pytest.skip(f"no guest here: {error}")


@pytest.mark.parametrize("name", SUITES)
def test_the_suite_passes_in_the_guest(
    debian: Kernel, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ended = guest.run(debian, guest.ROOT / "tests" / "guest" / "suites" / f"{name}.py", tmp_path)
    with capsys.disabled():
        sys.stdout.write(f"\nguest {name}: {ended.seconds:.0f} s, Linux {debian.release}\n")
    assert ended.status == 0, ended.console[-8000:]
    passed = re.search(r"(\d+) passed", ended.console)
    assert passed is not None and int(passed[1]) >= SUITES[name], ended.console[-3000:]
