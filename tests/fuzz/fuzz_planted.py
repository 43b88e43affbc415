"""A harness with a planted bug: what runs the harnesses must find it, or finding nothing elsewhere means nothing."""

from __future__ import annotations

from border.documents.mrz import parse


class Planted(Exception):
    """What no documented error is."""


def one_input(data: bytes) -> None:
    parse(data.decode("latin-1").splitlines())
    if len(data) > 8 and data[4] == 0x2A:
        raise Planted
