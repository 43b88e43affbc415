"""The kiosk asks, and whoever holds the key signs: through a socket of their own, with a key that may change."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from appliance.keys import load_keys
from appliance.signer import SocketSigner
from border.messages.cose import is_signature
from provisioning.identity import SoftwareKey
from provisioning.signer import Holder


@pytest.fixture
def key(tmp_path: Path) -> SoftwareKey:
    return SoftwareKey(tmp_path / "identity.key")


@pytest.fixture
def path(tmp_path: Path, key: SoftwareKey) -> Iterator[Path]:
    place, leaving = tmp_path / "identity.sock", threading.Event()
    holder = Holder(place, lambda: key)
    thread = threading.Thread(target=holder.serve, args=(leaving,))
    thread.start()
    yield place
    leaving.set()
    thread.join(10)


def test_many_threads_at_once_each_get_their_own_signature(path: Path, key: SoftwareKey) -> None:
    public, signer = key.make(), SocketSigner(path, "quay-1")
    asked = [bytes([number]) * 1000 * number for number in range(24)]
    with ThreadPoolExecutor(8) as threads:
        for data, signature in zip(asked, threads.map(signer.sign, asked), strict=True):
            assert is_signature(signature, data, public)


def test_a_question_that_is_cut_short_or_too_long_stops_nobody_else(path: Path, key: SoftwareKey) -> None:
    public = key.make()
    for said in (b"", b"\0\0", b"\0\0\0\x05abc", b"\xff\xff\xff\xff"):
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall(said)
            line.shutdown(socket.SHUT_WR)
            line.settimeout(20)
            assert line.recv(64) == b""
    assert is_signature(SocketSigner(path, "quay-1").sign(b"x"), b"x", public)


def test_nobody_else_may_ask(path: Path) -> None:
    assert path.stat().st_mode & 0o077 == 0


def test_a_key_folder_that_names_no_known_level_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "device.signer").write_text("paper\n/nowhere\n")
    with pytest.raises(Exception, match=r"missing: tls\.pem"):
        load_keys(tmp_path)
