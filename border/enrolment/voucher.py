"""Site vouchers: two people sign one digest; neither signature alone is worth anything."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from border.enrolment.values import SignedVoucher, SiteVoucher
from border.messages import codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError

VOUCHER_TYPE = "application/vnd.landfall.voucher-digest"
SIGNERS = 2
MAX_BYTES = 16 * 1024


@dataclass(frozen=True, slots=True)
class OpenVoucher:
    """A voucher whose signatures hold. `signers`: the two names."""

    voucher: SiteVoucher
    signers: tuple[str, ...]


def sign_voucher(voucher: bytes, signer: Signer) -> bytes:
    """One person's signature over an encoded SiteVoucher's digest; the key id is the person's name.

    Raises MessageError when those bytes are no voucher: nobody signs what he cannot read.
    """
    codec.decode(SiteVoucher, voucher, max_bytes=MAX_BYTES)
    return cose.sign1(hashlib.sha256(voucher).digest(), signer, VOUCHER_TYPE)


def seal_voucher(voucher: bytes, signatures: Sequence[bytes]) -> bytes:
    """The voucher as it travels: in a file, or as a QR code's bytes."""
    return codec.encode(SignedVoucher(voucher, tuple(signatures)))


def peek_voucher(data: bytes) -> SiteVoucher:
    """What it claims, unproven: for a device that knows no signer, and for showing. Raises MessageError."""
    signed = codec.decode(SignedVoucher, data, max_bytes=MAX_BYTES)
    return codec.decode(SiteVoucher, signed.voucher, max_bytes=MAX_BYTES)


def open_voucher(data: bytes, people: Mapping[str, ec.EllipticCurvePublicKey]) -> OpenVoucher:
    """The voucher, if two of `people` with different names and different keys have signed it, and nobody else.

    Raises MessageError: bad_signature, wrong_content_type, and what the codec raises.
    """
    signed = codec.decode(SignedVoucher, data, max_bytes=MAX_BYTES)
    digest = hashlib.sha256(signed.voucher).digest()
    names = tuple(signed_by(digest, signature, people) for signature in signed.signatures)
    keys = {people[name].public_numbers() for name in names}
    if len(names) != SIGNERS or len(set(names)) != SIGNERS or len(keys) != SIGNERS:
        raise MessageError("bad_signature")
    return OpenVoucher(codec.decode(SiteVoucher, signed.voucher, max_bytes=MAX_BYTES), names)


def signed_by(digest: bytes, signature: bytes, people: Mapping[str, ec.EllipticCurvePublicKey]) -> str:
    """Whose signature over this voucher digest it is. MessageError: nobody's, or over another."""
    name = cose.peek(signature, max_bytes=MAX_BYTES).key_id
    if name not in people:
        raise MessageError("bad_signature")
    proven = cose.verify1(signature, people[name], max_bytes=MAX_BYTES)
    if proven.content_type != VOUCHER_TYPE:
        raise MessageError("wrong_content_type")
    if proven.payload != digest:
        raise MessageError("bad_signature")
    return name
