"""A disk that records what is done to it, and every state that a power cut could leave of it.

The model is harsher than any file system we know: bytes are safe when their file was synced, names when their folder
was, a sector of 512 bytes is whole or not written, and between two syncs names become true in their order while bytes
may be there, missing, half there or zeros.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ota.disk import SECTOR, RealDisk


@dataclass
class Node:
    """A file's bytes: those that are safe, and each of the others that may be found instead."""

    safe: bytes
    newest: bytes
    torn: tuple[bytes, ...] = ()

    def variants(self) -> tuple[bytes, ...]:
        return tuple(dict.fromkeys((self.safe, *self.torn, self.newest)))


Name = Node | str | None
"""What a name stands for: a file, a link's target, or nothing."""


@dataclass
class Folder:
    safe: dict[str, Name] = field(default_factory=dict)
    pending: list[tuple[tuple[str, Name], ...]] = field(default_factory=list)

    def variants(self) -> Iterator[dict[str, Name]]:
        for count in range(len(self.pending) + 1):
            yield self.after(count)

    def after(self, count: int) -> dict[str, Name]:
        names = dict(self.safe)
        for change in self.pending[:count]:
            names.update(change)
        return names

    @property
    def newest(self) -> dict[str, Name]:
        return self.after(len(self.pending))


State = dict[Path, dict[str, bytes | str]]
"""Folder, relative to the root -> name -> bytes of a file or target of a link."""


class RecordingDisk(RealDisk):
    """Does everything for real below `root`, and keeps every state that a cut before the next step could leave."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folders: dict[Path, Folder] = {}
        self.states: dict[bytes, State] = {}
        for folder in (root, *(path for path in root.rglob("*") if path.is_dir())):
            self._folders[folder] = Folder({path.name: _read(path) for path in folder.iterdir() if not path.is_dir()})
        self._keep()

    def write(self, path: Path, data: bytes) -> None:
        super().write(path, data)
        node = self._node(path)
        if node is None:
            node = Node(b"", b"")
            self._folder(path).pending.append(((path.name, node),))
        self._change(node, data, (b"", data[: len(data) // 2], bytes(len(data))))

    def append(self, path: Path, data: bytes) -> None:
        super().append(path, data)
        node = self._node(path)
        if node is None:
            node = Node(b"", b"")
            self._folder(path).pending.append(((path.name, node),))
        old = node.newest
        self._change(node, old + data, (old + data[: len(data) // 2], old + bytes(len(data))))

    def overwrite(self, path: Path, data: bytes) -> None:
        super().overwrite(path, data)
        node = self._node(path)
        assert node is not None
        new = data + node.newest[len(data) :]
        torn = tuple(new[:cut] + node.newest[cut:] for cut in range(SECTOR, len(data), SECTOR))
        self._change(node, new, torn)

    def sync(self, path: Path) -> None:
        super().sync(path)
        node = self._node(path)
        assert node is not None
        node.safe, node.torn = node.newest, ()
        self._keep()

    def rename(self, source: Path, target: Path) -> None:
        super().rename(source, target)
        assert source.parent == target.parent
        folder = self._folder(source)
        folder.pending.append(((target.name, folder.newest[source.name]), (source.name, None)))
        self._keep()

    def link(self, path: Path, target: str) -> None:
        super().link(path, target)
        self._folder(path).pending.append(((path.name, target),))
        self._keep()

    def unlink(self, path: Path) -> None:
        super().unlink(path)
        self._folder(path).pending.append(((path.name, None),))
        self._keep()

    def sync_folder(self, folder: Path) -> None:
        super().sync_folder(folder)
        held = self._folders[folder]
        held.safe, held.pending = held.newest, []
        self._keep()

    def _folder(self, path: Path) -> Folder:
        return self._folders[path.parent]

    def _node(self, path: Path) -> Node | None:
        found = self._folder(path).newest.get(path.name)
        assert not isinstance(found, str)
        return found

    def _change(self, node: Node, new: bytes, torn: tuple[bytes, ...]) -> None:
        node.torn = (*node.torn, *torn, node.newest)
        node.newest = new
        self._keep()

    def _keep(self) -> None:
        """Every mixture of what is safe and what is not, once."""
        for names in itertools.product(*(folder.variants() for folder in self._folders.values())):
            there = dict(zip(self._folders, names, strict=True))
            nodes = {id(node): node for held in names for node in held.values() if isinstance(node, Node)}
            for contents in itertools.product(*(node.variants() for node in nodes.values())):
                found = dict(zip(nodes, contents, strict=True))
                state: State = {
                    folder.relative_to(self._root): {
                        name: held if isinstance(held, str) else found[id(held)]
                        for name, held in names_.items()
                        if held is not None
                    }
                    for folder, names_ in there.items()
                }
                self.states.setdefault(repr(sorted(state.items())).encode(), state)


def _read(path: Path) -> Name:
    if path.is_symlink():
        return str(path.readlink())
    return Node(path.read_bytes(), path.read_bytes())


def found_after(state: State, root: Path) -> Path:
    """The disk as it is found at the next start, below `root`."""
    for folder, names in state.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name, held in names.items():
            path = root / folder / name
            if isinstance(held, str):
                path.symlink_to(held)
            else:
                path.write_bytes(held)
    return root
