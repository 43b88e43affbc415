"""When a device asks, and what an announcement can make it do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ota.repository import judge_announcement
from ota.rhythm import STRANGE_S, Hint, Rhythm, asked, heard
from tests.ota.conftest import World

RHYTHM = Rhythm("kiosk-7", poll_s=14_400, spread_s=600)


def test_it_asks_at_once_and_then_every_few_hours_by_itself() -> None:
    assert RHYTHM.is_due(0.0)
    after = asked(RHYTHM, 10.0)
    assert not after.is_due(10.0 + 14_399)
    assert after.is_due(10.0 + 14_400 * 1.1)


def test_a_fleet_hears_and_asks_at_moments_of_its_own() -> None:
    moments = [
        heard(asked(Rhythm(f"kiosk-{n}", 14_400, 600), 0), Hint.NEWER, b"announced", 100.0).next_s for n in range(1000)
    ]
    assert all(100 <= moment <= 700 for moment in moments)
    by_minute = [sum(1 for moment in moments if 100 + 60 * n <= moment < 160 + 60 * n) for n in range(10)]
    assert min(by_minute) > 60


def test_who_announces_again_and_again_is_asked_after_once_in_a_spread() -> None:
    """Also one who can sign: the same thing in other bytes is no reason to hammer the server."""
    rhythm, questions = asked(RHYTHM, 0), 0
    for second in range(6000):
        rhythm = heard(rhythm, Hint.NEWER, b"%d" % second, float(second))
        if rhythm.is_due(second):
            questions += 1
            rhythm = asked(rhythm, second)
    assert 1 <= questions <= 10


def test_what_cannot_be_believed_costs_one_question_an_hour() -> None:
    rhythm, questions = asked(RHYTHM, 0), 0
    for second in range(int(3 * STRANGE_S)):
        rhythm = heard(rhythm, Hint.STRANGE, b"%d" % second, float(second))
        if rhythm.is_due(second):
            questions += 1
            rhythm = asked(rhythm, second)
    assert 1 <= questions <= 3


def test_what_was_seen_costs_nothing() -> None:
    rhythm = asked(RHYTHM, 0)
    assert heard(rhythm, Hint.KNOWN, b"old", 100.0) == rhythm


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    world.device(tmp_path / "device")
    return tmp_path / "device" / "image"


def test_a_signed_timestamp_is_known_or_newer_by_its_version(world: World, folder: Path) -> None:
    first = world.image.timestamp()
    assert judge_announcement(folder, first, 1) is Hint.KNOWN
    world.publish(b"app", 1)
    newer = world.image.timestamp()
    assert judge_announcement(folder, newer, 1) is Hint.NEWER
    assert judge_announcement(folder, newer, 2) is Hint.KNOWN
    assert judge_announcement(folder, first, 2) is Hint.KNOWN  # replayed


def test_what_nobody_of_ours_signed_is_strange(world: World, folder: Path) -> None:
    world.publish(b"app", 1)
    genuine = json.loads(world.image.timestamp())
    genuine["signed"]["version"] = 900
    forged = json.dumps(genuine).encode()
    for data in (b"", b"\x00", b"{}", b"[" * 5000, forged, world.served("image", "2.snapshot.json").read_bytes()):
        assert judge_announcement(folder, data, 1) is Hint.STRANGE


def test_a_directors_timestamp_is_no_announcement(world: World, folder: Path) -> None:
    assert judge_announcement(folder, world.director.timestamp(), 0) is Hint.STRANGE


def test_a_device_that_never_asked_believes_nobody(world: World, tmp_path: Path) -> None:
    assert judge_announcement(tmp_path / "nothing", world.image.timestamp(), 0) is Hint.STRANGE
