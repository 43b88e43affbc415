"""One thing that may be installed, as the offline keys describe it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tuf.api.metadata import TargetFile

from ota.refusals import Code, Refused


class Role(StrEnum):
    """What updates are made of; each has keys of its own, and a name begins with its role and a slash."""

    IMAGES = "images"
    APPS = "apps"
    MODELS = "models"
    WATCHLISTS = "watchlists"
    POLICY = "policy"
    CSCA = "csca"


@dataclass(frozen=True, slots=True)
class Release:
    """`name`: role/file. `counter` only rises within a role, whatever the version says. `manifest_sha256`: of images
    alone, what RAUC must find in the bundle; hexadecimal, like `sha256`. `length` in bytes. `urgent`: it does not wait
    for the quiet hours, only until nobody is at the lane."""

    role: Role
    name: str
    length: int
    sha256: str
    version: str
    counter: int
    hardware: tuple[str, ...]
    manifest_sha256: str = ""
    urgent: bool = False

    @property
    def file(self) -> str:
        """The name on a server that keeps all contents side by side."""
        folder, _, name = self.name.rpartition("/")
        return f"{folder}/{self.sha256}.{name}"


def custom(target: TargetFile) -> Mapping[str, Any]:
    """What we say of a target beyond length and hash. Raises `Refused`."""
    said = target.unrecognized_fields.get("custom")
    if not isinstance(said, dict):
        raise Refused(Code.GARBLED, f"{target.path}: nothing is said of it but its bytes")
    return said


def read(target: TargetFile) -> Release:
    """The image repository's word. Raises `Refused` when a field is missing or of another kind."""
    said = custom(target)
    try:
        return Release(
            Role(target.path.partition("/")[0]),
            target.path,
            target.length,
            target.hashes["sha256"],
            _text(said["version"]),
            _count(said["release-counter"]),
            tuple(_text(name) for name in said["hardware-ids"]),
            _text(said.get("rauc-manifest-hash", "")),
            said.get("urgent") is True,
        )
    except (KeyError, TypeError, ValueError) as cause:
        raise Refused(Code.GARBLED, f"{target.path}: a field is missing or of another kind ({cause})") from cause


def describe(release: Release) -> dict[str, Any]:
    """The custom part of a target, as `read` takes it."""
    said: dict[str, Any] = {
        "version": release.version,
        "release-counter": release.counter,
        "hardware-ids": list(release.hardware),
    }
    if release.manifest_sha256:
        said["rauc-manifest-hash"] = release.manifest_sha256
    return {**said, "urgent": True} if release.urgent else said


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text, not {value!r}")
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise TypeError(f"a count from 1, not {value!r}")
    return value
