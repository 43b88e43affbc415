"""The U.are.U 4500 codec: the shift register bit by bit, headers, absent lines, golden bytes, nonsense."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.fingerprint.uru4000_wire import (
    HEIGHT,
    WIDTH,
    BadImage,
    Event,
    RawImage,
    event_of,
    is_whole,
    key_of,
    parse,
    picture,
    scramble_request,
    unscrambled,
)

NOT_PRESENT, SCRAMBLED, KEEPS_KEY, CHANGES_KEY = 0x01, 0x02, 0x04, 0x80
WHOLE = ((SCRAMBLED, 145), (SCRAMBLED, 145))


def header(layout: tuple[tuple[int, int], ...], key_number: int = 0) -> bytes:
    """64 bytes before the pixels of such blocks."""
    present = sum(lines for flags, lines in layout if not flags & NOT_PRESENT)
    told = bytes(4) + present.to_bytes(2, "little") + bytes([key_number]) + bytes(9)
    return (told + bytes(byte for block in layout for byte in block)).ljust(64, b"\x00")


def image(layout: tuple[tuple[int, int], ...], seed: int = 1) -> bytes:
    present = sum(lines for flags, lines in layout if not flags & NOT_PRESENT)
    return header(layout) + np.random.default_rng(seed).integers(0, 256, present * WIDTH, dtype=np.uint8).tobytes()


def by_hand(data: bytes, key: int) -> tuple[bytes, int]:
    """A block in plain and the key behind it, byte by byte as the fact sheet tells it."""
    plain = bytearray(data)
    for at in range(len(data)):
        hiding = sum((key >> bit & 1) << place for place, bit in enumerate((4, 8, 11, 14, 18, 21, 24, 29)))
        plain[at] = data[at + 1] ^ hiding if at + 1 < len(data) else 0
        key = (bin(key & 0x9248144D).count("1") & 1) << 31 | key >> 1
    return bytes(plain), key


def test_the_numbers_of_events() -> None:
    assert event_of(bytes.fromhex("56AA03910EFE")) == Event.SCAN_POWER_ON
    assert event_of(bytes.fromhex("0101") + bytes(62)) == Event.FINGER_ON
    assert event_of(b"") is None
    assert event_of(b"\x01") is None
    assert event_of(b"\x12\x34") == 0x1234


def test_a_key_is_asked_for_and_read_little_endian_and_hidden_by_the_seed() -> None:
    assert scramble_request(3, 0x51EA2124) == bytes.fromhex("03 2421EA51")
    assert key_of(bytes.fromhex("2421EA51"), 0x51EA2124) == 0
    assert key_of(bytes.fromhex("2521EA51"), 0x51EA2124) == 1
    with pytest.raises(BadImage):
        key_of(b"\x00\x01\x02", 0)


@settings(max_examples=25, deadline=None)
@given(key=st.integers(0, 2**32 - 1), other=st.integers(0, 2**32 - 1))
def test_unscrambled_as_by_hand(key: int, other: int) -> None:
    first_lines = ((SCRAMBLED, 2), (0, 1), (SCRAMBLED, 1), (NOT_PRESENT, 1), (KEEPS_KEY, 1))
    raw = parse(image((*first_lines, (SCRAMBLED | CHANGES_KEY, 1), (SCRAMBLED | KEEPS_KEY, 140), (KEEPS_KEY, 143))))
    lines = [bytes(line) for line in raw.lines]
    first, moved = by_hand(lines[0] + lines[1], key)
    _, moved = by_hand(bytes(WIDTH), moved)
    second, _ = by_hand(lines[3], moved)
    third, _ = by_hand(lines[5], other)
    plain = unscrambled(raw, (key, other))
    assert plain.lines[:6].tobytes() == first + lines[2] + second + lines[4] + third
    assert plain.lines[6:].tobytes() == b"".join(lines[6:])


def test_the_first_bytes_that_hide_golden() -> None:
    """Worked out by hand for a key whose only bit is the highest: it runs down past bit 29, 24 and 21, and feeds in."""
    zeros = bytes(WIDTH)
    raw = RawImage(0, parse(header(WHOLE) + bytes(HEIGHT * WIDTH)).blocks, np.zeros((HEIGHT, WIDTH), np.uint8))
    plain = unscrambled(raw, (0x80000000,))
    assert plain.lines[0, :12].tobytes() == by_hand(zeros, 0x80000000)[0][:12]
    # key 80000000, C0000000, E0000000, 70000000, 38000000 ...: bit 29 shows from the third byte on
    assert plain.lines[0, :5].tolist() == [0, 0, 0x80, 0x80, 0x80]


def test_an_image_looks_scrambled_only_when_it_says_so_and_is_noise() -> None:
    assert parse(image(WHOLE)).is_scrambled
    assert not parse(image(((0, 145), (KEEPS_KEY, 145)))).is_scrambled
    assert not parse(header(WHOLE) + b"\x80" * HEIGHT * WIDTH).is_scrambled


def test_key_numbers_count_up_from_the_headers_and_over_255() -> None:
    layout = ((SCRAMBLED, 100), (CHANGES_KEY, 95), (SCRAMBLED | CHANGES_KEY, 95))
    data = bytearray(image(layout))
    data[6] = 0xFE
    assert parse(bytes(data)).key_numbers == (0xFE, 0xFF, 0x00)


def test_upright_and_black_on_white() -> None:
    rows = np.zeros((HEIGHT, WIDTH), np.uint8)
    rows[0, 0], rows[-1, -1], rows[0, -1] = 255, 200, 100
    shown = picture(parse(header(((KEEPS_KEY, 145), (KEEPS_KEY, 145))) + rows.tobytes()))
    assert shown.shape == (HEIGHT, WIDTH)
    assert (shown[-1, -1], shown[0, 0], shown[-1, 0]) == (0, 55, 155)
    assert np.count_nonzero(shown != 255) == 3


def test_an_absent_line_is_the_next_one_and_at_the_end_the_last() -> None:
    layout = (
        (KEEPS_KEY, 100),
        (NOT_PRESENT, 2),
        (KEEPS_KEY, 185),
        (NOT_PRESENT, 1),
    )  # and two more that nobody tells of
    raw = parse(image(layout))
    order = [*range(100), 100, 101, *range(100, 285), 284, 284, 284]
    assert np.array_equal(picture(raw), 255 - raw.lines[order][::-1, ::-1])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "an image of 0 bytes"),
        (header(WHOLE)[:63], "an image of 63 bytes"),
        (header(WHOLE), "0 bytes of 290 lines"),
        (image(WHOLE)[:-1], "111359 bytes of 290 lines"),
        (bytes(64), "0 lines"),
        (b"\xff" * 64, "65535 lines"),
        (image(((0, 145), (0, 146))), "291 lines"),
        (image(((0, 145), (0, 145), (NOT_PRESENT, 1))), "290 among 291"),
        (
            bytes(4) + b"\x22\x01" + header(((0, 145), (0, 144)))[6:] + bytes(290 * WIDTH),
            "290 lines, and blocks of 289",
        ),
        (image(((0, 200), (NOT_PRESENT, 90))), "only 200 of 290 lines"),
        (image(((0, 200),)), "only 200 of 290 lines"),
    ],
)
def test_what_is_no_image_is_refused_with_sizes_only(data: bytes, why: str) -> None:
    with pytest.raises(BadImage, match=why):
        parse(data)


def test_whole_is_what_the_header_says() -> None:
    data = image(WHOLE)
    assert not is_whole(b"") and not is_whole(data[:64]) and not is_whole(data[:-1])
    assert is_whole(data) and is_whole(data + b"more")


@given(noise=st.binary(min_size=64, max_size=64), more=st.integers(0, 2 * WIDTH))
def test_nonsense_raises_only_bad_image(noise: bytes, more: int) -> None:
    try:
        parse(noise + bytes(more))
    except BadImage as error:
        assert len(str(error)) < 80
