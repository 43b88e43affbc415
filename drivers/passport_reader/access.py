"""Opening a chip: PACE where the chip offers what we speak, else BAC; the commands of both (9303-11, 4)."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Access, ChipKeys, Private
from drivers.deadline import Deadline
from drivers.errors import WireCorrupt
from drivers.passport_reader import tlv
from drivers.passport_reader.apdu import OK, Command, Link, Response
from drivers.passport_reader.bac import Bac
from drivers.passport_reader.pace import CAN_REFERENCE, MRZ_REFERENCE, Pace, WrongSecret, can_secret, mrz_secret
from drivers.passport_reader.secure_messaging import Session
from drivers.passport_reader.security_infos import PaceInfo
from drivers.passport_reader.tlv import Malformed

CHAINED, LAST = 0x10, 0x00  # the class of all steps but the last
BAC_METHOD = "BAC-3DES-CBC-CBC"


@dataclass(frozen=True, slots=True)
class Opened:
    """A way in. `session` None: the keys do not fit. `pace` and `cam_token` are for the proof of PACE-CAM."""

    access: Access
    method: str
    session: Session | None
    pace: Pace | None = None
    cam_token: bytes | None = None


class Refused(Exception):
    """The chip does not want this way, whatever the secret. Its text is the status."""


class Opener:
    """Tries what the chip offers and the keys allow: PACE with the zone, PACE with the number, BAC."""

    def __init__(self, device: str, link: Link, keys: ChipKeys) -> None:
        self._device = device
        self._link = link
        self._keys = keys

    def pace(self, info: PaceInfo, ambiguous: bool, deadline: Deadline) -> Opened | None:
        """None: the chip refuses PACE as such. Denied: each secret we have is wrong."""
        denied: Opened | None = None
        for access, secret in self._secrets():
            try:
                return self._pace(info, access, secret, ambiguous, deadline)
            except WrongSecret:
                denied = Opened(Access.DENIED, info.method, None)
            except Refused:
                continue
            except Malformed as error:
                raise WireCorrupt(self._device, f"PACE: {error}") from None
        return denied

    def _secrets(self) -> list[tuple[Access, Private[bytes]]]:
        ways = []
        if self._keys.mrz is not None:
            ways.append((Access.PACE_MRZ, mrz_secret(self._keys.mrz.value)))
        if self._keys.can is not None:
            ways.append((Access.PACE_CAN, can_secret(self._keys.can.value)))
        return ways

    def _pace(
        self, info: PaceInfo, access: Access, secret: Private[bytes], ambiguous: bool, deadline: Deadline
    ) -> Opened:
        self._begin(info, MRZ_REFERENCE if access is Access.PACE_MRZ else CAN_REFERENCE, ambiguous, deadline)
        run = Pace(info, secret)
        mapping = run.take_nonce(tlv.need(self._step(CHAINED, b"", deadline), 0x80))
        ephemeral = run.take_mapping(tlv.need(self._step(CHAINED, tlv.encode(0x81, mapping), deadline), 0x82))
        token = run.take_key(tlv.need(self._step(CHAINED, tlv.encode(0x83, ephemeral), deadline), 0x84))
        last = self._step(LAST, tlv.encode(0x85, token), deadline)
        session = Session(run.take_token(tlv.need(last, 0x86)))
        return Opened(access, info.method, session, run, tlv.find(last, 0x8A))

    def _begin(self, info: PaceInfo, reference: int, ambiguous: bool, deadline: Deadline) -> None:
        data = tlv.encode(0x80, tlv.undotted(info.oid)) + tlv.encode(0x83, bytes([reference]))
        if ambiguous:
            data += tlv.encode(0x84, bytes([info.parameter]))
        sw = self._link.send(Command(0x00, 0x22, 0xC1, 0xA4, data), deadline).sw
        if sw != OK and sw >> 4 != 0x63C:  # 63Cx only warns that so many tries are left
            raise Refused(f"{sw:04X}")

    def _step(self, cla: int, data: bytes, deadline: Deadline) -> tlv.Items:
        """GENERAL AUTHENTICATE. Raises `WrongSecret` where the chip says so, `Refused`, `Malformed`."""
        response = self._link.send(Command(cla, 0x86, 0, 0, tlv.encode(0x7C, data), le=256), deadline)
        return tlv.parse(tlv.only(_believed(response), 0x7C))

    def bac(self, deadline: Deadline) -> Opened:
        """Denied also where the zone is not known or the chip does not speak BAC. The application must be selected."""
        if self._keys.mrz is None:
            return Opened(Access.DENIED, BAC_METHOD, None)
        run = Bac(self._keys.mrz.value)
        try:
            challenge = self._link.send(Command(0x00, 0x84, 0, 0, le=8), deadline)
            data = run.take_challenge(_believed(challenge))
            answer = self._link.send(Command(0x00, 0x82, 0, 0, data, le=40), deadline)
            keys, counter = run.take_answer(_believed(answer))
        except (WrongSecret, Refused):
            return Opened(Access.DENIED, BAC_METHOD, None)
        except Malformed as error:
            raise WireCorrupt(self._device, f"BAC: {error}") from None
        return Opened(Access.BAC, BAC_METHOD, Session(keys, counter))


WRONG = (0x6300, 0x6982, 0x6988)
"""How chips say that a token or cryptogram is not right; and 63Cx."""


def _believed(response: Response) -> bytes:
    """The data of a good response. Raises `WrongSecret`, `Refused`."""
    if response.sw in WRONG or response.sw >> 4 == 0x63C:
        raise WrongSecret
    if response.sw != OK:
        raise Refused(f"{response.sw:04X}")
    return response.data


def mrz_information(document_number: str, birth: str, expiry: str) -> str:
    """The three fields as the zone has them, each with its check digit (9303-11, 9.7.2; weights of 9303-3, 4.9)."""
    return "".join(field + _check_digit(field) for field in (document_number.ljust(9, "<"), birth, expiry))


def _check_digit(field: str) -> str:
    values = {"<": 0} | {character: int(character, 36) for character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    return str(sum(values[character] * (7, 3, 1)[at % 3] for at, character in enumerate(field)) % 10)
