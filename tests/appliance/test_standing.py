"""What others lay into the kiosk's folder: stops, the lock, and a configuration that is another's by now."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.config import ConfigError
from appliance.standing import FROZEN, STOPPED, Founding, Twice, hold, is_closed, is_held
from central import certificates
from central.certificates import Authority

NOW = datetime.now(UTC)
HOLDS = """\
import pathlib, sys
from appliance import standing
standing.hold(pathlib.Path(sys.argv[1]))
print(flush=True)
input()
"""


def certificate(key: ec.EllipticCurvePrivateKey, at: datetime) -> bytes:
    root = certificates.new_key()
    authority = Authority(root, certificates.new_authority(root, NOW - timedelta(days=1)))
    return certificates.client_certificate(authority, key.public_key(), "quay-1", at).public_bytes(Encoding.PEM)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    (tmp_path / "kiosk.toml").write_text("[kiosk]\n")
    return tmp_path


def founded(place: Path) -> Founding:
    return Founding(place / "kiosk.toml", place / "keys")


@pytest.mark.parametrize("mark", [STOPPED, FROZEN])
def test_a_mark_closes_the_lane_as_long_as_it_is_there(tmp_path: Path, mark: str) -> None:
    assert not is_closed(tmp_path)
    (tmp_path / mark).touch()
    assert is_closed(tmp_path)


def test_a_folder_is_held_by_one_program_and_as_long_as_it_lives(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    assert not list(tmp_path.iterdir()), "who only looks leaves nothing that another user could not open"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        assert is_held(tmp_path)
        with pytest.raises(Twice, match="CFG-TWICE"):
            hold(tmp_path)
        other.kill()
    assert not is_held(tmp_path)
    hold(tmp_path)


def test_a_renewed_certificate_is_the_same_lane_and_another_key_is_not(place: Path) -> None:
    key = certificates.new_key()
    (place / "keys" / "device.crt").write_bytes(certificate(key, NOW))
    was = founded(place)
    assert was.holds()
    (place / "keys" / "device.crt").write_bytes(certificate(key, NOW + timedelta(days=5)))
    assert was.holds()
    (place / "keys" / "device.crt").write_bytes(certificate(certificates.new_key(), NOW))
    assert not was.holds()


def test_a_configuration_that_changed_or_went_is_another_lanes(place: Path) -> None:
    (place / "keys" / "device.crt").write_bytes(certificate(certificates.new_key(), NOW))
    was = founded(place)
    (place / "kiosk.toml").write_text("[kiosk]\nid = 'quay-2'\n")
    assert not was.holds()
    (place / "kiosk.toml").unlink()
    assert not was.holds()


def test_what_cannot_be_read_ends_no_kiosk(place: Path) -> None:
    (place / "keys" / "device.crt").write_bytes(certificate(certificates.new_key(), NOW))
    was = founded(place)
    (place / "keys" / "device.crt").write_bytes(b"half a certific")
    assert was.holds()
    (place / "keys" / "device.crt").unlink()
    assert was.holds()


def test_a_folder_that_is_not_there_or_is_no_folder_is_a_mistake_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "nowhere", tmp_path / "file"):
        with pytest.raises(ConfigError, match=r"kiosk\.folder: .*(No such file|Not a directory)"):
            hold(folder)
