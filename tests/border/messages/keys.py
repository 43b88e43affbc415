"""Throw-away keys for the message tests; made once, because making them is slow."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec

from border.messages.cose import SoftwareSigner
from border.messages.sealing import RecipientPrivate

KIOSK_KEY = ec.derive_private_key(0x1A2B3C, ec.SECP256R1())
OTHER_KEY = ec.derive_private_key(0x4D5E6F, ec.SECP256R1())
CENTRE_KEY = ec.derive_private_key(0x778899, ec.SECP256R1())
KIOSK = SoftwareSigner(KIOSK_KEY, "quay-1")
OTHER = SoftwareSigner(OTHER_KEY, "quay-2")
CENTRE = SoftwareSigner(CENTRE_KEY, "centre")
READER = RecipientPrivate(bytes(range(96)))
OTHER_READER = RecipientPrivate(bytes(96))
