"""The simulated MRZ readers, talked to in bare bytes of the data sheets: no driver of ours in between."""

from __future__ import annotations

import os
import select
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simulators.mrz_swipe import MrzSwipeSim, Profile
from tests.drivers import golden


@contextmanager
def plugged(path: Path, profile: Profile, baud: int = termios.B9600) -> Iterator[tuple[MrzSwipeSim, int]]:
    sim = MrzSwipeSim(path, profile)
    end = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(end)
    settings = termios.tcgetattr(end)
    settings[4] = settings[5] = baud
    termios.tcsetattr(end, termios.TCSANOW, settings)
    try:
        yield sim, end
    finally:
        os.close(end)
        sim.close()


def heard(end: int) -> bytes:
    """All that comes until it is quiet; waits for the first byte."""
    data = b""
    while select.select([end], [], [], 0.1 if data else 3)[0]:
        data += os.read(end, 4096)
    assert data, "nothing came"
    return data


def silent(end: int) -> bool:
    return not select.select([end], [], [], 0.3)[0]


def asked(end: int, data: bytes) -> bytes:
    os.write(end, data)
    return heard(end)


def test_an_id_box_answers_as_its_sheet_says(tmp_path: Path) -> None:
    with plugged(tmp_path / "r", Profile.ELYCTIS) as (sim, end):
        assert asked(end, golden.ELYCTIS_ASK_VERSION) == golden.ELYCTIS_VERSION
        assert asked(end, golden.ELYCTIS_INQUIRE) == golden.ELYCTIS_NOTHING
        sim.present(golden.PASSPORT)
        assert silent(end)
        assert asked(end, golden.ELYCTIS_INQUIRE) == golden.ELYCTIS_PASSPORT
        assert asked(end, golden.ELYCTIS_INQUIRE) == golden.ELYCTIS_NOTHING


def test_an_id_box_told_so_speaks_by_itself_until_it_loses_power(tmp_path: Path) -> None:
    with plugged(tmp_path / "r", Profile.ELYCTIS) as (sim, end):
        assert asked(end, golden.ELYCTIS_SPEAK_BY_YOURSELF) == bytes.fromhex("43 0000")
        sim.present(golden.PASSPORT)
        assert heard(end) == golden.ELYCTIS_PASSPORT
        sim.unplug()
        sim.replug()
        again = os.open(sim.path, os.O_RDWR | os.O_NOCTTY)
        sim.present(golden.PASSPORT)
        assert silent(again)
        os.close(again)


def test_two_commands_in_one_piece_get_two_answers(tmp_path: Path) -> None:
    with plugged(tmp_path / "r", Profile.ELYCTIS) as (_, end):
        both = golden.ELYCTIS_ASK_VERSION + golden.ELYCTIS_INQUIRE
        assert asked(end, both) == golden.ELYCTIS_VERSION + golden.ELYCTIS_NOTHING


def test_an_id_box_is_deaf_to_another_speed(tmp_path: Path) -> None:
    with plugged(tmp_path / "r", Profile.ELYCTIS, termios.B115200) as (_, end):
        os.write(end, golden.ELYCTIS_ASK_VERSION)
        assert silent(end)


def test_an_rte_reader_speaks_in_its_frame_and_takes_no_commands(tmp_path: Path) -> None:
    with plugged(tmp_path / "r", Profile.RTE) as (sim, end):
        os.write(end, golden.ELYCTIS_ASK_VERSION)
        assert silent(end)
        sim.present(golden.PASSPORT)
        assert heard(end) == golden.RTE_PASSPORT
        sim.present(golden.IDENTITY_CARD)
        assert heard(end) == golden.RTE_IDENTITY_CARD


def test_an_rte_reader_pads_a_short_two_line_zone(tmp_path: Path) -> None:
    with plugged(tmp_path / "r", Profile.RTE) as (sim, end):
        sim.present(golden.TD2_CARD)
        lines = heard(end)[7:-2].split(b"\r")
        assert lines == [b"", *(f"{line}________".encode() for line in golden.TD2_CARD), b""]


def test_a_plain_reader_sends_lines(tmp_path: Path) -> None:
    with plugged(tmp_path / "r", Profile.LINE) as (sim, end):
        sim.present(golden.PASSPORT)
        assert heard(end) == golden.LINES_PASSPORT


@pytest.mark.parametrize("profile", [Profile.RTE, Profile.LINE])
def test_a_character_that_cannot_be_made_out_is_an_underscore_on_the_wire(tmp_path: Path, profile: Profile) -> None:
    with plugged(tmp_path / "r", profile) as (sim, end):
        sim.present((golden.PASSPORT[0].replace("ANNA", "A??A"), golden.PASSPORT[1]))
        assert b"A__A" in heard(end)


def test_wrong_status_is_wrong_in_each_language(tmp_path: Path) -> None:
    with plugged(tmp_path / "a", Profile.ELYCTIS) as (sim, end):
        sim.faults.wrong_status = True
        assert asked(end, golden.ELYCTIS_ASK_VERSION)[:1] == b"E"
    with plugged(tmp_path / "b", Profile.RTE) as (sim, end):
        sim.faults.wrong_status = True
        sim.present(golden.PASSPORT)
        assert heard(end)[:-1] == golden.RTE_PASSPORT[:-1]
    with plugged(tmp_path / "c", Profile.LINE) as (sim, end):
        sim.faults.wrong_status = True
        sim.present(golden.PASSPORT)
        assert heard(end) == b"NO READ\r"
