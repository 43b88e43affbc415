"""Where everything lies below one folder: as headquarters keeps it, as a web server shows it, and on a stick.

image/metadata/           N.root.json  N.targets.json  N.snapshot.json  N.<role>.json  timestamp.json
image/targets/            <role>/<sha256>.<file>, as `Release.file` names it
director/<device>/metadata/
director/.root/metadata/  N.root.json: the root that every device's director repository has

A stick holds the same below the folder `STICK` at its top, with the director's word for those devices that it is meant
for; metadata is read from it exactly as from the server, and believed as little.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LOCK = ".lock"
STICK = "landfall-updates"
DIRECTOR_ROOT = ".root"
"""No device can have this name."""


def image(base: Path) -> Path:
    """The image repository."""
    return base / "image"


def director(base: Path, device: str) -> Path:
    """One device's."""
    return base / "director" / device


def metadata(repository: Path) -> Path:
    return repository / "metadata"


def contents(repository: Path) -> Path:
    return repository / "targets"


@contextmanager
def locked(base: Path) -> Iterator[None]:
    """Headquarters' folder, for one process at a time: the office's page and the release tool write the same files."""
    with (base / LOCK).open("wb") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
