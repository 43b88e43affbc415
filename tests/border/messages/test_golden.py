"""Golden files: version 1 is what these bytes say, for ever. A new meaning is version 2, beside them.

Until the first release: `python -m border.messages.schema`, then `python -m tests.border.messages.make_signed_golden`,
then from the root `sha256sum border/messages/golden/* border/messages/schemas/* > tests/border/messages/golden.sha256`.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import cbor2
import pytest

from border.documents.trust_store import TrustStore
from border.ledger import open_checkpoint
from border.messages import codec, envelope, schema, topics
from border.messages.examples import (
    ALARM,
    ALARM_VALUE,
    CHECKPOINT,
    ENCOUNTER,
    EXAMPLES,
    POLICY,
    RECEIPTS,
    REQUEST,
    STATE,
)
from border.messages.schema import HERE
from border.messages.trust import Trust, load_trust
from border.rules.codec import load_policy
from border.watchlist.codec import load_list
from tests.border.messages.keys import CENTRE_KEY, KIOSK_KEY, READER
from tests.border.messages.make_signed_golden import DRAFT, EMPTY_TRUST, SAMPLE, WATCHLIST

ROOT = HERE.parent.parent
SUMS = Path(__file__).parent / "golden.sha256"
KIOSK, CENTRE = KIOSK_KEY.public_key(), CENTRE_KEY.public_key()


def golden(name: str) -> bytes:
    return (HERE / "golden" / name).read_bytes()


@pytest.mark.parametrize("path", schema.files())
def test_generating_again_gives_the_same_file(path: str) -> None:
    assert schema.files()[path] == (HERE / path).read_bytes()


def test_no_published_file_was_changed_added_or_lost() -> None:
    lines = (line.split() for line in SUMS.read_text(encoding="utf-8").splitlines())
    listed = {path: digest for digest, path in lines}
    found = {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("golden", "schemas")
        for path in (HERE / folder).iterdir()
    }
    assert found == listed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_golden_bytes_are_read_as_the_value_they_were_made_of(example: object) -> None:
    cls = type(example)
    assert repr(codec.decode(cls, golden(f"{cls.__name__}.v1.cbor"))) == repr(example)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: type(example).__name__)
def test_a_schema_names_every_key_of_the_bytes(example: object) -> None:
    name = type(example).__name__
    text = (HERE / "schemas" / f"{name}.v1.cddl").read_text(encoding="utf-8")
    first_rule = text.split("\n}")[0]
    assert f"{name} = {{" in first_rule
    for key in cbor2.loads(golden(f"{name}.v1.cbor")):
        assert f'  "{key}": ' in first_rule


def test_a_record_signed_and_sealed_long_ago_opens() -> None:
    opened = envelope.open_record(topics.record("quay-1", ENCOUNTER), golden("record.v1.cose"), KIOSK, READER)
    assert repr(opened.facts) == repr(DRAFT.facts)
    part = opened.record.parts[0]
    sealed = golden("part.v1.sealed")
    assert envelope.open_part(part, sealed, READER, kiosk="quay-1", encounter=ENCOUNTER) == SAMPLE.data


def test_everything_else_signed_long_ago_opens() -> None:
    assert envelope.open_receipts(golden("receipts.v1.cose"), CENTRE, "quay-1") == RECEIPTS
    assert envelope.open_state(topics.state("quay-1"), golden("state.v1.cose"), KIOSK) == STATE
    assert envelope.open_alarm(topics.alarm("quay-1", ALARM), golden("alarm.v1.cose"), KIOSK) == ALARM_VALUE
    assert envelope.open_request(topics.request("quay-1"), golden("request.v1.cose"), KIOSK) == REQUEST
    assert open_checkpoint(golden("checkpoint.v1.cose"), KIOSK) == CHECKPOINT
    assert load_policy(golden("policy.v1.cose"), CENTRE) == POLICY
    assert load_list(golden("watchlist.v1.cose"), CENTRE) == WATCHLIST
    assert load_trust(golden("trust.v1.cose"), CENTRE) == Trust(7, EMPTY_TRUST.issued_at_ms, TrustStore())
