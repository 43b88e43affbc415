"""The identity in a TPM, on swtpm with an endorsement certificate."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tpm2_pytss import TPM2B_PUBLIC
from tpm2_pytss.utils import make_credential

from border.messages.cose import is_signature
from provisioning.tpm import Tpm, TpmError, certificate_of
from tests.provisioning.chips import Chip, Maker


@pytest.fixture(scope="module")
def maker(tmp_path_factory: pytest.TempPathFactory) -> Maker:
    return Maker(tmp_path_factory.mktemp("maker") / "maker")


@pytest.fixture(scope="module")
def chip(maker: Maker) -> Iterator[Chip]:
    with maker.make("one").powered() as chip:
        yield chip


@pytest.fixture
def tpm(chip: Chip) -> Tpm:
    return Tpm(chip.tcti)


def test_the_endorsement_key_is_the_one_its_maker_certified(tpm: Tpm) -> None:
    endorsement = tpm.endorsement()
    certificate = certificate_of(endorsement)
    assert certificate is not None
    public, _ = TPM2B_PUBLIC.unmarshal(endorsement.public)
    assert public.to_der() == certificate.public_key().public_bytes(*_DER)


def test_an_identity_signs_survives_power_and_is_gone_when_it_is_forgotten(tpm: Tpm, chip: Chip) -> None:
    assert tpm.identity() is None
    public = tpm.make_identity()
    assert is_signature(tpm.sign(b"data"), b"data", public)
    chip.off()
    chip.on()
    assert tpm.identity() == public
    again = tpm.make_identity()
    assert again != public
    tpm.forget_identity()
    assert tpm.identity() is None
    with pytest.raises(TpmError):
        tpm.sign(b"data")


def test_what_is_sealed_for_a_chip_no_other_chip_opens(maker: Maker, tpm: Tpm) -> None:
    tpm.make_identity()
    endorsement, certified = tpm.endorsement(), tpm.certify(bytes(32))
    ek, _ = TPM2B_PUBLIC.unmarshal(endorsement.public)
    ak, _ = TPM2B_PUBLIC.unmarshal(certified.attestation_public)
    blob, secret = make_credential(ek, bytes(range(32)), ak.get_name())
    assert tpm.activate(blob.marshal(), secret.marshal()) == bytes(range(32))
    with maker.make("two").powered() as chip:
        other = Tpm(chip.tcti)
        other.make_identity()
        with pytest.raises(TpmError):
            other.activate(blob.marshal(), secret.marshal())


def test_many_calls_leave_no_object_in_the_chip(tpm: Tpm) -> None:
    for _ in range(6):  # a chip has room for three
        tpm.make_identity()
        tpm.certify(b"again")


def test_a_chip_that_is_not_there_says_so() -> None:
    with pytest.raises(TpmError):
        Tpm("swtpm:host=127.0.0.1,port=9").identity()


_DER = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
