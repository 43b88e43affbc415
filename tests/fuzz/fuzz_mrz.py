"""Fuzz target of the zone parser: any bytes give a reading, never an exception, and what is accepted stays so."""

from __future__ import annotations

import sys

from border.documents.mrz import Accepted, Rescan, parse


def one_input(data: bytes) -> None:
    """Bytes as a reader sends them, lines ended by CR or LF; after a NUL, doubts as (line, position, character)."""
    text, _, tail = data.partition(b"\0")
    lines = text.decode("latin-1").replace("\r", "\n").split("\n")
    doubts = {(tail[at], tail[at + 1]): tail[at + 2 : at + 3].decode("latin-1") for at in range(0, len(tail) - 2, 3)}
    reading = parse(lines, doubts)
    if isinstance(reading, Rescan):
        if not reading.reason.islower():
            raise AssertionError("a reason is a lower_case word")
        return
    again = parse(reading.lines)
    if not isinstance(again, Accepted) or again.lines != reading.lines:
        raise AssertionError("an accepted zone must be accepted again as it is")


def main() -> None:
    """Fuzz until stopped; arguments are libFuzzer's (corpus folders, -max_total_time=60)."""
    import atheris  # noqa: PLC0415 - only the fuzzer needs it, and not every Python has a build

    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
