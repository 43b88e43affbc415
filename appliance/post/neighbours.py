"""The port's other kiosks, asked over the LAN every few seconds; one that does not answer is shown as such."""

from __future__ import annotations

import json
import math
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from http.client import HTTPException
from typing import Any

from appliance.post.api import KioskStatus, Link

PATH = "/board.json"
"""Where a kiosk serves its own status, below its officer address."""

EVERY_S = 4.0
TIMEOUT_S = 2.0
MAX_BYTES = 65536
UNREACHABLE = "unreachable"


def to_json(status: KioskStatus) -> bytes:
    """The status as a neighbour reads it."""
    return json.dumps(asdict(status)).encode()


def from_json(data: bytes) -> KioskStatus:
    """Raises ValueError for anything but one whole status."""
    try:
        table = json.loads(data)
    except (UnicodeDecodeError, RecursionError) as error:
        raise ValueError("not JSON") from error
    if not isinstance(table, dict):
        raise ValueError("wants an object")
    devices = table.get("devices")
    if not isinstance(devices, list) or not all(_is_pair(pair) for pair in devices):
        raise ValueError("devices")
    texts = {name: _value(table, name, str) for name in _TEXTS}
    numbers = {name: _value(table, name, int) for name in _NUMBERS}
    if not texts["officer_url"].startswith(("http://", "https://")):
        raise ValueError("officer_url")  # it becomes a link on an officer's page
    return KioskStatus(
        **texts,
        **numbers,
        help_called=_value(table, "help_called", bool),
        uplink=Link(_value(table, "uplink", str)),
        devices=tuple((name, code) for name, code in devices),
        list_age_hours=_age(table, "list_age_hours"),
        trust_age_hours=_age(table, "trust_age_hours"),
        storage_days=_age(table, "storage_days"),
        supply_minutes=_age(table, "supply_minutes"),
        temperature_c=_age(table, "temperature_c"),
        undervoltage=_value(table, "undervoltage", bool),
    )


_TEXTS = ("kiosk", "lane", "direction", "state", "clock", "supply", "passive_pad", "officer_url")
_NUMBERS = (
    "unreported",
    "oldest_unreported_s",
    "quarantined",
    "referrals_waiting",
    "disk_free_mb",
    "seen_s_ago",
)


def _value(table: Mapping[str, Any], name: str, kind: type) -> Any:
    value = table.get(name)
    if type(value) is not kind:
        raise ValueError(name)
    if isinstance(value, str) and len(value) > 300:
        raise ValueError(name)
    return value


def _age(table: Mapping[str, Any], name: str) -> float | None:
    age = table.get(name)
    if age is not None and not (isinstance(age, (int, float)) and math.isfinite(age)):
        raise ValueError(name)
    return None if age is None else float(age)


def _is_pair(pair: object) -> bool:
    return isinstance(pair, list) and len(pair) == 2 and all(isinstance(item, str) for item in pair)


def unreachable(url: str) -> KioskStatus:
    """A kiosk that has not answered since we started: known by its address alone."""
    return KioskStatus(
        kiosk=url.rpartition("//")[2],
        lane="",
        direction="",
        state=UNREACHABLE,
        help_called=False,
        uplink=Link.DOWN,
        unreported=0,
        oldest_unreported_s=0,
        quarantined=0,
        referrals_waiting=0,
        devices=(),
        list_age_hours=None,
        trust_age_hours=None,
        clock="",
        disk_free_mb=0,
        storage_days=None,
        supply="",
        supply_minutes=None,
        undervoltage=False,
        temperature_c=None,
        passive_pad="",
        seen_s_ago=0,
        officer_url=url,
    )


class Neighbours:
    """Own daemon thread; results are replaced whole, so readers need no lock. `urls`: officer addresses."""

    def __init__(self, urls: Sequence[str], *, every_s: float = EVERY_S, tls: ssl.SSLContext | None = None) -> None:
        self._urls = tuple(url.rstrip("/") for url in urls)
        self._every_s = every_s
        self._handlers = (urllib.request.HTTPSHandler(context=tls), urllib.request.ProxyHandler({}))
        self._stop = threading.Event()
        self._seen: tuple[tuple[KioskStatus, float], ...] = tuple(
            (unreachable(url), time.monotonic()) for url in self._urls
        )
        self.revision = 0  # written by the thread, read anywhere
        self._thread = threading.Thread(target=self._run, name="neighbours", daemon=True)

    def start(self) -> None:
        if self._urls:
            self._thread.start()

    def stop(self) -> None:
        """Ends at the next look; waits at most TIMEOUT_S for it."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(TIMEOUT_S)

    def board(self) -> tuple[KioskStatus, ...]:
        """Each neighbour as last seen, and how long ago."""
        now_s = time.monotonic()
        return tuple(replace(status, seen_s_ago=round(now_s - at_s)) for status, at_s in self._seen)

    def _run(self) -> None:
        while not self._stop.is_set():
            seen = tuple(self._look(n) for n in range(len(self._urls)) if not self._stop.is_set())
            if len(seen) == len(self._urls):
                self._seen = seen
                self.revision += 1
            self._stop.wait(self._every_s)

    def _look(self, n: int) -> tuple[KioskStatus, float]:
        """The neighbour now; else what it last said, marked unreachable and with its age."""
        opener = urllib.request.build_opener(*self._handlers)
        try:
            with opener.open(self._urls[n] + PATH, timeout=TIMEOUT_S) as answer:
                return replace(from_json(answer.read(MAX_BYTES)), seen_s_ago=0), time.monotonic()
        except (OSError, ValueError, HTTPException):  # URLError is an OSError
            last, at_s = self._seen[n]
            return replace(last, state=UNREACHABLE, uplink=Link.DOWN), at_s
