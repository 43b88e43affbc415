"""The hash chain: nothing can be changed, left out, added or moved without the first broken number showing."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from border.encounter import ClockState, Stamp
from border.ledger import (
    GENESIS,
    Checkpoint,
    Link,
    next_head,
    open_checkpoint,
    sign_checkpoint,
    verify_chain,
)
from border.messages import codec, cose
from border.messages.errors import MessageError
from tests.border.messages.keys import KIOSK, KIOSK_KEY, OTHER, OTHER_KEY

AT = Stamp(1_714_521_600_000, 5, "boot-1", ClockState.TRUSTED)


def chain(length: int, *, seq: int = 0, head: bytes = GENESIS) -> list[Link]:
    links = []
    for number in range(seq + 1, seq + length + 1):
        digest = hashlib.sha256(str(number).encode()).digest()
        links.append(Link(number, head, digest, next_head(head, digest)))
        head = links[-1].head
    return links


def test_a_head_is_the_hash_of_the_head_before_and_the_digest() -> None:
    assert next_head(b"\x01" * 32, b"\x02" * 32) == hashlib.sha256(b"\x01" * 32 + b"\x02" * 32).digest()
    assert bytes(32) == GENESIS


@pytest.mark.parametrize(("previous", "digest"), [(b"", b"\x01" * 32), (bytes(32), bytes(31)), (bytes(33), bytes(31))])
def test_heads_and_digests_of_other_lengths_are_refused(previous: bytes, digest: bytes) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        next_head(previous, digest)


def test_a_whole_chain_and_its_continuation_hold() -> None:
    links = chain(20)
    assert verify_chain(GENESIS, links) is None
    assert verify_chain(links[9].head, links[10:], start_seq=10) is None
    assert verify_chain(GENESIS, []) is None


@given(st.integers(1, 20), st.sampled_from(["seq", "previous", "digest", "head"]))
def test_a_changed_link_breaks_where_it_stands(place: int, field: str) -> None:
    links = chain(20)
    bad = links[place - 1]
    changes = {
        "seq": replace(bad, seq=bad.seq + 1),
        "previous": replace(bad, previous=b"\x07" * 32),
        "digest": replace(bad, digest=b"\x07" * 32),
        "head": replace(bad, head=b"\x07" * 32),
    }
    links[place - 1] = changes[field]
    assert verify_chain(GENESIS, links) == place


@given(st.integers(1, 19))
def test_a_link_taken_out_breaks_at_its_number(place: int) -> None:
    links = chain(20)
    del links[place - 1]
    assert verify_chain(GENESIS, links) == place


@given(st.integers(1, 19))
def test_links_that_changed_places_break(place: int) -> None:
    links = chain(20)
    links[place - 1], links[place] = links[place], links[place - 1]
    assert verify_chain(GENESIS, links) == place


def test_a_link_written_anew_breaks_the_one_behind_it() -> None:
    links = chain(5)
    digest = b"\x07" * 32
    links[2] = Link(3, links[1].head, digest, next_head(links[1].head, digest))
    assert verify_chain(GENESIS, links) == 4


def test_another_start_breaks_at_once() -> None:
    assert verify_chain(b"\x01" * 32, chain(3)) == 1
    assert verify_chain(GENESIS, chain(3), start_seq=1) == 2


def test_short_heads_break_and_do_not_raise() -> None:
    assert verify_chain(b"", [Link(1, b"", b"", b"")]) == 1


def test_a_checkpoint_is_opened_by_the_kiosks_key_only() -> None:
    checkpoint = Checkpoint("quay-1", 20, chain(20)[-1].head, AT)
    data = sign_checkpoint(checkpoint, KIOSK)
    assert open_checkpoint(data, KIOSK_KEY.public_key()) == checkpoint
    with pytest.raises(MessageError) as caught:
        open_checkpoint(data, OTHER_KEY.public_key())
    assert caught.value.reason == "bad_signature"


def test_a_checkpoint_for_another_kiosk_is_refused() -> None:
    with pytest.raises(MessageError) as caught:
        open_checkpoint(sign_checkpoint(Checkpoint("quay-1", 1, bytes(32), AT), OTHER), OTHER_KEY.public_key())
    assert caught.value.reason == "wrong_kiosk"


def test_another_signed_message_is_no_checkpoint() -> None:
    payload = codec.encode(Checkpoint("quay-1", 1, bytes(32), AT))
    with pytest.raises(MessageError) as caught:
        open_checkpoint(cose.sign1(payload, KIOSK, "text/plain"), KIOSK_KEY.public_key())
    assert caught.value.reason == "wrong_content_type"


@pytest.mark.parametrize(("seq", "head"), [(-1, bytes(32)), (0, b""), (0, bytes(33))])
def test_impossible_checkpoints_are_refused(seq: int, head: bytes) -> None:
    with pytest.raises(ValueError, match="checkpoint"):
        Checkpoint("quay-1", seq, head, AT)
