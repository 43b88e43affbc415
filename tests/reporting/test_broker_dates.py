"""The broker's certificate outside its dates: taken by a clock that nobody steers, to a limit, and by no other."""

from __future__ import annotations

import socket
import ssl
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.keys import TlsFiles
from appliance.reporting.settings import tls_context
from border.encounter import ClockState, Stamp
from central.certificates import Authority, client_certificate, new_authority, new_key, server_certificate
from central.files import private_pem

NOW = datetime.now(UTC)
KEY = new_key()
AUTHORITY = Authority(KEY, new_authority(KEY, NOW - timedelta(days=400)))


def files(folder: Path, begins: datetime) -> TlsFiles:
    """The kiosk's, and beside them the broker's, which are good for ten days."""
    broker, kiosk, days = new_key(), new_key(), timedelta(days=10)
    served = server_certificate(AUTHORITY, broker.public_key(), ("localhost",), begins, lifetime=days)
    shown = client_certificate(AUTHORITY, kiosk.public_key(), "quay-1", NOW, lifetime=days)
    (folder / "ca").write_bytes(AUTHORITY.certificate.public_bytes(Encoding.PEM))
    (folder / "broker").write_bytes(private_pem(broker) + served.public_bytes(Encoding.PEM))
    (folder / "kiosk").write_bytes(private_pem(kiosk) + shown.public_bytes(Encoding.PEM))
    return TlsFiles(folder / "ca", folder / "kiosk", folder / "kiosk")


def greets(folder: Path, off_days: int, clock: ClockState) -> bool:
    made = files(folder, NOW + timedelta(days=off_days))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "broker")
    with closing(socket.create_server(("127.0.0.1", 0))) as door:
        thread = threading.Thread(target=_serve, args=(door, context))
        thread.start()
        at = Stamp(round(NOW.timestamp() * 1000), 0, "boot", clock)
        try:
            with (
                socket.create_connection(door.getsockname(), timeout=20) as plain,
                tls_context(made, at).wrap_socket(plain, server_hostname="localhost"),
            ):
                return True
        except ssl.SSLCertVerificationError:
            return False
        finally:
            thread.join(20)


def _serve(door: socket.socket, context: ssl.SSLContext) -> None:
    try:
        line, _ = door.accept()
        with context.wrap_socket(line, server_side=True) as shut:
            shut.recv(1)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("off_days", "clock", "is_taken"),
    [
        (0, ClockState.TRUSTED, True),
        (0, ClockState.UNTRUSTED, True),
        (60, ClockState.FLOOR, True),
        (60, ClockState.UNTRUSTED, True),
        (-90, ClockState.FLOOR, True),
        (100, ClockState.FLOOR, False),
        (-110, ClockState.UNTRUSTED, False),
        (60, ClockState.TRUSTED, False),
        (-90, ClockState.TRUSTED, False),
    ],
)
def test_who_is_taken(tmp_path: Path, off_days: int, clock: ClockState, is_taken: bool) -> None:
    assert greets(tmp_path, off_days, clock) is is_taken
