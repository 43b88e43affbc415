"""The publishing side at work: what was released, who is given it, and how it went. One folder, one process.

keys/<role>.pem ...          practice only: software keys, made once
image/  director/<device>/   the repositories, as `layout` says; director/.root: the root of all directors
rollouts.json                releases with their rollouts, oldest first; written whole, durably
devices/<device>.json        what each device said last
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner

from ota import layout
from ota import rollout as rollouts
from ota.disk import Disk
from ota.disk import replace as write_whole
from ota.online import Online
from ota.publish import JSON, Holders, Writer, assignment
from ota.refusals import PublishCode, Unpublished
from ota.release import Release, Role
from ota.rollout import End, Ring, Rollout, Status, Terms, Work
from ota.workflow import WITHDRAWN, State

T = TypeVar("T")
DEVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it becomes the name of a folder
FRESH_S = 86400
"""A timestamp that lives shorter than this is signed anew when somebody asks."""
ENDS: Mapping[str, End] = {State.KEPT: End.KEPT, State.ROLLED_BACK: End.ROLLED_BACK, State.REFUSED: End.REFUSED}


@dataclass(frozen=True, slots=True)
class Update:
    """What a device last had in hand of one role; `reason` is empty, or begins with a code."""

    sha256: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a device said of itself, role by role. `running`: the sha256 of what is in use. `log`: the end of what was
    seen of a start that failed, empty when none did."""

    device: str
    hardware: str
    at_s: int
    running: Mapping[str, str] = field(default_factory=dict)
    updates: Mapping[str, Update] = field(default_factory=dict)
    log: str = ""


@dataclass(frozen=True, slots=True)
class Hour:
    """What one device did in one hour: `referred` and `poor` are among its `encounters`."""

    device: str
    at_s: int
    encounters: int
    referred: int
    poor: int


@dataclass(frozen=True, slots=True)
class Course:
    """A release on its way."""

    release: Release
    began_s: int
    rollout: Rollout


class Office:
    """Thread-safe. Every change is on the disk before anybody is told of it."""

    def __init__(
        self, folder: Path, disk: Disk, now_s: Callable[[], int], terms: Terms, online: Online | None = None
    ) -> None:
        """`online`: the keys at hand where holders sign all else; None for practice, with all keys here.

        Raises `Unpublished` when no ceremony was held yet, OSError. What practice lacks is made.
        """
        self._folder, self._disk, self._now_s, self._terms = folder, disk, now_s, terms
        self._lock = threading.Lock()
        self._image = Writer(layout.image(folder), self._clock, disk)
        self._roots = Writer(layout.director(folder, layout.DIRECTOR_ROOT), self._clock, disk)
        keys = online or _practice(disk, folder / "keys")
        self._image_keys, self._director_keys, self.is_practice = keys.image, keys.director, online is None
        self._found()
        self._courses = _read(folder / "rollouts.json", _course)
        (folder / "devices").mkdir(exist_ok=True)
        words = (said for path in (folder / "devices").glob("*.json") for said in _read(path, _said))
        self._said = {said.device: said for said in words}
        self._look()

    @property
    def courses(self) -> tuple[Course, ...]:
        """Oldest first; the last one of a role counts."""
        return self._courses

    @property
    def devices(self) -> tuple[Said, ...]:
        return tuple(sorted(self._said.values(), key=lambda said: said.device))

    def roots(self) -> tuple[bytes, bytes]:
        """What devices have built in: the image repository's first root and the director's."""
        return self._image.served()["1.root.json"], self._roots.roots()[0].to_bytes(JSON)

    @property
    def offered(self) -> tuple[Release, ...]:
        """What the image repository holds and no rollout has begun with, newest first within each role."""
        begun = {course.release.name for course in self._courses}
        waiting = (release for release in self._image.releases() if release.name not in begun)
        return tuple(sorted(waiting, key=lambda release: (release.role, -release.counter)))

    def begin(self, name: str) -> Release:
        """The rollout of one that is offered. Raises `KeyError` for any other."""
        with self._alone():
            release = {release.name: release for release in self.offered}[name]
            self._look()
            self._begin(release)
            return release

    def publish(
        self, role: Role, name: str, content: bytes, version: str, hardware: tuple[str, ...], manifest_sha256: str = ""
    ) -> Release:
        """Offer it, and begin its rollout; one of the same role that was under way ends where it is.

        Each release has a name of its own, for a device may still be told of the one before. `manifest_sha256`: of an
        image, as RAUC computes it.
        """
        with self._alone():
            digest, counter = hashlib.sha256(content).hexdigest(), self._image.highest_counter(role) + 1
            name = f"{role}/{counter}-{name}"
            release = Release(role, name, len(content), digest, version, counter, hardware, manifest_sha256)
            self._image.add(release, content, self._image_keys.roles[role])
            self._look()
            self._begin(release)
            return release

    def check_in(self, said: Said) -> None:
        """A device says how it is, and finds in its director repository what it is to run. ValueError: a bad name."""
        if not DEVICE.fullmatch(said.device):
            raise ValueError("not usable as the name of a device")
        with self._alone():
            self._said[said.device] = said
            self._write(f"devices/{said.device}.json", [_plain(said)])
            self._keep(tuple(self._heard(course, said) for course in self._courses))
            self._assign(said)

    def halt(self, name: str, why: str) -> None:
        """Nobody is given that release any more. Raises `KeyError` when it is not the newest of its role."""
        self._change(name, lambda rollout: rollouts.halt(rollout, why))

    def go_on(self, name: str) -> None:
        """A person looked, and allows what has failed so far and not one more. Raises as `halt` does."""
        self._change(
            name,
            lambda rollout: rollouts.go_on(rollout, replace(rollout.terms, most_failures=len(rollout.failed))),
        )

    def tick(self) -> None:
        """Time has passed: silence counts, full rings end, what gets old is signed anew."""
        with self._alone():
            now_s = self._now_s()
            self._look()
            self._keep(
                tuple(
                    replace(course, rollout=rollouts.tick(course.rollout, now_s, ring_is_full=self._is_full(course)))
                    for course in self._courses
                )
            )
            if self._image.expires_s() - now_s < FRESH_S:
                self._image.refresh(self._image_keys)

    def compare(self, hours: Sequence[Hour]) -> None:
        """What devices did that have a release, beside those that have not: one that is surely worse is halted."""
        with self._alone():
            self._keep(
                tuple(
                    replace(course, rollout=rollouts.compare(course.rollout, measures(course, hours)))
                    if self.is_newest(course)
                    else course
                    for course in self._courses
                )
            )

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Neither another thread nor the release tool is at the repositories."""
        with self._lock, layout.locked(self._folder):
            yield

    def _found(self) -> None:
        if self.is_practice:
            if not self._image.is_founded:
                self._image.found(self._image_keys)
            if not self._roots.is_founded:
                self._roots.found(self._director_keys)
        elif not (self._image.version("root") and self._roots.version("root")):
            raise Unpublished(
                PublishCode.ROOT, f"{self._folder}: its repositories have no root; hold the ceremony first"
            )

    def _look(self) -> None:
        """What may be installed now: whoever is told of what was withdrawn could be told of nothing else."""
        self._there = frozenset(release.name for release in self._image.releases())

    def _begin(self, release: Release) -> None:
        begun = rollouts.begin(release.sha256, len(self._said), self._terms)
        self._keep((*self._courses, Course(release, self._now_s(), begun)))

    def _heard(self, course: Course, said: Said) -> Course:
        rollout, update = course.rollout, said.updates.get(course.release.role)
        end = ENDS.get(update.state) if update and update.sha256 == course.release.sha256 else None
        if is_withdrawn := (end is End.REFUSED and update is not None and update.reason == WITHDRAWN):
            rollout = rollouts.give_back(rollout, said.device)
        if self.is_newest(course):
            rollout = rollouts.check_in(rollout, said.device, said.at_s)
        if end and not is_withdrawn:
            rollout = rollouts.hear(rollout, said.device, end)
        return replace(course, rollout=rollout)

    def is_newest(self, course: Course) -> bool:
        """Of its role: older ones reach nobody any more."""
        return course == [one for one in self._courses if one.release.role is course.release.role][-1]

    def _is_full(self, course: Course) -> bool:
        """Everybody in the ring was given it, or has not been heard of for longer than silence may last."""
        rollout = course.rollout
        due = (
            said
            for said in self._said.values()
            if rollouts.bucket(rollout.release, said.device) < rollout.bounds[rollout.ring]
        )
        long_ago_s = self._now_s() - rollout.terms.silence_s
        return all(said.device in rollout.given or said.at_s < long_ago_s for said in due)

    def _assign(self, said: Said) -> None:
        """Written only when it is another than before: a device that asks often costs a look, not a signature."""
        writer = self._director(said.device)
        wanted = {}
        for course in self._courses:  # a later one of the same role replaces an earlier one
            rollout = course.rollout
            if course.release.name not in self._there:
                continue
            if rollouts.is_due(rollout, said.device) or rollout.ended.get(said.device) is End.KEPT:
                wanted[course.release.role] = course
        told = {
            course.release.name: assignment(
                course.release, said.device, said.hardware, _ring(course.rollout), hold=_is_held(course.rollout)
            )
            for course in wanted.values()
        }
        if writer.assigned() != told:
            writer.assign(told, self._director_keys.targets)
            writer.refresh(self._director_keys)
        elif writer.expires_s() - self._now_s() < FRESH_S:
            writer.refresh(self._director_keys)

    def _director(self, device: str) -> Writer:
        """With every root that there is by now."""
        writer = Writer(layout.director(self._folder, device), self._clock, self._disk)
        if not writer.is_founded:
            writer.found(self._director_keys, self._roots.roots()[0].to_bytes(JSON))
        if writer.version("root") < self._roots.version("root"):
            for root in self._roots.roots()[writer.version("root") :]:
                writer.put_root(root)
            writer.assign(writer.assigned(), self._director_keys.targets)  # the keys may be others now
            writer.refresh(self._director_keys)
        return writer

    def _change(self, name: str, change: Callable[[Rollout], Rollout]) -> None:
        with self._alone():
            if name not in {course.release.name for course in self._courses if self.is_newest(course)}:
                raise KeyError(name)
            self._keep(
                tuple(
                    replace(course, rollout=change(course.rollout)) if course.release.name == name else course
                    for course in self._courses
                )
            )

    def _keep(self, courses: tuple[Course, ...]) -> None:
        """A new timestamp is what is announced: whoever hears of it asks. It comes first, for a question too many does
        no harm, and one that nobody asks is a ring that begins hours late."""
        if list(map(_told_to, courses)) != list(map(_told_to, self._courses)):
            self._image.refresh(self._image_keys)
        if courses != self._courses:
            self._write("rollouts.json", [_told(course) for course in courses])
            self._courses = courses

    def _write(self, name: str, told: list[dict[str, Any]]) -> None:
        write_whole(self._disk, self._folder / name, json.dumps(told, sort_keys=True).encode())

    def _clock(self) -> datetime:
        return datetime.fromtimestamp(self._now_s(), UTC)


def _told_to(course: Course) -> tuple[str, int, bool]:
    """What decides which devices are told of it, and whether to hold it."""
    return course.release.name, course.rollout.ring, _is_held(course.rollout)


def _ring(rollout: Rollout) -> str:
    return rollout.rings[rollout.ring].name


def _is_held(rollout: Rollout) -> bool:
    return rollout.status is Status.HALTED


def _practice(disk: Disk, folder: Path) -> Online:
    folder.mkdir(parents=True, exist_ok=True)
    return Online(_holders(disk, folder, "image", tuple(Role)), _holders(disk, folder, "director", ()))


def _holders(disk: Disk, folder: Path, name: str, roles: tuple[Role, ...]) -> Holders:
    """Software keys for practice: whoever reads this folder is headquarters."""

    def signer(what: str) -> CryptoSigner:
        path = folder / f"{name}-{what}.pem"
        if not path.exists():
            write_whole(disk, path, CryptoSigner.generate_ed25519().private_bytes)
        key = load_pem_private_key(path.read_bytes(), None)
        return CryptoSigner(key)

    return Holders(
        root=tuple(signer(f"root-{number}") for number in (1, 2, 3)),
        targets=(signer("targets"),),
        snapshot=(signer("snapshot"),),
        timestamp=(signer("timestamp"),),
        roles={role: (signer(role),) for role in roles},
    )


def _read(path: Path, one: Callable[[dict[str, Any]], T]) -> tuple[T, ...]:
    return tuple(map(one, json.loads(path.read_bytes()))) if path.exists() else ()


def measures(course: Course, hours: Sequence[Hour]) -> tuple[tuple[str, Work, Work], ...]:
    """Referrals and poor samples: of who kept the release, since it was given it; of all others since it began."""
    rollout = course.rollout
    kept = {device: at_s for device, at_s in rollout.given.items() if rollout.ended.get(device) is End.KEPT}
    tried = [hour for hour in hours if hour.device in kept and hour.at_s >= kept[hour.device]]
    others = [hour for hour in hours if hour.device not in rollout.given and hour.at_s >= course.began_s]

    def work(chosen: Sequence[Hour], wrong: Callable[[Hour], int]) -> Work:
        return Work(sum(hour.encounters for hour in chosen), sum(map(wrong, chosen)))

    kinds: tuple[tuple[str, Callable[[Hour], int]], ...] = (
        ("referrals", lambda hour: hour.referred),
        ("poor samples", lambda hour: hour.poor),
    )
    return tuple((name, work(tried, wrong), work(others, wrong)) for name, wrong in kinds)


def _plain(said: Said) -> dict[str, Any]:
    updates = {role: dataclasses.asdict(update) for role, update in said.updates.items()}
    return {
        "device": said.device,
        "hardware": said.hardware,
        "at_s": said.at_s,
        "running": dict(said.running),
        "updates": updates,
        "log": said.log,
    }


def _said(told: dict[str, Any]) -> Said:
    return Said(**{**told, "updates": {role: Update(**update) for role, update in told["updates"].items()}})


def _told(course: Course) -> dict[str, Any]:
    rollout = course.rollout
    told = {one.name: getattr(rollout, one.name) for one in dataclasses.fields(rollout)}
    return {
        "release": dataclasses.asdict(course.release),
        "began_s": course.began_s,
        "rollout": {
            **told,
            "terms": dataclasses.asdict(rollout.terms),
            "rings": [dataclasses.asdict(ring) for ring in rollout.rings],
            "given": dict(rollout.given),
            "ended": dict(rollout.ended),
        },
    }


def _course(told: dict[str, Any]) -> Course:
    release, rollout = told["release"], told["rollout"]
    return Course(
        Release(**{**release, "role": Role(release["role"]), "hardware": tuple(release["hardware"])}),
        told["began_s"],
        Rollout(
            **{
                **rollout,
                "terms": Terms(**rollout["terms"]),
                "rings": tuple(Ring(**ring) for ring in rollout["rings"]),
                "bounds": tuple(rollout["bounds"]),
                "status": Status(rollout["status"]),
                "given": MappingProxyType(rollout["given"]),
                "ended": MappingProxyType({device: End(end) for device, end in rollout["ended"].items()}),
            }
        ),
    )
