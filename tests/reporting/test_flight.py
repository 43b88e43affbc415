"""The table of one row's way: nothing leaves the disk but by the centre's word, and from everywhere there is a way."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.reporting.flight import TABLE, Event, IllegalEvent, State, after, backoff_s


def test_only_a_stored_receipt_purges() -> None:
    ways = {event for rows in TABLE.values() for event, target in rows.items() if target is State.PURGED}
    assert ways == {Event.STORED}


def test_every_state_can_still_reach_purged() -> None:
    reaching = {State.PURGED}
    for _ in State:
        reaching |= {state for state, rows in TABLE.items() if reaching & set(rows.values())}
    assert reaching == set(State)


def test_a_lost_link_sends_again_what_the_centre_has_not_answered() -> None:
    assert {after(state, Event.LINK_LOST) for state in (State.NEW, State.SENT, State.WAIT)} == {State.NEW}
    assert after(State.RECEIPTED, Event.LINK_LOST) is State.RECEIPTED


def test_a_quarantined_row_is_never_published() -> None:
    with pytest.raises(IllegalEvent):
        after(State.QUARANTINED, Event.PUBLISHED)


@given(st.floats(0.1, 30), st.integers(1, 10_000), st.floats(0, 1))
def test_waits_double_with_jitter_and_stay_below_their_bound(base: float, attempt: int, jitter: float) -> None:
    wait = backoff_s(base, attempt, highest_s=60.0, jitter=jitter)
    assert min(base, 60.0) <= wait <= 90.0
    assert wait <= backoff_s(base, attempt + 1, highest_s=60.0, jitter=jitter)
