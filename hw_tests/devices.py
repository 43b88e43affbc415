"""The kiosk's devices, opened for one phase and let go after it; what is not fitted is a skip by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol, TypeVar

from drivers.deadline import Deadline
from drivers.errors import DeviceTimeout
from hw_tests.runner import Log, Skip
from hw_tests.station import Fitted

ANSWER_S = 10.0  # a device that is well answers far sooner


class Closes(Protocol):
    def close(self) -> None: ...


D = TypeVar("D", bound=Closes)
T = TypeVar("T")


def fitted(log: Log, name: str) -> Fitted:
    """Raises `Skip`."""
    found = log.station.devices.get(name)
    if found is None:
        raise Skip(f"no {name.replace('_', ' ')} is fitted")
    return found


@contextmanager
def opened(log: Log, name: str, drivers: Mapping[str, Callable[[str, str], D]]) -> Iterator[D]:
    """The device under its name, by a table of `drivers.catalogue`. Raises `Skip`."""
    told = fitted(log, name)
    if told.driver not in drivers:
        raise Skip(f"the driver {told.driver} has no hardware test")
    device = drivers[told.driver](told.address, name)
    try:
        yield device
    finally:
        device.close()


def silence(call: Callable[[Deadline], T], deadline: Deadline) -> T | None:
    """What the call returned, or None when nothing came until the deadline was over. `DeviceTimeout` before that is
    a device that does not answer, and is raised."""
    try:
        return call(deadline)
    except DeviceTimeout:
        if deadline.remaining_s > 0:
            raise
        return None
