"""Any header before any pixels: a picture of the reader's size or `BadImage`, never another exception."""

from __future__ import annotations

import sys

from drivers.fingerprint.uru4000_wire import (
    HEADER_BYTES,
    HEIGHT,
    WIDTH,
    BadImage,
    is_whole,
    parse,
    picture,
    unscrambled,
)

KEYS = 16 * 4


def one_input(data: bytes) -> None:
    """Keys, then a header, then what all its lines are filled with; short of that, what it is goes in as it is."""
    keys, image = data[:KEYS], data[KEYS:]
    pattern = image[HEADER_BYTES:]
    if pattern:
        lines = min(int.from_bytes(image[4:6], "little"), HEIGHT + 1)
        image = image[:HEADER_BYTES] + (pattern * (lines * WIDTH // len(pattern) + 1))[: lines * WIDTH]
    try:
        raw = parse(image)
    except BadImage:
        return
    assert is_whole(image)
    words = [int.from_bytes(keys[at : at + 4], "little") for at in range(0, KEYS, 4)]
    plain = unscrambled(raw, tuple(words[: len(raw.key_numbers)])) if raw.is_scrambled else raw
    shown = picture(plain)
    assert shown.shape == (HEIGHT, WIDTH)
    assert plain.lines.shape == raw.lines.shape


def main() -> None:
    """Run under atheris until stopped: `python -m tests.fuzz.fuzz_uru4000 [corpus folder]`."""
    import atheris  # noqa: PLC0415  # only the fuzzer needs it

    atheris.instrument_all()
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
