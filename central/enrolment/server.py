"""The office over HTTPS: EST's three paths in their wire form (RFC 7030), and our own for the rest.

The client's certificate is asked for and not demanded: a device has none before it is enrolled, and one that ran out
cannot be shown. Whose requests count is judged by the signatures in them; only simplereenroll wants a certificate.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from uvicorn.protocols.http.h11_impl import H11Protocol

from border.enrolment import paths, sheet
from central.enrolment.office import NotAllowed, Office
from central.enrolment.publication import Publication, read_list
from central.store.api import StoreUnavailable

log = logging.getLogger(__name__)
T = TypeVar("T")
MOST_BYTES = sheet.MAX_BYTES
LOOK_S = 60.0
RETRY_S = 30
"""What a device is told to wait when the database is away."""


@dataclass(frozen=True, slots=True)
class Served:
    """Where and with which certificate. `clients`: the CA file that clients' certificates must lead to."""

    host: str
    port: int
    certificate: Path
    key: Path
    clients: Path


class Server:
    """Everything that touches office, store or list runs on the one thread given with them."""

    def __init__(self, office: Office, publication: Publication, crl: Path, thread: ThreadPoolExecutor) -> None:
        self._office = office
        self._publication = publication
        self._crl_file = crl
        self._thread = thread

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route(paths.CACERTS, self._cacerts),
                Route(paths.SIMPLE_ENROLL, self._enroll, methods=["POST"]),
                Route(paths.SIMPLE_REENROLL, self._reenroll, methods=["POST"]),
                Route(paths.NONCE, self._nonce, methods=["POST"]),
                Route(paths.REQUEST, self._request, methods=["POST"]),
                Route(paths.PROOF, self._proof, methods=["POST"]),
                Route(paths.SHEET, self._sheet, methods=["POST"]),
                Route(paths.CRL, self._crl),
            ],
            exception_handlers={StoreUnavailable: _away, NotAllowed: _not_allowed},
            lifespan=self._lifespan,
        )

    @asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        looking = asyncio.create_task(self._keep_looking())
        try:
            yield
        finally:
            looking.cancel()
            with suppress(asyncio.CancelledError):
                await looking

    async def _keep_looking(self) -> None:
        while True:
            await self._publish()
            await asyncio.sleep(LOOK_S)

    async def _publish(self) -> None:
        """The register holds the truth already: a list that cannot be written now is written at the next look."""
        try:
            await self._work(self._publication.look)
        except (OSError, ValueError, StoreUnavailable):
            log.exception("the revocation list could not be published")

    async def _work(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _cacerts(self, _request: Request) -> Response:
        return _certs_only(await self._work(self._office.cacerts))

    async def _enroll(self, request: Request) -> Response:
        csr = await _pkcs10(request)
        return _certs_only([await self._work(lambda: self._office.enroll(csr))])

    async def _reenroll(self, request: Request) -> Response:
        csr, peer = await _pkcs10(request), getattr(request.state, "peer_certificate", None)
        if peer is None:
            raise NotAllowed
        return _certs_only([await self._work(lambda: self._office.reenroll(csr, peer))])

    async def _nonce(self, _request: Request) -> Response:
        return Response(await self._work(self._office.nonce), media_type="application/octet-stream")

    async def _request(self, request: Request) -> Response:
        data = await _body(request)
        reply = await self._work(lambda: self._office.request(data, online=True))
        await self._publish()
        return Response(reply, media_type=paths.CBOR)

    async def _proof(self, request: Request) -> Response:
        data = await _body(request)
        reply = await self._work(lambda: self._office.proof(data))
        await self._publish()
        return Response(reply, media_type=paths.CBOR)

    async def _sheet(self, request: Request) -> Response:
        data = await _body(request)
        return Response(await self._work(lambda: self._office.sheet(data)), media_type=paths.CBOR)

    async def _crl(self, _request: Request) -> Response:
        there = await self._work(lambda: read_list(self._crl_file))
        if there is None:
            return Response(status_code=404)
        return Response(there.public_bytes(Encoding.DER), media_type=paths.PKIX_CRL)


class _PeerProtocol(H11Protocol):
    """uvicorn's HTTP, with the client's certificate (DER) in each request's state; TLS has checked it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        line: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        peer = line.getpeercert(binary_form=True) if line is not None else None
        self.app_state = {**self.app_state, "peer_certificate": peer}


def configured(server: Server, served: Served) -> uvicorn.Config:
    return uvicorn.Config(
        server.app(),
        host=served.host,
        port=served.port,
        http=_PeerProtocol,
        ws="none",
        ssl_certfile=served.certificate,
        ssl_keyfile=served.key,
        ssl_ca_certs=str(served.clients),
        ssl_cert_reqs=ssl.CERT_OPTIONAL,
        log_level="warning",
        timeout_graceful_shutdown=1,
        server_header=False,
    )


async def _body(request: Request) -> bytes:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise NotAllowed
    return data


async def _pkcs10(request: Request) -> bytes:
    """EST bodies are base64, with or without line breaks."""
    try:
        return base64.b64decode(b"".join((await _body(request)).split()), validate=True)
    except binascii.Error:
        raise NotAllowed from None


def _certs_only(chain: list[bytes]) -> Response:
    """Of an enrolment the issued certificate alone (RFC 7030, 4.2.3): what is inside has no order."""
    bundle = pkcs7.serialize_certificates([x509.load_der_x509_certificate(der) for der in chain], Encoding.DER)
    return Response(base64.encodebytes(bundle), media_type=paths.PKCS7, headers={"content-transfer-encoding": "base64"})


async def _away(_request: Request, _error: Exception) -> Response:
    return Response("The register does not answer.\n", 503, headers={"retry-after": str(RETRY_S)})


async def _not_allowed(_request: Request, _error: Exception) -> Response:
    return Response("Not for this key, or not for this certificate.\n", 403)
