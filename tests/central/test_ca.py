"""The development CA: complete, private, marked, idempotent, and believed by a real broker."""

from __future__ import annotations

import hashlib
import ssl
import stat
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from border.messages.sealing import RecipientPrivate, RecipientPublic
from central import ca
from central.files import FolderError, read_private
from central.keys import load_centre
from central.register import Status, load_register
from tests.central.broker import Broker, running_broker
from tests.central.sender import Sender

NOW = datetime.now(UTC)
DEVICE_FILES = {"device.key", "device.crt", "ca.crt", "centre-receipts.pub", "centre-seal.pub", "hq-policy.pub"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ca.init(tmp_path, ["quay-1", "quay-2"], NOW)
    return tmp_path


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(tmp_path, ["quay-1", "quay-2"]) as running:
        yield running


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_a_kiosk_gets_exactly_its_six_files(folder: Path) -> None:
    assert {path.name for path in (folder / "kiosks" / "quay-1").iterdir()} == DEVICE_FILES


def test_every_private_key_is_for_its_owner_alone(folder: Path) -> None:
    keys = list(folder.rglob("*.key"))
    assert len(keys) == 9
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_every_file_says_that_it_is_for_practice(folder: Path) -> None:
    silent = [str(p) for p in folder.rglob("*") if p.is_file() and b"development" not in p.read_bytes().lower()]
    assert silent == []


def test_a_second_run_adds_the_missing_kiosk_and_changes_nothing_else(folder: Path) -> None:
    before = digests(folder)
    ca.init(folder, ["quay-1", "quay-3"], NOW)
    after = digests(folder)
    assert {name: after[name] for name in before} == before
    added = {f"kiosks/quay-3/{name}" for name in DEVICE_FILES} | {"centre/kiosks/quay-3.json"}
    assert after.keys() - before.keys() == added


def test_a_lost_certificate_is_made_again_for_the_same_key(folder: Path) -> None:
    before = digests(folder)
    (folder / "kiosks" / "quay-1" / "device.crt").unlink()
    ca.init(folder, ["quay-1"], NOW)
    changed = {name for name, digest in digests(folder).items() if before[name] != digest}
    assert changed == {"kiosks/quay-1/device.crt"}


def test_the_chain_holds_under_strict_rules(folder: Path) -> None:
    certificates = [folder / "broker.crt", folder / "kiosks" / "quay-1" / "device.crt"]
    words = ["openssl", "verify", "-x509_strict", "-CAfile", str(folder / "ca.crt"), *map(str, certificates)]
    assert subprocess.run(words, capture_output=True, check=False, timeout=10).returncode == 0


def test_the_register_holds_the_key_that_the_kiosk_signs_with(folder: Path) -> None:
    register = load_register(folder / "centre" / "kiosks")
    assert register.keys() == {"quay-1", "quay-2"}
    assert register["quay-1"].public_key == read_private(folder / "kiosks" / "quay-1" / "device.key").public_key()
    assert register["quay-1"].status is Status.ACTIVE


def test_what_a_kiosk_seals_the_centre_opens(folder: Path) -> None:
    public = RecipientPublic.load((folder / "kiosks" / "quay-1" / "centre-seal.pub").read_bytes())
    private = RecipientPrivate.load((folder / "centre" / "seal.key").read_bytes())
    assert private.public() == public


@pytest.mark.parametrize("wrong", ["a/b", "", "+", "#", "../x", "a" * 65, "collector-1"])
def test_an_id_that_no_topic_can_carry_is_refused_and_makes_nothing(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(FolderError):
        ca.init(tmp_path / "ca", ["quay-1", wrong], NOW)
    assert not (tmp_path / "ca").exists()


def test_a_half_register_is_no_register(folder: Path) -> None:
    (folder / "centre" / "kiosks" / "quay-2.json").write_text("{}")
    (folder / "centre" / "kiosks" / "quay-1.json").write_text("nonsense")
    with pytest.raises(FolderError, match=r"quay-1\.json.*quay-2\.json"):
        load_centre(folder / "centre")


def test_a_revoked_kiosk_stays_revoked_when_init_runs_again(folder: Path) -> None:
    ca.revoke(folder, "quay-1", NOW)
    ca.init(folder, ["quay-1"], NOW)
    assert load_register(folder / "centre" / "kiosks")["quay-1"].status is Status.REVOKED


def test_a_revoked_certificate_is_refused_by_the_broker_once_it_rereads_the_list(broker: Broker) -> None:
    with Sender(broker, "quay-1"):
        pass
    ca.revoke(broker.ca_folder, "quay-1", NOW)
    broker.reread()
    until = time.monotonic() + 10
    while _is_let_in(broker, "quay-1"):
        assert time.monotonic() < until, "the broker still lets a revoked certificate in"
        time.sleep(0.05)
    assert _is_let_in(broker, "quay-2")


def _is_let_in(broker: Broker, kiosk: str) -> bool:
    """A TLS handshake and the first byte of an answer: only then has the broker judged our certificate."""
    folder = broker.kiosk_folder(kiosk)
    context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
    context.load_cert_chain(folder / "device.crt", folder / "device.key")
    return broker.greets(context, "greet1")
