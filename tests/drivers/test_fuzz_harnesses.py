"""The fuzz harnesses of the wire codecs, fed by hypothesis in every run; atheris goes further, elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.drivers import golden
from tests.fuzz import fuzz_lane, fuzz_mjpeg, fuzz_swipe, fuzz_zfm

SEEDS: dict[Callable[[bytes], None], list[bytes]] = {
    fuzz_zfm.one_input: [golden.ZFM_OK, golden.ZFM_DATA, golden.ZFM_LAST_DATA, b"\xef\x01", golden.ZFM_DATA[:9]],
    fuzz_swipe.one_input: [
        golden.ELYCTIS_PASSPORT,
        golden.RTE_PASSPORT,
        golden.LINES_IN_MARKS,
        b"\x01\x61\x00OU\x02",
        b"I\0Z",
    ],
    fuzz_lane.one_input: [golden.LANE_GO_OBEYED, golden.LANE_FIRST_BEAT, golden.LANE_GO_OBEYED[:7]],
    fuzz_mjpeg.one_input: [
        golden.MJPEG_WITH_LENGTHS,
        golden.MJPEG_WITHOUT_LENGTHS,
        b"--b\r\nContent-Length: 9\r\n\r\n",
        b"\r\n--b\r\n\r\n\xff\xd8",
        b"\xff\xd9",
    ],
}


@pytest.mark.parametrize("one_input", list(SEEDS), ids=lambda harness: harness.__module__)
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_input_breaks_a_codec(one_input: Callable[[bytes], None], data: st.DataObject) -> None:
    known = st.sampled_from(SEEDS[one_input])
    damaged = st.tuples(known, st.integers(0, 400), st.binary(min_size=1, max_size=3)).map(
        lambda drawn: drawn[0][: drawn[1]] + drawn[2] + drawn[0][drawn[1] + 1 :]
    )
    pieces = data.draw(st.lists(st.binary(max_size=60) | known | damaged, max_size=6))
    one_input(bytes([data.draw(st.integers(0, 255))]) + b"".join(pieces))


@pytest.mark.parametrize("one_input", list(SEEDS), ids=lambda harness: harness.__module__)
def test_nothing_is_an_input_too(one_input: Callable[[bytes], None]) -> None:
    one_input(b"")
