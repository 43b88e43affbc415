"""The CA's key in a real SoftHSM2: made there, used there, and never out of it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from central import ca, certificates, hsm
from central.certificates import Authority, Revoked
from central.enrolment import folder as folders
from central.enrolment.settings import TokenKey
from central.files import FolderError
from tests.central.enrolling import Board, headquarters
from tests.central.tpms import lacking
from tests.softhsm import LIBRARIES, forget

NOW = datetime.now(UTC)
PIN = "648219"


@pytest.fixture
def token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenKey]:
    """A fresh token in a folder of the test's. Skips by name without SoftHSM2, and fails there when CI=true."""
    library = next((Path(path) for path in LIBRARIES if Path(path).exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        lacking("softhsm2")
    tokens = tmp_path / "tokens"
    tokens.mkdir()
    configuration = tmp_path / "softhsm2.conf"
    configuration.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(configuration))
    forget(library)  # it reads its settings when it is loaded
    words = ["softhsm2-util", "--init-token", "--free", "--label", "landfall-ca", "--so-pin", "31415926", "--pin", PIN]
    subprocess.run(words, check=True, capture_output=True, timeout=30)
    (tmp_path / "pin").write_text(PIN + "\n")
    yield TokenKey(library, "landfall-ca", "authority", tmp_path / "pin")
    forget(library)


def test_a_key_made_in_the_token_signs_what_openssl_believes(token: TokenKey, tmp_path: Path) -> None:
    key = hsm.generate_key(token)
    authority = Authority(key, certificates.new_authority(key, NOW, organisation="Test", name="Test CA"))
    leaf = certificates.client_certificate(authority, certificates.new_key().public_key(), "quay-1", NOW)
    listed = certificates.revocation_list(authority, [Revoked(leaf.serial_number, NOW)], NOW, number=7)
    (tmp_path / "ca.crt").write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "leaf.crt").write_bytes(leaf.public_bytes(Encoding.PEM))
    (tmp_path / "crl.pem").write_bytes(listed.public_bytes(Encoding.PEM))
    words = ["openssl", "verify", "-x509_strict", "-CAfile", "ca.crt", "leaf.crt"]
    assert subprocess.run(words, cwd=tmp_path, capture_output=True, check=False, timeout=30).returncode == 0
    checked = [*words[:3], "-crl_check", "-CRLfile", "crl.pem", *words[3:]]
    refused = subprocess.run(checked, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=30)
    assert "certificate revoked" in refused.stderr


def test_the_key_is_found_again_and_made_only_once(token: TokenKey) -> None:
    made = hsm.generate_key(token)
    assert hsm.open_key(token).public_key() == made.public_key()
    with pytest.raises(FolderError):
        hsm.generate_key(token)


def test_nothing_takes_the_key_out(token: TokenKey) -> None:
    key = hsm.generate_key(token)
    with pytest.raises(NotImplementedError):
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(NotImplementedError):
        key.private_numbers()


@pytest.mark.parametrize(
    "change",
    [
        lambda token: replace(token, token="another"),
        lambda token: replace(token, label="another"),
        lambda token: replace(token, pin_file=token.pin_file.parent / "nowhere"),
        lambda token: replace(token, module=Path("/nowhere/lib.so")),
    ],
)
def test_what_is_not_there_is_said(token: TokenKey, change: Callable[[TokenKey], TokenKey]) -> None:
    hsm.generate_key(token)
    with pytest.raises(FolderError):
        hsm.open_key(change(token))


def test_a_wrong_pin_is_said(token: TokenKey) -> None:
    token.pin_file.write_text("000000\n")
    with pytest.raises(FolderError):
        hsm.generate_key(token)


def test_an_office_with_its_key_in_a_token_enrols(token: TokenKey, tmp_path: Path) -> None:
    """No ca.key anywhere: the folder is founded on the token, then a board is enrolled from it."""
    folder = tmp_path / "office"
    ca.init(tmp_path / "practice", [], NOW)
    shutil.copytree(tmp_path / "practice" / "centre", folder / "centre")
    folders.found(folder, folders.Founding("A ministry", ["localhost"], "", token), NOW)
    folders.found(folder, folders.Founding("A ministry", ["localhost"], "", token), NOW)
    assert not (folder / "ca.key").exists()
    with headquarters(folder, f"sqlite:{tmp_path / 'office.db'}") as hq:
        answer = Board("board-a").enrol(hq, hq.voucher())
    leaf, authority = (x509.load_der_x509_certificate(der) for der in answer.chain)
    leaf.verify_directly_issued_by(authority)
    assert authority.subject.get_attributes_for_oid(x509.NameOID.ORGANIZATION_NAME)[0].value == "A ministry"
