"""Every method of a chip with every curve, key and cipher: each is a cell, and a cell is run.

`test_chip_methods.py` runs them all; `chip_table.py` runs them too and writes down what passed, and beside whom.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from drivers.api import Access, ChipKeys, ChipReader, ChipReading, Private, Proof
from drivers.catalogue import CHIP_READER
from drivers.deadline import Deadline
from drivers.passport_reader.apdu import Command, decode, encode
from drivers.passport_reader.bac import Bac
from drivers.passport_reader.curves import BY_NUMBER
from drivers.passport_reader.pace import Pace, mrz_secret
from drivers.passport_reader.secure_messaging import BY_ARC, Session, SessionKeys, Suite
from drivers.passport_reader.security_infos import AA_HASHES, PaceInfo
from simulators.chip_crypto import AaKey
from simulators.chip_keys import CAM, GM, CaKey, PaceWay
from simulators.passport.keys import Scheme
from simulators.passport_chip import Chip
from simulators.pcscd import Slot
from simulators.vpcd_wire import Card, ChipOnReader
from tests.border.documents import openssl
from tests.drivers import golden_chip as golden
from tests.drivers.openpace import OpenpaceChip, zone
from tests.drivers.passports import KEYS, NUMBER_KEYS, PLAIN, ca_key, ec_key, named, nobody, passport, read, rsa_key

EXAMPLE, OURS, LIBEAC, ECDH, OPENSSL = "example", "ours", "libeac", "ECDH", "openssl"
PEERS = {
    EXAMPLE: "the worked examples of ICAO 9303-11 (appendices D and G.1), byte for byte",
    OURS: "the simulated chip, `simulators/passport_chip.py`, which shares no line with the driver",
    LIBEAC: "a chip that speaks with OpenPACE's `libeac`, behind pcscd: PACE and secure messaging are its own",
    ECDH: "the simulated chip, its secret agreed by OpenSSL through `cryptography`",
    OPENSSL: "`openssl cms -verify` on the same file, whole and with one bit turned",
}
FACE_BYTES = 500
AA_CURVES: tuple[type[ec.EllipticCurve], ...] = (
    ec.SECP224R1,
    ec.SECP256R1,
    ec.SECP384R1,
    ec.SECP521R1,
    ec.BrainpoolP256R1,
    ec.BrainpoolP384R1,
    ec.BrainpoolP512R1,
)
AA_BITS = (1024, 1536, 2048, 3072)
ECDH_CURVES: dict[int, ec.EllipticCurve] = {
    8: ec.SECP192R1(),
    10: ec.SECP224R1(),
    12: ec.SECP256R1(),
    13: ec.BrainpoolP256R1(),
    15: ec.SECP384R1(),
    16: ec.BrainpoolP384R1(),
    17: ec.BrainpoolP512R1(),
    18: ec.SECP521R1(),
}
PACE_METHODS = {
    "PACE-GM, zone": (GM, KEYS),
    "PACE-GM, number": (GM, NUMBER_KEYS),
    "PACE-CAM, zone": (CAM, KEYS),
    "PACE-CAM, number": (CAM, NUMBER_KEYS),
}
BAC = "BAC"
CA, AA, PA = "Chip Authentication", "Active Authentication", "Passive Authentication"


@dataclass(frozen=True, slots=True)
class Cell:
    """`on`: the curve, or the key; `with_`: the cipher, or the hash; `peer`: a key of PEERS."""

    method: str
    on: str
    with_: str
    peer: str

    @property
    def name(self) -> str:
        return f"{self.method}, {self.on}, {self.with_}, {self.peer}"


class Reader:
    """A reader of pcscd on which a chip lies that nobody lifts."""

    def __init__(self, slot: Slot) -> None:
        self._reader: ChipReader = CHIP_READER["pcsc"](slot.reader, "chip-1")
        self._laid = ChipOnReader(slot.port, Chip(passport()))
        self._laid.put_down()

    def read(self, chip: Card, keys: ChipKeys) -> ChipReading:
        """Every reading begins with a reset, so that one chip may become another in the same place."""
        self._laid.chip = chip
        return self._reader.read(keys, Deadline(30), nobody)

    def close(self) -> None:
        self._reader.close()
        self._laid.lift()


@dataclass(frozen=True, slots=True)
class Bench:
    """What cells need. `reader` only those whose peer is LIBEAC."""

    folder: Path
    reader: Reader | None = None

    def read(self, chip: Card, keys: ChipKeys) -> ChipReading:
        assert self.reader is not None
        return self.reader.read(chip, keys)


class AgreedByOpenssl(CaKey):
    """The same key, its secret agreed by `cryptography`."""

    def agreed(self, public: bytes) -> bytes:
        curve = ECDH_CURVES[self.curve]
        theirs = ec.EllipticCurvePublicKey.from_encoded_point(curve, public)
        return ec.derive_private_key(self.secret, curve).exchange(ec.ECDH(), theirs)


Run = Callable[[Bench], None]
"""Raises AssertionError where the cell is not as it must be."""


@cache
def cells() -> dict[Cell, Run]:
    """Each cell with how it is run."""
    return {**_worked_cells(), **_pace_cells(), **_chip_cells(), **_active_cells(), **_passive_cells()}


def _pace_cells() -> dict[Cell, Run]:
    return {
        Cell(method, curve.name, suite.value, peer): _pace(method, arc, number, peer)
        for method, (mapping, _) in PACE_METHODS.items()
        for number, curve in BY_NUMBER.items()
        for arc, suite in BY_ARC.items()
        for peer in ((LIBEAC, OURS) if mapping == GM else (OURS,))
    }


def _pace(method: str, arc: int, number: int, peer: str) -> Run:
    mapping, keys = PACE_METHODS[method]

    def run(bench: Bench) -> None:
        made = passport(PaceWay(mapping, arc, number), face_bytes=FACE_BYTES)
        reading = bench.read(OpenpaceChip(made, zone()), keys) if peer == LIBEAC else read(made, keys)
        assert reading.access is (Access.PACE_MRZ if keys is KEYS else Access.PACE_CAN)
        kind = "CAM" if mapping == CAM else "GM"
        assert reading.method == f"PACE-ECDH-{kind}-{BY_ARC[arc].value} {BY_NUMBER[number].name}"
        assert {name: reading.files[name] for name in named(made)} == named(made)
        assert reading.pace_chip_authentication is (Proof.PASSED if mapping == CAM else Proof.NOT_OFFERED)

    return run


def _chip_cells() -> dict[Cell, Run]:
    return {
        Cell(CA, curve.name, suite.value, peer): _chip(number, arc, peer)
        for number, curve in BY_NUMBER.items()
        for arc, suite in BY_ARC.items()
        for peer in ((ECDH, OURS) if number in ECDH_CURVES else (OURS,))
    }


def _chip(number: int, arc: int, peer: str) -> Run:
    def run(_bench: Bench) -> None:
        kind = AgreedByOpenssl if peer == ECDH else CaKey
        made = passport(PaceWay(GM, 2, 12), ca=kind(number, ca_key(number).secret, arc), face_bytes=300)
        assert read(made).chip_authentication is Proof.PASSED

    return run


def _active_cells() -> dict[Cell, Run]:
    keys: dict[str, Callable[[], AaKey]] = {f"RSA {bits}": partial(rsa_key, bits) for bits in AA_BITS}
    keys |= {f"ECDSA {curve.name}": partial(ec_key, curve) for curve in AA_CURVES}
    return {
        Cell(AA, on, digest, OURS): _active(key, arc)
        for on, key in keys.items()
        for arc, digest in enumerate(AA_HASHES.values(), start=1)
    }


def _active(key: Callable[[], AaKey], arc: int) -> Run:
    def run(_bench: Bench) -> None:
        reading = read(passport(PLAIN, aa=key(), aa_hash=arc, face_bytes=300))
        assert reading.active_authentication is Proof.PASSED

    return run


def _passive_cells() -> dict[Cell, Run]:
    return {
        Cell(PA, scheme.kind, scheme.name.removeprefix(f"{scheme.kind}-"), OPENSSL): _passive(scheme)
        for scheme in openssl.SCHEMES
    }


def _passive(scheme: Scheme) -> Run:
    return lambda bench: openssl.agrees(scheme, bench.folder)


def _worked_cells() -> dict[Cell, Run]:
    return {
        Cell(BAC, "the zone of appendix D", Suite.DES3.value, EXAMPLE): _bac_example,
        Cell("Secure Messaging", "EF.COM of appendix D", Suite.DES3.value, EXAMPLE): _messaging_example,
        Cell("PACE-GM, zone", BY_NUMBER[13].name, Suite.AES_128.value, EXAMPLE): _pace_example,
        Cell(BAC, "a zone", Suite.DES3.value, OURS): _bac,
    }


def _bac(_bench: Bench) -> None:
    made = passport()
    reading = read(made)
    assert reading.access is Access.BAC
    assert {name: reading.files[name] for name in named(made)} == named(made)


def _bac_example(_bench: Bench) -> None:
    run = Bac(golden.BAC_MRZ, golden.RND_IFD + golden.K_IFD)
    assert run.take_challenge(golden.RND_IC) == golden.E_IFD + golden.M_IFD
    keys, counter = run.take_answer(golden.E_IC + golden.M_IC)
    assert (keys.enc.value, keys.mac.value) == (golden.KS_ENC, golden.KS_MAC)
    assert counter.to_bytes(8, "big") == golden.SSC


def _messaging_example(_bench: Bench) -> None:
    keys = SessionKeys(Suite.DES3, Private(golden.KS_ENC), Private(golden.KS_MAC))
    session = Session(keys, int.from_bytes(golden.SSC, "big"))
    for plain, protected, answer, data in golden.MESSAGING:
        assert encode(session.protect(_command(plain))) == protected
        assert session.open(decode(answer)).data == data


def _command(plain: bytes) -> Command:
    cla, ins, p1, p2, count = plain[:5]
    return Command(cla, ins, p1, p2, plain[5:]) if plain[5:] else Command(cla, ins, p1, p2, le=count)


def golden_pace() -> Pace:
    """Our side of appendix G.1, with its secrets."""
    way = PaceInfo("0.4.0.127.0.7.2.2.4.2.2", Suite.AES_128, False, 13, BY_NUMBER[13])
    draws = iter((golden.PACE_TERMINAL_MAPPING_SECRET - 1, golden.PACE_TERMINAL_SECRET - 1))
    return Pace(way, mrz_secret(golden.PACE_MRZ), lambda _below: next(draws))


def _pace_example(_bench: Bench) -> None:
    run = golden_pace()
    assert run.take_nonce(golden.PACE_SEALED_NONCE) == golden.PACE_TERMINAL_MAPPING
    assert run.take_mapping(golden.PACE_CHIP_MAPPING) == golden.PACE_TERMINAL_KEY
    assert run.take_key(golden.PACE_CHIP_KEY) == golden.PACE_TERMINAL_TOKEN
    keys = run.take_token(golden.PACE_CHIP_TOKEN)
    assert (keys.enc.value, keys.mac.value) == (golden.PACE_ENC, golden.PACE_MAC)
