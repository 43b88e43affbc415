"""Lies inside an honest envelope: facts and parts that do not belong, each refused for its own reason."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from border.encounter import Fact, SampleKind
from border.messages import codec, cose, envelope
from border.messages.cose import SoftwareSigner
from border.messages.envelope import Packed, check_record, sign_fact
from border.messages.errors import MessageError
from border.messages.examples import DECIDED, RECOMMENDED
from border.messages.sealing import OVERHEAD_BYTES
from border.messages.values import PartRef, RecordKind
from tests.border.messages.forgery import (
    ELSEWHERE,
    REF,
    SEEN,
    TOPIC,
    forged,
    reason,
    record_in,
    with_facts,
)
from tests.border.messages.keys import KIOSK, OTHER, OTHER_KEY


def test_a_fact_by_another_device_is_foreign(packed: Packed) -> None:
    record = record_in(packed)
    swapped = replace(record, facts=(record.facts[0], sign_fact(RECOMMENDED, OTHER)))
    assert reason(TOPIC, forged(swapped)) == "foreign_fact"


def test_a_fact_signed_by_somebody_else_in_the_kiosks_name_is_a_bad_fact_signature(packed: Packed) -> None:
    impostor = SoftwareSigner(OTHER_KEY, "quay-1")
    record = record_in(packed)
    swapped = replace(record, facts=(record.facts[0], sign_fact(RECOMMENDED, impostor)))
    assert reason(TOPIC, forged(swapped)) == "bad_fact_signature"


def test_a_changed_fact_is_a_bad_fact_signature(packed: Packed) -> None:
    record = record_in(packed)
    tampered = record.facts[1].replace(b"referred", b"referreD")
    assert reason(TOPIC, forged(replace(record, facts=(record.facts[0], tampered)))) == "bad_fact_signature"


def test_a_fact_of_another_encounter_is_the_wrong_encounter(packed: Packed) -> None:
    other = replace(RECOMMENDED, encounter=ELSEWHERE)
    assert reason(TOPIC, forged(with_facts(record_in(packed), SEEN, other))) == "wrong_encounter"


def test_an_encounter_record_that_speaks_of_another_encounter_is_refused(packed: Packed) -> None:
    moved = replace(record_in(packed), encounter=ELSEWHERE)
    assert reason(TOPIC, forged(moved)) == "wrong_encounter"


@pytest.mark.parametrize(
    "facts",
    [(), (SEEN,), (RECOMMENDED,), (RECOMMENDED, SEEN), (SEEN, SEEN), (SEEN, RECOMMENDED, DECIDED), (SEEN, DECIDED)],
    ids=lambda facts: "+".join(type(fact).__name__ for fact in facts) or "none",
)
def test_other_facts_than_the_kind_holds_are_wrong_facts(packed: Packed, facts: tuple[Fact, ...]) -> None:
    assert reason(TOPIC, forged(with_facts(record_in(packed), *facts))) == "wrong_facts"


def test_a_decision_record_holds_a_decision_and_nothing_else(packed: Packed) -> None:
    decision = replace(record_in(packed), kind=RecordKind.DECISION)
    assert reason(TOPIC, forged(with_facts(decision, SEEN, RECOMMENDED))) == "wrong_facts"
    assert reason(TOPIC, forged(with_facts(decision, DECIDED))) == "wrong_parts"


def test_a_machine_fact_names_the_machine_that_signed_it(packed: Packed) -> None:
    stranger = replace(SEEN, author="quay-2")
    assert reason(TOPIC, forged(with_facts(record_in(packed), stranger, RECOMMENDED))) == "wrong_author"


def test_a_signed_message_of_another_kind_is_no_fact(packed: Packed) -> None:
    record = record_in(packed)
    state = cose.sign1(codec.encode(RECOMMENDED), KIOSK, "text/plain")
    assert reason(TOPIC, forged(replace(record, facts=(record.facts[0], state)))) == "wrong_content_type"


PART_LIES: tuple[tuple[str, Callable[[PartRef], tuple[PartRef, ...]]], ...] = (
    ("twice", lambda part: (part, part)),
    ("unknown sample", lambda part: (replace(part, sample_sha256="00" * 32),)),
    ("another kind", lambda part: (replace(part, kind=SampleKind.FINGER),)),
    ("another media type", lambda part: (replace(part, media_type="text/html"),)),
    ("another size", lambda part: (replace(part, size=part.size + 1),)),
    ("too many slices", lambda part: (replace(part, slices=part.slices + 1),)),
    ("no slices", lambda part: (replace(part, slices=0),)),
)


@pytest.mark.parametrize(("name", "lie"), PART_LIES, ids=[name for name, _ in PART_LIES])
def test_parts_that_no_signed_sample_accounts_for_are_wrong_parts(
    packed: Packed, name: str, lie: Callable[[PartRef], tuple[PartRef, ...]]
) -> None:
    record = record_in(packed)
    assert reason(TOPIC, forged(replace(record, parts=lie(record.parts[0])))) == "wrong_parts"


def test_a_sample_that_claims_to_be_huge_is_too_large(packed: Packed) -> None:
    size = envelope.MAX_SAMPLE_BYTES + 1
    sealed = size + OVERHEAD_BYTES
    record = with_facts(record_in(packed), replace(SEEN, samples=(replace(REF, size=size),)), RECOMMENDED)
    part = replace(record.parts[0], size=sealed, slices=envelope.slices_of(sealed))
    assert reason(TOPIC, forged(replace(record, parts=(part,)))) == "too_large"


@pytest.mark.parametrize("changes", [{"previous": b""}, {"previous": bytes(33)}, {"seq": 0}, {"seq": -1}])
def test_impossible_ledger_values_are_bad_values(packed: Packed, changes: dict[str, Any]) -> None:
    record = replace(record_in(packed), **changes)
    with pytest.raises(MessageError) as caught:
        check_record(record, (SEEN, RECOMMENDED))
    assert caught.value.reason == "bad_value"
