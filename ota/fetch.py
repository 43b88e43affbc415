"""The bytes of a release: resumed where they stopped, on the disk rather than in memory, believed at the end only."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import urllib3

from ota.disk import Disk, remove
from ota.folder_source import plain
from ota.refusals import Code, Later, Refused
from ota.release import Release

CHUNK = 64 * 1024
"""Bytes; the most that a line which breaks costs again."""
SYNC_EVERY = 8 * 1024 * 1024
"""Bytes; what a power cut may cost of a download."""
SPARE = 32 * 1024 * 1024
"""Bytes left free for what a kiosk must still be able to write: encounters come before updates."""
TIMEOUT_S = 30.0

Progress = Callable[[int, int], None]
"""Told bytes here and bytes in all, after each chunk."""


@dataclass(frozen=True, slots=True)
class Store:
    """Where contents lie: `<sha256>` whole and believed, `<sha256>.part` not yet. `free`: bytes left on that disk."""

    folder: Path
    disk: Disk
    free: Callable[[], int]

    def path(self, release: Release) -> Path:
        return self.folder / release.sha256

    def part(self, release: Release) -> Path:
        return self.folder / f"{release.sha256}.part"


def fetch(pool: urllib3.PoolManager, base: str, release: Release, store: Store, progress: Progress) -> Path:
    """From `base`, which ends in a slash. Raises `Later` (call again: it goes on), `Refused`, OSError."""
    if store.path(release).exists():
        return store.path(release)
    _room(release, store)
    part = store.part(release)
    if _size(part) < release.length:
        _pour(pool, base + release.file, release, store, progress)
    return _believe(release, store)


def adopt(source: Path, release: Release, store: Store) -> Path:
    """The same bytes from a stick. Raises `Refused`, `Later`, OSError."""
    if store.path(release).exists():
        return store.path(release)
    _room(release, store)
    part = store.part(release)
    store.disk.write(part, b"")
    try:
        with plain(source) as file:
            while chunk := file.read(CHUNK):
                _keep(store, part, release, chunk)
    except OSError as cause:
        raise Later(Code.STICK, f"{release.name}: {cause.strerror or cause}") from cause
    if (here := _size(part)) < release.length:
        raise Later(Code.STICK, f"{release.name}: {here} of {release.length} bytes are on it")
    return _believe(release, store)


def _room(release: Release, store: Store) -> None:
    wanted = release.length - _size(store.part(release)) + SPARE
    if (free := store.free()) < wanted:
        raise Later(Code.NO_SPACE, f"{release.name} wants {wanted} bytes free, and {free} are")


def _pour(pool: urllib3.PoolManager, url: str, release: Release, store: Store, progress: Progress) -> None:
    part = store.part(release)
    try:
        for chunk in _stream(pool, url, store, part):
            _keep(store, part, release, chunk)
            progress(_size(part), release.length)
    except urllib3.exceptions.HTTPError as cause:
        raise Later(Code.OFFLINE, f"{release.name}: {cause}") from cause
    finally:
        if part.exists():
            store.disk.sync(part)


def _stream(pool: urllib3.PoolManager, url: str, store: Store, part: Path) -> Iterator[bytes]:
    """From where `part` ends; from the start when the server will not, and then `part` is emptied first."""
    have = _size(part)
    asked = {"Range": f"bytes={have}-"} if have else {}
    answer = pool.request("GET", url, headers=asked, preload_content=False, timeout=TIMEOUT_S, redirect=False)
    try:
        if not _goes_on(answer, have):
            store.disk.write(part, b"")
        yield from answer.stream(CHUNK)
    finally:
        answer.close()


def _goes_on(answer: urllib3.BaseHTTPResponse, have: int) -> bool:
    """Whether it begins where we stopped; False: it begins at the start. Raises `Later`."""
    if answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
        return True
    if answer.status != 200:
        raise Later(Code.OFFLINE, f"the server answers {answer.status}, or with another part than was asked for")
    return False


def _keep(store: Store, part: Path, release: Release, chunk: bytes) -> None:
    before = _size(part)
    if before + len(chunk) > release.length:
        remove(store.disk, part)
        raise Refused(Code.ENDLESS, f"{release.name}: more than {release.length} bytes were sent")
    store.disk.append(part, chunk)
    if before // SYNC_EVERY != (before + len(chunk)) // SYNC_EVERY:
        store.disk.sync(part)


def _believe(release: Release, store: Store) -> Path:
    """Under its own name once it is what was signed. A short part stays; a wrong one goes."""
    part = store.part(release)
    if _size(part) < release.length:
        raise Later(Code.OFFLINE, f"{release.name}: {_size(part)} of {release.length} bytes came")
    if _sha256(part) != release.sha256:
        remove(store.disk, part)
        raise Refused(Code.CONTENT, f"{release.name}: the bytes are not those that were signed")
    store.disk.sync(part)
    store.disk.rename(part, store.path(release))
    store.disk.sync_folder(store.folder)
    return store.path(release)


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
