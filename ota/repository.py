"""One TUF repository as this device sees it: its metadata, fetched, verified by python-tuf and kept for good.

python-tuf settles signatures, thresholds, expiry, rotation and mix-and-match. What it leaves open is closed here: a
wiped folder believes the first thing it is shown (a floor of versions is kept elsewhere), it reads the machine's clock
(judged by `clock`), and it does not sync what it stores.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import urllib3
from tuf.api import exceptions
from tuf.api.metadata import Metadata, Root, TargetFile, Timestamp
from tuf.api.serialization import DeserializationError
from tuf.ngclient.config import UpdaterConfig
from tuf.ngclient.fetcher import FetcherInterface
from tuf.ngclient.updater import Updater

from ota.disk import Disk
from ota.folder_source import SCHEME, FolderFetcher
from ota.refusals import Code, Later, Refused
from ota.rhythm import Hint

T = TypeVar("T")
CHUNK = 16 * 1024
TIMEOUT_S = 20.0
LIMIT_S = 120.0
"""For one whole answer: a server that drips a byte now and then never times out by itself."""
REPEATS = urllib3.Retry(total=1, redirect=0, status=0)  # a kept connection may have died in the meantime
MAX_ROOT_ROTATIONS = 256  # ten years of a rotation every two weeks, for a device found in a drawer


@dataclass(frozen=True, slots=True)
class Source:
    """`name` as in the floor; `folder` is this device's copy; `root` was built in; `url` ends in a slash."""

    name: str
    folder: Path
    root: bytes
    url: str


@dataclass(frozen=True, slots=True)
class Freshness:
    """Of the newest timestamp that was verified. `issued_s`: seconds since 1970, as its signer says."""

    version: int
    issued_s: int


class Settled:
    """What of the stored metadata this process has synced: what was not touched since is not synced again. A process
    begins with nothing, for the one before it may have been killed between a name and its sync."""

    def __init__(self) -> None:
        self._synced: dict[Path, tuple[int, int, int]] = {}

    def settle(self, disk: Disk, folder: Path, passing: str = "") -> None:
        """The files of one folder, then their names. `passing`: the one that needs no sync. Raises OSError."""
        found = {path: _as_it_lies(path) for path in folder.iterdir() if path.name != passing and _is_own(path)}
        fresh = [path for path, lies in found.items() if self._synced.get(path) != lies]
        for path in fresh:
            disk.sync(path)
        if fresh:
            disk.sync_folder(folder)
        self._synced.update({path: found[path] for path in fresh})


def _is_own(path: Path) -> bool:
    """A link is made anew by python-tuf with every start, as its root is."""
    return path.is_file() and not path.is_symlink()


def _as_it_lies(path: Path) -> tuple[int, int, int]:
    lies = path.stat()
    return lies.st_ino, lies.st_mtime_ns, lies.st_size


class Repository:
    """Refreshed once; afterwards it answers what its metadata says."""

    def __init__(
        self,
        source: Source,
        pool: urllib3.PoolManager,
        now_s: int,
        disk: Disk,
        settled: Settled,
        *,
        limit_s: float = LIMIT_S,
    ) -> None:
        """`settled`: of this process. Raises `Refused` when the root that was built in is no root."""
        self._source, self._disk, self._settled = source, disk, settled
        is_folder = source.url.startswith(f"{SCHEME}:")
        self._fetcher: FolderFetcher | PoolFetcher = FolderFetcher() if is_folder else PoolFetcher(pool, limit_s)
        source.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._updater = Updater(
                str(source.folder),
                source.url,
                fetcher=self._fetcher,
                config=UpdaterConfig(max_root_rotations=MAX_ROOT_ROTATIONS),
                bootstrap=source.root,
            )
        except exceptions.RepositoryError as cause:
            raise Refused(Code.GARBLED, f"{source.name}: the root that was built in cannot be read") from cause
        self._built_in = f"{self._updater._trusted_set.root.version}.root.json"
        # python-tuf 7 has no other way to give it a time, and none to ask what it believes but its files
        self._updater._trusted_set.reference_time = datetime.fromtimestamp(now_s, UTC)

    def refresh(self, lowest_version: int) -> Freshness:
        """The newest metadata, verified and safe on the disk. `lowest_version`: of the timestamp, from the floor.

        Raises `Refused`, `Later`, OSError.
        """
        self._ask(self._updater.refresh)
        self._settle()
        stamp = self._updater._trusted_set.timestamp
        if stamp.version < lowest_version:
            raise Refused(
                Code.REPLAYED,
                f"{self._source.name}: version {stamp.version} was shown where {lowest_version} has been seen",
            )
        return Freshness(stamp.version, _issued_s(stamp))

    def listed(self) -> Mapping[str, TargetFile]:
        """All that its own targets role names, without what it delegates."""
        return self._updater._trusted_set.targets.targets

    def find(self, name: str) -> TargetFile | None:
        """Whoever may sign for that name. Raises `Refused`, `Later`, OSError."""
        found = self._ask(lambda: self._updater.get_targetinfo(name))
        self._settle()
        return found

    def _ask(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except exceptions.DownloadLengthMismatchError as cause:
            raise Refused(Code.ENDLESS, f"{self._source.name}: more was sent than may be") from cause
        except exceptions.DownloadError as cause:
            raise Later(Code.OFFLINE, f"{self._source.name}: {cause}") from cause
        except exceptions.RepositoryError as cause:
            raise Refused(_code(cause), f"{self._source.name}: {cause}") from cause
        finally:
            self._fetcher.hang_up()

    def _settle(self) -> None:
        """What python-tuf renamed into place, it did not sync. The root that was built in it writes with every start,
        and reads it from nowhere else but the image."""
        self._settled.settle(self._disk, self._source.folder)
        self._settled.settle(self._disk, self._source.folder / "root_history", self._built_in)


def judge_announcement(folder: Path, data: bytes, lowest_version: int) -> Hint:
    """Whether these bytes are a timestamp that the repository in `folder` would sign, newer than `lowest_version`.

    It is only a hint when to ask: what is asked then is judged by itself. Raises OSError.
    """
    try:
        root = Metadata[Root].from_file(str(folder / "root.json")).signed
        stamp = Metadata[Timestamp].from_bytes(data)
        root.verify_delegate(Timestamp.type, stamp.signed_bytes, stamp.signatures)
    except (exceptions.RepositoryError, exceptions.StorageError, DeserializationError, ValueError):
        return Hint.STRANGE
    return Hint.NEWER if stamp.signed.version > lowest_version else Hint.KNOWN


CODES: tuple[tuple[type[exceptions.RepositoryError], Code], ...] = (
    (exceptions.ExpiredMetadataError, Code.EXPIRED),
    (exceptions.BadVersionNumberError, Code.REPLAYED),
    (exceptions.UnsignedMetadataError, Code.UNSIGNED),
    (exceptions.LengthOrHashMismatchError, Code.CONTENT),
)


def _code(cause: exceptions.RepositoryError) -> Code:
    return next((code for kind, code in CODES if isinstance(cause, kind)), Code.GARBLED)


def _issued_s(stamp: Timestamp) -> int:
    """0 when it does not say: then it raises no floor."""
    said = stamp.unrecognized_fields.get("issued-s", 0)
    return said if isinstance(said, int) else 0


class PoolFetcher(FetcherInterface):
    """Metadata through our own pool, which holds the device's certificate; one answer at a time."""

    def __init__(self, pool: urllib3.PoolManager, limit_s: float = LIMIT_S) -> None:
        self._pool, self._limit_s = pool, limit_s
        self._answer: urllib3.BaseHTTPResponse | None = None

    def hang_up(self) -> None:
        """Who stops reading in the middle, as python-tuf does at a limit, leaves the rest on the line."""
        if self._answer is not None:
            self._answer.close()
            self._answer = None

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.hang_up()
        self._answer = answer = self._pool.request(
            "GET", url, preload_content=False, timeout=TIMEOUT_S, retries=REPEATS, redirect=False
        )
        if answer.status != 200:
            with contextlib.suppress(urllib3.exceptions.HTTPError):
                answer.read1(CHUNK)  # that there is no newer root is no reason to greet the server anew
            raise exceptions.DownloadHTTPError(f"{answer.status} for {url}", answer.status)
        return _chunks(answer, time.monotonic() + self._limit_s)


def _chunks(answer: urllib3.BaseHTTPResponse, ends_s: float) -> Iterator[bytes]:
    """The interface promises `DownloadError` and nothing else, also while it is read."""
    try:
        while chunk := answer.read1(CHUNK):  # what is there: a full chunk might never be
            if time.monotonic() > ends_s:
                raise exceptions.SlowRetrievalError("it is still not all here")
            yield chunk
    except urllib3.exceptions.HTTPError as cause:
        raise exceptions.DownloadError(str(cause)) from cause
