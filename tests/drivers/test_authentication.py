"""Is the chip a copy? Every copy that must fail. What passes is in `chip_methods.py`."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from drivers.api import Proof, Unread
from drivers.passport_reader.authentication import active, rsa_signed
from drivers.passport_reader.curves import BY_NUMBER
from drivers.passport_reader.secure_messaging import BY_ARC
from drivers.passport_reader.security_infos import (
    AA_HASHES,
    EcKey,
    RsaKey,
    active_authentication_hash,
    chip_keys,
    in_data_group,
    public_key,
)
from drivers.passport_reader.tlv import Malformed
from simulators.chip_crypto import aa_signature, tlv
from simulators.chip_curves import CURVES as CHIP_CURVES
from simulators.passport_chip import DG14, DG15
from tests.drivers.passports import PLAIN, ca_key, ec_key, files, passport, read, rsa_key
from tests.spoiled import spoiled

HASH_ARCS = dict(enumerate(AA_HASHES.values(), start=1))
HASHES = pytest.mark.parametrize("arc", HASH_ARCS, ids=HASH_ARCS.get)


def der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class TestActiveAuthentication:
    def test_rsa_of_4096_bits_comes_in_a_long_answer(self) -> None:
        made = passport(PLAIN, aa=rsa_key(4096), longest_answer=65535)
        assert read(made).active_authentication is Proof.PASSED

    def test_ecdsa_without_a_named_hash(self) -> None:
        made = passport(PLAIN, aa=ec_key(), aa_hash=4)
        del made.files[DG14]
        assert read(made).active_authentication is Proof.PASSED

    def test_under_bac(self) -> None:
        assert read(passport(aa=rsa_key())).active_authentication is Proof.PASSED

    @pytest.mark.parametrize("genuine", [rsa_key(), ec_key()], ids=["rsa", "ecdsa"])
    def test_a_copy_with_another_key_fails(self, genuine: object) -> None:
        made = passport(PLAIN, aa=rsa_key(1536))
        made.files |= {file: data for file, data in files(aa=genuine).items() if file in (DG14, DG15)}  # type: ignore[arg-type]
        assert read(made).active_authentication is Proof.FAILED

    def test_a_copy_without_a_key_fails(self) -> None:
        made = passport(PLAIN, aa=ec_key())
        made.aa_key = None
        assert read(made).active_authentication is Proof.FAILED

    def test_a_hash_that_is_not_the_named_one_fails(self) -> None:
        assert read(replace(passport(PLAIN, aa=ec_key(), aa_hash=3), aa_hash=1)).active_authentication is Proof.FAILED

    def test_without_dg15_nothing_is_offered(self) -> None:
        assert read(passport(PLAIN)).active_authentication is Proof.NOT_OFFERED

    def test_a_kind_of_key_we_do_not_speak_is_said(self) -> None:
        made = passport(PLAIN, aa=rsa_key())
        edwards = tlv(0x30, tlv(0x30, tlv(0x06, bytes.fromhex("2B6570"))), tlv(0x03, bytes(33)))
        made.files[DG15] = tlv(0x6F, edwards)
        assert read(made).active_authentication is Proof.NOT_KNOWN

    def test_a_malformed_dg15_fails(self) -> None:
        made = passport(PLAIN, aa=rsa_key())
        made.files[DG15] = tlv(0x6F, b"\x30\x05")
        assert read(made).active_authentication is Proof.FAILED

    @HASHES
    def test_no_bit_of_an_rsa_signature_may_turn(self, arc: int) -> None:
        numbers = rsa_key(1024).public_key().public_numbers()
        key, challenge = RsaKey(numbers.n, numbers.e), os.urandom(8)
        signature = aa_signature(rsa_key(1024), challenge, arc)
        assert rsa_signed(key, challenge, signature)
        for at in range(0, 1024, 41):
            turned = bytearray(signature)
            turned[at // 8] ^= 1 << at % 8
            assert not rsa_signed(key, challenge, bytes(turned))
        assert not rsa_signed(key, os.urandom(8), signature)
        assert not rsa_signed(key, challenge, signature[1:])
        smaller_root = (key.modulus - int.from_bytes(signature, "big")).to_bytes(128, "big")
        assert rsa_signed(key, challenge, smaller_root), "ISO 9796-2 allows either root"

    def test_signatures_out_of_range_fail(self) -> None:
        numbers = ec_key().public_key().public_numbers()
        key = public_key(der(ec_key()))
        assert isinstance(key, EcKey) and (key.point.x, key.point.y) == (numbers.x, numbers.y)
        order = key.curve.n.to_bytes(32, "big")
        for signature in (b"", bytes(64), order + order, bytes(63), os.urandom(64)):
            assert active(key, "sha256", bytes(8), signature) is Proof.FAILED


class TestChipAuthentication:
    @pytest.mark.parametrize("key_id", [0, 7, 200])
    @pytest.mark.parametrize("arc", [1, 4])
    def test_with_a_named_key(self, arc: int, key_id: int) -> None:
        reading = read(passport(ca=ca_key(13, arc, key_id)))
        assert reading.chip_authentication is Proof.PASSED

    @pytest.mark.parametrize("arc", [1, 2])
    def test_a_copy_without_the_secret_fails(self, arc: int) -> None:
        made = passport(PLAIN, ca=ca_key(13, arc))
        made.ca_key = replace(ca_key(13, arc), secret=5)
        reading = read(made)
        assert reading.chip_authentication is Proof.FAILED
        assert reading.files["DG2"] == made.files[0x0102], "what was read before stays read"

    def test_a_copy_that_refuses_fails(self) -> None:
        made = passport(PLAIN, ca=ca_key(13))
        made.ca_key = None
        assert read(made).chip_authentication is Proof.FAILED

    def test_a_key_without_a_protocol_is_used_with_3des(self) -> None:
        made = passport(PLAIN, ca=ca_key(13, 1))
        made.files[DG14] = tlv(0x6E, tlv(0x31, ca_key(13, 1).public_info()))
        assert read(made).chip_authentication is Proof.PASSED

    def test_a_protocol_we_do_not_speak_is_said(self) -> None:
        made = passport(PLAIN)
        diffie_hellman = tlv(0x30, tlv(0x06, bytes.fromhex("04007F000702020101")), tlv(0x30, tlv(0x03, b"\0")))
        made.files[DG14] = tlv(0x6E, tlv(0x31, diffie_hellman))
        assert read(made).chip_authentication is Proof.NOT_KNOWN

    def test_nothing_offered(self) -> None:
        assert read(passport(PLAIN)).chip_authentication is Proof.NOT_OFFERED

    def test_both_proofs_on_one_chip(self) -> None:
        reading = read(passport(ca=ca_key(16, 3), aa=rsa_key()))
        assert (reading.active_authentication, reading.chip_authentication) == (Proof.PASSED, Proof.PASSED)


class TestKeysWithheld:
    """A copy may not become a chip that offers nothing by spoiling the files that would find it out."""

    def test_a_malformed_dg14_fails_both(self) -> None:
        made = passport(PLAIN, aa=ec_key(), ca=ca_key(13))
        made.files[DG14] = tlv(0x6E, b"\x31\x05\x30")
        reading = read(made)
        assert (reading.active_authentication, reading.chip_authentication) == (Proof.FAILED, Proof.FAILED)

    @pytest.mark.parametrize(("file", "name"), [(DG14, "DG14"), (DG15, "DG15")])
    def test_a_file_that_ends_early_fails(self, file: int, name: str) -> None:
        made = passport(PLAIN, aa=rsa_key(), ca=ca_key(13))
        made.files[file] = made.files[file][:-20]
        reading = read(made)
        assert reading.unread[name] in (Unread.MALFORMED, Unread.REFUSED)
        proof = reading.chip_authentication if file == DG14 else reading.active_authentication
        assert proof is Proof.FAILED


class TestKeysInFiles:
    def test_explicit_parameters_are_known_again(self) -> None:
        curve, chip = BY_NUMBER[13], CHIP_CURVES[13]
        width = curve.size
        numbers = [each.to_bytes(width, "big") for each in (curve.a, curve.b)]
        parameters = tlv(
            0x30,
            tlv(0x02, b"\x01"),
            tlv(0x30, tlv(0x06, bytes.fromhex("2A8648CE3D0101")), tlv(0x02, b"\0" + curve.p.to_bytes(width, "big"))),
            tlv(0x30, tlv(0x04, numbers[0]), tlv(0x04, numbers[1])),
            tlv(0x04, chip.written(chip.g)),
            tlv(0x02, b"\0" + curve.n.to_bytes(width, "big")),
            tlv(0x02, b"\x01"),
        )
        algorithm = tlv(0x30, tlv(0x06, bytes.fromhex("2A8648CE3D0201")), parameters)
        info = tlv(0x30, algorithm, tlv(0x03, b"\0", chip.written(chip.times(77, chip.g))))
        key = public_key(info)
        assert isinstance(key, EcKey)
        assert key.curve is curve
        assert key.point == curve.multiply(77, curve.generator)

    def test_a_point_beside_the_curve_is_malformed(self) -> None:
        with pytest.raises(Malformed):
            public_key(spoiled(der(ec_key())))

    def test_the_hash_is_read(self) -> None:
        for arc, name in HASH_ARCS.items():
            assert active_authentication_hash(in_data_group(files(aa=ec_key(), aa_hash=arc)[DG14])) == name

    def test_the_strongest_key_comes_first(self) -> None:
        infos = in_data_group(tlv(0x6E, tlv(0x31, ca_key(12, 1, 1).infos, ca_key(13, 4, 2).infos)))
        assert [(each.key_id, each.suite) for each in chip_keys(infos)] == [(2, BY_ARC[4]), (1, BY_ARC[1])]
