"""Which broker to try next, and after what pause: a list walked round, with a doubling, jittered wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

FIRST_S, LAST_S = 0.5, 5.0


@dataclass(frozen=True, slots=True)
class Broker:
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def parse(addresses: Sequence[str]) -> tuple[Broker, ...]:
    """From "host:port". Raises ValueError naming every one that is not."""
    wrong = [address for address in addresses if not _is_address(address)]
    if wrong or not addresses:
        raise ValueError(f"brokers: want host:port, have {', '.join(wrong) or 'none'}")
    pairs = (address.rpartition(":") for address in addresses)
    return tuple(Broker(host.strip("[]"), int(port)) for host, _, port in pairs)


def _is_address(address: str) -> bool:
    host, _, port = address.rpartition(":")
    return bool(host) and port.isdecimal() and 0 < int(port) < 65536


class Walk:
    """`jitter()` gives 0..1: a fleet that lost its broker together must not come back together."""

    def __init__(self, brokers: Sequence[Broker], jitter: Callable[[], float]) -> None:
        self._brokers = tuple(brokers)
        self._jitter = jitter
        self._failures = 0
        self._next = 0

    def next(self) -> tuple[Broker, float]:
        """The broker to try, and how many seconds to wait before: none the very first time, then 0.5 s to 5 s."""
        broker = self._brokers[self._next % len(self._brokers)]
        self._next += 1
        self._failures += 1
        if self._failures == 1:
            return broker, 0.0
        highest = min(LAST_S, FIRST_S * 2.0 ** min(self._failures - 1, 8))
        return broker, max(FIRST_S, highest * self._jitter())

    def succeeded(self) -> None:
        """This broker serves: after it is lost, begin with it again, soon."""
        self._failures = 1
        self._next -= 1
