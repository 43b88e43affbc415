"""A folder that somebody brought on a stick, read as a server would be: believed as little, and only plain files.

What looks like a file may be a link to something endless, or a pipe that never answers; neither is opened, and no link
is followed on the way there.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from tuf.api import exceptions
from tuf.ngclient.fetcher import FetcherInterface

CHUNK = 16 * 1024
LARGE = 1 << 20
SCHEME = "file"


FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def plain(path: Path) -> BinaryIO:
    """`path` is absolute. Raises OSError: also for a link, a pipe, a device, a folder, and where a link leads on."""
    folder = os.open("/", FOLDER)
    try:
        for name in path.parts[1:-1]:
            above, folder = folder, os.open(name, FOLDER, dir_fd=folder)
            os.close(above)
        handle = os.open(path.name, FILE, dir_fd=folder)
    finally:
        os.close(folder)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path.name} is no plain file")
    return os.fdopen(handle, "rb")


def digest(file: BinaryIO, told: Callable[[int], None]) -> str:
    """Its SHA-256, from the stick and not from memory, where nothing of it stays: an image is larger than what a kiosk
    has to spare. `told`: bytes so far, after each chunk. Raises OSError."""
    found, here = hashlib.sha256(), 0
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    file.seek(0)
    while chunk := file.read(LARGE):
        found.update(chunk)
        os.posix_fadvise(file.fileno(), here, len(chunk), os.POSIX_FADV_DONTNEED)
        here += len(chunk)
        told(here)
    return found.hexdigest()


def place(url: str) -> Path:
    """Of a `file:` address."""
    return Path(unquote(urlsplit(url).path))


class FolderFetcher(FetcherInterface):
    """Metadata from a folder."""

    def hang_up(self) -> None:
        """Nothing is on any line."""

    def _fetch(self, url: str) -> Iterator[bytes]:
        path = place(url)
        try:
            file = plain(path)
        except FileNotFoundError as cause:
            raise exceptions.DownloadHTTPError(f"no {path.name}", 404) from cause
        except OSError as cause:
            raise exceptions.DownloadError(f"{path.name}: {cause}") from cause
        return _chunks(file)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        try:
            while chunk := file.read(CHUNK):
                yield chunk
        except OSError as cause:  # pulled out
            raise exceptions.DownloadError(str(cause)) from cause
