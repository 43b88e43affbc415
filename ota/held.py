"""Where RAUC reads an image's bundle: at a server, or in a file on a stick that is held open while it does.

RAUC opens by itself what it is told to. It is told the descriptor on which the file was judged, so no other file can be
put in between. Bytes that change under it are RAUC's to see: its signature is over the manifest, and dm-verity holds
each block against that as it is read.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ota.folder_source import digest, plain
from ota.refusals import Code, Later, Refused
from ota.release import Release
from ota.slots import Progress

READING = "reading the stick"


@dataclass(frozen=True, slots=True)
class Bundle:
    """`address`: what RAUC is told to read. `judge`: raises `Later` or `Refused` when the bundle is no more what was
    signed, or not there; of a server's nothing is known but what RAUC says."""

    address: str
    judge: Callable[[], None]


Bundles = Callable[[Release], AbstractContextManager[Bundle]]
"""The bundle of a release, as long as the context lasts. Raises `Later`, `Refused`."""


@contextmanager
def served(base: str, release: Release) -> Iterator[Bundle]:
    """`base` ends in a slash."""
    yield Bundle(f"{base}{release.file}", lambda: None)


@contextmanager
def held(path: Path, release: Release, progress: Progress) -> Iterator[Bundle]:
    """A file that is what was signed, from its first byte to its last. Raises `Later`, `Refused`."""
    try:
        file = plain(path)
    except OSError as cause:
        raise Later(Code.STICK, f"{release.name}: {cause.strerror or cause}") from cause
    with file:
        judge(file, release, progress)
        yield Bundle(f"/proc/{os.getpid()}/fd/{file.fileno()}", lambda: judge(file, release, progress))


def judge(file: BinaryIO, release: Release, progress: Progress) -> None:
    """Raises `Later` for one that cannot be read or is too short, `Refused` for any other that was not signed."""
    try:
        length = os.fstat(file.fileno()).st_size
        found = digest(file, lambda here: progress(100 * here // length, READING)) if length == release.length else ""
    except OSError as cause:
        raise Later(Code.STICK, f"{release.name}: {cause.strerror or cause}") from cause
    if length < release.length:
        raise Later(Code.STICK, f"{release.name}: {length} of {release.length} bytes are on it")
    if length > release.length:
        raise Refused(Code.ENDLESS, f"{release.name}: more than {release.length} bytes are on it")
    if found != release.sha256:
        raise Refused(Code.CONTENT, f"{release.name}: the bytes are not those that were signed")
