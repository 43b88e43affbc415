"""Sessions at the desk: found while touched, gone when idle, after a shift, or when too many."""

from __future__ import annotations

from appliance.post.api import Officer
from appliance.web.sessions import IDLE_S, MOST, SHIFT_S, Sessions

OFFICER = Officer("o-17", "A. Example", "officer")


class Clock:
    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_session_lives_while_it_is_touched_and_ends_with_the_shift() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    secret = sessions.open(OFFICER)
    for _ in range(int(SHIFT_S // (IDLE_S - 1))):
        clock.now_s += IDLE_S - 1
        assert sessions.find(secret) is not None
    clock.now_s += IDLE_S - 1
    assert sessions.find(secret) is None


def test_a_quiet_session_ends_and_a_stream_does_not_keep_it() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    secret = sessions.open(OFFICER)
    clock.now_s += IDLE_S - 1
    assert sessions.find(secret, touch=False) is not None
    clock.now_s += 2
    assert sessions.find(secret) is None


def test_unknown_and_closed_secrets_find_nothing() -> None:
    sessions = Sessions(Clock())
    secret = sessions.open(OFFICER)
    assert sessions.find(None) is None
    assert sessions.find(secret + "x") is None
    sessions.close(secret)
    assert sessions.find(secret) is None


def test_the_oldest_makes_room_so_that_the_table_cannot_grow() -> None:
    clock = Clock()
    sessions = Sessions(clock)
    secrets = []
    for _ in range(MOST + 1):
        clock.now_s += 1
        secrets.append(sessions.open(OFFICER))
    assert sessions.find(secrets[0]) is None
    assert sessions.find(secrets[1]) is not None
    assert len({*secrets}) == MOST + 1
