"""A folder of what states publish: PEM or DER, named by file when wrong, and signed only when a kiosk will take it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from border.messages.trust import load_trust
from central import ca, lists
from central.files import parse_public
from central.trust_folder import TrustFolderError, read_trust
from practice.papers import Papers


@pytest.fixture(scope="module")
def papers() -> Papers:
    return Papers()


@pytest.fixture
def folder(papers: Papers, tmp_path: Path) -> Path:
    papers.publish(tmp_path / "trust")
    return tmp_path / "trust"


def now_ms() -> int:
    return round(datetime.now(UTC).timestamp() * 1000)


def test_a_folder_is_signed_and_opens_with_the_key_the_kiosk_was_given(folder: Path, tmp_path: Path) -> None:
    ca.init(tmp_path / "ca", ["quay-1"], datetime.now(UTC))
    out = tmp_path / "trust.cose"
    words = ["trust", str(tmp_path / "ca" / "centre"), str(folder), "--version", "4", "--out", str(out)]
    assert lists.main(words) == 0
    trust = load_trust(out.read_bytes(), parse_public((tmp_path / "ca/kiosks/quay-1/hq-policy.pub").read_bytes()))
    assert trust.version == 4
    assert sorted(one.country for one in trust.store.authorities) == ["LC", "UT"]
    assert len(trust.store.crls) == 2


def test_pem_is_read_as_the_der_inside(folder: Path) -> None:
    path = folder / "authorities" / "utopia.der"
    der = path.read_bytes()
    body = base64.encodebytes(der)
    path.write_bytes(b"Utopia\n-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n")
    assert read_trust(folder, 1, now_ms()).authorities == (der,)


def test_every_wrong_file_is_named_with_its_reason(folder: Path) -> None:
    (folder / "authorities" / "a.der").write_bytes(b"nothing")
    (folder / "crls" / "z.crl").write_bytes(b"")
    with pytest.raises(TrustFolderError) as caught:
        read_trust(folder, 1, now_ms())
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        "authorities/a.der",
        "crls/z.crl",
    ]


@pytest.mark.parametrize("wrong", ["strangers", "publishers", "absent"])
def test_what_is_no_such_folder_is_said(folder: Path, wrong: str) -> None:
    if wrong == "strangers":
        (folder / "certificates").mkdir()
    elif wrong == "publishers":
        (folder / "publishers.txt").write_text("UT\nfrance\n")
    with pytest.raises(TrustFolderError, match={"publishers": "france"}.get(wrong, "unknown: certificates|no such")):
        read_trust(folder / "nowhere" if wrong == "absent" else folder, 1, now_ms())


def test_a_wrong_folder_ends_with_two_and_signs_nothing(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ca.init(tmp_path / "ca", ["quay-1"], datetime.now(UTC))
    (folder / "authorities" / "utopia.der").unlink()
    out = tmp_path / "trust.cose"
    words = ["trust", str(tmp_path / "ca" / "centre"), str(folder), "--version", "4", "--out", str(out)]
    assert lists.main(words) == 2
    assert "master_lists/utopia.ml: list_signer_unknown" in capsys.readouterr().err
    assert not out.exists()
