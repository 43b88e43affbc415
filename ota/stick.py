"""Updates on a stick, for a port without an uplink: what the servers show, in the same places (`layout`).

Contents come first and the timestamps last, each synced before the next: a stick that is pulled out early holds an old
update, or none, and never half of one.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ota import layout
from ota.disk import Disk, remove, replace
from ota.publish import CHUNK, Writer
from ota.refusals import PublishCode, Unpublished
from ota.release import Release


@dataclass(frozen=True, slots=True)
class Written:
    """`length`: bytes of all contents."""

    releases: tuple[Release, ...]
    length: int


def write(disk: Disk, updates: Path, stick: Path, devices: Sequence[str]) -> Written:
    """For these devices, what their director repositories name. `updates`: headquarters' folder; `stick`: where it is
    mounted. Raises `Unpublished` when a device is not known or there is too little room, OSError."""
    writers = directors(updates, devices)
    image, to = Writer(layout.image(updates)), stick / layout.STICK
    named = {name for writer in writers.values() for name in writer.assigned()}
    releases = tuple(release for release in image.releases() if release.name in named)
    _room(stick, releases)
    for release in releases:
        _copy(disk, layout.contents(layout.image(updates)) / release.file, layout.contents(layout.image(to)), release)
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


def _room(stick: Path, releases: Iterable[Release]) -> None:
    wanted, free = sum(release.length for release in releases), shutil.disk_usage(stick).free
    if wanted > free:
        raise Unpublished(PublishCode.CONTENT, f"the stick wants {wanted} bytes free, and {free} are")


def _copy(disk: Disk, source: Path, contents: Path, release: Release) -> None:
    place = contents / release.file
    if place.exists() and place.stat().st_size == release.length:
        return  # whoever reads it holds it against its hash
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f".{place.name}.new")
    disk.write(beside, b"")
    with source.open("rb") as file:
        while chunk := file.read(CHUNK):
            disk.append(beside, chunk)
    disk.sync(beside)
    disk.rename(beside, place)
    disk.sync_folder(place.parent)


def _metadata(disk: Disk, writer: Writer, to: Path) -> None:
    """The timestamp away first and there again last: between the two the stick holds nothing."""
    to.mkdir(parents=True, exist_ok=True)
    if (to / "timestamp.json").exists():
        remove(disk, to / "timestamp.json")
    files = writer.served()
    for name in sorted(files, key="timestamp.json".__eq__):
        replace(disk, to / name, files[name])
