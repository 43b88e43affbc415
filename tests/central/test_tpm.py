"""A server without a TPM against a real swtpm: chains, certified keys, and credentials that only that TPM opens."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from tpm2_pytss import TSS2_Exception

from border.enrolment.requests import certify_nonce
from border.enrolment.values import TpmEvidence
from central.enrolment import tpm as server
from central.enrolment.tpm import Fault, TpmError
from tests.central.tpms import RESIDENT, Tpm, running_tpm
from tests.spoiled import spoiled

NOW = datetime.now(UTC) + timedelta(days=1)
NONCE, CSR = b"n" * 32, b"a certificate request"


@pytest.fixture(scope="module")
def evidence(tpm: Tpm) -> TpmEvidence:
    return tpm.evidence(certify_nonce(NONCE, CSR))


def credential(tpm: Tpm, name: bytes, secret: bytes) -> tuple[bytes, bytes]:
    ek = x509.load_der_x509_certificate(tpm.ek_certificate).public_key()
    ephemeral = ec.generate_private_key(ek.curve) if isinstance(ek, ec.EllipticCurvePublicKey) else None
    seed = secrets.token_bytes(server.seed_bytes(ek))
    return server.make_credential(ek, name, secret, seed=seed, ephemeral=ephemeral)


def fault(call: object, *arguments: object) -> Fault:
    with pytest.raises(TpmError) as caught:
        call(*arguments)  # type: ignore[operator]
    return caught.value.fault


def test_the_makers_root_vouches_for_the_endorsement_key(tpm: Tpm) -> None:
    found = server.trusted_ek(tpm.ek_certificate, tpm.authorities, NOW)
    assert found.public_key() == tpm.ek_key


def test_without_the_root_or_what_leads_to_it_nobody_vouches(tpm: Tpm) -> None:
    root, issuer = tpm.authorities
    assert fault(server.trusted_ek, tpm.ek_certificate, [], NOW) is Fault.UNTRUSTED
    assert fault(server.trusted_ek, tpm.ek_certificate, [root], NOW) is Fault.UNTRUSTED
    assert fault(server.trusted_ek, tpm.ek_certificate, [issuer], NOW) is Fault.UNTRUSTED
    assert fault(server.trusted_ek, spoiled(tpm.ek_certificate), [root, issuer], NOW) is Fault.UNTRUSTED
    assert fault(server.trusted_ek, b"", [root, issuer], NOW) is Fault.UNTRUSTED


def test_a_chain_that_is_not_valid_yet_is_none(tpm: Tpm) -> None:
    assert fault(server.trusted_ek, tpm.ek_certificate, tpm.authorities, NOW - timedelta(days=400)) is Fault.UNTRUSTED


def test_the_key_of_this_request_is_certified_as_living_in_the_tpm(tpm: Tpm, evidence: TpmEvidence) -> None:
    ak, identity = server.resident_key(evidence, NONCE, CSR)
    assert identity.key == tpm.key.public_key()
    assert ak.key != identity.key


def test_a_certification_of_another_request_counts_for_nothing(evidence: TpmEvidence) -> None:
    assert fault(server.resident_key, evidence, b"m" * 32, CSR) is Fault.NOT_CERTIFIED
    assert fault(server.resident_key, evidence, NONCE, CSR + b"!") is Fault.NOT_CERTIFIED


def test_a_word_that_is_not_the_attestation_keys_counts_for_nothing(evidence: TpmEvidence) -> None:
    info = bytearray(evidence.certify_info)
    info[-1] ^= 1
    assert fault(server.resident_key, replace(evidence, certify_info=bytes(info)), NONCE, CSR) is Fault.NOT_CERTIFIED
    other = replace(evidence, identity_public=evidence.ak_public)
    assert fault(server.resident_key, other, NONCE, CSR) is Fault.NOT_CERTIFIED


def test_a_key_that_may_leave_its_tpm_is_not_resident(tpm: Tpm, evidence: TpmEvidence) -> None:
    loose = replace(evidence, ak_public=evidence.identity_public)  # not restricted: it signs whatever it is given
    assert fault(server.resident_key, loose, NONCE, CSR) is Fault.NOT_RESIDENT
    old = tpm.identity_public
    tpm.new_identity("sensitivedataorigin|userwithauth|sign")
    duplicable = tpm.evidence(certify_nonce(NONCE, CSR))
    tpm.new_identity(f"{RESIDENT}|sign")
    assert tpm.identity_public != old
    assert fault(server.resident_key, duplicable, NONCE, CSR) is Fault.NOT_RESIDENT


def test_every_cut_of_the_evidence_is_refused_and_none_crashes(evidence: TpmEvidence) -> None:
    for name in ("ak_public", "identity_public", "certify_info", "certify_signature"):
        whole = getattr(evidence, name)
        for size in range(len(whole)):
            with pytest.raises(TpmError):
                server.resident_key(replace(evidence, **{name: whole[:size]}), NONCE, CSR)
        with pytest.raises(TpmError):
            server.resident_key(replace(evidence, **{name: whole + b"\0"}), NONCE, CSR)


def test_the_tpm_takes_the_secret_out(tpm: Tpm) -> None:
    name = server.read_public(tpm.ak_public).name
    secret = secrets.token_bytes(32)
    assert tpm.activate(*credential(tpm, name, secret)) == secret


def test_a_credential_for_another_object_stays_shut(tpm: Tpm) -> None:
    stranger = server.read_public(tpm.identity_public).name
    with pytest.raises(TSS2_Exception):
        tpm.activate(*credential(tpm, stranger, b"s" * 32))


def test_a_changed_credential_stays_shut(tpm: Tpm) -> None:
    name = server.read_public(tpm.ak_public).name
    blob, secret = credential(tpm, name, b"s" * 32)
    with pytest.raises(TSS2_Exception):
        tpm.activate(blob[:-1] + bytes([blob[-1] ^ 1]), secret)


def test_another_tpm_of_the_same_kind_cannot_open_it(tpm: Tpm, tmp_path_factory: pytest.TempPathFactory) -> None:
    blob, secret = credential(tpm, server.read_public(tpm.ak_public).name, b"s" * 32)
    with running_tpm(tmp_path_factory.mktemp("other") / "state", tpm.kind) as other, pytest.raises(TSS2_Exception):
        other.activate(blob, secret)
