"""Ways into a chip, and who is kept out. That every way opens is in `chip_methods.py`."""

from __future__ import annotations

import pytest

from drivers.api import Access, ChipKeys, Private, Proof
from drivers.deadline import Deadline
from drivers.errors import WireCorrupt
from drivers.passport_reader.access import mrz_information
from drivers.passport_reader.bac import Bac
from drivers.passport_reader.chip import PassportChip
from drivers.passport_reader.curves import BY_NUMBER
from drivers.passport_reader.pace import WrongSecret
from drivers.passport_reader.secure_messaging import BY_ARC, Suite
from drivers.passport_reader.security_infos import pace_infos, security_infos
from drivers.passport_reader.tlv import Malformed
from simulators.chip_crypto import tlv
from simulators.chip_keys import CAM, GM, PaceWay
from simulators.passport_chip import CARD_ACCESS, CARD_SECURITY, Chip
from tests.drivers import golden_chip as golden
from tests.drivers.chip_methods import golden_pace
from tests.drivers.passports import (
    CAN,
    KEYS,
    NUMBER_KEYS,
    WRONG_NUMBER,
    WRONG_ZONE,
    Table,
    ca_key,
    ec_key,
    nobody,
    passport,
    read,
)

CURVES = pytest.mark.parametrize("curve", BY_NUMBER, ids=lambda number: BY_NUMBER[number].name)
CIPHERS = pytest.mark.parametrize("arc", BY_ARC, ids=lambda arc: BY_ARC[arc].value)


def test_the_key_of_the_zone() -> None:
    assert mrz_information("L898902C<", "690806", "940623") == golden.BAC_MRZ
    assert mrz_information("L898902C", "690806", "940623") == golden.BAC_MRZ
    assert mrz_information("T22000129", "640812", "101031") == golden.PACE_MRZ


@CURVES
@CIPHERS
def test_a_wrong_secret_is_denied_whatever_the_curve_and_cipher(arc: int, curve: int) -> None:
    made = passport(PaceWay(GM, arc, curve))
    for keys in (WRONG_ZONE, WRONG_NUMBER):
        reading = read(made, keys)
        assert reading.access is Access.DENIED
        assert set(reading.files) == {"CardAccess"}


def test_a_wrong_zone_is_denied_by_bac() -> None:
    made = passport()
    assert read(made, WRONG_ZONE).access is Access.DENIED
    assert read(made, NUMBER_KEYS).access is Access.DENIED, "without the zone there is no BAC"


def test_a_chip_that_counts_wrong_tries_still_opens() -> None:
    chip = Chip(passport(PaceWay(GM, 2, 13)))
    reader = PassportChip("chip", Table(chip))
    for _ in range(3):
        assert reader.read(WRONG_NUMBER, Deadline(9), nobody).access is Access.DENIED
    assert chip.wrong_secrets == 3
    assert reader.read(NUMBER_KEYS, Deadline(9), nobody).access is Access.PACE_CAN
    assert chip.wrong_secrets == 0


def test_the_strongest_way_is_taken_and_named_where_it_is_ambiguous() -> None:
    ways = (PaceWay(GM, 1, 12), PaceWay(GM, 4, 13), PaceWay(GM, 4, 16), PaceWay(CAM, 2, 13))
    infos = pace_infos(security_infos(tlv(0x31, *(way.info for way in ways))))
    assert [(info.chip_authentication, info.suite) for info in infos] == [
        (True, Suite.AES_128),
        (False, Suite.AES_256),
        (False, Suite.AES_256),
        (False, Suite.DES3),
    ]
    made = passport()
    made.pace, made.master = ways[:3], {CARD_ACCESS: tlv(0x31, *(way.info for way in ways[:3]))}
    assert read(made).method == "PACE-ECDH-GM-AES-CBC-CMAC-256 brainpoolP256r1"


def test_where_pace_is_of_a_kind_we_do_not_speak_bac_opens() -> None:
    integrated = tlv(0x30, tlv(0x06, bytes.fromhex("04007F00070202040402")), tlv(0x02, b"\x02"), tlv(0x02, b"\x0d"))
    made = passport()
    made.master[CARD_ACCESS] = tlv(0x31, integrated)
    assert read(made).access is Access.BAC


def test_where_pace_is_announced_and_refused_bac_opens() -> None:
    made = passport()
    made.master[CARD_ACCESS] = tlv(0x31, PaceWay(GM, 2, 13).info)
    assert read(made).access is Access.BAC


def test_a_card_access_that_is_malformed_leaves_bac() -> None:
    made = passport()
    made.master[CARD_ACCESS] = b"\x31\x05\x30\x03\x06\x01\x80"
    reading = read(made)
    assert reading.access is Access.BAC
    assert reading.files["CardAccess"] == made.master[CARD_ACCESS], "what was read is handed over, whatever it is"


def test_a_chip_without_the_application_is_no_passport() -> None:
    class Bank(Chip):
        def process(self, command: bytes) -> bytes:
            return b"\x6a\x82" if command[1] == 0xA4 else super().process(command)

    reading = PassportChip("chip", Table(Bank(passport()))).read(KEYS, Deadline(9), nobody)
    assert reading.access is Access.NO_PASSPORT
    assert not reading.files


def test_a_copy_that_took_another_key_for_its_card_security_fails_the_mapping() -> None:
    made = passport(PaceWay(CAM, 2, 13))
    made.cam_key = ca_key(13, 3)  # not that of EF.CardSecurity
    reading = read(made)
    assert reading.access is Access.PACE_MRZ
    assert reading.pace_chip_authentication is Proof.FAILED


def test_a_key_of_dg14_does_not_stand_in_for_that_of_card_security() -> None:
    """9303-11 has the key of the mapping in EF.CardSecurity, whose signature is then judged."""
    made = passport(PaceWay(CAM, 2, 13), ca=ca_key(13, 2))
    assert made.cam_key == made.ca_key
    assert read(made).pace_chip_authentication is Proof.PASSED
    del made.master[CARD_SECURITY]
    assert read(made).pace_chip_authentication is Proof.FAILED


def test_a_copy_that_keeps_its_mapping_proof_to_itself_fails_it() -> None:
    made = passport(PaceWay(CAM, 2, 13))
    made.cam_key = None
    reading = read(made)
    assert reading.access is Access.PACE_MRZ
    assert reading.pace_chip_authentication is Proof.FAILED


class TestWhatPaceRefuses:
    def test_a_point_beside_the_curve(self) -> None:
        run = golden_pace()
        run.take_nonce(golden.PACE_SEALED_NONCE)
        with pytest.raises(Malformed):
            run.take_mapping(golden.PACE_CHIP_MAPPING[:-1] + b"\x00")

    def test_our_own_key_sent_back(self) -> None:
        run = golden_pace()
        run.take_nonce(golden.PACE_SEALED_NONCE)
        with pytest.raises(Malformed):
            run.take_key(run.take_mapping(golden.PACE_CHIP_MAPPING))

    def test_a_token_that_is_another(self) -> None:
        run = golden_pace()
        run.take_nonce(golden.PACE_SEALED_NONCE)
        run.take_mapping(golden.PACE_CHIP_MAPPING)
        run.take_key(golden.PACE_CHIP_KEY)
        with pytest.raises(WrongSecret):
            run.take_token(golden.PACE_TERMINAL_TOKEN)

    @pytest.mark.parametrize("nonce", [b"", bytes(15), bytes(80)])
    def test_a_nonce_of_another_size(self, nonce: bytes) -> None:
        with pytest.raises(Malformed):
            golden_pace().take_nonce(nonce)


class TestWhatBacRefuses:
    @pytest.mark.parametrize("challenge", [b"", bytes(7), bytes(9)])
    def test_a_challenge_of_another_size(self, challenge: bytes) -> None:
        with pytest.raises(Malformed):
            Bac(golden.BAC_MRZ).take_challenge(challenge)

    def test_an_answer_that_is_another(self) -> None:
        run = Bac(golden.BAC_MRZ, golden.RND_IFD + golden.K_IFD)
        run.take_challenge(golden.RND_IC)
        with pytest.raises(WrongSecret):
            run.take_answer(golden.E_IC + golden.M_IC[:-1] + b"\x00")
        with pytest.raises(Malformed):
            run.take_answer(golden.E_IC)

    def test_an_answer_to_another_challenge(self) -> None:
        run = Bac(golden.BAC_MRZ, golden.RND_IFD + golden.K_IFD)
        run.take_challenge(bytes(8))
        with pytest.raises(Malformed):
            run.take_answer(golden.E_IC + golden.M_IC)


def test_nonsense_in_the_middle_of_pace_is_corrupt() -> None:
    class Babbling(Chip):
        def process(self, command: bytes) -> bytes:
            return b"\x7c\x02\x80\x05\x90\x00" if command[1] == 0x86 else super().process(command)

    with pytest.raises(WireCorrupt) as caught:
        PassportChip("chip", Table(Babbling(passport(PaceWay(GM, 2, 13))))).read(KEYS, Deadline(9), nobody)
    assert "PACE" in str(caught.value)


def test_no_key_is_ever_printed() -> None:
    keys = ChipKeys(mrz=Private(golden.BAC_MRZ), can=Private(CAN))
    assert golden.BAC_MRZ not in repr(keys) and CAN not in repr(keys)
    reading = read(passport(aa=ec_key()))
    assert golden.BAC_MRZ not in repr(reading) and "NOBODY" not in repr(reading)
    with pytest.raises(ValueError, match="needs a key"):
        ChipKeys()
