"""Ends the open connection of a board whose certificate was revoked: brokers judge certificates at the handshake alone.

A broker knows one connection for each name, and a certificate's name is the client's. Who connects with a certificate
of that name takes the other's place; the office does it for a moment, after the broker has read the new list, so that
the other cannot come back. Nothing of anybody else is touched.
"""

from __future__ import annotations

import socket
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from central.files import private_pem

ANSWER_S = 10.0
CONNACK, ACCEPTED, DISCONNECT = b"\x20\x02", 0, b"\xe0\x00"
CLEAN_SESSION, KEEP_ALIVE_S = 0x02, 10


@dataclass(frozen=True, slots=True)
class Pass:
    """A certificate (DER) in the name of a lane, for some minutes, and its key."""

    kiosk: str
    certificate: bytes
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Broker:
    """`authority`: the file that its certificate must lead to."""

    host: str
    port: int
    authority: Path


def evict(broker: Broker, shown: Pass) -> None:
    """Take the lane's place and leave. Raises OSError: the broker is away, or did not let us in."""
    with (
        socket.create_connection((broker.host, broker.port), ANSWER_S) as plain,
        _context(broker, shown).wrap_socket(plain, server_hostname=broker.host) as line,
    ):
        line.sendall(_connect(shown.kiosk))
        said = _read(line, 4)
        if said[:2] != CONNACK or said[3] != ACCEPTED:
            raise ConnectionRefusedError(f"the broker did not let the office in as {shown.kiosk}")
        line.sendall(DISCONNECT)


def _context(broker: Broker, shown: Pass) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(broker.authority))
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with tempfile.TemporaryDirectory() as folder:  # for its owner alone
        both = Path(folder) / "shown.pem"
        certificate = x509.load_der_x509_certificate(shown.certificate).public_bytes(Encoding.PEM)
        both.write_bytes(private_pem(shown.key) + certificate)
        context.load_cert_chain(both)
    return context


def _connect(name: str) -> bytes:
    """CONNECT of MQTT 3.1.1, with a clean session: nothing is left of it afterwards."""
    client = name.encode()
    body = b"\x00\x04MQTT\x04" + bytes([CLEAN_SESSION]) + KEEP_ALIVE_S.to_bytes(2, "big")
    body += len(client).to_bytes(2, "big") + client
    return bytes([0x10, len(body)]) + body  # a lane's name is short: one byte of length is enough


def _read(line: ssl.SSLSocket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = line.recv(count - len(data))
        if not more:
            raise ConnectionResetError("the broker closed before it answered")
        data += more
    return data
