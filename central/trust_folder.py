"""A folder of certificates and lists about documents, as states publish them, to one trust file.

    authorities/  links/  signers/    certificates: DER or PEM, one a file
    crls/                             revocation lists: DER or PEM
    master_lists/  deviation_lists/   CMS: DER
    publishers.txt                    countries (two letters) whose master lists are taken, one a line

A kind that is absent is empty. Files are taken in the order of their names; hidden ones are passed over.
"""

from __future__ import annotations

import base64
import binascii
import re
from pathlib import Path

from border.messages.errors import MessageError
from border.messages.trust import TrustFile, opened

KINDS = ("authorities", "links", "signers", "crls", "master_lists", "deviation_lists")
PUBLISHERS = "publishers.txt"
PEM = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----")


class TrustFolderError(ValueError):
    """A folder is no trust store; every mistake is in the message, by file."""


def read_trust(folder: Path, version: int, now_ms: int) -> TrustFile:
    """What lies there, proven to be what a kiosk will take. Raises TrustFolderError; OSError: it cannot be read."""
    if not folder.is_dir():
        raise TrustFolderError(f"{folder}: no such folder")
    files = {kind: _files(folder / kind) for kind in KINDS}
    strangers = sorted({one.name for one in folder.iterdir() if one.name[0] != "."} - {*KINDS, PUBLISHERS})
    if strangers:
        raise TrustFolderError(f"{folder}: unknown: {', '.join(strangers)}")
    pieces = {kind: tuple(_der(path.read_bytes()) for path in paths) for kind, paths in files.items()}
    file = TrustFile(version=version, issued_at_ms=now_ms, publishers=_publishers(folder / PUBLISHERS), **pieces)
    try:
        opened(file)
    except MessageError as error:
        raise TrustFolderError("\n  ".join([f"{folder}:", *_by_file(error, files)])) from None
    return file


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name[0] != ".") if folder.is_dir() else []


def _der(data: bytes) -> bytes:
    """The first element of a PEM file, or the file itself."""
    found = PEM.search(data)
    if found is None:
        return data
    try:
        return base64.b64decode(b"".join(found[2].split()), validate=True)
    except binascii.Error:
        return data  # it will not be read as DER either, and is named then


def _publishers(path: Path) -> tuple[str, ...]:
    if not path.exists():
        return ()
    lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    wrong = [line for line in lines if line and not re.fullmatch("[A-Z]{2}", line)]
    if wrong:
        raise TrustFolderError(f"{path}: wants two letters A-Z in each line, has {', '.join(wrong)}")
    return tuple(line for line in lines if line)


def _by_file(error: MessageError, files: dict[str, list[Path]]) -> list[str]:
    """`authorities[2]: truncated` as `authorities/name.crt: truncated`."""
    return [_named(mistake.where, files) + f": {mistake.reason}" for mistake in error.mistakes]


def _named(where: str, files: dict[str, list[Path]]) -> str:
    match = re.fullmatch(r"([a-z_]+)\[(\d+)\]", where)
    return f"{match[1]}/{files[match[1]][int(match[2])].name}" if match else where
