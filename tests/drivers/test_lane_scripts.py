"""Putting firmware together, and finding a MicroPython to try it with."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from drivers.lane import board_wire
from scripts import lane_firmware, micropython
from tests.drivers.lane_host import numbered
from tests.drivers.lane_keys import new_key

ROOT = Path(__file__).parent.parent.parent


def pem(folder: Path, name: str, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
    """(private, public) as files."""
    private, public = folder / f"{name}.key", folder / f"{name}.pub"
    private.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private, public


def script(*words: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.lane_firmware", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_a_new_board_gets_loader_firmware_and_whom_it_believes(tmp_path: Path) -> None:
    key = new_key()
    _, public = pem(tmp_path, "release", key)
    done = script("board", tmp_path / "out", "--release", public, "--kiosk", public)
    assert done.returncode == 0, done.stderr
    rows = [row.split() for row in (tmp_path / "out" / "a" / "list").read_text().splitlines()]
    assert {name for _, name in rows} == {path.name for path in (lane_firmware.FIRMWARE / "app").glob("*.py")}
    for digest, name in rows:
        assert hashlib.sha256((tmp_path / "out" / "a" / name).read_bytes()).hexdigest() == digest
    numbers = key.public_key().public_numbers()
    assert (tmp_path / "out" / "release.pub").read_text() == f"{numbers.x:064x}{numbers.y:064x}"


def test_a_bundle_is_what_the_driver_takes_apart(tmp_path: Path) -> None:
    private, _ = pem(tmp_path, "release", new_key())
    assert script("bundle", tmp_path / "new", "--key", private).returncode == 0
    bundle = board_wire.bundle((tmp_path / "new").read_bytes())
    assert bundle.version == lane_firmware.version_of(lane_firmware.application())
    assert bundle.manifest[8:40] == hashlib.sha256(bundle.data).digest()


def test_a_key_on_another_curve_or_no_key_at_all_makes_nothing(tmp_path: Path) -> None:
    private, public = pem(tmp_path, "other", ec.generate_private_key(ec.SECP384R1()))
    for words in (
        ("bundle", tmp_path / "new", "--key", private),
        ("bundle", tmp_path / "new", "--key", public),
        ("bundle", tmp_path / "new", "--key", tmp_path / "absent"),
        ("board", tmp_path / "out", "--release", public, "--kiosk", public),
    ):
        done = script(*words)
        assert done.returncode == 1 and done.stderr.startswith("lane_firmware: ")
    assert not (tmp_path / "new").exists() and not (tmp_path / "out").exists()


def test_a_firmware_without_a_number_is_none() -> None:
    with pytest.raises(lane_firmware.FirmwareError):
        lane_firmware.version_of({**numbered(1), "version.py": b"VERSION = None\n"})


@pytest.mark.parametrize(
    ("sheet", "address"),
    [
        ("Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n", "http://mirror.example/debian"),
        ("deb http://mirror.example/debian/ bookworm main\n", "http://mirror.example/debian/"),
        ("deb [signed-by=/k.gpg] https://mirror.example/debian bookworm main\n", "https://mirror.example/debian"),
        ("# deb http://old.example/debian x\ndeb http://new.example/debian x main\n", "http://new.example/debian"),
    ],
)
def test_the_archive_is_that_of_this_machines_apt(tmp_path: Path, sheet: str, address: str) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "debian.sources").write_text(sheet)
    assert micropython.archive(tmp_path) == address


def test_without_a_debian_archive_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(micropython.MicropythonError, match="install micropython"):
        micropython.archive(tmp_path)


def another_package(_tree: Path, into: Path, _names: tuple[str, ...]) -> None:
    (into / "x.deb").write_bytes(b"another")


@pytest.mark.skipif(platform.machine() not in micropython.PINS, reason="no package is pinned for this machine")
def test_what_is_not_as_pinned_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(micropython.MicropythonError, match="not as pinned"):
        micropython.fetch(tmp_path, another_package)
    assert micropython.unpacked(tmp_path) is None
