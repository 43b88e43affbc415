"""The build side: writes the two repositories that `trust` reads. Nothing on a device imports it.

A repository is a folder that any web server can show: `metadata/` with numbered files beside `timestamp.json`, and
`targets/` with each content under its own hash. Every step is signed by the signers given for it and by no other, so
the offline roles need not be at hand for the daily ones.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from securesystemslib.signer import Signer
from tuf.api.metadata import (
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from ota import layout
from ota.disk import Disk, RealDisk, replace
from ota.refusals import PublishCode, Unpublished
from ota.release import Release, Role, describe, read
from ota.scheme import TOP, Keys, Scheme, delegations, root_of

S = TypeVar("S", Root, Targets, Snapshot, Timestamp)
VALID_DAYS: Mapping[str, int] = {"root": 365, "targets": 90, "snapshot": 7, "timestamp": 3, "role": 90}
ROOT_THRESHOLD = 2
CHUNK = 1 << 20
Signers = Sequence[Signer]


@dataclass(frozen=True, slots=True)
class Holders:
    """Who signs what. `root`: at least two of at least two; `roles`: none for a director, which delegates nothing."""

    root: Signers
    targets: Signers
    snapshot: Signers
    timestamp: Signers
    roles: Mapping[Role, Signers]

    def scheme(self) -> Scheme:
        """With all of a role's signers at hand, all of them must sign; of the root's, two."""
        top = {name: _keys(getattr(self, name)) for name in TOP}
        root = Keys(top["root"].keys, ROOT_THRESHOLD)
        return {**top, "root": root, **{role: _keys(held) for role, held in self.roles.items()}}


def utc_now() -> datetime:
    return datetime.now(UTC)


class Writer:
    """One repository's folder. One writer at a time; `now` is asked at each signature."""

    def __init__(self, folder: Path, now: Callable[[], datetime] = utc_now, disk: Disk | None = None) -> None:
        self._metadata, self._targets = layout.metadata(folder), layout.contents(folder)
        self._now, self._disk = now, disk or RealDisk()
        for made in (self._metadata, self._targets):
            made.mkdir(parents=True, exist_ok=True)

    def found(self, holders: Holders, root: bytes = b"") -> bytes:
        """A repository of nothing. The bytes of its first root are what devices have built in.

        `root`: that of another repository of the same holders, as all of a director's have one.
        """
        scheme = holders.scheme()
        new = root or sign(root_of(scheme, 1, self.expires("root")), holders.root).to_bytes(JSON)
        self.put_root(Metadata[Root].from_bytes(new))
        self._put(Targets(expires=self.expires("targets"), delegations=delegations(scheme)), holders.targets)
        for role, signers in holders.roles.items():
            self._put(Targets(expires=self.expires("role")), signers, role)
        self.refresh(holders)
        return (self._metadata / "1.root.json").read_bytes()

    def put_root(self, root: Metadata[Root]) -> None:
        """A signed root becomes the repository's; two old holders and two new ones signed it if the keys changed."""
        self._write(f"{root.signed.version}.root.json", root.to_bytes(JSON))

    def root(self) -> Metadata[Root]:
        """The newest."""
        return Metadata[Root].from_file(str(self._newest("root")))

    def roots(self) -> tuple[Metadata[Root], ...]:
        """All, oldest first."""
        paths = sorted(self._metadata.glob("*.root.json"), key=_version)
        return tuple(Metadata[Root].from_file(str(path)) for path in paths)

    def add(self, release: Release, content: bytes, signers: Signers) -> None:
        """Offer it under its own role. Raises `Unpublished` when the content is not what the release says, or too few
        sign."""
        if (len(content), hashlib.sha256(content).hexdigest()) != (release.length, release.sha256):
            raise Unpublished(PublishCode.CONTENT, f"{release.name}: the content is another one")
        replace(self._disk, self._place(release), content)
        self.accept(release.role, sign(self.offering(release), signers))

    def place(self, release: Release, source: Path) -> None:
        """Its content, of any size, where devices fetch it; nobody is told of it yet. Raises `Unpublished`, OSError."""
        done = self._place(release)
        beside, digest = done.with_name(f".{done.name}.new"), hashlib.sha256()
        self._disk.write(beside, b"")
        with source.open("rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                self._disk.append(beside, chunk)
        if (beside.stat().st_size, digest.hexdigest()) != (release.length, release.sha256):
            self._disk.unlink(beside)
            raise Unpublished(PublishCode.CONTENT, f"{release.name}: the content is another one")
        self._disk.sync(beside)
        self._disk.rename(beside, done)
        self._disk.sync_folder(done.parent)

    def withdraw(self, release: Release, signers: Signers) -> None:
        """It may not be installed any more; its content stays where it is. Raises `Unpublished`."""
        self.accept(release.role, sign(self.withdrawing(release), signers))

    def offering(self, release: Release) -> Targets:
        """What its role says with it, unsigned."""
        target = TargetFile(release.length, {"sha256": release.sha256}, release.name, {"custom": describe(release)})
        held = self.targets_of(release.role)
        return self.renewed(release.role, {**held.targets, release.name: target})

    def withdrawing(self, release: Release) -> Targets:
        """What its role says without it, unsigned."""
        held = self.targets_of(release.role)
        return self.renewed(release.role, {n: target for n, target in held.targets.items() if n != release.name})

    def renewed(self, role: str, targets: Mapping[str, TargetFile]) -> Targets:
        """The next version of a role that names these, unsigned."""
        held = self.targets_of(role)
        held.targets = dict(targets)
        held.version += 1
        held.expires = self.expires("targets" if role == "targets" else "role")
        return held

    def accept(self, role: str, metadata: Metadata[Targets] | Metadata[Root]) -> None:
        """Signed metadata becomes the repository's. Raises `Unpublished` when it is not the next version, or when too
        few of those signed it who may."""
        have, new = self.version(role), metadata.signed.version
        if new != have + 1:
            raise Unpublished(PublishCode.STALE, f"{role}: version {new} was signed, and {have} is the newest")
        if lacking := self.lacking(role, metadata):
            raise Unpublished(PublishCode.THRESHOLD, f"{role} version {new}: {lacking}")
        self._write(f"{new}.{role}.json", metadata.to_bytes(JSON))

    def lacking(self, role: str, metadata: Metadata[Targets] | Metadata[Root]) -> str:
        """How many signatures are missing, in words; empty when they are enough."""
        if isinstance(metadata.signed, Root):
            before = self.root().signed if self.version("root") else None
            results = [metadata.signed.get_root_verification_result(before, metadata.signed_bytes, metadata.signatures)]
            counts = [results[0].first, results[0].second]
        else:
            above = self.root().signed if role == "targets" else self.targets_of("targets")
            counts = [above.get_verification_result(role, metadata.signed_bytes, metadata.signatures)]
        return ", ".join(dict.fromkeys(f"{len(c.signed)} of {c.threshold} signatures" for c in counts if not c))

    def version(self, role: str) -> int:
        """Of the newest; 0 when there is none."""
        return max(map(_version, self._metadata.glob(f"*.{role}.json")), default=0)

    def newest(self, role: str) -> Metadata[Targets] | Metadata[Root] | None:
        """Of the root, targets or a role; None when there is none."""
        if not self.version(role):
            return None
        return self.root() if role == "root" else self.signed(role)

    def highest_counter(self, role: Role) -> int:
        """Of all that the role ever offered, also of what was withdrawn; 0 when it offered nothing."""
        said = (Metadata[Targets].from_file(str(path)).signed for path in self._metadata.glob(f"*.{role}.json"))
        return max((read(target).counter for signed in said for target in signed.targets.values()), default=0)

    def signed(self, role: str) -> Metadata[Targets]:
        """The newest of targets or of a role that they delegate to, with its signatures."""
        return Metadata[Targets].from_file(str(self._newest(role)))

    def releases(self) -> tuple[Release, ...]:
        """All that may be installed. Raises `Refused` for what cannot be read."""
        return tuple(
            read(target) for role in Role if self.version(role) for target in self.targets_of(role).targets.values()
        )

    def assign(self, targets: Mapping[str, TargetFile], signers: Signers) -> None:
        """Of a director: all that the one device shall run, in place of what it was told before."""
        self._put(self.renewed("targets", targets), signers)

    def assigned(self) -> Mapping[str, TargetFile]:
        """What the newest targets name."""
        return self.targets_of("targets").targets

    def refresh(self, holders: Holders, days: int = 0) -> None:
        """A new snapshot and timestamp over what lies there: daily, and after each change. `days`: how long both are
        to live when not as long as usual, as on a stick."""
        long = self._now().replace(microsecond=0) + timedelta(days=days) if days else None
        snapshot = Snapshot(expires=long or self.expires("snapshot"), meta=self._versions())
        self._put(self._next(snapshot), holders.snapshot)
        stamp = Timestamp(
            expires=long or self.expires("timestamp"),
            snapshot_meta=MetaFile(_version(self._newest("snapshot"))),
            unrecognized_fields={"issued-s": int(self._now().timestamp())},
        )
        stamp.version = self._stamp_version() + 1
        self._write("timestamp.json", sign(stamp, holders.timestamp).to_bytes(JSON))

    @property
    def is_founded(self) -> bool:
        """False also for a folder that a cut left half made: found it again."""
        return (self._metadata / "timestamp.json").exists()

    def expires_s(self) -> int:
        """When the timestamp does, in seconds since 1970."""
        return int(Metadata[Timestamp].from_bytes(self.timestamp()).signed.expires.timestamp())

    def timestamp(self) -> bytes:
        """What is announced to devices."""
        return (self._metadata / "timestamp.json").read_bytes()

    def targets_of(self, role: str) -> Targets:
        return self.signed(role).signed

    def served(self) -> Mapping[str, bytes]:
        """Every file that a device may ask for now: all roots, and of the others the newest."""
        roles = ("targets", "snapshot", *Role)
        newest = (self._newest(role) for role in roles if self.version(role))
        paths = (*self._metadata.glob("*.root.json"), *newest, self._metadata / "timestamp.json")
        return {path.name: path.read_bytes() for path in paths}

    def may_refresh(self, holders: Holders) -> bool:
        """Whether these keys are in force for what is signed daily."""
        root = self.root().signed
        held = {"snapshot": holders.snapshot, "timestamp": holders.timestamp}
        return all(
            len({s.public_key.keyid for s in signers} & set(root.roles[role].keyids)) >= root.roles[role].threshold
            for role, signers in held.items()
        )

    def _place(self, release: Release) -> Path:
        place = self._targets / release.file
        place.parent.mkdir(parents=True, exist_ok=True)
        return place

    def _versions(self) -> dict[str, MetaFile]:
        roles = ("targets", *(role for role in Role if any(self._metadata.glob(f"*.{role}.json"))))
        return {f"{role}.json": MetaFile(_version(self._newest(role))) for role in roles}

    def _next(self, snapshot: Snapshot) -> Snapshot:
        there = [_version(path) for path in self._metadata.glob("*.snapshot.json")]
        snapshot.version = max(there, default=0) + 1
        return snapshot

    def _stamp_version(self) -> int:
        path = self._metadata / "timestamp.json"
        return Metadata[Timestamp].from_file(str(path)).signed.version if path.exists() else 0

    def _newest(self, role: str) -> Path:
        return max(self._metadata.glob(f"*.{role}.json"), key=_version)

    def _put(self, signed: S, signers: Signers, role: str = "") -> None:
        self._write(f"{signed.version}.{role or signed.type}.json", sign(signed, signers).to_bytes(JSON))

    def _write(self, name: str, data: bytes) -> None:
        replace(self._disk, self._metadata / name, data)

    def expires(self, what: str) -> datetime:
        """Of what is signed now. `what`: as in `VALID_DAYS`."""
        return (self._now() + timedelta(days=VALID_DAYS[what])).astimezone(UTC).replace(microsecond=0)


JSON = JSONSerializer(compact=True)


def sign(signed: S, signers: Signers) -> Metadata[S]:
    """By each of them."""
    metadata = Metadata(signed)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata


def assignment(release: Release, device: str, hardware: str, ring: str, *, hold: bool = False) -> TargetFile:
    """The director's word about one release for one device."""
    order = {"device": device, "hardware-id": hardware, "ring": ring, "hold": hold}
    return TargetFile(release.length, {"sha256": release.sha256}, release.name, {"custom": order})


def _keys(signers: Signers) -> Keys:
    return Keys(tuple(signer.public_key for signer in signers), len(signers))


def _version(path: Path) -> int:
    return int(path.name.partition(".")[0])
