"""The zone in the chip against the zone on the page: every character that differs, with both readings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from border.documents.layout import layout_of


@dataclass(frozen=True, slots=True)
class Difference:
    """One character. Line and position count from 0; `field` as the layout names it, "" between fields."""

    line: int
    position: int
    printed: str
    chip: str
    field: str

    def __repr__(self) -> str:
        return f"<difference at {self.line}:{self.position} in {self.field or 'a check digit'}>"


@dataclass(frozen=True, slots=True)
class ZoneComparison:
    """`same_shape` False: other lines or other widths, and then no character is held against another."""

    same_shape: bool
    differences: tuple[Difference, ...]

    @property
    def agrees(self) -> bool:
        return self.same_shape and not self.differences

    @property
    def fields(self) -> tuple[str, ...]:
        """The fields that differ, in printed order, each once."""
        return tuple(dict.fromkeys(one.field for one in self.differences))


def compare_zones(printed: Sequence[str], chip: Sequence[str]) -> ZoneComparison:
    """Lines against lines. What was never read (`?`) differs: absence of proof is not agreement."""
    if [len(line) for line in printed] != [len(line) for line in chip] or not chip:
        return ZoneComparison(False, ())
    names = _names(tuple(chip))
    found = tuple(
        Difference(row, at, ours, theirs, names.get((row, at), ""))
        for row, (line, other) in enumerate(zip(printed, chip, strict=True))
        for at, (ours, theirs) in enumerate(zip(line, other, strict=True))
        if ours != theirs
    )
    return ZoneComparison(True, found)


def _names(lines: tuple[str, ...]) -> dict[tuple[int, int], str]:
    layout = layout_of(lines)
    fields = layout.fields if layout is not None else ()
    return {(field.line, at): field.name for field in fields for at in range(field.start, field.end)}
