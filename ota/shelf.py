"""The versions of one bundle that a device keeps: the one that runs, the one before it, and one more.

`current` is a symbolic link to a content file. It only ever moves to a file whose bytes are safe, so whatever a cut
leaves behind, `current` names a whole version.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from ota.disk import Disk, remove, replace_link
from ota.tree import place

CURRENT, PREVIOUS = "current", "previous"
KEPT = 3
DIGEST = 64  # hexadecimal characters


class Shelf:
    """Of one role. `folder` also holds what `fetch` put there."""

    def __init__(self, disk: Disk, folder: Path) -> None:
        self._disk, self._folder = disk, folder

    @property
    def current(self) -> str:
        """The sha256 of what runs; empty when nothing was ever switched to."""
        return self._named(CURRENT)

    @property
    def previous(self) -> str:
        """What `switch_back` would run; empty when there is nothing."""
        return self._named(PREVIOUS)

    def holds(self, sha256: str) -> bool:
        return bool(sha256) and (self._folder / sha256).is_file()

    def switch(self, sha256: str) -> None:
        """Run this one from now on. Doing it twice is doing it once. Raises `FileNotFoundError`, OSError."""
        if not self.holds(sha256):
            raise FileNotFoundError(f"no version {sha256} on the shelf")
        if sha256 == self.current:
            return
        if self.current:
            replace_link(self._disk, self._folder / PREVIOUS, self.current)
        replace_link(self._disk, self._folder / CURRENT, sha256)

    def switch_back(self, sha256: str) -> None:
        """Away from `sha256`, to the one before it. Where nothing was before it, nothing runs."""
        if self.current != sha256:
            return
        if self.holds(self.previous):
            replace_link(self._disk, self._folder / CURRENT, self.previous)
        else:
            remove(self._disk, self._folder / CURRENT)

    def prune(self, newest_first: tuple[str, ...]) -> None:
        """Keep what runs, what ran before, and of `newest_first` as many as make three."""
        wanted = dict.fromkeys(name for name in (self.current, self.previous, *newest_first) if name)
        kept = set(list(wanted)[:KEPT])
        for path in list(self._folder.iterdir()):
            if path.is_file() and not path.is_symlink() and len(path.name) == DIGEST and path.name not in kept:
                shutil.rmtree(place(self._folder, path.name), ignore_errors=True)
                remove(self._disk, path)

    def _named(self, link: str) -> str:
        path = self._folder / link
        return str(path.readlink()) if path.is_symlink() else ""
