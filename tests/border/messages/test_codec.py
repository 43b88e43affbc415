"""The codec: same value, same bytes; and for any other bytes, a reason and every mistake's place."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.encounter import CheckedFact, Fact
from border.findings import Finding, Measure, Verdict
from border.messages import codec
from border.messages.errors import MessageError, Mistake
from border.messages.examples import ALARM_VALUE, CHECKED, DECIDED, EXAMPLES, RECOMMENDED, STATE
from border.messages.values import StateReport


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Inner:
    number: int
    share: float


@dataclass(frozen=True, slots=True)
class Other:
    word: str


@dataclass(frozen=True, slots=True)
class Whole:
    colour: Colour
    raw: bytes
    yes: bool
    one: Inner | None
    many: tuple[Inner, ...]
    pair: tuple[str, int]
    either: Inner | Other
    maybe: Inner | Other | None


inners = st.builds(
    Inner,
    number=st.integers(-(2**63), 2**63 - 1),
    share=st.floats(allow_nan=False, allow_infinity=False),
)
others = st.builds(Other, word=st.text())
wholes = st.builds(
    Whole,
    colour=st.sampled_from(Colour),
    raw=st.binary(),
    yes=st.booleans(),
    one=st.none() | inners,
    many=st.lists(inners, max_size=4).map(tuple),
    pair=st.tuples(st.text(), st.integers(0, 9)),
    either=inners | others,
    maybe=st.none() | inners | others,
)
WHOLE = Whole(Colour.RED, b"", True, None, (), ("a", 1), Other("x"), None)


def reason(data: bytes, cls: type[object] = Whole) -> str:
    with pytest.raises(MessageError) as caught:
        codec.decode(cls, data)
    return caught.value.reason


def changed(value: Any, **changes: Any) -> object:
    """What a careless caller could make, types or not."""
    return replace(value, **changes)


def raw(value: object, **changes: Any) -> bytes:
    item = cbor2.loads(codec.encode(value))
    item.update(changes)
    return cbor2.dumps({key: each for key, each in item.items() if each != "absent"})


@given(wholes)
def test_what_was_encoded_is_decoded_again_to_the_same_bytes(whole: Whole) -> None:
    data = codec.encode(whole)
    assert codec.decode(Whole, data) == whole
    assert codec.encode(codec.decode(Whole, data)) == data


@pytest.mark.parametrize("value", EXAMPLES, ids=lambda value: type(value).__name__)
def test_every_message_survives_the_way_there_and_back(value: object) -> None:
    # repr, because a measure that is NaN equals nothing
    assert repr(codec.decode(type(value), codec.encode(value))) == repr(value)


def test_bytes_are_written_out_by_hand() -> None:
    data = codec.encode(Inner(number=-1, share=1.0))
    assert data.hex() == (
        "a4"  # a map of four, keys by length, then by letter
        "6176" "01"  # v: 1
        "6474797065" "65496e6e6572"  # type: Inner
        "657368617265" "fb3ff0000000000000"  # share: float64
        "666e756d626572" "20"  # number: -1
    )  # fmt: skip


def test_floats_keep_eight_bytes_and_whole_numbers_become_floats() -> None:
    assert cbor2.dumps(1.5) in codec.encode(Inner(0, 1.5))
    assert codec.decode(Inner, codec.encode(Inner(0, 3))).share == 3.0
    assert isinstance(codec.decode(Inner, codec.encode(Inner(0, 3))).share, float)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_only_a_measure_may_be_no_number(value: float) -> None:
    measure = codec.decode(Measure, codec.encode(Measure("m", value, "u")))
    assert repr(measure.value) == repr(value)
    with pytest.raises(MessageError) as caught:
        codec.encode(Inner(0, value))
    assert caught.value.mistakes == (Mistake("share", "bad_value"),)
    assert reason(raw(Inner(0, 0.0), share=value), Inner) == "bad_value"


def test_unknown_keys_are_ignored() -> None:
    assert codec.decode(Whole, raw(WHOLE, later={"anything": [1, None]})) == WHOLE


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.0, True, "absent"])
def test_another_version_is_refused_whatever_else_it_holds(version: object) -> None:
    assert reason(raw(WHOLE, v=version, colour="green")) == "wrong_version"


@pytest.mark.parametrize("name", ["Inner", "whole", 7, None, "absent"])
def test_another_kind_of_message_is_refused(name: object) -> None:
    assert reason(raw(WHOLE, type=name)) == "wrong_type"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"colour": "green"}, "bad_value"),
        ({"colour": 1}, "wrong_type"),
        ({"colour": ["red"]}, "wrong_type"),
        ({"raw": "text"}, "wrong_type"),
        ({"yes": 1}, "wrong_type"),
        ({"yes": None}, "wrong_type"),
        ({"one": []}, "wrong_type"),
        ({"one": {"number": True, "share": 0.0}}, "wrong_type"),
        ({"one": {"number": 2**63, "share": 0.0}}, "bad_value"),
        ({"one": {"number": 1, "share": 0}}, "wrong_type"),
        ({"one": {"number": 1}}, "missing_field"),
        ({"many": {}}, "wrong_type"),
        ({"many": "abc"}, "wrong_type"),
        ({"many": [1]}, "wrong_type"),
        ({"pair": ["a"]}, "bad_value"),
        ({"pair": ["a", 1, 2]}, "bad_value"),
        ({"pair": [1, "a"]}, "wrong_type"),
        ({"either": None}, "wrong_type"),
        ({"either": {"word": "x"}}, "wrong_type"),
        ({"either": {"type": "Whole"}}, "wrong_type"),
        ({"either": {"type": ["Inner"]}}, "wrong_type"),
        ({"either": {"type": "Other", "word": 1}}, "wrong_type"),
        ({"maybe": False}, "wrong_type"),
        ({"raw": "absent"}, "missing_field"),
        ({"one": "absent"}, "missing_field"),
    ],
)
def test_each_fault_has_its_reason(changes: dict[str, Any], expected: str) -> None:
    assert reason(raw(WHOLE, **changes)) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "bad_cbor"),
        (b"\xff", "bad_cbor"),
        (codec.encode(WHOLE)[:-1], "bad_cbor"),
        (codec.encode(WHOLE) + b"\x00", "bad_cbor"),
        (b"\xbf\xff", "bad_cbor"),  # indefinite length
        (b"\xa2\x61a\x01\x61a\x02", "bad_cbor"),  # one key twice
        (b"\xa1\x01\x01", "bad_cbor"),  # a key that is no text
        (b"\x81" * 30 + b"\x00", "bad_cbor"),  # too deep
        (b"\x80", "wrong_type"),
        (b"\x01", "wrong_type"),
        (b"\xf6", "wrong_type"),
        (b"\x9b" + b"\xff" * 8, "bad_cbor"),
        (b"\x5b" + b"\xff" * 8, "bad_cbor"),
    ],
)
def test_bytes_that_are_no_message(data: bytes, expected: str) -> None:
    assert reason(data) == expected


@pytest.mark.parametrize("tag", [*range(0, 300), 1004, 43000, 55799, 2**32])
def test_no_tag_is_ever_turned_into_an_object(tag: int) -> None:
    head = cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1]
    for inner in (b"\x00", b"\x61a", b"\x41a", b"\x82\x00\x01", b"\x82\x1b" + b"\xff" * 8 + b"\x01"):
        data = b"\xa1\x61x" + head + inner
        assert reason(data) == "bad_cbor"


def test_too_long_is_refused_before_it_is_read() -> None:
    assert reason(b"\xff" * (codec.MAX_BYTES + 1)) == "too_large"
    assert codec.decode(Other, codec.encode(Other("x" * 300_000)), max_bytes=400_000).word.startswith("xx")


def test_all_mistakes_are_named_at_once_with_their_places_and_no_value() -> None:
    item = cbor2.loads(codec.encode(CHECKED))
    item["findings"][0]["measures"][0]["value"] = "secret"
    item["findings"][1]["verdict"] = "secret"
    item["document"]["nationality"] = None
    del item["group"]
    with pytest.raises(MessageError) as caught:
        codec.decode(CheckedFact, cbor2.dumps(item))
    assert set(caught.value.mistakes) == {
        Mistake("findings[0].measures[0].value", "wrong_type"),
        Mistake("findings[1].verdict", "bad_value"),
        Mistake("document.nationality", "wrong_type"),
        Mistake("group", "missing_field"),
    }
    assert "secret" not in str(caught.value)
    assert "findings[0].measures[0].value: wrong_type" in str(caught.value)


def test_a_thousand_mistakes_are_not_a_thousand_lines() -> None:
    with pytest.raises(MessageError) as caught:
        codec.decode(Whole, raw(WHOLE, many=[1] * 1000))
    assert len(caught.value.mistakes) == 100


def test_a_value_that_its_own_class_refuses_is_a_bad_value() -> None:
    good = codec.encode(Finding("check", Verdict.CLEAR, "fine"))
    assert reason(good.replace(b"fine", b"FINE"), Finding) == "bad_value"


def test_facts_are_told_apart_by_their_name() -> None:
    classes: tuple[type[Fact], ...] = tuple(type(f) for f in (CHECKED, RECOMMENDED, DECIDED))
    for fact in (RECOMMENDED, DECIDED):
        assert codec.decode_one_of(classes, codec.encode(fact)) == fact


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (changed(STATE, outbox_depth="many"), "wrong_type"),
        (changed(STATE, outbox_depth=2**64), "bad_value"),
        (changed(STATE, online=1), "wrong_type"),
        (changed(STATE, devices=[]), "wrong_type"),
        (changed(STATE, devices=(("camera",),)), "bad_value"),
        (changed(STATE, at=None), "wrong_type"),
        (changed(STATE, state="\udc80"), "bad_value"),
        (changed(ALARM_VALUE, kind="help"), "wrong_type"),
        (changed(WHOLE, either=Colour.RED), "wrong_type"),
        (changed(WHOLE, one=Other("x")), "wrong_type"),
        (Inner(0, 10**400), "bad_value"),
    ],
)
def test_a_value_that_is_not_what_its_type_says_is_not_encoded(value: object, expected: str) -> None:
    with pytest.raises(MessageError) as caught:
        codec.encode(value)
    assert caught.value.reason == expected


def test_what_is_no_dataclass_is_a_bug_and_not_a_message() -> None:
    @dataclass(frozen=True)
    class Reserved:
        v: int

    for value in ("text", Reserved(1)):
        with pytest.raises(TypeError):
            codec.encode(value)


def test_every_field_of_a_message_is_on_the_wire_under_its_name() -> None:
    assert cbor2.loads(codec.encode(STATE)).keys() == {f.name for f in fields(StateReport)} | {"v", "type"}
