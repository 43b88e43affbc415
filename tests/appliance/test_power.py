"""Power as the kernel tells it: trees of /sys as they look with a UPS, on a Pi, and on a machine that knows nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.power import NOTHING_KNOWN, Supply, read


def lay(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / "sys" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return root


UPS = {"class/power_supply/ups/type": "Battery", "class/power_supply/ups/status": "Discharging"}
PI = "devices/platform/soc/soc:firmware/get_throttled"


def test_a_machine_that_knows_nothing_says_so(tmp_path: Path) -> None:
    assert read(tmp_path) == NOTHING_KNOWN


@pytest.mark.parametrize(
    ("more", "minutes"),
    [
        ({"time_to_empty_now": "1800"}, 30.0),
        ({"energy_now": "10000000", "power_now": "5000000"}, 120.0),
        ({"charge_now": "1000000", "current_now": "-2000000"}, 30.0),  # some drivers say what leaves as negative
        ({"energy_now": "10000000", "power_now": "0"}, None),
        ({"time_to_empty_now": "soon"}, None),
        ({}, None),
    ],
)
def test_minutes_left_on_the_battery(tmp_path: Path, more: dict[str, str], minutes: float | None) -> None:
    lay(tmp_path, {**UPS, **{f"class/power_supply/ups/{name}": text for name, text in more.items()}})
    found = read(tmp_path)
    assert (found.supply, found.minutes) == (Supply.BATTERY, minutes)


def test_on_mains_a_battery_has_no_minutes_to_tell(tmp_path: Path) -> None:
    lay(tmp_path, {**UPS, "class/power_supply/ups/status": "Charging", "class/power_supply/ups/time_to_empty_now": "9"})
    found = read(tmp_path)
    assert (found.supply, found.minutes) == (Supply.MAINS, None)


@pytest.mark.parametrize(
    ("files", "sags"),
    [
        ({PI: "0x50005"}, True),
        ({PI: "50000"}, False),  # it sagged once since the start, and does not now
        ({PI: "garbage"}, None),
        ({"class/hwmon/hwmon1/in0_lcrit_alarm": "1"}, True),
        ({"class/hwmon/hwmon1/in0_lcrit_alarm": "0", PI: "0"}, False),
    ],
)
def test_sagging_voltage(tmp_path: Path, files: dict[str, str], sags: bool | None) -> None:
    assert read(lay(tmp_path, files)).undervoltage is sags


def test_temperature(tmp_path: Path) -> None:
    assert read(lay(tmp_path, {"class/thermal/thermal_zone0/temp": "61234"})).temperature_c == 61.234
