"""A release's bytes over a real line that breaks, lies, or does not stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import urllib3

from ota.disk import RealDisk
from ota.fetch import CHUNK, Store, fetch
from ota.refusals import Code, Later, Refused
from tests.ota.conftest import release

CONTENT = bytes(range(256)) * 8192  # 2 MiB
THING = release(CONTENT, 1)


@dataclass
class Manner:
    """How the server behaves."""

    content: bytes = CONTENT
    breaks_after: int = 1 << 40  # bytes of each answer
    knows_ranges: bool = True
    shifts: int = 0
    status: int = 0
    asked: list[str] = field(default_factory=list)
    sent: int = 0


class Line(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        manner: Manner = self.server.manner  # type: ignore[attr-defined]
        wanted = self.headers.get("Range", "")
        manner.asked.append(wanted)
        if manner.status:
            self.send_error(manner.status)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and manner.knows_ranges else 0
        self.send_response(206 if wanted and manner.knows_ranges else 200)
        body = manner.content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Range", f"bytes {start + manner.shifts}-{len(manner.content) - 1}/*")
        self.end_headers()
        self.wfile.write(body[: manner.breaks_after])
        manner.sent += len(body[: manner.breaks_after])

    def log_message(self, *_: object) -> None:
        """Silent."""


@dataclass
class Peer:
    manner: Manner
    url: str
    store: Store
    pool: urllib3.PoolManager
    told: list[tuple[int, int]] = field(default_factory=list)

    def fetch(self) -> Path:
        return fetch(self.pool, self.url, THING, self.store, lambda here, of: self.told.append((here, of)))


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Line)
    server.daemon_threads = False
    server.manner = manner = Manner()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    pool = urllib3.PoolManager(retries=False)
    try:
        yield Peer(
            manner, f"http://127.0.0.1:{server.server_address[1]}/", Store(tmp_path, RealDisk(), lambda: 1 << 40), pool
        )
    finally:
        pool.clear()
        server.shutdown()
        server.server_close()
        thread.join()


def test_all_of_it_arrives_and_progress_is_told(peer: Peer) -> None:
    assert peer.fetch().read_bytes() == CONTENT
    assert peer.told[-1] == (len(CONTENT), len(CONTENT))
    assert peer.told == sorted(peer.told)


def test_what_is_here_is_not_asked_for_again(peer: Peer) -> None:
    peer.fetch()
    peer.fetch()
    assert len(peer.manner.asked) == 1


def test_a_broken_line_goes_on_where_it_stopped(peer: Peer) -> None:
    peer.manner.breaks_after = 700_000
    for _ in range(3):  # of the third as well: each break costs what was in the air
        with pytest.raises(Later) as caught:
            peer.fetch()
        assert caught.value.code is Code.OFFLINE
    assert peer.fetch().read_bytes() == CONTENT
    assert all(asked.startswith("bytes=") for asked in peer.manner.asked[1:])
    assert len(CONTENT) <= peer.manner.sent < len(CONTENT) + 3 * CHUNK


def test_a_server_without_ranges_begins_again(peer: Peer) -> None:
    peer.manner.breaks_after = 700_000
    with pytest.raises(Later):
        peer.fetch()
    peer.manner.breaks_after, peer.manner.knows_ranges = 1 << 40, False
    assert peer.fetch().read_bytes() == CONTENT


def test_another_part_than_was_asked_for_is_not_put_behind(peer: Peer) -> None:
    peer.manner.breaks_after = 700_000
    with pytest.raises(Later):
        peer.fetch()
    peer.manner.breaks_after, peer.manner.shifts = 1 << 40, 5
    with pytest.raises(Later):
        peer.fetch()
    peer.manner.shifts = 0
    assert peer.fetch().read_bytes() == CONTENT


def test_endless_bytes_are_cut_at_the_length_that_was_signed(peer: Peer) -> None:
    peer.manner.content = CONTENT * 8
    with pytest.raises(Refused) as caught:
        peer.fetch()
    assert caught.value.code is Code.ENDLESS
    assert list(peer.store.folder.iterdir()) == []


def test_one_wrong_byte_is_not_believed_and_not_kept(peer: Peer) -> None:
    peer.manner.content = CONTENT[:1000] + b"!" + CONTENT[1001:]
    with pytest.raises(Refused) as caught:
        peer.fetch()
    assert caught.value.code is Code.CONTENT
    assert list(peer.store.folder.iterdir()) == []


def test_a_part_that_a_cut_left_full_of_zeros_is_fetched_once_more(peer: Peer) -> None:
    peer.store.part(THING).write_bytes(bytes(len(CONTENT)))
    with pytest.raises(Refused):
        peer.fetch()
    assert peer.fetch().read_bytes() == CONTENT


@pytest.mark.parametrize("status", [403, 404, 416, 500, 503])
def test_a_server_that_says_no_is_asked_later(peer: Peer, status: int) -> None:
    peer.manner.status = status
    with pytest.raises(Later, match=str(status)):
        peer.fetch()


def test_nobody_there_is_later(peer: Peer) -> None:
    peer.url = "http://127.0.0.1:9/"  # discard: nobody listens
    with pytest.raises(Later):
        peer.fetch()
