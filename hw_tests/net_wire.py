"""One question each to a name server (RFC 1035) and a time server (RFC 4330), as bytes."""

from __future__ import annotations

import struct
from dataclasses import dataclass

NTP_1970 = 2_208_988_800
NTP_BYTES = 48


class Malformed(ValueError):
    """An answer that the protocol forbids, or one to another question."""


def name_question(identity: int, name: str) -> bytes:
    """An A question for `name`, recursion wanted."""
    labels = b"".join(bytes([len(part)]) + part for part in (each.encode("idna") for each in name.split(".")))
    return struct.pack(">6H", identity, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)


def name_is_known(answer: bytes, question: bytes) -> bool:
    """Whether at least one record came back. Raises `Malformed`."""
    if len(answer) < 12 or answer[:2] != question[:2]:
        raise Malformed("another answer")
    flags, questions, answers = struct.unpack(">3H", answer[2:8])
    if not flags & 0x8000 or questions != 1 or answer[12 : len(question)] != question[12:]:
        raise Malformed("an answer to another question")
    return bool(flags & 0x000F == 0 and answers > 0)


def time_question(now_s: float) -> bytes:
    """Version 4, client; the transmit stamp comes back as the originate stamp."""
    return bytes([0x23]) + bytes(39) + _stamp(now_s)


@dataclass(frozen=True, slots=True)
class Told:
    """`offset_s`: how far the asker's clock stands behind the server's. Stratum 1 to 15."""

    offset_s: float
    stratum: int


def time_told(answer: bytes, question: bytes, asked_s: float, heard_s: float) -> Told:
    """Raises `Malformed`, also for a server that says that it does not know (stratum 0 or 16, leap 3)."""
    if len(answer) < NTP_BYTES or answer[24:32] != question[40:48]:
        raise Malformed("another answer")
    leap, mode, stratum = answer[0] >> 6, answer[0] & 7, answer[1]
    if mode != 4 or leap == 3 or not 1 <= stratum <= 15:
        raise Malformed("a server that does not know the time")
    received_s, sent_s = _seconds(answer[32:40]), _seconds(answer[40:48])
    return Told(((received_s - asked_s) + (sent_s - heard_s)) / 2, stratum)


def _stamp(at_s: float) -> bytes:
    whole = int(at_s)
    return struct.pack(">2I", (whole + NTP_1970) % 2**32, int((at_s - whole) * 2**32) % 2**32)


def _seconds(stamp: bytes) -> float:
    """Since 1970; stamps below 2**31 belong to the era from 2036 on."""
    whole, part = struct.unpack(">2I", stamp)
    era = 0 if whole >= 2**31 else 2**32
    return float(whole + era - NTP_1970 + part / 2**32)
