"""A country's policy as a signed file: written and read only when nothing in it is wrong."""

from __future__ import annotations

from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric import ec

from border.messages import cbor, codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError, Mistake
from border.rules.policy import Policy
from border.rules.validation import mistakes_in, mistakes_of

POLICY_TYPE = "application/vnd.landfall.policy+cbor"
MAX_BYTES = 256 * 1024


class PolicyError(MessageError):
    """`mistakes` names every place with what it wants and what it has; a policy holds no personal data."""

    def __init__(self, mistakes: Iterable[Mistake]) -> None:
        super().__init__("bad_policy", mistakes=mistakes)


def sign_policy(policy: Policy, signer: Signer) -> bytes:
    """The policy under headquarters' key. Raises PolicyError rather than sign a policy that no kiosk would take."""
    payload = codec.encode(policy)
    found = (*mistakes_in(cbor.load(payload, MAX_BYTES)), *mistakes_of(policy))
    if found:
        raise PolicyError(found)
    return cose.sign1(payload, signer, POLICY_TYPE)


def load_policy(signed: bytes, public_key: ec.EllipticCurvePublicKey) -> Policy:
    """A policy whose signature and every value hold.

    Raises MessageError for the envelope (bad_signature, wrong_content_type, bad_cbor, wrong_version ...), PolicyError
    naming all mistakes of the contents at once.
    """
    proven = cose.verify1(signed, public_key, max_bytes=MAX_BYTES)
    if proven.content_type != POLICY_TYPE:
        raise MessageError("wrong_content_type")
    item = cbor.load(proven.payload, MAX_BYTES)
    try:
        policy = codec.decode(Policy, proven.payload, max_bytes=MAX_BYTES)
    except MessageError as error:
        if error.reason not in ("missing_field", "wrong_type", "bad_value"):
            raise
        raise PolicyError((*error.mistakes, *mistakes_in(item))) from None
    found = (*mistakes_in(item), *mistakes_of(policy))
    if found:
        raise PolicyError(found)
    return policy
