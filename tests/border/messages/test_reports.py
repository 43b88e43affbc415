"""Receipts, state, alarms and requests: each is taken from its sender, on its topic, for its kiosk only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from border.messages import envelope, topics
from border.messages.cose import Signer, SoftwareSigner
from border.messages.errors import MessageError
from border.messages.examples import ALARM, ALARM_VALUE, RECEIPTS, REQUEST, STATE, UPDATE
from tests.border.messages.keys import CENTRE, CENTRE_KEY, KIOSK, KIOSK_KEY, OTHER, OTHER_KEY

PUBLIC = KIOSK_KEY.public_key()
Sign = Callable[[Any, Signer], bytes]
Open = Callable[[str, bytes, ec.EllipticCurvePublicKey], object]
UP: tuple[tuple[Any, Sign, Open, str, str], ...] = (
    (STATE, envelope.sign_state, envelope.open_state, topics.state("quay-1"), topics.state("quay-2")),
    (
        ALARM_VALUE,
        envelope.sign_alarm,
        envelope.open_alarm,
        topics.alarm("quay-1", ALARM),
        topics.alarm("quay-2", ALARM),
    ),
    (
        UPDATE,
        envelope.sign_update,
        envelope.open_update,
        topics.update("quay-1", UPDATE.id),
        topics.update("quay-2", UPDATE.id),
    ),
    (REQUEST, envelope.sign_request, envelope.open_request, topics.request("quay-1"), topics.request("quay-2")),
)
each_report = pytest.mark.parametrize(("value", "sign", "read", "topic", "foreign"), UP)


def reason(act: Callable[[], object]) -> str:
    with pytest.raises(MessageError) as caught:
        act()
    return caught.value.reason


@each_report
def test_a_report_opens_on_its_topic(value: Any, sign: Sign, read: Open, topic: str, foreign: str) -> None:
    assert read(topic, sign(value, KIOSK), PUBLIC) == value


@each_report
def test_a_report_lies_in_vain(value: Any, sign: Sign, read: Open, topic: str, foreign: str) -> None:
    honest = sign(value, KIOSK)
    impostor = SoftwareSigner(OTHER_KEY, "quay-1")
    assert reason(lambda: read(topic, sign(value, impostor), PUBLIC)) == "bad_signature"
    assert reason(lambda: read(topic, sign(value, OTHER), OTHER_KEY.public_key())) == "wrong_kiosk"
    assert reason(lambda: read(foreign, honest, PUBLIC)) == "wrong_kiosk"
    assert reason(lambda: read(topic, sign(replace(value, kiosk="quay-2"), KIOSK), PUBLIC)) == "wrong_kiosk"
    assert reason(lambda: read(topics.receipts("quay-1"), honest, PUBLIC)) == "bad_topic"
    other_sign = next(s for _, s, *_ in UP if s is not sign)
    assert reason(lambda: read(topic, other_sign(value, KIOSK), PUBLIC)) == "wrong_content_type"


def test_an_alarm_under_another_id_is_refused() -> None:
    topic = topics.alarm("quay-1", "018f0000-0000-7000-8000-0000000000ff")
    data = envelope.sign_alarm(ALARM_VALUE, KIOSK)
    assert reason(lambda: envelope.open_alarm(topic, data, PUBLIC)) == "wrong_id"


@pytest.mark.parametrize("other", [{"transaction": "apps-5"}, {"phase": "kept"}, {"id": ALARM}])
def test_a_step_bears_the_id_of_its_kiosk_transaction_and_phase(other: dict[str, Any]) -> None:
    data = envelope.sign_update(replace(UPDATE, **other), KIOSK)
    assert reason(lambda: envelope.open_update(topics.update("quay-1", UPDATE.id), data, PUBLIC)) == "wrong_id"


def test_receipts_come_from_the_centre_for_this_kiosk() -> None:
    data = envelope.sign_receipts(RECEIPTS, CENTRE)
    centre = CENTRE_KEY.public_key()
    assert envelope.open_receipts(data, centre, "quay-1") == RECEIPTS
    assert reason(lambda: envelope.open_receipts(data, centre, "quay-2")) == "wrong_kiosk"
    by_kiosk = envelope.sign_receipts(RECEIPTS, KIOSK)
    assert reason(lambda: envelope.open_receipts(by_kiosk, centre, "quay-1")) == "bad_signature"
    state = envelope.sign_state(STATE, CENTRE)
    assert reason(lambda: envelope.open_receipts(state, centre, "quay-1")) == "wrong_content_type"
    assert reason(lambda: envelope.open_receipts(b"", centre, "quay-1")) == "bad_envelope"
