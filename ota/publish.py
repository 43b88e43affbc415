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
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)
from tuf.api.serialization.json import JSONSerializer

from ota.disk import Disk, RealDisk, replace
from ota.release import Release, Role, describe

S = TypeVar("S", Root, Targets, Snapshot, Timestamp)
VALID_DAYS: Mapping[str, int] = {"root": 365, "targets": 90, "snapshot": 7, "timestamp": 3, "role": 90}
ROOT_THRESHOLD = 2
Signers = Sequence[Signer]


@dataclass(frozen=True, slots=True)
class Holders:
    """Who signs what. `root`: at least two of at least two; `roles`: none for a director, which delegates nothing."""

    root: Signers
    targets: Signers
    snapshot: Signers
    timestamp: Signers
    roles: Mapping[Role, Signers]


class Writer:
    """One repository's folder. One writer at a time; `now` is asked at each signature."""

    def __init__(self, folder: Path, now: Callable[[], datetime], disk: Disk | None = None) -> None:
        self._metadata, self._targets = folder / "metadata", folder / "targets"
        self._now, self._disk = now, disk or RealDisk()
        for made in (self._metadata, self._targets):
            made.mkdir(parents=True, exist_ok=True)

    def found(self, holders: Holders, root: bytes = b"") -> bytes:
        """A repository of nothing. The bytes of its first root are what devices have built in.

        `root`: that of another repository of the same holders, as all of a director's have one.
        """
        new = root or sign(first_root(holders, self._expires("root")), holders.root).to_bytes(_JSON)
        self.put_root(Metadata[Root].from_bytes(new))
        self._put(Targets(expires=self._expires("targets"), delegations=_delegations(holders)), holders.targets)
        for role, signers in holders.roles.items():
            self._put(Targets(expires=self._expires("role")), signers, role)
        self.refresh(holders)
        return (self._metadata / "1.root.json").read_bytes()

    def put_root(self, root: Metadata[Root]) -> None:
        """A signed root becomes the repository's; two old holders and two new ones signed it if the keys changed."""
        self._write(f"{root.signed.version}.root.json", root.to_bytes(_JSON))

    def root(self) -> Metadata[Root]:
        """The newest."""
        return Metadata[Root].from_file(str(self._newest("root")))

    def add(self, release: Release, content: bytes, signers: Signers) -> None:
        """Offer it under its own role. Raises `ValueError` when the content is not what the release says."""
        if (len(content), hashlib.sha256(content).hexdigest()) != (release.length, release.sha256):
            raise ValueError(f"{release.name}: the content is another one")
        place = self._targets / release.file
        place.parent.mkdir(parents=True, exist_ok=True)
        replace(self._disk, place, content)
        target = TargetFile(release.length, {"sha256": release.sha256}, release.name, {"custom": describe(release)})
        self._retarget(release.role, {release.name: target}, signers, keep=True)

    def withdraw(self, release: Release, signers: Signers) -> None:
        """It may not be installed any more; its content stays where it is."""
        role = self._targets_of(release.role)
        kept = {name: target for name, target in role.targets.items() if name != release.name}
        self._retarget(release.role, kept, signers, keep=False)

    def assign(self, targets: Mapping[str, TargetFile], signers: Signers) -> None:
        """Of a director: all that the one device shall run, in place of what it was told before."""
        self._retarget("targets", targets, signers, keep=False)

    def assigned(self) -> Mapping[str, TargetFile]:
        """What the newest targets name."""
        return self._targets_of("targets").targets

    def refresh(self, holders: Holders) -> None:
        """A new snapshot and timestamp over what lies there: daily, and after each change."""
        self._put(self._next(Snapshot(expires=self._expires("snapshot"), meta=self._versions())), holders.snapshot)
        stamp = Timestamp(
            expires=self._expires("timestamp"),
            snapshot_meta=MetaFile(_version(self._newest("snapshot"))),
            unrecognized_fields={"issued-s": int(self._now().timestamp())},
        )
        stamp.version = self._stamp_version() + 1
        self._write("timestamp.json", sign(stamp, holders.timestamp).to_bytes(_JSON))

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

    def _retarget(self, role: str, targets: Mapping[str, TargetFile], signers: Signers, *, keep: bool) -> None:
        held = self._targets_of(role)
        held.targets = {**held.targets, **targets} if keep else dict(targets)
        held.version += 1
        held.expires = self._expires("targets" if role == "targets" else "role")
        self._put(held, signers, role)

    def _targets_of(self, role: str) -> Targets:
        return Metadata[Targets].from_file(str(self._newest(role))).signed

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
        self._write(f"{signed.version}.{role or signed.type}.json", sign(signed, signers).to_bytes(_JSON))

    def _write(self, name: str, data: bytes) -> None:
        replace(self._disk, self._metadata / name, data)

    def _expires(self, what: str) -> datetime:
        return (self._now() + timedelta(days=VALID_DAYS[what])).astimezone(UTC).replace(microsecond=0)


_JSON = JSONSerializer(compact=True)


def first_root(holders: Holders, expires: datetime) -> Root:
    """Version 1, unsigned: what the holders meet to sign."""
    root = Root(expires=expires, consistent_snapshot=True)
    for role in ("root", "targets", "snapshot", "timestamp"):
        for signer in getattr(holders, role):
            root.add_key(signer.public_key, role)
    root.roles["root"].threshold = ROOT_THRESHOLD
    return root


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


def _delegations(holders: Holders) -> Delegations | None:
    if not holders.roles:
        return None
    keys = {signer.public_key.keyid: signer.public_key for held in holders.roles.values() for signer in held}
    roles = {
        str(role): DelegatedRole(
            role,
            [signer.public_key.keyid for signer in held],
            threshold=len(held),
            terminating=True,
            paths=[f"{role}/*"],
        )
        for role, held in holders.roles.items()
    }
    return Delegations(keys, roles)


def _version(path: Path) -> int:
    return int(path.name.partition(".")[0])
