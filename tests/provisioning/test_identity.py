"""One suite for every place where an identity key can live."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from border.enrolment.values import KeyLevel
from border.messages.cose import is_signature, sign1, verify1
from provisioning.identity import Backend, IdentitySigner, SoftwareKey, TokenKey, TpmKey, request_for
from provisioning.pkcs11 import Token
from provisioning.step import Refused
from provisioning.tpm import Tpm
from tests.provisioning.chips import PIN, Maker


@pytest.fixture(scope="module", params=list(KeyLevel))
def backend(request: pytest.FixtureRequest, token: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp("identity")
    if request.param is KeyLevel.SOFTWARE:
        yield SoftwareKey(folder / "identity.key")
    elif request.param is KeyLevel.PKCS11:
        yield TokenKey(Token(token, "landfall", PIN))
    else:
        with Maker(folder / "maker").make("chip").powered() as chip:
            yield TpmKey(Tpm(chip.tcti))


def test_there_is_none_until_it_is_made_and_after_it_is_forgotten(backend: Backend) -> None:
    backend.forget()
    assert backend.public_key() is None
    with pytest.raises(Refused):
        backend.sign(b"x")
    public = backend.make()
    assert backend.public_key() == public
    backend.forget()
    assert backend.public_key() is None


def test_a_new_key_is_not_the_old_one(backend: Backend) -> None:
    assert backend.make() != backend.make()


def test_it_signs_as_a_lane(backend: Backend) -> None:
    public = backend.make()
    assert is_signature(backend.sign(b"data"), b"data", public)
    assert verify1(sign1(b"said", IdentitySigner(backend, "quay-1"), "text/plain"), public).key_id == "quay-1"


def test_its_certificate_request_holds(backend: Backend) -> None:
    public = backend.make()
    csr = x509.load_der_x509_csr(request_for("quay-1", backend, public))
    assert csr.is_signature_valid
    assert csr.public_key() == public
    assert [name.value for name in csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)] == ["quay-1"]


def test_a_token_that_is_not_there_is_named(token: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="PRO-CHIP"):
        TokenKey(Token(str(tmp_path / "none.so"), "landfall", PIN)).public_key()
    with pytest.raises(Refused, match="PRO-CHIP"):
        TokenKey(Token(token, "another", PIN)).public_key()
