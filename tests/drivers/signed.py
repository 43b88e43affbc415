"""A whole signed document on a simulated chip, read by the driver and judged: from the first command to the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from border.documents import chip_trust
from border.documents.chip_trust import ChipFiles, ChipTrust, judge
from border.documents.trust_store import TrustStore
from drivers.api import ChipKeys, ChipReading, Private, Proof
from drivers.passport_reader.access import mrz_information
from simulators.chip_crypto import tlv
from simulators.chip_keys import CAM, GM, CaKey, PaceWay
from simulators.passport import document
from simulators.passport.document import Issuer, Make
from simulators.passport_chip import CARD_ACCESS, CARD_SECURITY, Passport
from simulators.travellers import traveller
from tests.border.documents.chips import NOW, TODAY, store_of, utopia
from tests.drivers.passports import CAN, read

WHO = "skipper"
WAYS = (PaceWay(CAM, 4, 13), PaceWay(GM, 2, 13))
CURVE = "brainpoolP256r1"  # number 13
PROOFS: Mapping[Proof, chip_trust.Proof] = {
    Proof.PASSED: chip_trust.Proof.PASSED,
    Proof.FAILED: chip_trust.Proof.FAILED,
    Proof.NOT_OFFERED: chip_trust.Proof.NOT_DONE,
    Proof.NOT_KNOWN: chip_trust.Proof.NOT_DONE,
}


def information() -> str:
    """Of the lower line of the traveller's zone: number, birth and expiry, each with its check digit."""
    line = traveller(WHO).lines(TODAY)[1]
    return mrz_information(line[:9], line[13:19], line[21:27])


KEYS = ChipKeys(mrz=Private(information()))


@dataclass(frozen=True, slots=True)
class Laid:
    """One document and the chip that it is on; the chip may be made worse."""

    document: document.Passport
    chip: Passport


def laid(ways: tuple[PaceWay, ...] = WAYS, by: Issuer | None = None, *, told: bool = True) -> Laid:
    """PACE-CAM and generic mapping, chip and active authentication. `told` False: DG14 is silent on PACE."""
    how = Make(
        pace=[way.info for way in ways] if told else (), mapping=CURVE if ways[:1] and ways[0].mapping == CAM else None
    )
    made = document.passport(traveller(WHO), TODAY, how, utopia() if by is None else by)
    return Laid(made, chip_of(made, ways))


def chip_of(made: document.Passport, ways: tuple[PaceWay, ...]) -> Passport:
    """The chip behind these files, with every secret."""
    assert made.chip_authentication is not None and made.active_authentication is not None
    files = {file: data for file, data in made.files.items() if file != CARD_ACCESS}
    master = {CARD_ACCESS: tlv(0x31, *(way.info for way in ways))} if ways else {}
    if made.mapping is not None:
        master[CARD_SECURITY] = made.card_security
    return Passport(
        information(),
        files,
        can=CAN,
        pace=ways,
        ca_key=CaKey.of(made.chip_authentication),
        cam_key=None if made.mapping is None else CaKey.of(made.mapping, ways[0].arc),
        aa_key=made.active_authentication,
        master=master,
    )


def brought(reading: ChipReading) -> ChipFiles:
    """The reading as what is judged; a file of the master file that is not there is an empty one."""
    files = reading.files
    groups = {int(name[2:]): data for name, data in files.items() if name.startswith("DG")}
    return ChipFiles(
        groups,
        files.get("SOD", b""),
        files.get("COM", b""),
        PROOFS[reading.active_authentication],
        PROOFS[reading.chip_authentication],
        card_access=files.get("CardAccess", b""),
        card_security=files.get("CardSecurity", b""),
        mapping=PROOFS[reading.pace_chip_authentication],
    )


def judged(chip: Passport, store: TrustStore | None = None) -> ChipTrust:
    """Read with the right zone, judged now."""
    store = store_of(utopia().authority) if store is None else store
    return judge(brought(read(chip, KEYS)), store, NOW)
