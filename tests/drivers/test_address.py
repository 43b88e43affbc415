"""Addresses of devices as written in the configuration."""

from __future__ import annotations

import pytest

from drivers.address import Address

KNOWN = frozenset({"baud", "fast", "mode", "size"})


def test_a_bare_place_takes_every_default() -> None:
    at = Address.parse("/dev/ttyUSB0", KNOWN)
    assert at.place == "/dev/ttyUSB0"
    assert at.integer("baud", 9600, low=1200, high=115200) == 9600
    assert at.flag("fast", True) is True
    assert at.size("size", (640, 480)) == (640, 480)


def test_options_are_read() -> None:
    at = Address.parse("/dev/ttyUSB0?baud=115200&fast=0&mode=b&size=1280x720", KNOWN)
    assert at.integer("baud", 9600, low=1200, high=115200) == 115200
    assert at.flag("fast", True) is False
    assert at.choice("mode", "a", ("a", "b")) == "b"
    assert at.size("size", (640, 480)) == (1280, 720)


@pytest.mark.parametrize("text", ["", "?baud=1", "/dev/x?colour=red", "/dev/x?baud", "/dev/x?baud=1&&fast=1"])
def test_an_address_that_cannot_be_read_is_a_mistake(text: str) -> None:
    with pytest.raises(ValueError):
        Address.parse(text, KNOWN)


@pytest.mark.parametrize(
    "text", ["baud=abc", "baud=1", "baud=9600.5", "baud=nan", "fast=yes", "mode=c", "size=1280", "size=0x9"]
)
def test_a_value_out_of_bounds_is_a_mistake(text: str) -> None:
    at = Address.parse(f"/dev/x?{text}", KNOWN)
    with pytest.raises(ValueError):
        at.integer("baud", 9600, low=1200, high=115200)
        at.flag("fast", True)
        at.choice("mode", "a", ("a", "b"))
        at.size("size", (1, 1))
