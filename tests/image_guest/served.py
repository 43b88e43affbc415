"""The updates office for the guest: a real one, and beside it a server of bundles that answers ranges and counts."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import uvicorn

from ota.disk import RealDisk
from ota.office import Office
from ota.office_page import OfficePage
from ota.rollout import Terms

CHUNK = 1 << 16
RANGE = re.compile(r"bytes=(\d+)-(\d*)")


class Bundles(BaseHTTPRequestHandler):
    """Files below `server.folder`, whole or in part, over connections that are kept."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        server: Any = self.server
        path = (server.folder / self.path.lstrip("/")).resolve()
        if server.folder not in path.parents or not path.is_file():
            self.send_error(404)
            return
        size = path.stat().st_size
        asked = RANGE.fullmatch(self.headers.get("Range", ""))
        first, last = (int(asked[1]), min(int(asked[2] or size), size - 1)) if asked else (0, size - 1)
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if body:
            self._send(path, first, last - first + 1)

    def _send(self, path: Path, at: int, left: int) -> None:
        server: Any = self.server
        server.counted.requests += 1
        with path.open("rb") as file:
            file.seek(at)
            try:
                while left and (block := file.read(min(CHUNK, left))):
                    block = server.spoil(path, at, block)
                    self.wfile.write(block)
                    server.counted.sent += len(block)
                    at, left = at + len(block), left - len(block)
            except OSError:
                self.close_connection = True

    def log_message(self, *_: Any) -> None:
        """Silent."""


@dataclass
class Counted:
    """Bytes and requests since the last `clear`."""

    sent: int = 0
    requests: int = 0

    def clear(self) -> None:
        self.sent = self.requests = 0


class BundleServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), Bundles)
        self.folder, self.counted = folder.resolve(), Counted()
        self.spoil: Callable[[Path, int, bytes], bytes] = lambda _path, _at, block: block

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A guest whose plug is pulled hangs up in the middle."""


@dataclass
class Headquarters:
    """Both, in threads of this process. `end` stops them."""

    folder: Path
    threads: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        terms = Terms(most_failures=1000, silence_s=86400, approval=False)
        self.office = Office(self.folder, RealDisk(), lambda: int(time.time()), terms)
        page = OfficePage(self.office, self.folder, self.folder, lambda: int(time.time()))
        self._page = uvicorn.Server(uvicorn.Config(page.app(), host="127.0.0.1", port=0, log_level="warning"))
        self.bundles = BundleServer(self.folder / "image" / "targets")
        for target in (self._page.run, self.bundles.serve_forever):
            thread = threading.Thread(target=target, daemon=True)
            thread.start()
            self.threads.append(thread)
        while not self._page.started:
            time.sleep(0.02)

    @property
    def port(self) -> int:
        (server,) = self._page.servers
        return int(server.sockets[0].getsockname()[1])

    def end(self) -> None:
        self._page.should_exit = True
        self.bundles.shutdown()
        self.bundles.server_close()
        for thread in self.threads:
            thread.join(10)
