"""Serial MRZ readers: what is particular to each."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.catalogue import DOCUMENT_READER
from drivers.deadline import Deadline
from drivers.errors import DeviceGone, DeviceTimeout, WireCorrupt
from simulators.mrz_swipe import MrzSwipeSim, Profile
from tests.drivers import golden


@contextmanager
def simulator(path: Path, profile: Profile, *, baud: int = 9600) -> Iterator[MrzSwipeSim]:
    sim = MrzSwipeSim(path, profile, baud=baud)
    try:
        yield sim
    finally:
        sim.close()


def test_an_id_box_is_found_at_the_other_speed_and_remembered(tmp_path: Path) -> None:
    with simulator(tmp_path / "r", Profile.ELYCTIS, baud=115200) as sim:
        reader = DOCUMENT_READER["elyctis"](str(sim.path), "r")
        with pytest.raises(DeviceTimeout):
            reader.read(Deadline(5))
        assert sim.asked, "it was never asked at its own speed"
        timer = threading.Timer(0.3, sim.present, [golden.PASSPORT])
        timer.start()
        assert reader.read(Deadline(5)).lines == golden.PASSPORT
        timer.join()
        reader.close()


def test_each_call_to_an_id_box_asks_another_fence(tmp_path: Path) -> None:
    with simulator(tmp_path / "r", Profile.ELYCTIS) as sim:
        reader = DOCUMENT_READER["elyctis"](str(sim.path), "r")
        for _ in range(3):
            with pytest.raises(DeviceTimeout):
                reader.read(Deadline(1))
        assert [letter for letter in sim.asked if letter != "C"] == ["V", "W", "R"]
        reader.close()


def test_an_inquired_id_box_is_asked_again_until_it_has_read(tmp_path: Path) -> None:
    with simulator(tmp_path / "r", Profile.ELYCTIS) as sim:
        reader = DOCUMENT_READER["elyctis"](f"{sim.path}?mode=inquire", "r")
        sim.present(golden.IDENTITY_CARD)  # kept from before the call
        timer = threading.Timer(0.6, sim.present, [golden.TD2_CARD])
        timer.start()
        assert reader.read(Deadline(5)).lines == golden.TD2_CARD
        timer.join()
        assert 3 <= sim.asked.count("I") <= 30
        reader.close()


@pytest.mark.parametrize("profile", [Profile.RTE, Profile.LINE])
def test_a_damaged_swipe_asks_for_another_and_the_other_is_read(tmp_path: Path, profile: Profile) -> None:
    with simulator(tmp_path / "r", profile) as sim:
        reader = DOCUMENT_READER[profile.value](str(sim.path), "r")
        sim.faults.wrong_status = True
        timer = threading.Timer(0.3, sim.present, [golden.PASSPORT])
        timer.start()
        with pytest.raises(WireCorrupt) as caught:
            reader.read(Deadline(5))
        assert caught.value.retryable
        timer.join()
        sim.faults.wrong_status = False
        timer = threading.Timer(0.3, sim.present, [golden.PASSPORT])
        timer.start()
        assert reader.read(Deadline(5)).lines == golden.PASSPORT
        timer.join()
        reader.close()


def test_unread_characters_reach_the_parser_as_question_marks(tmp_path: Path) -> None:
    with simulator(tmp_path / "r", Profile.RTE) as sim:
        reader = DOCUMENT_READER["rte"](str(sim.path), "r")
        spoiled = (golden.PASSPORT[0], golden.PASSPORT[1].replace("898902", "8?89?2"))
        timer = threading.Timer(0.3, sim.present, [spoiled])
        timer.start()
        assert reader.read(Deadline(5)).lines == spoiled
        timer.join()
        reader.close()


def test_noise_before_a_swipe_does_not_spoil_it(tmp_path: Path) -> None:
    with simulator(tmp_path / "r", Profile.LINE) as sim:
        reader = DOCUMENT_READER["line"](f"{sim.path}?gap_ms=60", "r")
        timers = [
            threading.Timer(0.2, sim.send_raw, [b"\x00\xff"]),
            threading.Timer(0.5, sim.present, [golden.PASSPORT]),
        ]
        for timer in timers:
            timer.start()
        assert reader.read(Deadline(5)).lines == golden.PASSPORT
        for timer in timers:
            timer.join()
        reader.close()


def test_a_reader_that_was_never_there_is_gone(tmp_path: Path) -> None:
    for name in DOCUMENT_READER:
        with pytest.raises(DeviceGone):
            DOCUMENT_READER[name](str(tmp_path / "nothing"), "r").read(Deadline(5))
