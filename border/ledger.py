"""The kiosk's hash chain: what was recorded cannot be taken out, changed or put in another order unseen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from border.encounter import Stamp
from border.messages import codec, cose
from border.messages.errors import MessageError

GENESIS = bytes(32)
"""The head before the first record."""

CHECKPOINT_TYPE = "application/vnd.landfall.checkpoint+cbor"


@dataclass(frozen=True, slots=True)
class Link:
    """One row of the ledger: its place, the head before it, what it holds, the head after it (32 bytes each)."""

    seq: int
    previous: bytes
    digest: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A head under the kiosk's signature, to be kept by others than the kiosk."""

    kiosk: str
    seq: int  # of the last record in the chain; 0: none yet
    head: bytes
    at: Stamp

    def __post_init__(self) -> None:
        if len(self.head) != 32 or self.seq < 0:
            raise ValueError("a checkpoint holds a sequence number and a head of 32 bytes")


def next_head(previous: bytes, digest: bytes) -> bytes:
    """SHA-256(previous || digest); both 32 bytes, so that no other split gives the same head."""
    if len(previous) != 32 or len(digest) != 32:
        raise ValueError("heads and digests have 32 bytes")
    return hashlib.sha256(previous + digest).digest()


def verify_chain(start_head: bytes, links: Iterable[Link], *, start_seq: int = 0) -> int | None:
    """The first broken sequence number, or None when every link follows from the one before.

    `start_head`, `start_seq`: the last known good link (GENESIS, 0 for the whole chain). A gap breaks at the
    number that is missing.
    """
    head, seq = start_head, start_seq
    for link in links:
        seq += 1
        sizes_fit = len(link.previous) == len(link.digest) == 32
        if link.seq != seq or link.previous != head or not sizes_fit:
            return seq
        head = next_head(link.previous, link.digest)
        if link.head != head:
            return seq
    return None


def sign_checkpoint(checkpoint: Checkpoint, signer: cose.Signer) -> bytes:
    return cose.sign1(codec.encode(checkpoint), signer, CHECKPOINT_TYPE)


def open_checkpoint(data: bytes, public_key: ec.EllipticCurvePublicKey) -> Checkpoint:
    """Raises MessageError: bad_signature, wrong_content_type, wrong_kiosk, and what the codec raises."""
    signed = cose.verify1(data, public_key)
    if signed.content_type != CHECKPOINT_TYPE:
        raise MessageError("wrong_content_type")
    checkpoint = codec.decode(Checkpoint, signed.payload)
    if checkpoint.kiosk != signed.key_id:
        raise MessageError("wrong_kiosk")
    return checkpoint
