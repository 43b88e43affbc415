"""How the line to the broker is driven: bounds with their units."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.keys import TlsFiles
from appliance.reporting.brokers import Broker


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
    without_clock: bool = True  # connect, with a mark, while nobody has set the clock
    send_buffer_bytes: int | None = None  # tests of slow links make it small

    def __post_init__(self) -> None:
        if self.version not in (311, 5) or not self.brokers:
            raise ValueError("wants MQTT version 311 or 5, and a broker")


NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL, which Python does not name."""


class DatesOver(OSError):
    """The broker's certificate ended before the newest time that this kiosk has proof of."""


class _Context(ssl.SSLContext):
    """`floor_s`: judge dates against this alone; None: against the machine's clock, as OpenSSL does."""

    floor_s: float | None = None


class _Socket(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho would leave that to the garbage collector."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
            if isinstance(self.context, _Context) and self.context.floor_s is not None:
                _insist_on_floor(self.getpeercert(), self.context.floor_s)
        except BaseException:
            self.close()
            raise


def tls_context(files: TlsFiles, floor_s: float | None = None) -> ssl.SSLContext:
    """Read anew for each connection: certificates are short-lived and replaced beneath us. Raises OSError.

    `floor_s` (seconds since 1970): the clock is not to be believed, so a certificate is refused only when it ended
    before this time, which has certainly passed; `dates_fit` says whether that made a difference.
    """
    context = _Context(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cafile=str(files.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_X509_PARTIAL_CHAIN
    context.sslsocket_class = _Socket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(str(files.certificate), str(files.key))
    if floor_s is not None:
        context.floor_s = floor_s
        context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
    return context


def dates_fit(certificate: Mapping[str, object] | None, now_s: float) -> bool:
    """Whether a verified peer's certificate is in force by this clock. `certificate`: SSLSocket.getpeercert()."""
    begins, ends = _dates(certificate)
    return begins <= now_s <= ends


def _insist_on_floor(certificate: Mapping[str, object] | None, floor_s: float) -> None:
    _begins, ends = _dates(certificate)
    if ends < floor_s:
        raise DatesOver(f"the broker's certificate ended {(floor_s - ends) / 86400:.0f} days before this kiosk's floor")


def _dates(certificate: Mapping[str, object] | None) -> tuple[float, float]:
    told = certificate or {}
    begins, ends = (ssl.cert_time_to_seconds(str(told[name])) for name in ("notBefore", "notAfter"))
    return begins, ends
