"""A policy file: taken only under headquarters' key, and only when nothing in it is wrong; all mistakes at once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.messages import codec, cose
from border.messages.errors import MessageError
from border.rules.codec import POLICY_TYPE, PolicyError, load_policy, sign_policy
from border.rules.default import DEVELOPMENT
from border.rules.policy import Policy, Stay
from border.rules.validation import BOUNDS
from tests.border.messages.keys import CENTRE, CENTRE_KEY, KIOSK

HQ = CENTRE_KEY.public_key()


def signed(item: object, content_type: str = POLICY_TYPE) -> bytes:
    return cose.sign1(cbor2.dumps(item), CENTRE, content_type)


def raw() -> dict[str, Any]:
    item: dict[str, Any] = cbor2.loads(codec.encode(DEVELOPMENT))
    return item


def mistakes(data: bytes) -> dict[str, str]:
    with pytest.raises(PolicyError) as caught:
        load_policy(data, HQ)
    assert caught.value.reason == "bad_policy"
    return {mistake.where: mistake.reason for mistake in caught.value.mistakes}


def reason(data: bytes) -> str:
    with pytest.raises(MessageError) as caught:
        load_policy(data, HQ)
    return caught.value.reason


def changed(where: str, value: object) -> dict[str, Any]:
    item = raw()
    *path, last = where.split(".")
    inner = item
    for key in path:
        inner = inner[key]
    if value is ...:
        del inner[last]
    else:
        inner[last] = value
    return item


def test_the_development_policy_is_taken() -> None:
    assert load_policy(sign_policy(DEVELOPMENT, CENTRE), HQ) == DEVELOPMENT


def test_only_headquarters_signature_counts() -> None:
    data = sign_policy(DEVELOPMENT, KIOSK)
    assert reason(data) == "bad_signature"
    assert reason(signed(raw(), "text/plain")) == "wrong_content_type"
    assert reason(sign_policy(DEVELOPMENT, CENTRE)[:-1]) == "bad_cbor"


def test_another_version_or_kind_is_said_before_any_content() -> None:
    assert reason(signed({**raw(), "v": 2})) == "wrong_version"
    assert reason(signed(changed("country", 7) | {"type": "Stay"})) == "bad_policy"
    assert reason(cose.sign1(b"\xff", CENTRE, POLICY_TYPE)) == "bad_cbor"


def test_all_mistakes_of_structure_and_value_are_named_at_once() -> None:
    item = changed("face.max_abs_yaw_deg", 120.0)
    del item["turn"]
    item["retries"]["face"] = 0
    item["country"] = 7
    item["passive"]["max_attack_score"] = float("nan")
    found = mistakes(signed(item))
    assert found.keys() == {"face.max_abs_yaw_deg", "turn", "retries.face", "country", "passive.max_attack_score"}
    assert found["turn"] == "missing_field"
    assert found["face.max_abs_yaw_deg"] == "wants over 0 to 45, has 120"


def test_all_mistakes_of_value_are_named_at_once() -> None:
    policy = replace(
        DEVELOPMENT,
        version=0,
        country="ZZZ",
        accepted_documents=("P", "passport"),
        protection_codes=("XXA",),
        stays=(Stay("A b", ("QQQ",), 0), Stay("rest", ("*",), 90), Stay("rest", ("LCA",), 1)),
    )
    with pytest.raises(PolicyError) as caught:
        sign_policy(policy, CENTRE)
    assert [m.where for m in caught.value.mistakes] == [
        "version",
        "country",
        "accepted_documents[1]",
        "protection_codes",
        "protection_codes",
        "stays[0].rule",
        "stays[0].days",
        "stays[0].nationalities",
        "stays[2]",
        "stays[2].rule",
    ]
    assert "stays[0].nationalities: no such code: QQQ" in str(caught.value)


@pytest.mark.parametrize("bound", BOUNDS, ids=lambda bound: bound.where)
def test_every_bound_holds_at_both_ends(bound: Any) -> None:
    kind = type(_value(bound.where))
    step = 1 if kind is int else 0.001
    low = kind(bound.low) if bound.excluded in ("", "high") else kind(bound.low + step)
    high = kind(bound.high) if bound.excluded in ("", "low") else kind(bound.high - step)
    for inside in (low, high):
        load_policy(signed(changed(bound.where, inside)), HQ)
    for outside in (low - step, high + step):
        assert set(mistakes(signed(changed(bound.where, kind(outside))))) == {bound.where}


def _value(where: str) -> Any:
    value: Any = DEVELOPMENT
    for name in where.split("."):
        value = getattr(value, name)
    return value


def _numbers(value: Any, where: str = "") -> set[str]:
    if isinstance(value, bool | str | tuple):
        return set()
    if isinstance(value, int | float):
        return {where}
    return {path for name in value.__slots__ for path in _numbers(getattr(value, name), f"{where}.{name}".lstrip("."))}


def test_every_number_of_a_policy_has_a_bound() -> None:
    assert _numbers(DEVELOPMENT) == {bound.where for bound in BOUNDS}


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"stays": ()}, "stays"),
        ({"accepted_documents": ()}, "accepted_documents"),
        ({"stays": (Stay("minor", ("*",), 9),)}, "stays[0].rule"),
        ({"stays": (Stay("rest", (), 9),)}, "stays[0].nationalities"),
        ({"face": replace(DEVELOPMENT.face, min_component=(("A", 1.0), ("A", 2.0)))}, "face.min_component[1]"),
        ({"face": replace(DEVELOPMENT.face, min_component=(("A", 101.0),))}, "face.min_component[0]"),
        ({"finger": replace(DEVELOPMENT.finger, metric="")}, "finger.metric"),
        ({"finger": replace(DEVELOPMENT.finger, min_quality=(("optical", 0.0),))}, "finger.min_quality[0]"),
        (
            {"finger": replace(DEVELOPMENT.finger, min_quality=(("optical", 50.0), ("optical", 60.0)))},
            "finger.min_quality[1]",
        ),
        ({"chip": replace(DEVELOPMENT.chip, tolerated=("crl_absent", "chip_denied"))}, "chip.tolerated[1]"),
        ({"chip": replace(DEVELOPMENT.chip, tolerated=("dg_hash_mismatch",))}, "chip.tolerated[0]"),
        ({"chip": replace(DEVELOPMENT.chip, tolerated=("chip_absent", "chip_absent"))}, "chip.tolerated[1]"),
    ],
)
def test_what_binds_several_values_is_checked_when_signing_and_when_loading(
    changes: dict[str, Any], where: str
) -> None:
    policy = replace(DEVELOPMENT, **changes)
    with pytest.raises(PolicyError) as caught:
        sign_policy(policy, CENTRE)
    assert [m.where for m in caught.value.mistakes] == [where]
    assert set(mistakes(cose.sign1(codec.encode(policy), CENTRE, POLICY_TYPE))) == {where}


@pytest.mark.parametrize("where", ["face", "face.min_sharpness", "stays", "version", "protection_codes"])
def test_no_value_has_a_default(where: str) -> None:
    assert mistakes(signed(changed(where, ...))) == {where: "missing_field"}


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists))
def test_any_value_in_any_place_is_a_policy_or_a_message_error(value: object) -> None:
    for where in ("version", "face", "face.min_sharpness", "stays", "protection_codes", "country"):
        try:
            policy = load_policy(signed(changed(where, value)), HQ)
        except MessageError:
            continue
        assert isinstance(policy, Policy)
