"""Two real repositories behind a real HTTP server, and a device that asks them."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import urllib3
from securesystemslib.signer import CryptoSigner

from ota.disk import Disk, RealDisk
from ota.floor import Floor
from ota.publish import Holders, Writer, assignment
from ota.release import Release, Role
from ota.repository import LIMIT_S, Repository, Settled, Source
from ota.trust import Identity, Word, check

START = datetime(2026, 11, 1, tzinfo=UTC)
ME = Identity("kiosk-7", "rpi5")
ENDLESS = 64 * 1024 * 1024


def holders(roles: bool) -> Holders:
    """Throw-away keys."""
    new = CryptoSigner.generate_ed25519
    return Holders((new(), new(), new()), (new(),), (new(),), (new(),), {r: (new(),) for r in Role} if roles else {})


def release(content: bytes, counter: int, name: str = "apps/kiosk", hardware: tuple[str, ...] = ("rpi5",)) -> Release:
    digest = hashlib.sha256(content).hexdigest()
    return Release(Role(name.partition("/")[0]), name, len(content), digest, f"{counter}.0.0", counter, hardware)


@dataclass
class Now:
    """A clock that a test moves."""

    at: datetime = START

    def __call__(self) -> datetime:
        return self.at

    def later(self, **time: float) -> None:
        self.at += timedelta(**time)


class Files(SimpleHTTPRequestHandler):
    """A folder; for the paths in `server.endless` zeros that do not stop by themselves, for those in `server.dripping`
    the file, a byte at a time."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path in self.server.endless:  # type: ignore[attr-defined]
            self._pour()
        elif self.path in self.server.dripping:  # type: ignore[attr-defined]
            self._drip()
        else:
            super().do_GET()

    def _pour(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.close_connection = True
        block = bytes(65536)
        try:
            for _ in range(ENDLESS // len(block)):
                self.wfile.write(block)
                self.server.poured += len(block)  # type: ignore[attr-defined]
        except OSError:
            pass  # the other side hung up, as it should

    def _drip(self) -> None:
        data = Path(self.translate_path(self.path)).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        try:
            for byte in data:
                self.wfile.write(bytes((byte,)))
                time.sleep(0.05)
        except OSError:
            pass  # as above

    def log_message(self, *_: Any) -> None:
        """Silent."""


class Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for whoever is still being answered

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), lambda *a, **k: Files(*a, directory=str(folder), **k))
        self.endless: set[str] = set()
        self.dripping: set[str] = set()
        self.poured = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up in the middle is no news here."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


@dataclass
class World:
    """The publishing side, the server between, and what it takes to be a device."""

    folder: Path
    server: Server
    now: Now = field(default_factory=Now)
    image_keys: Holders = field(default_factory=lambda: holders(roles=True))
    director_keys: Holders = field(default_factory=lambda: holders(roles=False))

    def __post_init__(self) -> None:
        self.image = Writer(self.folder / "image", self.now)
        self.director = Writer(self.folder / "director" / ME.device, self.now)
        self.image_root = self.image.found(self.image_keys)
        self.director_root = self.director.found(self.director_keys)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/"

    def offer(self, new: Release, content: bytes) -> None:
        self.image.add(new, content, self.image_keys.roles[new.role])
        self.image.refresh(self.image_keys)

    def order(self, new: Release, **said: Any) -> None:
        told = {"device": ME.device, "hardware": ME.hardware, "ring": "bench", **said}
        self.director.assign({new.name: assignment(new, **told)}, self.director_keys.targets)
        self.director.refresh(self.director_keys)

    def publish(self, content: bytes, counter: int, **more: Any) -> Release:
        new = release(content, counter, **more)
        self.offer(new, content)
        self.order(new)
        return new

    def device(
        self,
        folder: Path,
        floor: Floor | None = None,
        at: datetime | None = None,
        limit_s: float = LIMIT_S,
        *,
        stick: Path | None = None,
        disk: Disk | None = None,
        settled: Settled | None = None,
    ) -> Word:
        """One check by a device whose metadata lies in that folder, with a process of its own or the one that has
        `settled` so much. `stick`: the folder that it asks in place of the server."""
        pool, now_s = urllib3.PoolManager(), int((at or self.now()).timestamp())
        base = f"{stick.as_uri()}/" if stick else self.url
        sources = (
            Source("director", folder / "director", self.director_root, f"{base}director/{ME.device}/metadata/"),
            Source("image", folder / "image", self.image_root, f"{base}image/metadata/"),
        )
        try:
            known, real = settled or Settled(), disk or RealDisk()
            director, image = (Repository(source, pool, now_s, real, known, limit_s=limit_s) for source in sources)
            return check(director, image, ME, floor or Floor())
        finally:
            pool.clear()

    def served(self, repository: str, name: str) -> Path:
        base = self.folder / ("image" if repository == "image" else f"director/{ME.device}")
        return base / "metadata" / name


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    folder = tmp_path / "served"
    folder.mkdir()
    server = Server(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield World(folder, server)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
