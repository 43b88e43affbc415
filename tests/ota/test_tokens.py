"""Keys on a token (SoftHSM2): they sign metadata, certificates and bundles, and never come out."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from ota import certificates, rauc, signers
from ota.refusals import PublishCode, Unpublished
from tests.ota.tokens import Person, needs, run

NOW = datetime.now(UTC) - timedelta(hours=1)
HERE = "pkcs11:token=ann;object=root"


@pytest.fixture(scope="module")
def ann(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Person]:
    needs("softhsm2-util", "rauc", "mksquashfs", "openssl")
    person = Person.settled(tmp_path_factory.mktemp("ann"))
    run(person, "softhsm2-util --init-token --free --label ann --so-pin 87654321 --pin $LANDFALL_PIN")
    with person.here():
        signers.make(HERE)
        yield person


def refused(address: str) -> PublishCode:
    with pytest.raises(Unpublished) as caught:
        signers.load(address)
    return caught.value.code


def test_it_signs_metadata(ann: Person) -> None:
    signer = signers.signer(HERE)
    signer.public_key.verify_signature(signer.sign(b"payload"), b"payload")
    assert signer.public_key.scheme == "ecdsa-sha2-nistp256"
    assert signers.key_of(signers.load(HERE)).keyid == signer.public_key.keyid


def test_there_is_one_of_a_name(ann: Person) -> None:
    with pytest.raises(Unpublished, match="has a root already"):
        signers.make(HERE)


@pytest.mark.parametrize(
    "address",
    [
        "pkcs11:token=ben;object=root",
        "pkcs11:token=ann;object=other",
        "pkcs11:token=ann",
        "pkcs11:object=root",
        "pkcs11:",
        f"{HERE}?module-path=/nowhere/module.so",
        "nowhere.pem",
    ],
)
def test_what_is_not_there_is_said(ann: Person, address: str) -> None:
    assert refused(address) is PublishCode.TOKEN


def test_a_wrong_pin_is_said(ann: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDFALL_PIN", "wrong")
    assert refused(HERE) is PublishCode.TOKEN


def test_a_pin_may_lie_in_a_file(ann: Person, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("123456\n")
    monkeypatch.setenv("LANDFALL_PIN", "wrong")
    assert signers.signer(f"{HERE}?pin-source=file:{tmp_path}/pin").public_key.keytype == "ecdsa"


def test_the_secret_stays_where_it_is(ann: Person) -> None:
    key = signers.load(HERE)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    for taken in (
        key.private_numbers,
        lambda: key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        lambda: key.exchange(ec.ECDH(), key.public_key()),
        lambda: key.sign(b"x" * 32, ec.ECDSA(Prehashed(hashes.SHA256()))),
        lambda: key.sign(b"x", ec.ECDSA(hashes.SHA384())),
    ):
        with pytest.raises(UnsupportedAlgorithm):
            taken()


@pytest.fixture(scope="module")
def bundle(ann: Person) -> Path:
    """Signed through RAUC's own PKCS#11, with a certificate that the token's other key signed."""
    authority, release = signers.make("pkcs11:token=ann;object=ca"), signers.make("pkcs11:token=ann;object=bundles")
    assert isinstance(authority, ec.EllipticCurvePrivateKey) and isinstance(release, ec.EllipticCurvePrivateKey)
    content = ann.folder / "content"
    content.mkdir()
    (content / "rootfs.ext4").write_bytes(os.urandom(64 * 4096))
    (content / "manifest.raucm").write_text(
        "[update]\ncompatible=landfall\nversion=1\n[bundle]\nformat=verity\n[image.rootfs]\nfilename=rootfs.ext4\n"
    )
    (ann.folder / "ca.pem").write_bytes(certificates.authority(authority, "Landfall images", NOW))
    of = x509.load_pem_x509_certificate((ann.folder / "ca.pem").read_bytes())
    made = certificates.release(authority, of, release.public_key(), "Landfall bundles", NOW)
    (ann.folder / "release.pem").write_bytes(made)
    to = ann.folder / "image.raucb"
    rauc.bundle(content, to, ann.folder / "release.pem", *signers.for_rauc("pkcs11:token=ann;object=bundles"))
    return to


def test_rauc_believes_a_bundle_signed_on_the_token(ann: Person, bundle: Path) -> None:
    said = rauc.manifest_sha256(bundle, ann.folder / "ca.pem")
    assert len(bytes.fromhex(said)) == 32
    assert said == rauc.manifest_sha256(bundle, ann.folder / "ca.pem")


def test_a_bundle_changed_in_its_signed_part_is_refused(ann: Person, bundle: Path) -> None:
    data = bytearray(bundle.read_bytes())
    at = data.index(b"verity-hash=") + len(b"verity-hash=")
    data[at] = ord("0") if data[at] != ord("0") else ord("1")
    (ann.folder / "changed.raucb").write_bytes(data)
    with pytest.raises(Unpublished, match="RELEASE-BUNDLE"):
        rauc.manifest_sha256(ann.folder / "changed.raucb", ann.folder / "ca.pem")


def test_another_authority_is_not_believed(ann: Person, bundle: Path) -> None:
    other = ec.generate_private_key(ec.SECP256R1())
    (ann.folder / "other.pem").write_bytes(certificates.authority(other, "Landfall images", NOW))
    with pytest.raises(Unpublished, match="RELEASE-BUNDLE"):
        rauc.manifest_sha256(bundle, ann.folder / "other.pem")


def test_only_certificates_for_bundles_count(ann: Person, bundle: Path) -> None:
    """The authority's own certificate signs no bundle: its purpose is another."""
    to = ann.folder / "own.raucb"
    rauc.bundle(ann.folder / "content", to, ann.folder / "ca.pem", *signers.for_rauc("pkcs11:token=ann;object=ca"))
    with pytest.raises(Unpublished, match="RELEASE-BUNDLE"):
        rauc.manifest_sha256(to, ann.folder / "ca.pem")


def test_what_was_taken_back_is_refused_and_nothing_else(ann: Person, bundle: Path) -> None:
    authority = signers.load("pkcs11:token=ann;object=ca")
    assert isinstance(authority, ec.EllipticCurvePrivateKey)
    pem = (ann.folder / "ca.pem").read_bytes()
    of = x509.load_pem_x509_certificate(pem)
    serial = x509.load_pem_x509_certificate((ann.folder / "release.pem").read_bytes()).serial_number
    keyring = ann.folder / "keyring.pem"
    keyring.write_bytes(pem + certificates.revocations(authority, of, {serial + 1: NOW}, 1, NOW))
    assert rauc.manifest_sha256(bundle, keyring)
    keyring.write_bytes(pem + (crl := certificates.revocations(authority, of, {serial: NOW}, 2, NOW)))
    with pytest.raises(Unpublished, match="revoked"):
        rauc.manifest_sha256(bundle, keyring)
    assert certificates.revoked_in(crl) == ({serial: NOW.replace(microsecond=0)}, 2)
