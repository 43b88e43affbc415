"""The battery behind the kiosk: health and charge as the kernel tells them, and whether it takes over for the mains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hw_tests.board import number, text
from hw_tests.record import IS_YES, TOLD, Expected, Limits
from hw_tests.runner import Log, Phase, Skip
from hw_tests.station import Station

FOLDER = "sys/class/power_supply"
NONE = "no battery that the kernel knows"
CELL = "replace the battery"
EXPECTS = (
    Expected("charge_percent", "%", Limits(80), "charge", "let it charge for four hours and repeat; then " + CELL),
    Expected("health", "", Limits(one_of=("Good",)), "the battery's own word on its health", CELL),
    Expected("mains", "", IS_YES, "mains power is there", "plug it in"),
    Expected("voltage_V", "V", TOLD, "voltage"),
)
TAKES_OVER = (
    Expected(
        "noticed",
        "",
        IS_YES,
        "the battery took over when the plug was pulled",
        "see the cable between battery and board",
    ),
    Expected("returned", "", IS_YES, "mains was seen again when the plug was put in", "see plug and supply"),
)


def state(log: Log) -> None:
    battery = _of_kind(log.station, ("UPS", "Battery"))
    if battery is None:
        raise Skip(NONE)
    log.measure_or("charge_percent", number(battery, "capacity"), "it does not tell its charge")
    log.measure_or("health", text(battery, "health"), "it does not tell its health")
    log.measure_or("mains", _mains(log.station), "nothing tells whether mains is there")
    volts = number(battery, "voltage_now")
    log.measure_or("voltage_V", None if volts is None else volts / 1e6, "it does not tell its voltage")


def takes_over(log: Log) -> None:
    if _of_kind(log.station, ("UPS", "Battery")) is None or _mains(log.station) is None:
        raise Skip(NONE)
    pulled = log.tell("ups_pull")
    log.measure("noticed", _comes_true(lambda: _mains(log.station) is False, log, pulled.remaining_s))
    put_in = log.tell("ups_put_in")
    log.measure("returned", _comes_true(lambda: _mains(log.station) is True, log, put_in.remaining_s))


def _comes_true(fact: Callable[[], bool], log: Log, seconds: float) -> bool:
    deadline = log.left.within(seconds)
    while not fact():
        if deadline.remaining_s <= 0:
            return False
        log.left.pause("person", min(0.2, deadline.remaining_s))
    return True


def _mains(station: Station) -> bool | None:
    """By a supply of its own, else by the battery's word that it discharges; None: nobody tells."""
    supply = _of_kind(station, ("Mains", "USB"))
    if supply is not None:
        return number(supply, "online") == 1
    battery = _of_kind(station, ("UPS", "Battery"))
    told = None if battery is None else text(battery, "status")
    return None if told is None else told != "Discharging"


def _of_kind(station: Station, kinds: tuple[str, ...]) -> Path | None:
    folders = sorted((station.root / FOLDER).glob("*"))
    return next((folder for folder in folders if text(folder, "type") in kinds), None)


PHASES = (
    Phase("ups", EXPECTS, state, is_quick=True),
    Phase("ups_mains", TAKES_OVER, takes_over, flag="cuts-power"),
)
