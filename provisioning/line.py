"""The line to the centre: EST-shaped requests over TLS to the one authority that the voucher names.

The authority's certificate is fetched from the centre and taken when its digest is the voucher's: nothing has to be
installed before. A clock that nobody steers does not lock a board out: certificates are then judged with a tolerance of
90 days, and that this was needed is handed back, to stand in the sheet.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from border.encounter import ClockState, Stamp
from border.enrolment import paths
from provisioning.refusals import Code, refused
from provisioning.step import Refused

TIMEOUT_S = 20.0
MOST_BYTES = 64 * 1024 * 1024
TOLERANCE = timedelta(days=90)
NO_CHECK_TIME = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME of OpenSSL: dates are judged here, where the clock's state is known."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the centre answered. `clock_mark`: empty, or by how much this board's clock was outside its certificate."""

    body: bytes
    clock_mark: str = ""


class Line:
    """`authority_sha256`: of the CA certificate's DER. `stamp` and `floor_ms`: the clock to judge certificates by."""

    def __init__(self, url: str, authority_sha256: bytes, stamp: Stamp, floor_ms: int) -> None:
        at = urlsplit(url)
        self._host, self._port = at.hostname or "", at.port or 443
        self._authority_sha256 = authority_sha256
        self._stamp = stamp
        self._now = datetime.fromtimestamp(max(stamp.wall_ms, floor_ms) / 1000, UTC)
        self._context: ssl.SSLContext | None = None

    def post(self, path: str, body: bytes, media_type: str = paths.CBOR) -> Said:
        """Raises `Refused`: no line, or not the voucher's centre; both are worth trying again."""
        try:
            if self._context is None:
                self._context = self._trusting(self._authority())
            return self._ask("POST", path, body, media_type)
        except (OSError, http.client.HTTPException, ValueError) as error:  # ssl.SSLError is an OSError
            raise self._no_line(str(error)) from error

    def _authority(self) -> x509.Certificate:
        """Over a line that proves nothing; the digest does."""
        unproven = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unproven.check_hostname, unproven.verify_mode = False, ssl.CERT_NONE
        said, _ = self._send(unproven, "GET", paths.CACERTS, b"", "")
        for certificate in pkcs7.load_der_pkcs7_certificates(base64.b64decode(said)):
            if hashlib.sha256(certificate.public_bytes(Encoding.DER)).digest() == self._authority_sha256:
                return certificate
        raise ValueError("it is not the centre that the voucher names: its authority has another certificate")

    @staticmethod
    def _trusting(authority: x509.Certificate) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(cadata=authority.public_bytes(Encoding.PEM).decode("ascii"))
        context.verify_flags |= ssl.VerifyFlags(NO_CHECK_TIME)
        return context

    def _ask(self, method: str, path: str, body: bytes, media_type: str) -> Said:
        assert self._context is not None
        said, certificate = self._send(self._context, method, path, body, media_type)
        return Said(said, self._mark(x509.load_der_x509_certificate(certificate)))

    def _send(
        self, context: ssl.SSLContext, method: str, path: str, body: bytes, media_type: str
    ) -> tuple[bytes, bytes]:
        """Body and the server's certificate, DER. A status that is no success is a ValueError."""
        link = http.client.HTTPSConnection(self._host, self._port, timeout=TIMEOUT_S, context=context)
        try:
            link.connect()
            certificate = link.sock.getpeercert(binary_form=True) or b""
            headers = {"content-type": media_type} if media_type else {}
            link.request(method, path, body, headers)
            answer = link.getresponse()
            said = answer.read(MOST_BYTES)
        finally:
            link.close()
        if answer.status >= 300:  # refusals are signed answers, and come as 200
            raise ValueError(f"the centre says {answer.status} {answer.reason}")
        return said, certificate

    def _mark(self, certificate: x509.Certificate) -> str:
        """Raises ValueError when the certificate is not of this time, by what this clock is good for."""
        early, late = certificate.not_valid_before_utc - self._now, self._now - certificate.not_valid_after_utc
        off = max(early, late)
        if off <= timedelta(0):
            return ""
        said = f"clock {self._stamp.clock.value}: {off.days + 1} days outside the centre's certificate"
        if self._stamp.clock is ClockState.TRUSTED or off > TOLERANCE:
            raise ValueError(said)
        return said

    def _no_line(self, why: str) -> Refused:
        return refused(
            Code.NO_LINE,
            "The centre cannot be reached.",
            why=f"{self._host}:{self._port}: {why}.",
            then="Carry the request on a stick, or look at the cable and run this step again.",
            again=True,
        )
