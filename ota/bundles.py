"""Apps, models and lists: files on a shelf, switched without a restart of the machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ota.agent import Running
from ota.shelf import Shelf

Restart = Callable[[], None]
"""Makes whoever uses the bundle take the one that is current now; may be asked twice."""
Prepare = Callable[[str, Path], None]
"""Makes the bundle with that sha256 ready to be used. Raises `Refused`, OSError."""


def as_it_is(_sha256: str, _content: Path) -> None:
    """Models and lists are used as the file they are."""


class BundleInstaller:
    """An `Installer`. What `fetch` stored is installed where it lies."""

    def __init__(self, shelf: Shelf, restart: Restart, prepare: Prepare = as_it_is) -> None:
        self._shelf, self._restart, self._prepare = shelf, restart, prepare

    def current(self) -> str:
        return self._shelf.current

    def install(self, sha256: str, content: Path) -> None:
        assert content.name == sha256, "the store and the shelf are one folder"
        self._prepare(sha256, content)

    def switch(self, sha256: str) -> None:
        self._shelf.switch(sha256)
        self._restart()

    def running(self, sha256: str) -> Running:
        return Running.NEW if self._shelf.current == sha256 else Running.OLD

    def keep(self, sha256: str) -> None:
        self._shelf.prune((sha256,))

    def take_back(self, sha256: str) -> None:
        self._shelf.switch_back(sha256)
        self._restart()
