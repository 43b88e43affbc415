"""A folder that somebody brought on a stick, read as a server would be: believed as little, and only plain files.

What looks like a file may be a link to something endless, or a pipe that never answers; neither is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from tuf.api import exceptions
from tuf.ngclient.fetcher import FetcherInterface

CHUNK = 16 * 1024
SCHEME = "file"


def plain(path: Path) -> BinaryIO:
    """Raises OSError: also for a link, a pipe, a device, a folder."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(f"{path.name} is no plain file")
    return os.fdopen(handle, "rb")


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
