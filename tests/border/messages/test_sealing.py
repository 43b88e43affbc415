"""Sealing: only the right key opens, only in the right place, and no changed byte goes unseen."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, MLKEM768X25519PrivateKey, Suite
from hypothesis import given
from hypothesis import strategies as st

from border.messages import sealing
from border.messages.errors import MessageError
from border.messages.sealing import OVERHEAD_BYTES, RecipientPrivate, RecipientPublic, seal, unseal
from tests.border.messages.keys import OTHER_READER, READER

PLAIN, PLACE = b"a finger image", b"part/1/quay-1/x"
SEALED = seal(PLAIN, READER.public(), PLACE)


def reason(sealed: bytes, reader: RecipientPrivate = READER, place: bytes = PLACE) -> str:
    with pytest.raises(MessageError) as caught:
        unseal(sealed, reader, place)
    return caught.value.reason


@given(st.binary(max_size=2000), st.binary(max_size=100))
def test_what_was_sealed_opens_in_its_place(plain: bytes, place: bytes) -> None:
    sealed = seal(plain, READER.public(), place)
    assert unseal(sealed, READER, place) == plain
    assert len(sealed) == len(plain) + OVERHEAD_BYTES


def test_the_sealed_bytes_are_hpke_as_the_library_opens_it() -> None:
    kem = MLKEM768PrivateKey.from_seed_bytes(READER.raw[:64])
    dh = X25519PrivateKey.from_private_bytes(READER.raw[64:])
    suite = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
    tag = hashlib.sha256(kem.public_key().public_bytes_raw() + dh.public_key().public_bytes_raw()).digest()[:8]
    assert SEALED[:9] == b"\x01" + tag
    assert suite.decrypt(SEALED[9:], MLKEM768X25519PrivateKey(kem, dh), info=b"landfall/1/sealed/" + PLACE) == PLAIN


def test_nothing_of_the_plain_text_shows_and_no_two_seals_are_alike() -> None:
    assert PLAIN not in SEALED
    assert seal(PLAIN, READER.public(), PLACE) != SEALED


def test_another_reader_is_told_that_it_is_not_his() -> None:
    assert reason(SEALED, OTHER_READER) == "wrong_recipient"


def test_a_forged_key_tag_does_not_help_another_reader() -> None:
    assert reason(SEALED[:1] + OTHER_READER.public().tag + SEALED[9:], OTHER_READER) == "cannot_unseal"


@pytest.mark.parametrize("place", [b"", PLACE + b"x", b"part/1/quay-2/x"])
def test_in_another_place_it_stays_shut(place: bytes) -> None:
    assert reason(SEALED, place=place) == "cannot_unseal"


def test_every_changed_byte_keeps_it_shut() -> None:
    for place in range(len(SEALED)):
        changed = bytearray(SEALED)
        changed[place] ^= 0x20
        assert reason(bytes(changed)) in ("cannot_unseal", "wrong_recipient")


@pytest.mark.parametrize("sealed", [b"", b"\x01", SEALED[:-1], SEALED[: OVERHEAD_BYTES - 1], b"\x02" + SEALED[1:]])
def test_too_short_or_another_suite_cannot_be_opened(sealed: bytes) -> None:
    assert reason(sealed) == "cannot_unseal"


def test_keys_survive_their_files() -> None:
    key = RecipientPrivate.generate()
    assert RecipientPrivate.load(key.dump()) == key
    assert RecipientPublic.load(key.public().dump()) == key.public()
    assert RecipientPublic.load(b"a comment\r\n" + key.public().dump().replace(b"\n", b"\r\n")) == key.public()
    assert b"PRIVATE" not in key.public().dump()


def test_a_private_key_is_not_printed() -> None:
    assert str(READER) == repr(READER) == "<sealing private key>"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"-----BEGIN LANDFALL SEALING PUBLIC KEY-----",
        READER.dump(),
        READER.public().dump()[:-60],
        READER.public().dump().replace(b"A", b"?"),
        READER.public().dump().replace(b"\n", b"\nAAAA", 1),
    ],
)
def test_a_damaged_key_file_is_a_bad_key(text: bytes) -> None:
    with pytest.raises(MessageError) as caught:
        RecipientPublic.load(text)
    assert caught.value.reason == "bad_key"


@pytest.mark.parametrize("raw", [b"", bytes(95), bytes(97)])
def test_a_private_key_has_96_bytes(raw: bytes) -> None:
    with pytest.raises(MessageError):
        RecipientPrivate(raw)


@given(st.binary(max_size=sealing.OVERHEAD_BYTES + 40))
def test_any_bytes_are_refused(data: bytes) -> None:
    for sealed in (data, SEALED[:9] + data):
        with pytest.raises(MessageError):
            unseal(sealed, READER, PLACE)
