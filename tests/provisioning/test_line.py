"""The line to the centre under a clock that is good, roughly good, or far off; and to a centre that is another one."""

from __future__ import annotations

import base64
import hashlib
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from border.encounter import ClockState, Stamp
from central.certificates import Authority, new_authority, new_key, server_certificate
from central.files import private_pem
from provisioning.line import Line
from provisioning.step import Refused

KEY = new_key()
AUTHORITY = Authority(KEY, new_authority(KEY, datetime.now(UTC) - timedelta(days=400)))
DIGEST = hashlib.sha256(AUTHORITY.certificate.public_bytes(Encoding.DER)).digest()


class Centre(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._say(base64.encodebytes(pkcs7.serialize_certificates([AUTHORITY.certificate], Encoding.DER)))

    def do_POST(self) -> None:
        self._say(b"heard " + self.rfile.read(int(self.headers["content-length"])))

    def _say(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def centre(folder: Path, begins: datetime, days: int = 30) -> Iterator[str]:
    """Its certificate is good for so many days."""
    key = new_key()
    made = server_certificate(AUTHORITY, key.public_key(), ("localhost",), begins, lifetime=timedelta(days=days))
    (folder / "key").write_bytes(private_pem(key))
    (folder / "crt").write_bytes(made.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "crt", folder / "key")
    server = HTTPServer(("127.0.0.1", 0), Centre)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"https://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def said(url: str, clock: ClockState, digest: bytes = DIGEST) -> tuple[bytes, str]:
    now_ms = round(datetime.now(UTC).timestamp() * 1000)
    answer = Line(url, digest, Stamp(now_ms, 0, "boot", clock), 0).post("/enrolment/request", b"me")
    return answer.body, answer.clock_mark


@pytest.mark.parametrize("clock", list(ClockState))
def test_within_the_dates_every_clock_will_do_and_there_is_no_mark(tmp_path: Path, clock: ClockState) -> None:
    with centre(tmp_path, datetime.now(UTC)) as url:
        assert said(url, clock) == (b"heard me", "")


@pytest.mark.parametrize("clock", [ClockState.FLOOR, ClockState.UNTRUSTED])
@pytest.mark.parametrize("off", [60, -100], ids=["from the future", "run out"])
def test_a_clock_that_nobody_steers_may_be_off_and_it_is_marked(tmp_path: Path, clock: ClockState, off: int) -> None:
    with centre(tmp_path, datetime.now(UTC) + timedelta(days=off)) as url:
        body, mark = said(url, clock)
    assert body == b"heard me"
    assert clock.value in mark
    assert "days outside" in mark


@pytest.mark.parametrize(
    ("clock", "off"), [(ClockState.TRUSTED, 60), (ClockState.TRUSTED, -100), (ClockState.FLOOR, 100)]
)
def test_a_good_clock_is_not_forgiven_a_day_and_no_clock_more_than_ninety(
    tmp_path: Path, clock: ClockState, off: int
) -> None:
    with centre(tmp_path, datetime.now(UTC) + timedelta(days=off)) as url, pytest.raises(Refused) as caught:
        said(url, clock)
    assert caught.value.code == "PRO-NO-LINE"
    assert "clock" in caught.value.why


def test_a_centre_that_the_voucher_does_not_name(tmp_path: Path) -> None:
    with centre(tmp_path, datetime.now(UTC)) as url, pytest.raises(Refused, match="not the centre that the voucher"):
        said(url, ClockState.TRUSTED, bytes(32))


def test_nobody_there() -> None:
    with pytest.raises(Refused, match="PRO-NO-LINE"):
        said("https://localhost:9", ClockState.TRUSTED)
