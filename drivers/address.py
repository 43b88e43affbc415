"""Where a device is reached and how: `place?option=value&option=value`, as written in the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class Address:
    """`place` is a path or a number; `options` hold only names the driver knows. Mistakes are `ValueError`."""

    place: str
    options: Mapping[str, str]

    @staticmethod
    def parse(text: str, known: frozenset[str]) -> Address:
        place, _, query = text.partition("?")
        if not place:
            raise ValueError(f"no place in the address {text!r}")
        options = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
        if unknown := sorted(options.keys() - known):
            raise ValueError(
                f"unknown in the address {text!r}: {', '.join(unknown)}; known: {', '.join(sorted(known))}"
            )
        return Address(place, options)

    def number(self, name: str, default: float, *, low: float, high: float) -> float:
        """A number within low..high, both allowed."""
        try:
            value = float(self.options[name]) if name in self.options else default
        except ValueError:
            raise ValueError(f"{name}={self.options[name]} is not a number") from None
        if not low <= value <= high:
            raise ValueError(f"{name}={value:g} is outside {low:g}..{high:g}")
        return value

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        value = self.number(name, default, low=low, high=high)
        if value != int(value):
            raise ValueError(f"{name}={value:g} is not a whole number")
        return int(value)

    def flag(self, name: str, default: bool) -> bool:
        return self.choice(name, "1" if default else "0", ("0", "1")) == "1"

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.options.get(name, default)
        if value not in allowed:
            raise ValueError(f"{name}={value} is none of {', '.join(allowed)}")
        return value

    def size(self, name: str, default: tuple[int, int]) -> tuple[int, int]:
        """Width and height in pixels, written `1280x720`."""
        if name not in self.options:
            return default
        width, _, height = self.options[name].partition("x")
        if not (width.isdecimal() and height.isdecimal() and int(width) and int(height)):
            raise ValueError(f"{name}={self.options[name]} is not WIDTHxHEIGHT")
        return int(width), int(height)
