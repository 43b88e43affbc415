"""The watchdog is fed only while all is alive."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from appliance.watchdog import PageHealth, beat, notify


def test_without_a_supervisor_nothing_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    assert notify("READY=1") is False


def test_a_beat_reaches_the_supervisor_only_while_alive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(path))
        supervisor.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))

        async def one_beat(alive: bool) -> None:
            task = asyncio.create_task(beat(lambda: () if alive else ("page",)))
            await asyncio.sleep(0.05)
            task.cancel()

        asyncio.run(one_beat(True))
        assert supervisor.recv(64) == b"WATCHDOG=1"
        asyncio.run(one_beat(False))
        assert supervisor.recv(64) == b"STATUS=stands still: page"
        with pytest.raises(BlockingIOError):
            supervisor.recv(64)


def test_a_page_that_stays_behind_is_dead_after_its_patience() -> None:
    page = PageHealth(patience_s=15.0)
    assert page.is_alive(shown=3, painted=0, painted_at_s=None, now_s=0.0), "never opened"
    assert page.is_alive(shown=3, painted=3, painted_at_s=1.0, now_s=1.0)
    assert page.is_alive(shown=4, painted=3, painted_at_s=1.0, now_s=2.0)
    assert page.is_alive(shown=9, painted=3, painted_at_s=15.0, now_s=16.9)
    assert not page.is_alive(shown=9, painted=3, painted_at_s=17.0, now_s=17.0), "it paints, and not what it is sent"
    assert page.is_alive(shown=9, painted=9, painted_at_s=18.0, now_s=18.0)


def test_a_page_that_paints_no_more_is_dead_though_nothing_new_was_to_be_painted() -> None:
    page = PageHealth(patience_s=15.0)
    assert page.is_alive(shown=3, painted=3, painted_at_s=1.0, now_s=15.9)
    assert not page.is_alive(shown=3, painted=3, painted_at_s=1.0, now_s=16.0)
    assert page.is_alive(shown=3, painted=3, painted_at_s=17.0, now_s=17.0)


def test_a_supervisor_that_is_gone_or_never_reads_is_no_fault_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "notify"
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    assert notify("WATCHDOG=1") is False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor:
        supervisor.bind(str(path))
        queued = 0
        while notify("WATCHDOG=1"):  # ends when the kernel takes no more; one that waited would never end
            queued += 1
        assert queued > 0
