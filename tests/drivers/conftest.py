"""A pcscd of our own for whoever asks for it; one for each process, for libpcsclite looks only once where it is."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import time
from collections.abc import Iterator

import pytest

from scripts import micropython
from simulators.pcscd import Missing, Pcscd, Slot
from simulators.vpcd_wire import AWAY_S
from tests.drivers.one_pcscd import RESTED, the_one


def without(reason: str) -> None:
    """Skip by name; in CI nothing may be missing."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def with_micropython() -> None:
    """Go on only where there is one."""
    if micropython.command() is None:
        without("no MicroPython: python -m scripts.micropython gets one")


@pytest.fixture(scope="session")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    if importlib.util.find_spec("smartcard") is None:
        without("pyscard is not installed")
    try:
        daemon = the_one(lambda: tmp_path_factory.mktemp("pcscd"))
    except Missing as missing:
        without(f"no virtual chip reader: {missing}")
        return
    os.environ["PCSCLITE_CSOCK_NAME"] = daemon.socket
    yield daemon
    daemon.close()


@contextlib.contextmanager
def empty(pcscd: Pcscd, rested: dict[Slot, float]) -> Iterator[Slot]:
    """A reader that pcscd knows to be empty: that which has been empty the longest."""
    found = min(pcscd.slots, key=lambda each: rested.get(each, 0.0))
    time.sleep(max(0.0, rested.get(found, 0.0) + AWAY_S - time.monotonic()))
    yield found
    rested[found] = time.monotonic()


@pytest.fixture
def slot(pcscd: Pcscd, rested: dict[Slot, float]) -> Iterator[Slot]:
    with empty(pcscd, rested) as found:
        yield found


@pytest.fixture(scope="session")
def rested() -> dict[Slot, float]:
    """When each reader was last left."""
    return RESTED
