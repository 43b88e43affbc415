"""Neighbours on the LAN: shown as they say, marked when they are silent, never believed when they speak nonsense."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.post.api import KioskStatus, Link
from appliance.post.neighbours import PATH, UNREACHABLE, Neighbours, from_json, to_json, unreachable
from practice.processes import free_port

STATUS = KioskStatus(
    kiosk="quay-2",
    lane="2",
    direction="arrival",
    state="face",
    help_called=False,
    uplink=Link.UP,
    unreported=3,
    oldest_unreported_s=12,
    quarantined=0,
    referrals_waiting=1,
    devices=(("camera", "ready"), ("sensor", "DEV-GONE")),
    list_age_hours=1.5,
    trust_age_hours=48.0,
    clock="trusted",
    disk_free_mb=900,
    storage_days=40.0,
    supply="mains",
    supply_minutes=None,
    undervoltage=False,
    temperature_c=52.5,
    passive_pad="minifasnet-pair 1",
    seen_s_ago=0,
    officer_url="http://quay-2.local:8081",
)


@contextmanager
def neighbour(answer: bytes, *, port: int = 0, status: int = 200) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == PATH else 404)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", port), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def watching(*urls: str) -> Iterator[Neighbours]:
    one = Neighbours(urls, every_s=0.05)
    one.start()
    try:
        yield one
    finally:
        one.stop()


def wait_for(neighbours: Neighbours, state: str) -> KioskStatus:
    until = time.monotonic() + 8
    while neighbours.board()[0].state != state:
        assert time.monotonic() < until, neighbours.board()[0].state
        time.sleep(0.02)
    return neighbours.board()[0]


def test_a_status_crosses_the_lan_unchanged() -> None:
    assert from_json(to_json(STATUS)) == STATUS


def test_a_neighbour_is_shown_as_it_says() -> None:
    with neighbour(to_json(STATUS)) as url, watching(url) as neighbours:
        assert wait_for(neighbours, "face") == STATUS


def test_one_that_falls_silent_keeps_its_last_words_marked_and_ageing_and_comes_back() -> None:
    with watching(f"http://127.0.0.1:{(port := free_port())}") as neighbours:
        assert neighbours.board()[0].state == UNREACHABLE
        with neighbour(to_json(STATUS), port=port):
            wait_for(neighbours, "face")
        gone = wait_for(neighbours, UNREACHABLE)
        assert (gone.kiosk, gone.unreported, gone.uplink) == ("quay-2", 3, Link.DOWN)
        with neighbour(to_json(STATUS), port=port):
            wait_for(neighbours, "face")


def test_one_that_hangs_does_not_keep_the_others_from_being_seen() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as mute,
        neighbour(to_json(STATUS)) as url,
        watching(url, f"http://127.0.0.1:{mute.getsockname()[1]}") as neighbours,
    ):
        wait_for(neighbours, "face")
        assert neighbours.board()[1].state == UNREACHABLE


def changed(**values: object) -> bytes:
    return json.dumps({**json.loads(to_json(STATUS)), **values}).encode()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\xff",
        b"[]",
        b"{}",
        b"[" * 100_000,
        changed(unreported="3"),
        changed(unreported=True),
        changed(officer_url="javascript:alert(1)"),
        changed(uplink="sideways"),
        changed(devices=[["camera"]]),
        changed(devices="camera"),
        changed(list_age_hours="old"),
        changed(trust_age_hours="old"),
        changed(kiosk="x" * 5000),
        to_json(STATUS).replace(b"1.5", b"NaN"),
    ],
)
def test_nonsense_is_not_shown(answer: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(answer)
    with neighbour(answer) as url, watching(url) as neighbours:
        until = neighbours.revision + 2
        while neighbours.revision < until:
            time.sleep(0.02)
        assert neighbours.board()[0] == unreachable(url)


@given(st.binary(max_size=300))
def test_any_bytes_are_a_status_or_a_value_error(data: bytes) -> None:
    with pytest.raises(ValueError):
        from_json(data)


def test_a_kiosk_without_neighbours_starts_no_thread() -> None:
    before = threading.active_count()
    with watching() as neighbours:
        assert threading.active_count() == before
        assert neighbours.board() == ()
