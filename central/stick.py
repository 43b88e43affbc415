"""Records that came on a stick: judged, kept and answered as those of the broker, the receipts written beside them.

    python -m central.stick --folder DIR --database URL STICK

What lies on the stick is what kiosks would have sent (border/messages/stick.py). It may be taken twice, and while the
centre runs. It ends with 0 when every export was taken, 1 when one was refused and why, 2 when it could not begin.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import logging
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from border.messages import stick, topics
from border.messages.errors import MessageError
from border.messages.topics import TopicKind
from border.messages.values import StickFile, StickManifest
from central import consumers
from central.collector import Collector
from central.files import FolderError, write_whole
from central.keys import CentreKeys, load_centre
from central.line import Delivery
from central.register import Register
from central.store import open_store

log = logging.getLogger(__name__)
MAX_MANIFEST_BYTES = 200_000
CHUNK_BYTES = 1 << 20


class StickRefused(Exception):
    """One export cannot be taken; nothing of it was. The reason is a word of docs/errors.md."""


class Export:
    """One kiosk's export, read as if a broker brought it; what is said to the kiosk lands beside it.

    Satisfies the collector's `Wire`. `done` is set when the last message has been taken and acknowledged.
    """

    def __init__(self, place: Path, manifest: StickManifest, wall_ms: Callable[[], int]) -> None:
        self._place, self._kiosk, self._wall_ms = place, manifest.kiosk, wall_ms
        self._rest = self._messages(manifest)
        self._receipts = len(list(place.glob(stick.RECEIPTS.format("*"))))
        self.done = threading.Event()

    def take(self, most: int, first_s: float, more_s: float) -> list[Delivery]:  # noqa: ARG002 - all is here already
        taken = list(itertools.islice(self._rest, most))
        if not taken:
            self.done.set()
        return taken

    def ack(self, delivery: Delivery) -> None:
        """Nothing to do: the stick keeps what it has."""

    def publish(self, topic: str, payload: bytes) -> bool:
        """Receipts for this kiosk go onto the stick; what is meant for others waits for the broker."""
        where = topics.parse(topic)
        if where.kind is not TopicKind.RECEIPTS or where.kiosk != self._kiosk:
            return False
        write_whole(self._place / stick.RECEIPTS.format(self._receipts), payload)
        self._receipts += 1
        return True

    def _messages(self, manifest: StickManifest) -> Iterator[Delivery]:
        for file in manifest.files:
            with (self._place / file.name).open("rb") as opened:
                for topic, payload in stick.messages(opened):
                    yield Delivery(topic, payload, False, self._wall_ms(), 0, 0)


def read_manifest(place: Path, register: Register) -> StickManifest:
    """Signed by the kiosk whose folder it lies in, and every file as it says. Raises `StickRefused`, OSError."""
    kiosk = place.parent.name
    enrolled = register.get(kiosk)
    if enrolled is None:
        raise StickRefused("unknown_kiosk")
    if not _is_plain(place / stick.MANIFEST):
        raise StickRefused("no_manifest")
    try:
        with (place / stick.MANIFEST).open("rb") as file:
            manifest = stick.open_manifest(file.read(MAX_MANIFEST_BYTES), kiosk, enrolled.public_key)
    except MessageError as error:
        raise StickRefused(error.reason) from None
    if any(not _is_whole(place, one) for one in manifest.files):
        raise StickRefused("wrong_digest")
    return manifest


def _is_whole(place: Path, one: StickFile) -> bool:
    path = place / one.name
    if Path(one.name).name != one.name or not _is_plain(path) or path.stat().st_size != one.size:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest() == one.sha256


def _is_plain(path: Path) -> bool:
    """A file and nothing else: a pipe on a stick would be waited for, a link leads somewhere else."""
    return path.is_file() and not path.is_symlink()


def exports(source: Path) -> tuple[Path, ...]:
    """Every export on the stick, oldest first (their numbers are UUIDv7)."""
    return tuple(sorted((p for p in (source / stick.FOLDER).glob("*/*") if _is_folder(p)), key=lambda p: p.name))


def _is_folder(place: Path) -> bool:
    """Receipts are written there: not where a link leads."""
    return place.is_dir() and not place.is_symlink() and not place.parent.is_symlink()


def take(place: Path, keys: CentreKeys, database: str, wall_ms: Callable[[], int]) -> StickManifest:
    """All of one export. Raises `StickRefused` before anything is kept, OSError."""
    manifest = read_manifest(place, keys.register.current())
    wire = Export(place, manifest, wall_ms)
    store = open_store(database)
    try:
        Collector(wire, store, keys, wall_ms, consumers=consumers.ALL).run(wire.done)
    finally:
        store.close()
    return manifest


def main(arguments: Sequence[str], wall_ms: Callable[[], int]) -> int:
    parser = argparse.ArgumentParser("central.stick", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="the centre's keys, DIR/centre of central.ca")
    parser.add_argument("--database", required=True, metavar="URL")
    parser.add_argument("stick", type=Path)
    chosen = parser.parse_args(arguments)
    try:
        keys = load_centre(chosen.folder)
        found = exports(chosen.stick)
        if not found:
            raise FolderError(f"no exports on {chosen.stick}: landfall/KIOSK/NUMBER is missing")
    except (FolderError, OSError) as error:
        sys.stderr.write(f"central.stick: {error}\n")
        return 2
    return max(_taken(place, keys, chosen.database, wall_ms) for place in found)


def _taken(place: Path, keys: CentreKeys, database: str, wall_ms: Callable[[], int]) -> int:
    name = f"{place.parent.name} {place.name}"
    try:
        manifest = take(place, keys, database, wall_ms)
    except StickRefused as refusal:
        sys.stderr.write(f"{name}: refused: {refusal}\n")
        return 1
    except (OSError, MessageError) as error:
        sys.stderr.write(f"{name}: cannot be read to its end: {error}; take it again from a sound stick\n")
        return 1
    sys.stdout.write(
        f"{name}: {manifest.records} records in {manifest.messages} messages taken, receipts beside them\n"
    )
    return 0


if __name__ == "__main__":
    from central.__main__ import wall_ms as now_ms

    sys.exit(main(sys.argv[1:], now_ms))
