"""A watchlist as a signed file: rows instead of maps, because there may be a hundred thousand of them."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec

from border.messages import codec, cose
from border.messages.cose import Signer
from border.messages.errors import MessageError
from border.watchlist.values import Born, Entry, ListedName, WatchList

LIST_TYPE = "application/vnd.landfall.watchlist+cbor"
MAX_BYTES = 32 * 1024 * 1024

Row = tuple[
    str,  # id
    tuple[tuple[str, str], ...],  # names: primary, secondary
    tuple[int | None, int | None, int | None],  # born: year, month, day
    tuple[str, ...],  # document numbers
    str,  # issuing state
    str,  # action
]


@dataclass(frozen=True, slots=True)
class WatchListFile:
    """The wire form of a WatchList."""

    version: int
    issued_at_ms: int
    entries: tuple[Row, ...]

    def __repr__(self) -> str:
        return f"<watchlist file {self.version}>"


def sign_list(listed: WatchList, signer: Signer) -> bytes:
    """The list under headquarters' key. Raises MessageError("too_large") beyond MAX_BYTES."""
    rows = tuple(_row(entry) for entry in listed.entries)
    signed = cose.sign1(codec.encode(WatchListFile(listed.version, listed.issued_at_ms, rows)), signer, LIST_TYPE)
    if len(signed) > MAX_BYTES:
        raise MessageError("too_large")
    return signed


def load_list(signed: bytes, public_key: ec.EllipticCurvePublicKey) -> WatchList:
    """A list whose signature and every entry hold; a list with one wrong entry is not taken at all.

    Raises MessageError: bad_signature, wrong_content_type, bad_value (an impossible entry), and the codec's.
    """
    proven = cose.verify1(signed, public_key, max_bytes=MAX_BYTES)
    if proven.content_type != LIST_TYPE:
        raise MessageError("wrong_content_type")
    file = codec.decode(WatchListFile, proven.payload, max_bytes=MAX_BYTES)
    try:
        return WatchList(file.version, file.issued_at_ms, tuple(_entry(row) for row in file.entries))
    except ValueError:
        raise MessageError("bad_value") from None


def _row(entry: Entry) -> Row:
    names = tuple((name.primary, name.secondary) for name in entry.names)
    born = (entry.born.year, entry.born.month, entry.born.day)
    return entry.id, names, born, entry.documents, entry.issuing_state, entry.action


def _entry(row: Row) -> Entry:
    id_, names, born, documents, issuing_state, action = row
    return Entry(id_, tuple(ListedName(*name) for name in names), Born(*born), documents, issuing_state, action)
