"""What this device shall install: only where the director and the image repository agree.

The image repository says, with keys kept offline, what may exist; the director says, with keys online, what this one
device shall run now. Whoever steals the director's keys can choose among genuine releases that are not below the floor,
and nothing else: counter and hardware are taken from the image repository alone. (Uptane, without secondaries.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tuf.api.metadata import TargetFile

from ota import release as releases
from ota.floor import Floor
from ota.refusals import Code, Refused
from ota.release import Release
from ota.repository import Repository

DIRECTOR, IMAGE = "director", "image"


@dataclass(frozen=True, slots=True)
class Identity:
    """This device, and the kind of board it is."""

    device: str
    hardware: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """What both agree on. `hold`: fetch and install it, but do not start it yet. `source`: by which way it was said."""

    release: Release
    ring: str
    hold: bool
    source: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """All of one check: what to install, and the floor that the metadata seen has raised."""

    assignments: tuple[Assignment, ...]
    floor: Floor


def check(director: Repository, image: Repository, me: Identity, floor: Floor) -> Word:
    """Refresh both and compare. Raises `Refused` for the first thing that is wrong, `Later`, OSError."""
    for name, repository in ((DIRECTOR, director), (IMAGE, image)):
        fresh = repository.refresh(floor.metadata.get(name, 0))
        floor = floor.with_metadata(name, fresh.version, fresh.issued_s)
    told = director.listed().values()
    return Word(tuple(_agree(target, image.find(target.path), me, floor) for target in told), floor)


def _agree(told: TargetFile, known: TargetFile | None, me: Identity, floor: Floor) -> Assignment:
    order = releases.custom(told)
    if order.get("device") != me.device:
        raise Refused(Code.NOT_MINE, f"{told.path} is another device's")
    if known is None:
        raise Refused(Code.UNKNOWN, f"{told.path} is not in the image repository")
    if (told.length, told.hashes) != (known.length, known.hashes):
        raise Refused(Code.DISAGREE, f"{told.path}: director and image repository name different bytes")
    release = releases.read(known)
    _fits(release, order, me)
    if release.counter < (lowest := floor.counters.get(release.role, 0)):
        raise Refused(Code.OLDER, f"{release.name} is release {release.counter}, and {lowest} is the lowest")
    return Assignment(release, str(order.get("ring", "")), order.get("hold") is True)


def _fits(release: Release, order: Mapping[str, Any], me: Identity) -> None:
    if me.hardware not in release.hardware:
        raise Refused(Code.HARDWARE, f"{release.name} is for {', '.join(release.hardware)}, this is {me.hardware}")
    if order.get("hardware-id") != me.hardware:
        raise Refused(Code.HARDWARE, f"{release.name}: the director takes this for another board than {me.hardware}")
