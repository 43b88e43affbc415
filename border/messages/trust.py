"""The trust store as a signed file: whom the kiosks believe about documents, in the issuers' own bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric import ec

from border.documents.certificates import read_certificate, read_crl
from border.documents.errors import DocumentError
from border.documents.trust_store import TrustStore, with_deviation_list, with_master_list
from border.messages import codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError, Mistake

TRUST_TYPE = "application/vnd.landfall.trust+cbor"
MAX_BYTES = 16 * 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TrustFile:
    """The wire form: certificates and revocation lists as DER, signed lists as CMS.

    `publishers`: countries (alpha-2) whose master lists are taken. What a signed list brings is judged at the time of
    issue, so that every kiosk reads the same store, whatever its clock says.
    """

    version: int
    issued_at_ms: int
    authorities: tuple[bytes, ...]  # CSCA certificates that headquarters itself has checked
    links: tuple[bytes, ...]
    signers: tuple[bytes, ...]  # document signers, for chips that carry none
    crls: tuple[bytes, ...]
    master_lists: tuple[bytes, ...]
    publishers: tuple[str, ...]
    deviation_lists: tuple[bytes, ...]

    def __repr__(self) -> str:
        return f"<trust file {self.version}>"


@dataclass(frozen=True, slots=True)
class Trust:
    """A trust store with its version and the time it was issued."""

    version: int
    issued_at_ms: int
    store: TrustStore


def sign_trust(file: TrustFile, signer: Signer) -> bytes:
    """The file under headquarters' key. Raises MessageError naming every piece that no kiosk would take."""
    opened(file)
    signed = cose.sign1(codec.encode(file), signer, TRUST_TYPE)
    if len(signed) > MAX_BYTES:
        raise MessageError("too_large")
    return signed


def load_trust(signed: bytes, public_key: ec.EllipticCurvePublicKey) -> Trust:
    """A store whose signature and every piece hold; a file with one wrong piece is not taken at all.

    Raises MessageError: bad_signature, wrong_content_type, bad_value (pieces that cannot be read or are not
    believed, each named with its reason), and the codec's.
    """
    proven = cose.verify1(signed, public_key, max_bytes=MAX_BYTES)
    if proven.content_type != TRUST_TYPE:
        raise MessageError("wrong_content_type")
    file = codec.decode(TrustFile, proven.payload, max_bytes=MAX_BYTES)
    return Trust(file.version, file.issued_at_ms, opened(file))


def opened(file: TrustFile) -> TrustStore:
    """The store that the pieces make. Raises MessageError("bad_value") naming each that cannot be read or believed."""
    at = _time(file.issued_at_ms)
    if file.version < 1 or at is None:
        raise MessageError("bad_value", "version" if file.version < 1 else "issued_at_ms")
    mistakes: list[Mistake] = []
    store = TrustStore(
        authorities=_read("authorities", file.authorities, read_certificate, mistakes),
        links=_read("links", file.links, read_certificate, mistakes),
        signers=_read("signers", file.signers, read_certificate, mistakes),
        crls=_read("crls", file.crls, read_crl, mistakes),
    )
    for place, data in enumerate(file.master_lists):
        with _named(f"master_lists[{place}]", mistakes):
            store = with_master_list(store, data, at, file.publishers)
    for place, data in enumerate(file.deviation_lists):
        with _named(f"deviation_lists[{place}]", mistakes):
            store = with_deviation_list(store, data, at)
    if mistakes:
        raise MessageError("bad_value", mistakes=mistakes)
    return store


def _read(name: str, pieces: Sequence[bytes], how: Callable[[bytes], T], mistakes: list[Mistake]) -> tuple[T, ...]:
    found: list[T] = []
    for place, data in enumerate(pieces):
        with _named(f"{name}[{place}]", mistakes):
            found.append(how(data))
    return tuple(found)


@contextmanager
def _named(where: str, mistakes: list[Mistake]) -> Iterator[None]:
    """A piece that is none is a mistake in its place."""
    try:
        yield
    except DocumentError as error:
        mistakes.append(Mistake(where, error.reason))


def _time(wall_ms: int) -> datetime | None:
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=wall_ms)
    except OverflowError:
        return None
