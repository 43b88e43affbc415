"""Chips for the driver's tests: small files of nobody, keys made for the run, and a line without a reader."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.api import ChipKeys, ChipReading, Private
from drivers.deadline import Deadline
from drivers.errors import DocumentRemoved
from drivers.passport_reader.access import mrz_information
from drivers.passport_reader.chip import PassportChip
from simulators.chip_crypto import AaKey, tlv
from simulators.chip_curves import CURVES
from simulators.chip_keys import CAM, GM, CaKey, PaceWay
from simulators.passport_chip import COM, DG14, DG15, SOD, Chip, Passport

MRZ = mrz_information("L898902C3", "740812", "120415")  # the specimen of Doc 9303-4
CAN = "500540"
KEYS = ChipKeys(mrz=Private(MRZ))
NUMBER_KEYS = ChipKeys(can=Private(CAN))
WRONG_ZONE = ChipKeys(mrz=Private(mrz_information("L898902C4", "740812", "120415")))
WRONG_NUMBER = ChipKeys(can=Private("500541"))
DG1, DG2, DG11 = 0x0101, 0x0102, 0x010B
NAMES = {COM: "COM", SOD: "SOD", DG1: "DG1", DG2: "DG2", DG11: "DG11", DG14: "DG14", DG15: "DG15"}
AA_HASH_ARC = bytes.fromhex("04007F000701010401")


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ec_key(curve: type[ec.EllipticCurve] = ec.BrainpoolP256R1) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(curve())


@cache
def ca_key(curve: int, arc: int = 2, key_id: int | None = None) -> CaKey:
    return CaKey(curve, 1 + secrets.randbelow(CURVES[curve].n - 1), arc, key_id)


def files(
    face_bytes: int = 3000, *, ca: CaKey | None = None, aa: AaKey | None = None, aa_hash: int = 3
) -> dict[int, bytes]:
    """The LDS of nobody: DG1, DG2 and DG11, and what the keys need. Nothing is signed."""
    whole = {
        COM: tlv(0x60, tlv(0x5F01, b"0107"), tlv(0x5C, bytes([0x61, 0x75, 0x6B, 0x6E, 0x6F]))),
        SOD: tlv(0x77, bytes(900)),
        DG1: tlv(0x61, tlv(0x5F1F, b"P<UTO" + b"<" * 83)),
        DG2: tlv(0x75, bytes(at * at % 251 for at in range(face_bytes))),
        DG11: tlv(0x6B, tlv(0x5F0E, b"NOBODY")),
    }
    infos = [] if ca is None else [ca.infos]
    if isinstance(aa, ec.EllipticCurvePrivateKey):
        algorithm = tlv(0x06, AA_HASH_ARC + bytes([aa_hash]))
        infos.append(tlv(0x30, tlv(0x06, bytes.fromhex("678108010105")), tlv(0x02, b"\x01"), algorithm))
    if infos:
        whole[DG14] = tlv(0x6E, tlv(0x31, *infos))
    if aa is not None:
        whole[DG15] = tlv(0x6F, aa.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    return whole


def passport(
    way: PaceWay | None = None,
    *,
    ca: CaKey | None = None,
    aa: AaKey | None = None,
    aa_hash: int = 3,
    longest_answer: int = 256,
    face_bytes: int = 3000,
) -> Passport:
    """Without a `way` it is opened by BAC."""
    return Passport(
        MRZ,
        files(face_bytes, ca=ca, aa=aa, aa_hash=aa_hash),
        can=CAN,
        pace=(way,) if way else (),
        ca_key=ca,
        cam_key=ca_key(way.curve, way.arc) if way and way.mapping == CAM else None,
        aa_key=aa,
        aa_hash=aa_hash,
        longest_answer=longest_answer,
    )


def everything(longest_answer: int = 256) -> Passport:
    """PACE-CAM, chip authentication and active authentication on one chip."""
    return passport(PaceWay(CAM, 2, 13), ca=ca_key(13), aa=rsa_key(), longest_answer=longest_answer)


PLAIN = PaceWay(GM, 2, 12)


@dataclass(slots=True)
class Table:
    """A line without a reader: the chip is a call away. At APDU `removed_at` (from 1) it is taken away."""

    chip: Chip
    removed_at: int = 0
    answer_always: bytes = b""  # instead of the chip's, where there is one
    sent: list[bytes] = field(default_factory=list)

    def wait(self, deadline: Deadline) -> bytes:
        deadline.check("chip")
        self.chip.reset()
        self.sent.clear()
        return self.chip.atr

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        deadline.check("chip")
        self.sent.append(command)
        if len(self.sent) == self.removed_at:
            raise DocumentRemoved("chip", "taken away")
        return self.answer_always or self.chip.process(command)

    def let_go(self) -> None:
        self.chip.reset()

    def close(self) -> None:
        """Nothing is held."""


@dataclass(slots=True)
class Recorder(Table):
    """Keeps what the chip answered."""

    answers: list[bytes] = field(default_factory=list)

    def transmit(self, command: bytes, deadline: Deadline) -> bytes:
        self.answers.append(Table.transmit(self, command, deadline))
        return self.answers[-1]


def nobody(_share: float) -> None:
    """A progress listener that does not listen."""


def read(made: Passport, keys: ChipKeys = KEYS) -> ChipReading:
    """In this process, without pcscd."""
    return PassportChip("chip", Table(Chip(made))).read(keys, Deadline(60), nobody)


def named(made: Passport) -> dict[str, bytes]:
    """What a reading of the application must hold."""
    return {NAMES[file]: data for file, data in made.files.items()}
