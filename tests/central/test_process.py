"""`python -m central` as a whole: one ready line, one clean end, and nothing started when something is wrong."""

from __future__ import annotations

import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from central import ca
from central.store import open_store
from practice.processes import free_port
from tests.central.author import Author, Traveller, picture
from tests.central.broker import Broker, running_broker
from tests.central.sender import Sender


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with running_broker(tmp_path, ["quay-1"]) as running:
        yield running


def command(folder: Path, database: Path, broker_port: int, console_port: int) -> list[str]:
    return [
        *(sys.executable, "-m", "central", "--folder", str(folder), "--database", f"sqlite:{database}"),
        *("--broker", f"127.0.0.1:{broker_port}", "--console-port", str(console_port)),
    ]


@contextmanager
def started(words: list[str]) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_ready_once_and_ends_cleanly_at_once(broker: Broker, tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    with started(command(broker.centre_folder, tmp_path / "c.db", broker.port, port)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"central ready: console http://127.0.0.1:{port}/\n"
        author = Author(broker.kiosk_folder("quay-1"), "quay-1")
        with Sender(broker, "quay-1") as sender:
            sender.send(author.encounter(Traveller(pictures=(picture(),))))
            sender.drain(10)
        with httpx.stream("GET", f"http://127.0.0.1:{port}/live") as stream:  # an open page must not hold it up
            assert next(stream.iter_lines())
            begun = time.monotonic()
            process.send_signal(number)
            assert process.wait(10) == 0
            assert time.monotonic() - begun < 8
        assert process.stdout.read() == ""


@pytest.mark.timeout(90)
def test_a_killed_centre_loses_nothing_and_doubles_nothing(broker: Broker, tmp_path: Path) -> None:
    author = Author(broker.kiosk_folder("quay-1"), "quay-1")
    words = command(broker.centre_folder, tmp_path / "c.db", broker.port, free_port())
    with Sender(broker, "quay-1") as sender:
        for _ in range(3):
            with started(words) as process:
                assert process.stdout is not None
                assert process.stdout.readline()
                sender.send(*(author.encounter(Traveller(pictures=(picture(20_000),))) for _ in range(20)))
                time.sleep(0.1)
                process.kill()
        with started(words):
            sender.drain(50)
    store = open_store(f"sqlite:{tmp_path / 'c.db'}")
    with store.snapshot() as t:
        assert t.rows("SELECT COUNT(*), MIN(seq), MAX(seq), SUM(complete) FROM records") == [(60, 1, 60, 60)]
        assert t.rows("SELECT SUM(travellers) FROM counts") == [(60,)]
        assert t.rows("SELECT * FROM dead_letters") == t.rows("SELECT * FROM chain_flags") == []
    store.close()


def test_without_a_broker_it_shows_pages_and_is_not_ready(tmp_path: Path) -> None:
    ca.init(tmp_path / "ca", ["quay-1"], datetime.now(UTC))
    port = free_port()
    words = command(tmp_path / "ca" / "centre", tmp_path / "c.db", free_port(), port)
    with started(words) as process:
        page = _page(f"http://127.0.0.1:{port}/encounters")
        assert "No encounter has been stored yet" in page
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 0.5)[0] == []
        begun = time.monotonic()
        process.terminate()
        assert process.wait(10) == 0
        assert time.monotonic() - begun < 8


def test_a_wrong_folder_is_named_with_everything_it_lacks(tmp_path: Path) -> None:
    words = command(tmp_path, tmp_path / "c.db", 1, free_port())
    ended = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 2
    for name in ("receipts.key", "seal.key", "kiosks"):
        assert name in ended.stderr
    assert "Traceback" not in ended.stderr


def _page(address: str) -> str:
    until = time.monotonic() + 25
    while True:
        try:
            return httpx.get(address).text
        except httpx.TransportError:
            assert time.monotonic() < until, "the console does not answer"
            time.sleep(0.05)
