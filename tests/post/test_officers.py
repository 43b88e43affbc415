"""Signing in: the roster, and a lock-out that no restart, no clock and no parallel try gets round."""

from __future__ import annotations

import logging
import stat
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.post import officers
from appliance.post.api import Officer
from appliance.post.keeper import Keeper
from appliance.post.officers import LOCKED_S, MAX_WRONG, Roster, RosterWrong, elapsed_s, load, save, with_officer
from border.encounter import Stamp
from tests.post.world import START_MS, open_journal, stamp

JOSEPH = Officer("joseph", "Officer Joseph (test)", "officer")
ROSTER: Roster = with_officer({}, JOSEPH, "2468")
NOW = stamp()


def later(at: Stamp, seconds: float) -> Stamp:
    return replace(at, wall_ms=at.wall_ms + round(seconds * 1000), monotonic_ms=at.monotonic_ms + round(seconds * 1000))


@pytest.fixture
def keeper(tmp_path: Path) -> Iterator[Keeper]:
    one = Keeper(lambda: open_journal(tmp_path / "journal"))
    yield one
    one.close()


def lock(keeper: Keeper, at: Stamp = NOW) -> None:
    for _ in range(MAX_WRONG):
        assert officers.sign_in(keeper, ROSTER, "joseph", "0000", at) is None


def test_the_right_pin_opens_and_a_wrong_one_or_name_does_not(keeper: Keeper) -> None:
    assert officers.sign_in(keeper, ROSTER, "joseph", "2468", NOW) == JOSEPH
    assert officers.sign_in(keeper, ROSTER, "joseph", "2469", NOW) is None
    assert officers.sign_in(keeper, ROSTER, "nobody", "2468", NOW) is None
    assert officers.sign_in(keeper, ROSTER, "joseph", "2468" * 1000, NOW) is None


def test_five_wrong_lock_for_five_minutes_even_for_the_right_pin(keeper: Keeper) -> None:
    lock(keeper)
    assert officers.sign_in(keeper, ROSTER, "joseph", "2468", later(NOW, LOCKED_S - 1)) is None
    assert officers.sign_in(keeper, ROSTER, "joseph", "2468", later(NOW, LOCKED_S)) == JOSEPH


def test_four_wrong_and_one_right_begin_anew(keeper: Keeper) -> None:
    for _ in range(3):
        for _ in range(MAX_WRONG - 1):
            officers.sign_in(keeper, ROSTER, "joseph", "0000", NOW)
        assert officers.sign_in(keeper, ROSTER, "joseph", "2468", NOW) == JOSEPH


def test_the_lock_out_survives_a_restart(tmp_path: Path) -> None:
    first = Keeper(lambda: open_journal(tmp_path / "journal"))
    lock(first)
    first.close()
    second = Keeper(lambda: open_journal(tmp_path / "journal"))
    assert officers.sign_in(second, ROSTER, "joseph", "2468", later(NOW, 10)) is None
    second.close()


def test_parallel_guesses_are_counted_one_by_one(keeper: Keeper) -> None:
    with ThreadPoolExecutor(8) as pool:
        tries = [pool.submit(officers.sign_in, keeper, ROSTER, "joseph", f"{n:04}", NOW) for n in range(16)]
    assert {one.result() for one in tries} == {None}
    query = "SELECT count(*) FROM audit WHERE act = 'sign-in refused' AND subject = 'locked'"
    assert keeper.ask(lambda j: j.db.execute(query).fetchone()[0]) == 16 - MAX_WRONG


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (stamp(START_MS + 10**9, 61_000_000, "boot-1"), 60_000),  # same boot: only the monotonic clock counts
        (stamp(START_MS - 10**9, 61_000_000, "boot-1"), 60_000),
        (stamp(START_MS - 10**9, 7_000, "boot-2"), 7),  # after a restart a clock that fell back proves nothing
        (stamp(START_MS + 400_000, 7_000, "boot-2"), 400),
    ],
)
def test_only_time_that_can_be_proven_counts(now: Stamp, seconds: float) -> None:
    assert elapsed_s(START_MS, 1_000_000, "boot-1", now) == seconds


def test_every_try_is_written_down_and_nothing_personal_is_logged(
    keeper: Keeper, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        officers.sign_in(keeper, ROSTER, "joseph", "0000", NOW)
        officers.sign_in(keeper, ROSTER, "joseph", "2468", NOW)
    acts = keeper.ask(lambda j: j.db.execute("SELECT officer, act FROM audit ORDER BY number").fetchall())
    assert acts == [("joseph", "sign-in refused"), ("joseph", "signed in")]
    assert "2468" not in caplog.text


def test_the_audit_cannot_be_rewritten(keeper: Keeper) -> None:
    officers.sign_in(keeper, ROSTER, "joseph", "2468", NOW)
    for harm in ("DELETE FROM audit", "UPDATE audit SET officer = 'marie'"):
        with pytest.raises(Exception, match="append-only"):
            keeper.ask(lambda j, harm=harm: j.db.execute(harm))  # type: ignore[misc]


def test_a_roster_is_kept_and_read_back(tmp_path: Path) -> None:
    odd = Officer("m-1", 'Marie "Ti" \\ Éloïse 漢', "supervisor")
    save(tmp_path, with_officer(ROSTER, odd, "13579"))
    assert {entry.officer for entry in load(tmp_path).values()} == {JOSEPH, odd}
    assert stat.S_IMODE((tmp_path / "officers.toml").stat().st_mode) == 0o600
    assert "argon2id" not in repr(load(tmp_path))


def test_no_roster_is_an_empty_one(tmp_path: Path) -> None:
    assert load(tmp_path) == {}


def test_every_mistake_of_a_roster_is_named(tmp_path: Path) -> None:
    rows = ['[[officer]]\nid = "a"\nname = "A"\nrole = "king"\npin = "1234"', '[[officer]]\nid = "a"\nname = ""']
    (tmp_path / "officers.toml").write_text("\n".join(rows))
    with pytest.raises(RosterWrong) as caught:
        load(tmp_path)
    for word in ("role wants", "argon2id", "text for name", "text for role", "a: twice"):
        assert word in str(caught.value)


@pytest.mark.parametrize("pin", ["123", "1" * 65])
def test_a_pin_of_impossible_length_is_refused(pin: str) -> None:
    with pytest.raises(ValueError, match="PIN"):
        with_officer({}, JOSEPH, pin)


def test_the_command_adds_and_replaces_an_officer(tmp_path: Path) -> None:
    for pin in ("1111", "2222"):
        command = [sys.executable, "-m", "appliance.post.officers", "add", str(tmp_path), "joseph", "J", "officer", pin]
        subprocess.run(command, check=True, timeout=25)
    assert len(load(tmp_path)) == 1
    bad = [sys.executable, "-m", "appliance.post.officers", "add", str(tmp_path), "joseph", "J", "king", "3333"]
    assert subprocess.run(bad, capture_output=True, timeout=25, check=False).returncode == 1
