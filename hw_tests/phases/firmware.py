"""What a Raspberry Pi's firmware tells of its supply: flags by number, and the voltages of a Pi 5's power chip."""

from __future__ import annotations

import re

from hw_tests.board import text
from hw_tests.command import is_there, said
from hw_tests.station import Station

# Raspberry Pi documentation, vcgencmd get_throttled: what is now, and the same 16 bits higher since the board started
UNDERVOLTAGE, CAPPED, THROTTLED, HEAT_LIMIT = 0x1, 0x2, 0x4, 0x8
SINCE_BOOT = 16
FLAGS = "sys/devices/platform/soc/soc:firmware/get_throttled"
NO_FLAGS = "this board's firmware tells no flags of its supply"
NO_RAIL = "this board has no power chip that tells voltages"


def flags(station: Station) -> int | None:
    """None: no such firmware."""
    told = text(station.root, FLAGS)
    if told is None and is_there(station, "vcgencmd"):
        told = said(station, "vcgencmd", "get_throttled").out.decode("ascii", "replace").strip().partition("=")[2]
    try:
        return None if told is None else int(told, 16)
    except ValueError:
        return None


def volts(station: Station, rail: str) -> float | None:
    """Of `EXT5V_V`, `BATT_V` and the like; None: not told."""
    if not is_there(station, "vcgencmd"):
        return None
    told = said(station, "vcgencmd", "pmic_read_adc", rail).out.decode("ascii", "replace")
    found = re.search(rf"\b{rail} volt\(\d+\)=([\d.]+)V", told)
    return float(found[1]) if found else None
