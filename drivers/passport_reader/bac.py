"""Basic access control (9303-11, 4.3): the older way to open a chip, by the printed zone alone. Values only."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from drivers.api import Private
from drivers.passport_reader.pace import WrongSecret
from drivers.passport_reader.secure_messaging import ENC, MAC, SessionKeys, Suite, decrypt, encrypt, kdf, mac
from drivers.passport_reader.tlv import Malformed

DES3 = Suite.DES3
CHALLENGE_BYTES = 8
ANSWER_BYTES = 40


class Bac:
    """One run. `drawn`: RND.IFD (8 bytes) and K.IFD (16), given only where an example must come out."""

    def __init__(self, mrz: str, drawn: bytes | None = None) -> None:
        seed = hashlib.sha1(mrz.encode("ascii", "replace")).digest()[:16]  # noqa: S324 - the standard's
        self._enc = Private(kdf(DES3, seed, ENC))
        self._mac = Private(kdf(DES3, seed, MAC))
        drawn = secrets.token_bytes(24) if drawn is None else drawn
        self._own, self._key = drawn[:8], Private(drawn[8:24])
        self._of_chip = b""

    def take_challenge(self, challenge: bytes) -> bytes:
        """In: RND.IC. Out: E_IFD and M_IFD. Raises `Malformed`."""
        if len(challenge) != CHALLENGE_BYTES:
            raise Malformed(f"a challenge of {len(challenge)} bytes")
        self._of_chip = challenge
        sealed = encrypt(DES3, self._enc.value, bytes(8), self._own + challenge + self._key.value)
        return sealed + mac(DES3, self._mac.value, sealed)

    def take_answer(self, answer: bytes) -> tuple[SessionKeys, int]:
        """In: E_IC and M_IC. Out: the keys of the channel and its counter. Raises `Malformed`, `WrongSecret`."""
        if len(answer) != ANSWER_BYTES:
            raise Malformed(f"an answer of {len(answer)} bytes")
        sealed, code = answer[:32], answer[32:]
        if not hmac.compare_digest(mac(DES3, self._mac.value, sealed), code):
            raise WrongSecret
        opened = decrypt(DES3, self._enc.value, bytes(8), sealed)
        if opened[:8] != self._of_chip or opened[8:16] != self._own:
            raise Malformed("an answer to another challenge")
        seed = bytes(a ^ b for a, b in zip(self._key.value, opened[16:], strict=True))
        return SessionKeys.derive(DES3, seed), int.from_bytes(self._of_chip[4:] + self._own[4:], "big")
