"""Child processes: started from a list, waited for until ready, stopped by their own pid and no other."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

SERVER_PORTS = (20000, 32000)


class NotReady(RuntimeError):
    """A process ended or stayed silent before it was ready; the message holds the end of its log."""


class Process:
    """One child with its log file. Can be killed and started again under the same name."""

    def __init__(
        self, name: str, command: list[str], log: Path, *, environment: Mapping[str, str] | None = None
    ) -> None:
        """`environment`: what is set besides our own."""
        self.name = name
        self._command = command
        self._environment = {**os.environ, **(environment or {})}
        self._log = log
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    def start(self) -> None:
        """Start it unless it runs; output is appended to the log."""
        if self.is_running:
            return
        self._log.parent.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(
                self._command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self._environment,
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops the others in order
            )

    def wait_until(self, ready: Callable[[], bool], timeout_s: float) -> None:
        """Poll `ready`. Raises `NotReady` when the process ends or the time is over."""
        ends_s = time.monotonic() + timeout_s
        while not ready():
            if not self.is_running or time.monotonic() > ends_s:
                raise NotReady(f"{self.name} is not ready after {timeout_s:g} s; its log says:\n{self.log_end()}")
            time.sleep(0.05)

    def log_end(self, lines: int = 15) -> str:
        try:
            return "\n".join(self._log.read_text(errors="replace").splitlines()[-lines:])
        except OSError:
            return "(no log)"

    def kill(self) -> None:
        """SIGKILL, as a power cut would; waits for the end."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
        if self._child is not None:
            self._child.wait()

    def stop(self, timeout_s: float = 8.0) -> None:
        """SIGTERM, then SIGKILL when it does not go."""
        if self._child is None or self._child.poll() is not None:
            return
        self._child.send_signal(signal.SIGTERM)
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.kill()


def free_port() -> int:
    """A TCP port of the loopback that nobody uses, from below the range of which outgoing connections are given.

    A port the system itself hands out could be taken by any connection before our server binds it.
    """
    for port in random.sample(range(*SERVER_PORTS), k=200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise NotReady("no free port on the loopback")


def answers(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.3)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def told(url: str) -> dict[str, Any] | None:
    """The object that a page of this machine answers; None while it does not."""
    try:
        with urllib.request.urlopen(url, timeout=1.0) as answer:  # noqa: S310  our own loopback address
            value: dict[str, Any] = json.load(answer)
            return value
    except (OSError, ValueError):
        return None
