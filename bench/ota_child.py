"""The children of bench/ota.py: a server that can break a line, our client, and plain python-tuf; each tells as JSON.

python -m bench.ota_child serve FOLDER | ours FOLDER URL | peer FOLDER URL
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Callable
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BLOCK = 64 * 1024


class Handler(SimpleHTTPRequestHandler):
    """A folder with Range; `/cut/N` breaks the next long answer after N bytes, `/sent` tells bytes of long answers."""

    protocol_version = "HTTP/1.1"
    cut, sent = 0, 0
    LONG = 1 << 20

    def do_GET(self) -> None:
        if self.path.startswith("/cut/"):
            Handler.cut = int(self.path[5:])
            self._say(b"{}")
        elif self.path == "/sent":
            self._say(json.dumps({"bytes": Handler.sent}).encode())
        elif Path(self.translate_path(self.path)).is_file():
            self._file(Path(self.translate_path(self.path)))
        else:
            self._say(b"", 404)  # and the line is kept, as servers do

    def _say(self, body: bytes, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _file(self, path: Path) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        begins, size = int(asked[1]) if asked else 0, path.stat().st_size
        self.send_response(206 if asked else 200)
        self.send_header("Content-Length", str(size - begins))
        if asked:
            self.send_header("Content-Range", f"bytes {begins}-{size - 1}/{size}")
        self.end_headers()
        left = size - begins
        if size > self.LONG and Handler.cut:
            left, Handler.cut, self.close_connection = Handler.cut, 0, True
        with path.open("rb") as file:
            file.seek(begins)
            while left > 0 and (block := file.read(min(BLOCK, left))):
                self.wfile.write(block)
                left -= len(block)
                Handler.sent += len(block) if size > self.LONG else 0

    def log_message(self, *_: Any) -> None:
        """Silent."""


def serve(folder: Path) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *a, **k: Handler(*a, directory=str(folder), **k))
    print(server.server_address[1], flush=True)
    server.serve_forever()


def ours(folder: Path, url: str) -> None:
    """Both repositories agree, then the content; a broken line is asked again."""
    import shutil  # noqa: PLC0415 - what importing costs belongs to the figure

    import urllib3  # noqa: PLC0415

    from ota import fetch  # noqa: PLC0415
    from ota.disk import RealDisk  # noqa: PLC0415
    from ota.floor import Floor  # noqa: PLC0415
    from ota.refusals import Later  # noqa: PLC0415
    from ota.repository import Repository, Settled, Source  # noqa: PLC0415
    from ota.trust import Identity, check  # noqa: PLC0415

    pool, disk, now_s = urllib3.PoolManager(), RealDisk(), int(time.time())
    sources = [
        Source(name, folder / name, (folder / f"{name}.root.json").read_bytes(), f"{url}{path}/metadata/")
        for name, path in (("director", "director/kiosk-7"), ("image", "image"))
    ]
    director, image = (Repository(source, pool, now_s, disk, Settled()) for source in sources)
    check_s, word = _timed(lambda: check(director, image, Identity("kiosk-7", "rpi5"), Floor()))
    store = fetch.Store(folder / "store", disk, lambda: shutil.disk_usage(folder).free)
    store.folder.mkdir()

    def take() -> None:
        for _ in range(2):
            try:
                fetch.fetch(pool, f"{url}image/targets/", word.assignments[0].release, store, lambda *_: None)
                return
            except Later:
                continue

    fetch_s, _ = _timed(take)
    assert (folder / "store" / word.assignments[0].release.sha256).exists()
    _tell(check_s=check_s, fetch_s=fetch_s)


def peer(folder: Path, url: str) -> None:
    """The image repository alone, as python-tuf's documentation has it."""
    import urllib3  # noqa: PLC0415
    from tuf.api.exceptions import DownloadError, RepositoryError  # noqa: PLC0415
    from tuf.ngclient import Updater  # noqa: PLC0415

    (folder / "targets").mkdir()
    root = (folder / "image.root.json").read_bytes()
    base = f"{url}image/"
    updater = Updater(
        str(folder / "tuf"), f"{base}metadata/", str(folder / "targets"), f"{base}targets/", bootstrap=root
    )
    check_s, _ = _timed(updater.refresh)
    info = updater.get_targetinfo("apps/1-kiosk")
    assert info is not None

    def take() -> None:
        for _ in range(2):
            try:
                updater.download_target(info)
                return
            except (
                DownloadError,
                RepositoryError,
                urllib3.exceptions.HTTPError,
            ):  # which one depends on where it broke
                continue

    fetch_s, _ = _timed(take)
    assert any((folder / "targets").iterdir())
    _tell(check_s=check_s, fetch_s=fetch_s)


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    made = work()
    return time.perf_counter() - began, made


def _tell(**seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    status = Path("/proc/self/status").read_text()  # ru_maxrss would count the parent's memory before exec
    peak_kb = int(status.partition("VmHWM:")[2].split()[0])
    print(json.dumps({**seconds, "peak_mb": peak_kb / 1024, "processor_s": used.ru_utime + used.ru_stime}))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        {"ours": ours, "peer": peer}[sys.argv[1]](Path(sys.argv[2]), sys.argv[3])
