"""How the line to the broker is driven: bounds with their units."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field

from appliance.keys import TlsFiles
from appliance.reporting.brokers import Broker
from border.encounter import ClockState, Stamp


@dataclass(frozen=True, slots=True)
class Window:
    """What may be on the wire, given to the broker and not acknowledged by it."""

    messages: int = 20
    bytes: int = 128 * 1024  # at 1 Mbit/s an alarm waits a second behind as much


@dataclass(frozen=True, slots=True)
class Settings:
    """`version`: 311, or 5 (whose extras are not used)."""

    brokers: tuple[Broker, ...]
    version: int = 311
    keepalive_s: int = 15
    connect_s: float = 5.0
    state_every_s: float = 60.0
    window: Window = field(default_factory=Window)
    send_buffer_bytes: int | None = None  # tests of slow links make it small

    def __post_init__(self) -> None:
        if self.version not in (311, 5) or not self.brokers:
            raise ValueError("wants MQTT version 311 or 5, and a broker")


class _Socket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except BaseException:
            self.close()
            raise


TOLERANCE_S = 90 * 24 * 3600
NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL: dates are then judged here."""


def _patient(now_s: float) -> type[_Socket]:
    """For a kiosk whose clock nobody steers: the broker's certificate may be so far outside its dates, no further."""

    class Patient(_Socket):
        def do_handshake(self, block: bool = False) -> None:
            super().do_handshake(block)
            told = self.getpeercert() or {}
            begins, ends = (ssl.cert_time_to_seconds(str(told[name])) for name in ("notBefore", "notAfter"))
            if not begins - TOLERANCE_S <= now_s <= ends + TOLERANCE_S:
                self.close()
                raise ssl.SSLCertVerificationError("the broker's certificate is more than 90 days outside its dates")

    return Patient


def tls_context(files: TlsFiles, at: Stamp | None = None, floor_ms: int = 0) -> ssl.SSLContext:
    """Read anew for each connection: certificates are short-lived and replaced beneath us. Raises OSError.

    `at`: the kiosk's clock. A trusted one is not forgiven a day; without one OpenSSL judges by the system's.
    """
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(files.ca))
    context.sslsocket_class = _Socket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(files.certificate), str(files.key))
    if at is not None and at.clock is not ClockState.TRUSTED:
        context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
        context.sslsocket_class = _patient(max(at.wall_ms, floor_ms) / 1000)
    return context
