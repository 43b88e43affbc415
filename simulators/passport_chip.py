"""A passport's chip, from its files to its commands, written from ICAO 9303-10 and 9303-11. APDU in, APDU out.

PACE over elliptic curves (generic mapping and CAM), BAC, secure messaging, active authentication, and chip
authentication version 1. `simulators/vpcd_wire.py` lays it on a reader.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import reduce
from operator import xor

from simulators.chip_crypto import (
    AaKey,
    Broken,
    Messaging,
    aa_signature,
    code,
    derived,
    objects,
    opened,
    padded,
    sealed,
    tlv,
)
from simulators.chip_keys import CaKey, PaceWay
from simulators.chip_pace import PaceRun

CARD_ACCESS, CARD_SECURITY, ATR_INFO = 0x011C, 0x011D, 0x2F01
COM, SOD, DG14, DG15 = 0x011E, 0x011D, 0x010E, 0x010F
APPLICATION = bytes.fromhex("A0000002471001")
OPEN_FILES = (CARD_ACCESS, ATR_INFO)
ATR = bytes.fromhex("3B8A80018031F873F741")  # then: the third byte of its capabilities, 82 9000, and a check
LONG_COMMANDS = 0x40
Answer = tuple[bytes, int]


@dataclass(slots=True)
class Passport:
    """What is printed and stored. `mrz`: number, birth and expiry, each with its check digit.

    `files`: of the LDS application, by file id, whole. `cam_key`: for PACE-CAM, on the curve of that way.
    A `longest_answer` over 256 is told in EF.ATR/INFO.
    """

    mrz: str
    files: dict[int, bytes]
    can: str = ""
    pace: tuple[PaceWay, ...] = ()
    bac: bool = True
    ca_key: CaKey | None = None
    cam_key: CaKey | None = None
    aa_key: AaKey | None = None
    aa_hash: int = 3
    longest_answer: int = 256
    master: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.pace:
            self.master.setdefault(CARD_ACCESS, tlv(0x31, *(way.info for way in self.pace)))
        if self.cam_key is not None:
            self.master.setdefault(CARD_SECURITY, _card_security(self.cam_key, self.pace))
        if self.longest_answer > 256:
            limits = (tlv(0x02, size.to_bytes(3, "big")) for size in (self.longest_answer, self.longest_answer))
            self.master.setdefault(ATR_INFO, tlv(0x7F66, *limits))


def _card_security(key: CaKey, ways: tuple[PaceWay, ...]) -> bytes:
    """The frame of a SignedData around the infos; nobody has signed it."""
    infos = tlv(0x31, *(way.info for way in ways), key.public_info())
    content = tlv(0x30, tlv(0x06, bytes.fromhex("04007F00070302 01")), tlv(0xA0, tlv(0x04, infos)))
    signed = tlv(0x30, tlv(0x02, b"\x03"), tlv(0x31), content, tlv(0x31))
    return tlv(0x30, tlv(0x06, bytes.fromhex("2A864886F70D010702")), tlv(0xA0, signed))


class Chip:
    """One chip with power. `process` answers commands; `reset` forgets everything but the files and the counters."""

    def __init__(self, passport: Passport) -> None:
        self.passport = passport
        self.wrong_secrets = 0
        self.reset()

    @property
    def atr(self) -> bytes:
        """Of a contactless chip; its historical bytes tell whether it takes long commands."""
        whole = ATR + bytes([0xA0 | (LONG_COMMANDS if self._long else 0), 0x82, 0x90, 0x00])
        return whole + bytes([reduce(xor, whole[1:])])

    @property
    def _long(self) -> bool:
        return self.passport.longest_answer > 256

    def reset(self) -> None:
        self._messaging: Messaging | None = None
        self._next: Messaging | None = None
        self._in_application = False
        self._selected: bytes | None = None
        self._pace: PaceRun | None = None
        self._challenge = b""
        self._ca_chosen = False
        self._chained = b""

    def process(self, command: bytes) -> bytes:
        """Any bytes; always an answer with a status."""
        try:
            head, body, le = _cut(command, long=self._long)
        except ValueError:
            return b"\x67\x00"
        if self._messaging is None or head[0] & 0x0C != 0x0C:
            self._messaging = None  # a plain command ends the channel
            data, sw = self._obey(head, body, le)
            self._messaging, self._next = self._next, None
            return data + sw.to_bytes(2, "big")
        return self._protected(self._messaging, head, body)

    def _protected(self, messaging: Messaging, head: bytes, body: bytes) -> bytes:
        try:
            data, le = messaging.take(head, body)
        except Broken:
            self._messaging = None
            return b"\x69\x88"
        data, sw = self._obey(bytes([head[0] & ~0x0C]) + head[1:], data, le)
        answer = messaging.give(data, sw, odd=bool(head[1] & 1)) + sw.to_bytes(2, "big")
        if self._next is not None:
            self._messaging, self._next = self._next, None
        return answer

    def obey_opened(self, head: bytes, data: bytes, le: int | None) -> Answer:
        """A command that came under the secure messaging of somebody else, who holds the keys."""
        self._messaging = self._messaging or Messaging(2, b"", b"")
        return self._obey(head, data, le)

    def _obey(self, head: bytes, data: bytes, le: int | None) -> Answer:
        acts: dict[int, Callable[[], Answer]] = {
            0xA4: lambda: self._select(head, data),
            0xB0: lambda: self._read(int.from_bytes(head[2:], "big"), le or 0),
            0xB1: lambda: self._read_far(data, le or 0),
            0x84: self._give_challenge,
            0x82: lambda: self._authenticate_terminal(data),
            0x88: lambda: self._sign(data),
            0x22: lambda: self._choose(head, data),
            0x86: lambda: self._general(head, data),
        }
        try:
            return acts.get(head[1], lambda: (b"", 0x6D00))()
        except (ValueError, KeyError):
            return b"", 0x6A80

    def _select(self, head: bytes, data: bytes) -> Answer:
        if head[2] == 0x04:
            if data != APPLICATION:
                return b"", 0x6A82
            self._in_application, self._selected = True, None
            return b"", 0x9000
        files = self.passport.files if self._in_application else self.passport.master
        file = int.from_bytes(data, "big")
        if file not in files:
            return b"", 0x6A82
        if self._messaging is None and (self._in_application or file not in OPEN_FILES):
            return b"", 0x6982
        self._selected = files[file]
        return b"", 0x9000

    def _read(self, offset: int, count: int) -> Answer:
        if self._selected is None:
            return b"", 0x6986
        if offset >= len(self._selected):
            return b"", 0x6B00
        piece = self._selected[offset : offset + count]
        return piece, 0x9000 if len(piece) == count else 0x6282

    def _read_far(self, data: bytes, count: int) -> Answer:
        offset = int.from_bytes(objects(data)[0x54], "big")
        head = 2 if count < 0x82 else 3 if count < 0x103 else 4
        piece, sw = self._read(offset, count - head)
        return tlv(0x53, piece) if sw in (0x9000, 0x6282) else b"", sw

    def _give_challenge(self) -> Answer:
        if not self._in_application or not self.passport.bac:
            return b"", 0x6985
        self._challenge = os.urandom(8)
        return self._challenge, 0x9000

    def _authenticate_terminal(self, data: bytes) -> Answer:
        """BAC."""
        challenge, self._challenge = self._challenge, b""
        seed = hashlib.sha1(self.passport.mrz.encode()).digest()[:16]  # noqa: S324 - the standard's
        enc, mac = derived(1, seed, 1), derived(1, seed, 2)
        if not challenge or len(data) != 40:
            return b"", 0x6985
        terminal, given = opened(1, enc, bytes(8), data[:32]), code(1, mac, padded(1, data[:32]))
        if given != data[32:] or terminal[8:16] != challenge:
            self.wrong_secrets += 1
            return b"", 0x6300
        own = os.urandom(16)
        answer = sealed(1, enc, bytes(8), challenge + terminal[:8] + own)
        both = bytes(a ^ b for a, b in zip(own, terminal[16:], strict=True))
        self._next = Messaging.over(1, both, int.from_bytes(challenge[4:] + terminal[4:8], "big"))
        return answer + code(1, mac, padded(1, answer)), 0x9000

    def _sign(self, challenge: bytes) -> Answer:
        if self._messaging is None or self.passport.aa_key is None or len(challenge) != 8:
            return b"", 0x6985
        return aa_signature(self.passport.aa_key, challenge, self.passport.aa_hash), 0x9000

    def _choose(self, head: bytes, data: bytes) -> Answer:
        given = objects(data)
        if head[2:] == b"\xc1\xa4":
            return self._choose_pace(given)
        if self._messaging is None or self.passport.ca_key is None:
            return b"", 0x6985
        if head[2:] == b"\x41\xa6" and self.passport.ca_key.arc == 1:
            return self._agree(given[0x91])
        if head[2:] == b"\x41\xa4" and given.get(0x80) == self.passport.ca_key.oid:
            self._ca_chosen = True
            return b"", 0x9000
        return b"", 0x6A80

    def _choose_pace(self, given: dict[int, bytes]) -> Answer:
        number = given.get(0x84)
        ways = [way for way in self.passport.pace if way.oid == given.get(0x80)]
        ways = [way for way in ways if number is None or number == bytes([way.curve])]
        if len(ways) != 1:
            return b"", 0x6A80
        zone = hashlib.sha1(self.passport.mrz.encode()).digest()  # noqa: S324 - the standard's
        known = {b"\x01": zone, b"\x02": self.passport.can.encode()}
        if not (secret := known.get(given.get(0x83, b""), b"")):
            return b"", 0x6A88
        self._pace = PaceRun(ways[0], secret, self.passport.cam_key)
        return b"", 0x63C0 | max(0, 9 - self.wrong_secrets) if self.wrong_secrets else 0x9000

    def _general(self, head: bytes, data: bytes) -> Answer:
        if head[0] & 0x10 and len(data) == 255:  # a piece of a long command
            self._chained += data
            return b"", 0x9000
        data, self._chained = self._chained + data, b""
        given = objects(objects(data)[0x7C])
        if self._pace is None:
            return self._agree(given[0x80], wrapped=True) if self._ca_chosen else (b"", 0x6985)
        answer = self._pace.step(given)
        if answer is None:
            self._pace, self.wrong_secrets = None, self.wrong_secrets + 1
            return b"", 0x6300
        if self._pace.done is not None:
            self._next, self._pace, self.wrong_secrets = self._pace.done, None, 0
        return tlv(0x7C, answer), 0x9000

    def _agree(self, public: bytes, *, wrapped: bool = False) -> Answer:
        """Chip authentication: the answer still goes under the old keys."""
        key = self.passport.ca_key
        assert key is not None
        self._next = Messaging.over(key.arc, key.agreed(public))
        self._ca_chosen = False
        return tlv(0x7C) if wrapped else b"", 0x9000


def _cut(command: bytes, *, long: bool) -> tuple[bytes, bytes, int | None]:
    """Head, data and Le, short or extended. ValueError."""
    head, rest = command[:4], command[4:]
    if len(head) < 4:
        raise ValueError("no command")
    if not rest:
        return head, b"", None
    if long and rest[0] == 0 and len(rest) > 1:
        return _cut_long(head, rest[1:])
    if len(rest) == 1:
        return head, b"", rest[0] or 256
    size = rest[0]
    if len(rest) not in (1 + size, 2 + size):
        raise ValueError("a length that is not the data's")
    return head, rest[1 : 1 + size], (rest[1 + size] or 256) if len(rest) == 2 + size else None


def _cut_long(head: bytes, rest: bytes) -> tuple[bytes, bytes, int | None]:
    size = int.from_bytes(rest[:2], "big")
    if len(rest) == 2:
        return head, b"", size or 65536
    if len(rest) not in (2 + size, 4 + size):
        raise ValueError("a length that is not the data's")
    return head, rest[2 : 2 + size], (int.from_bytes(rest[2 + size :], "big") or 65536) if rest[2 + size :] else None
