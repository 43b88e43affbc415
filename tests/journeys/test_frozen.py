"""A kiosk that froze is silent to systemd, whatever froze: its page, its loop or a device's thread. It says which, and
speaks again when that lives again.

The appliance is a process of its own that speaks to a socket like systemd's; the page is painted by a real Chromium,
whose processes are stopped with SIGSTOP.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from appliance.watchdog import BEAT_S
from practice.port import KioskPlace
from practice.quay import Quay
from tests.chromium import CHROMIUM, SWITCHES
from tests.journeys.harness import Harbour
from tests.journeys.supervisor import BEAT, PATIENCE_S, READY, Supervisor

NAME = "frozen-1"
SILENT, AT_WORK = "STATUS=stands still: ", "STATUS=at work"
THREE_BEATS_S = 3 * BEAT_S

HANGS = """\
import pathlib, signal, time
def hang(*_):
    mark = pathlib.Path({mark!r})
    mark.touch()
    while mark.exists():
        time.sleep(0.05)
signal.signal(signal.SIGUSR2, hang)
"""
"""Python reads it at its start. The handler runs on the main thread, in the loop: as a callback that never returns."""


@dataclass(frozen=True, slots=True)
class Rig:
    place: KioskPlace
    supervisor: Supervisor
    lamp: Path  # a folder as of /sys/class/leds
    mark: Path  # there as long as the loop hangs
    harbour: Harbour

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.place.traveller_port}"

    @property
    def pid(self) -> int:
        assert self.place.process.pid is not None
        return self.place.process.pid

    def log(self) -> str:
        return (self.place.folder / "kiosk.log").read_text()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        self.place.process.wait_until(holds, PATIENCE_S)


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("frozen")
    harbour = Harbour(folder / "port", (NAME,))
    quay = Quay(folder / "quay")
    try:
        harbour.open()
        with Supervisor(folder / "notify") as supervisor:
            lamp, mark = _lamp(folder / "leds"), folder / "hangs"
            (folder / "site").mkdir()
            (folder / "site" / "sitecustomize.py").write_text(HANGS.format(mark=str(mark)))
            told = {"NOTIFY_SOCKET": str(supervisor.path), "PYTHONPATH": str(folder / "site")}
            hardware = replace(quay.hardware(), fill_light="led", fill_light_address=str(lamp))
            place = harbour.do(harbour.port.add_kiosk(NAME, hardware, environment=told))
            yield Rig(place, supervisor, lamp, mark, harbour)
            place.process.kill()
    finally:
        quay.close()
        harbour.close()


def _lamp(folder: Path) -> Path:
    folder.mkdir()
    for name, text in (("max_brightness", "255\n"), ("trigger", "[none]\n"), ("brightness", "0\n")):
        (folder / name).write_text(text)
    return folder


@contextmanager
def browser(url: str, profile: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A Chromium that shows it, in a session of its own."""
    command = [CHROMIUM, "--headless=new", *SWITCHES, f"--user-data-dir={profile}", url]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as one:
        try:
            yield one
        finally:
            os.killpg(one.pid, signal.SIGKILL)


def renderers(session: int) -> list[int]:
    """The processes of this browser that hold pages."""
    return [pid for pid in processes(session) if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def processes(session: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and os.getsid(int(entry.name)) == session:
                yield int(entry.name)
        except OSError:
            continue  # it has ended


def is_silent_and_comes_back(rig: Rig, at: int, why: str, restore: Callable[[], None]) -> None:
    """Once it has said what stands still there is not one beat, and beats again after `restore`.

    `at`: how much had been said before it was made to stand still.
    """
    silent = rig.supervisor.after(at, SILENT)
    time.sleep(THREE_BEATS_S)
    assert rig.supervisor.texts[silent:] == [f"{SILENT}{why}"], "a heart that beats for what is dead"
    assert f"the heartbeat stops: {why}" in rig.log(), "after the restart nobody could tell"
    restore()
    well = rig.supervisor.after(silent, AT_WORK)
    beats = rig.supervisor.after(silent, BEAT)
    assert beats > well == silent + 1


@pytest.mark.timeout(300)
def test_ready_is_said_by_the_kiosk_itself_and_once_its_pages_are_served(rig: Rig) -> None:
    rig.supervisor.after(0, READY)
    rig.supervisor.beats_now()
    assert {said.pid for said in rig.supervisor.said} == {rig.pid}
    assert rig.supervisor.texts.count(READY) == 1
    assert set(rig.supervisor.texts) == {READY, BEAT}
    assert httpx.get(rig.url).status_code == 200


@pytest.mark.timeout(300)
def test_a_loop_that_is_stuck_beats_no_more(rig: Rig) -> None:
    rig.supervisor.beats_now()
    os.kill(rig.pid, signal.SIGUSR2)
    rig.wait_until(rig.mark.exists)
    before = len(rig.supervisor.said)
    time.sleep(THREE_BEATS_S)
    assert rig.supervisor.texts[before:] == []
    rig.mark.unlink()
    rig.supervisor.after(before, BEAT)


@pytest.mark.timeout(300)
def test_a_device_that_never_lets_its_thread_go_silences_the_heart(rig: Rig) -> None:
    """A write to the lamp that the kernel does not return from: opening a pipe that nobody reads."""
    rig.supervisor.beats_now()
    brightness, before = rig.lamp / "brightness", len(rig.supervisor.said)
    brightness.unlink()
    os.mkfifo(brightness)
    readers: list[int] = []
    is_silent_and_comes_back(
        rig, before, "fill_light", lambda: readers.append(os.open(brightness, os.O_RDONLY | os.O_NONBLOCK))
    )
    (rig.lamp / "new").write_text("0\n")
    (rig.lamp / "new").rename(brightness)
    os.close(readers[0])


@pytest.mark.timeout(300)
def test_a_supervisor_that_does_not_listen_stops_no_kiosk(rig: Rig) -> None:
    """As while systemd starts itself anew."""
    rig.supervisor.path.rename(rig.supervisor.path.with_name("away"))
    time.sleep(THREE_BEATS_S)
    assert httpx.get(rig.url).status_code == 200
    rig.supervisor.path.with_name("away").rename(rig.supervisor.path)
    rig.supervisor.beats_now()
    assert rig.place.process.is_running


@pytest.mark.timeout(300)
@pytest.mark.parametrize("what", [pytest.param("the page alone", marks=pytest.mark.full), "the whole browser"])
def test_a_page_that_stops_painting_silences_the_heart_until_it_paints_again(
    rig: Rig, tmp_path: Path, what: str
) -> None:
    """At home, where nothing changes and nobody can touch a dead page: that is when it would never be noticed.

    Last here: a page that was closed is dead to the kiosk, too.
    """
    with browser(rig.url, tmp_path / "profile") as chromium:
        rig.wait_until(lambda: bool(httpx.get(f"{rig.url}/update").json()["paints"]))
        rig.supervisor.beats_now()
        stopped = renderers(chromium.pid) if what == "the page alone" else list(processes(chromium.pid))
        assert stopped
        before = len(rig.supervisor.said)
        _signal(stopped, signal.SIGSTOP)
        is_silent_and_comes_back(rig, before, "page", lambda: _signal(stopped, signal.SIGCONT))


def _signal(processes: list[int], number: signal.Signals) -> None:
    for pid in processes:
        os.kill(pid, number)
