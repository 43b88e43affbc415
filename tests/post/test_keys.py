"""The folder of keys: whole and fitting, or every mistake named at once."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from appliance.keys import NAMES, KeysUnusable, load_keys
from border.messages.cose import sign1, verify1
from central.certificates import Authority, client_certificate, new_authority, new_key
from tests.post.world import CENTRE_KEY, DEVICE_KEY, FOREIGN_KEY, HQ_KEY, SEAL


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    now = datetime.now(UTC)
    key = new_key()
    authority = Authority(key, new_authority(key, now))
    certificate = client_certificate(authority, DEVICE_KEY.public_key(), "quay-7", now)
    files = {
        "device.key": DEVICE_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "device.crt": certificate.public_bytes(Encoding.PEM),
        "ca.crt": authority.certificate.public_bytes(Encoding.PEM),
        "centre-receipts.pub": public(CENTRE_KEY),
        "centre-seal.pub": SEAL.public().dump(),
        "hq-policy.pub": public(HQ_KEY),
    }
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


def test_a_whole_folder_gives_the_kiosk_its_name_and_level(folder: Path) -> None:
    keys = load_keys(folder)
    assert (keys.kiosk, keys.signer.key_id, keys.identity_level) == ("quay-7", "quay-7", "software")
    assert verify1(sign1(b"x", keys.signer, "text/plain"), keys.device).payload == b"x"
    assert keys.seal == SEAL.public()
    assert keys.tls is not None
    assert keys.tls.certificate == folder / "device.crt"


def test_every_missing_file_is_named_at_once(folder: Path) -> None:
    for name in NAMES:
        (folder / name).unlink()
    with pytest.raises(KeysUnusable) as caught:
        load_keys(folder)
    assert caught.value.mistakes == tuple(f"missing: {name}" for name in NAMES)


def test_every_spoilt_file_is_named_at_once_without_its_contents(folder: Path) -> None:
    for name in NAMES:
        (folder / name).write_bytes(b"-----BEGIN SECRET-----\nMIGH\n")
    with pytest.raises(KeysUnusable) as caught:
        load_keys(folder)
    assert [mistake.split(":")[0] for mistake in sorted(caught.value.mistakes)] == sorted(NAMES)
    assert "MIGH" not in str(caught.value)


def test_a_key_of_another_kind_is_refused(folder: Path) -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    (folder / "hq-policy.pub").write_bytes(public(other))
    with pytest.raises(KeysUnusable, match=r"hq-policy\.pub"):
        load_keys(folder)


def test_a_certificate_of_another_key_is_refused(folder: Path) -> None:
    pem = FOREIGN_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "device.key").write_bytes(pem)
    with pytest.raises(KeysUnusable, match=r"not the certificate of device\.key"):
        load_keys(folder)
