"""Updates on a stick, for a port without an uplink: what the servers show, in the same places (`layout`).

Contents come first and the timestamps last, each synced before the next: a stick that is pulled out early holds an old
update, or none, and never half of one. What was written is read back from the stick before it counts.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ota import layout
from ota.disk import Disk, remove, replace
from ota.folder_source import digest, plain
from ota.publish import CHUNK, Writer
from ota.refusals import PublishCode, Unpublished
from ota.release import Release

Progress = Callable[[int, str], None]
"""Told percent, and of what, after each chunk."""


def _unwatched(_percent: int, _what: str) -> None:
    """Nobody looks."""


@dataclass(frozen=True, slots=True)
class Written:
    """`length`: bytes of all contents."""

    releases: tuple[Release, ...]
    length: int


def write(disk: Disk, updates: Path, stick: Path, devices: Sequence[str], progress: Progress = _unwatched) -> Written:
    """For these devices, what their director repositories name. `updates`: headquarters' folder; `stick`: where it is
    mounted. Raises `Unpublished` when a device is not known, there is too little room, or the stick loses what it is
    given; OSError."""
    writers = directors(updates, devices)
    image, to = Writer(layout.image(updates)), stick.resolve() / layout.STICK
    named = {name for writer in writers.values() for name in writer.assigned()}
    releases = tuple(release for release in image.releases() if release.name in named)
    contents, known = layout.contents(layout.image(updates)), layout.contents(layout.image(to))
    missing = [release for release in releases if not _holds(known / release.file, release, progress)]
    _room(stick, sum(release.length for release in missing))
    for release in missing:
        _copy(disk, contents / release.file, known / release.file, release, progress)
    for device, writer in writers.items():
        _metadata(disk, writer, layout.metadata(layout.director(to, device)))
    _metadata(disk, image, layout.metadata(layout.image(to)))
    return Written(releases, sum(release.length for release in releases))


def directors(updates: Path, devices: Sequence[str]) -> Mapping[str, Writer]:
    """By device. Raises `Unpublished` for one that never checked in."""
    for device in devices:
        if not (layout.metadata(layout.director(updates, device)) / "timestamp.json").exists():
            raise Unpublished(PublishCode.STALE, f"no device {device} has ever checked in, or been told of anything")
    return {device: Writer(layout.director(updates, device)) for device in devices}


def _room(stick: Path, wanted: int) -> None:
    if wanted > (free := shutil.disk_usage(stick).free):
        raise Unpublished(PublishCode.STICK, f"the stick wants {wanted} bytes free, and {free} are")


def _copy(disk: Disk, source: Path, to: Path, release: Release, progress: Progress) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    beside = to.with_name(f".{to.name}.new")
    try:
        _pour(disk, source, beside, release, progress)
        disk.sync(beside)
        if not _holds(beside, release, progress):
            raise Unpublished(PublishCode.STICK, f"{release.name}: other bytes come back than were to be written")
    except (OSError, Unpublished) as cause:
        disk.unlink(beside)
        if isinstance(cause, OSError) and cause.errno == errno.EFBIG:
            raise Unpublished(PublishCode.STICK, f"{release.name} is too large for the stick's file system") from cause
        raise
    disk.rename(beside, to)
    disk.sync_folder(to.parent)


def _pour(disk: Disk, source: Path, beside: Path, release: Release, progress: Progress) -> None:
    disk.write(beside, b"")
    here = 0
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            disk.append(beside, chunk)
            here += len(chunk)
            progress(100 * here // release.length, f"writing {release.name}")


def _holds(place: Path, release: Release, progress: Progress) -> bool:
    """Read to its last byte: half of what sticks do wrong is to forget."""

    def told(here: int) -> None:
        progress(100 * here // max(release.length, here), f"reading {release.name}")

    try:
        with plain(place) as file:
            found = digest(file, told)
    except OSError:
        return False
    return found == release.sha256


def _metadata(disk: Disk, writer: Writer, to: Path) -> None:
    """The timestamp away first and there again last: between the two the stick holds nothing."""
    to.mkdir(parents=True, exist_ok=True)
    if (to / "timestamp.json").exists():
        remove(disk, to / "timestamp.json")
    files = writer.served()
    for name in sorted(files, key="timestamp.json".__eq__):
        replace(disk, to / name, files[name])
