"""Topics: what the functions write, `parse` reads back, and it takes nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.messages import topics
from border.messages.errors import MessageError
from border.messages.topics import Topic, TopicKind

ID = "018f0000-0000-7000-8000-000000000001"
SHA = "0f" * 32

PAIRS: tuple[tuple[str, str, Topic], ...] = (
    (topics.record("q.1", ID), f"landfall/1/k/q.1/up/enc/{ID}", Topic(TopicKind.RECORD, "q.1", id=ID)),
    (
        topics.part("q1", SHA, 12),
        f"landfall/1/k/q1/up/part/{SHA}/12",
        Topic(TopicKind.PART, "q1", sha256=SHA, index=12),
    ),
    (topics.alarm("q1", ID), f"landfall/1/k/q1/up/alarm/{ID}", Topic(TopicKind.ALARM, "q1", id=ID)),
    (topics.update("q1", ID), f"landfall/1/k/q1/up/update/{ID}", Topic(TopicKind.UPDATE, "q1", id=ID)),
    (topics.announcement(), "landfall/1/all/update", Topic(TopicKind.ANNOUNCEMENT)),
    (topics.state("q1"), "landfall/1/k/q1/up/state", Topic(TopicKind.STATE, "q1")),
    (topics.request("q1"), "landfall/1/k/q1/up/req", Topic(TopicKind.REQUEST, "q1")),
    (topics.receipts("q1"), "landfall/1/k/q1/down/rcpt", Topic(TopicKind.RECEIPTS, "q1")),
    (topics.command("q1", ID), f"landfall/1/k/q1/down/cmd/{ID}", Topic(TopicKind.COMMAND, "q1", id=ID)),
    (topics.hit("q1"), "landfall/1/k/q1/down/hit", Topic(TopicKind.HIT, "q1")),
    (topics.watchlist(), "landfall/1/all/wl", Topic(TopicKind.WATCHLIST)),
    (topics.trust(), "landfall/1/all/trust", Topic(TopicKind.TRUST)),
    (topics.policy(), "landfall/1/all/policy", Topic(TopicKind.POLICY)),
)


@pytest.mark.parametrize(("made", "text", "topic"), PAIRS)
def test_every_topic_is_written_as_the_contract_says_and_read_back(made: str, text: str, topic: Topic) -> None:
    assert made == text
    assert topics.parse(text) == topic


def test_every_kind_has_a_topic() -> None:
    assert {topic.kind for _, _, topic in PAIRS} == set(TopicKind)


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "landfall/2/k/q1/up/state",
        "landfall/1/k/q1/up/state/",
        "/landfall/1/k/q1/up/state",
        "landfall/1/k//up/state",
        "landfall/1/k/+/up/state",
        "landfall/1/k/q1/up/state\n",
        "landfall/1/k/q1/q2/up/state",
        f"landfall/1/k/q1/up/enc/{ID.upper()}",
        f"landfall/1/k/q1/up/part/{SHA}/01",
        f"landfall/1/k/q1/up/part/{SHA}/-1",
        f"landfall/1/k/q1/up/part/{SHA}/٣",
        "landfall/1/k/" + "q" * 65 + "/up/state",
    ],
)
def test_anything_else_is_a_bad_topic(wrong: str) -> None:
    with pytest.raises(MessageError) as caught:
        topics.parse(wrong)
    assert caught.value.reason == "bad_topic"


@pytest.mark.parametrize("kiosk", ["", "a/b", "+", "#", "a b", "q\n", "ä"])
def test_no_topic_is_made_for_a_kiosk_name_that_would_change_it(kiosk: str) -> None:
    with pytest.raises(MessageError):
        topics.state(kiosk)


@given(st.text())
def test_any_text_is_a_topic_or_a_bad_topic(text: str) -> None:
    try:
        topic = topics.parse("landfall/1/" + text)
    except MessageError as error:
        assert error.reason == "bad_topic"
    else:
        assert topic.kind in TopicKind
