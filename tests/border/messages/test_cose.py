"""COSE_Sign1: against the example of RFC 9052, against a second construction, and against every flipped bit."""

from __future__ import annotations

import hashlib

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from border.messages import cose
from border.messages.cose import Signed, SoftwareSigner
from border.messages.errors import MessageError
from tests.border.messages.keys import KIOSK, KIOSK_KEY, OTHER_KEY

PUBLIC = KIOSK_KEY.public_key()
PAYLOAD, TYPE = b"This is the content.", "text/plain"
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

# RFC 9052, appendix C.2.1 "Single ECDSA Signature", with key '11' of appendix C.7.1.
RFC_KEY = ec.EllipticCurvePublicNumbers(
    x=0xBAC5B11CAD8F99F9C72B05CF4B9E26D244DC189F745228255A219A86D6A09EFF,
    y=0x20138BF82DC1B6D562BE0FA54AB7804A3A64B6D72CCFED6B6FB6ED28BBFC117E,
    curve=ec.SECP256R1(),
).public_key()
RFC_MESSAGE = bytes.fromhex(
    "d28443a10126a10442313154546869732069732074686520636f6e74656e742e"
    "58408eb33e4ca31d1c465ab05aac34cc6b23d58fef5c083106c4d25a91aef0b0117e"
    "2af9a291aa32e14ab834dc56ed2a223444547e01f11d3b0916e5a4c345cacb36"
)


def envelope(protected: bytes, payload: object = PAYLOAD, *, unprotected: object = None, key: object = None) -> bytes:
    """A COSE_Sign1 made another way: the structure as a byte template, the signature over a ready digest."""
    body = payload if isinstance(payload, bytes) else b""
    template = b"\x84\x6aSignature1" + cbor2.dumps(protected) + b"\x40" + cbor2.dumps(body)
    private = key if isinstance(key, ec.EllipticCurvePrivateKey) else KIOSK_KEY
    digest = hashlib.sha256(template).digest()
    r, s = decode_dss_signature(private.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))))
    signature = r.to_bytes(32, "big") + min(s, ORDER - s).to_bytes(32, "big")
    return b"\xd2" + cbor2.dumps([protected, {} if unprotected is None else unprotected, payload, signature])


GOOD_HEADER = cbor2.dumps({1: -7, 3: TYPE, 4: b"quay-1"})


def reason(data: bytes) -> str:
    with pytest.raises(MessageError) as caught:
        cose.verify1(data, PUBLIC)
    return caught.value.reason


def test_the_signature_of_the_rfc_example_verifies() -> None:
    protected, _, payload, signature = cbor2.loads(RFC_MESSAGE).value
    structure = cose.to_be_signed(protected, payload)
    assert cose.is_signature(signature, structure, RFC_KEY)
    assert not cose.is_signature(signature, structure, PUBLIC)
    assert not cose.is_signature(signature, structure + b"\x00", RFC_KEY)


def test_the_rfc_example_is_refused_as_an_envelope_because_its_key_id_is_not_signed() -> None:
    with pytest.raises(MessageError) as caught:
        cose.verify1(RFC_MESSAGE, RFC_KEY)
    assert caught.value.reason == "bad_envelope"


def test_an_envelope_made_another_way_is_the_same_thing() -> None:
    assert cose.verify1(envelope(GOOD_HEADER), PUBLIC) == Signed(PAYLOAD, "quay-1", TYPE)


def test_what_is_signed_is_verified_and_has_the_form_of_the_contract() -> None:
    data = cose.sign1(PAYLOAD, KIOSK, TYPE)
    assert cose.verify1(data, PUBLIC) == cose.peek(data) == Signed(PAYLOAD, "quay-1", TYPE)
    tagged = cbor2.loads(data)
    assert tagged.tag == 18
    protected, unprotected, payload, signature = tagged.value
    assert cbor2.loads(protected) == {1: -7, 3: TYPE, 4: b"quay-1"}
    assert not unprotected
    assert (payload, len(signature)) == (PAYLOAD, 64)
    assert len(data) - len(PAYLOAD) - len(TYPE) - len("quay-1") < 90


def test_every_flipped_bit_is_seen() -> None:
    data = cose.sign1(PAYLOAD, KIOSK, TYPE)
    for place in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(MessageError):
            cose.verify1(bytes(flipped), PUBLIC)


def test_every_missing_and_every_added_byte_is_seen() -> None:
    data = cose.sign1(PAYLOAD, KIOSK, TYPE)
    for cut in range(len(data)):
        with pytest.raises(MessageError):
            cose.verify1(data[:cut], PUBLIC)
    assert reason(data + b"\x00") == "bad_cbor"


def test_another_key_is_a_bad_signature() -> None:
    assert reason(envelope(GOOD_HEADER, key=OTHER_KEY)) == "bad_signature"


def test_the_other_signature_that_ecdsa_would_accept_is_refused() -> None:
    """(r, n - s) verifies as well as (r, s); taken, it would give one message two digests."""
    data = cose.sign1(PAYLOAD, KIOSK, TYPE)
    s = int.from_bytes(data[-32:], "big")
    twin = data[:-32] + (ORDER - s).to_bytes(32, "big")
    assert cose.is_signature(twin[-64:], cose.to_be_signed(GOOD_HEADER, PAYLOAD), PUBLIC)
    assert reason(twin) == "bad_envelope"


class HighSigner:
    """A key store that answers with the upper half of s, as many do half of the time."""

    key_id = "quay-1"

    def sign(self, data: bytes) -> bytes:
        raw = KIOSK.sign(data)
        s = int.from_bytes(raw[32:], "big")
        return raw[:32] + max(s, ORDER - s).to_bytes(32, "big")


def test_a_signer_with_a_high_s_is_put_right() -> None:
    assert cose.verify1(cose.sign1(PAYLOAD, HighSigner(), TYPE), PUBLIC).payload == PAYLOAD


@pytest.mark.parametrize(
    "protected",
    [
        b"\xa0",
        cbor2.dumps({1: -7}),
        cbor2.dumps({1: -7, 3: TYPE}),
        cbor2.dumps({1: -7, 4: b"quay-1"}),
        cbor2.dumps({1: -35, 3: TYPE, 4: b"quay-1"}),  # ES384
        cbor2.dumps({1: -7, 3: 0, 4: b"quay-1"}),
        cbor2.dumps({1: -7, 3: TYPE, 4: "quay-1"}),
        cbor2.dumps({1: -7, 3: TYPE, 4: b"\xff"}),
        cbor2.dumps({1: -7, 3: TYPE, 4: b"quay-1", 5: b""}),
        cbor2.dumps({1: -7, 2: [9], 3: TYPE, 4: b"quay-1"}),  # a critical label we do not know
        cbor2.dumps({4: b"quay-1", 3: TYPE, 1: -7}),
        cbor2.dumps([1, -7, 3, TYPE, 4, b"quay-1"]),
        cbor2.dumps(7),
    ],
)
def test_a_header_that_is_not_the_contracts_is_refused_even_when_signed(protected: bytes) -> None:
    assert reason(envelope(protected)) == "bad_envelope"


def test_broken_headers_and_foreign_shapes_are_refused() -> None:
    assert reason(envelope(b"\xff")) == reason(envelope(b"")) == "bad_cbor"
    assert reason(envelope(cbor2.dumps({1: -7, 3: "x" * 600, 4: b"quay-1"}))) == "too_large"
    assert reason(envelope(GOOD_HEADER, unprotected={"a": 1})) == "bad_envelope"
    assert reason(envelope(GOOD_HEADER, None)) == "bad_envelope"  # a detached payload
    assert reason(envelope(GOOD_HEADER)[1:]) == "bad_envelope"  # untagged
    assert reason(b"\xd1" + envelope(GOOD_HEADER)[1:]) == "bad_envelope"  # COSE_Mac0
    assert reason(b"") == "bad_envelope"
    assert reason(b"\xd2\x80") == "bad_envelope"
    assert reason(b"\xd2" + b"x" * cose.MAX_BYTES) == "too_large"


def test_a_length_written_longer_than_needed_is_a_second_form_and_refused() -> None:
    data = cose.sign1(PAYLOAD, KIOSK, TYPE)
    short, long = b"\x54" + PAYLOAD, b"\x58\x14" + PAYLOAD
    assert short in data
    assert reason(data.replace(short, long)) == "bad_envelope"


def test_only_p256_keys_become_signers() -> None:
    with pytest.raises(MessageError) as caught:
        SoftwareSigner(ec.generate_private_key(ec.SECP384R1()), "quay-1")
    assert caught.value.reason == "bad_key"


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_an_envelope_or_a_message_error(data: bytes, tagged: bool) -> None:
    with pytest.raises(MessageError):
        cose.verify1(b"\xd2" + data if tagged else data, PUBLIC)


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_signed_header_is_the_contracts_or_a_message_error(protected: bytes, signature: bytes) -> None:
    data = b"\xd2" + cbor2.dumps([protected, {}, PAYLOAD, (signature * 64)[:64] or bytes(64)])
    with pytest.raises(MessageError):
        cose.verify1(data, PUBLIC)
