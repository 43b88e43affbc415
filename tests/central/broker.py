"""A real mosquitto with the development CA and the contract's access list, for a test to kill and start again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from central import ca
from practice.broker import broker, wait_for_broker
from practice.processes import Process, free_port


class Broker:
    """Listening on `port` of loopback. `ca_folder` is laid out as `central.ca` does."""

    host = "127.0.0.1"

    def __init__(self, ca_folder: Path, port: int, process: Process) -> None:
        self.ca_folder = ca_folder
        self.port = port
        self._process = process

    @property
    def centre_folder(self) -> Path:
        return self.ca_folder / "centre"

    def kiosk_folder(self, kiosk: str) -> Path:
        return self.ca_folder / "kiosks" / kiosk

    def greets(self, context: ssl.SSLContext, name: str) -> bool:
        """TLS, then CONNECT as `name`: only the first byte of an answer shows that it has judged our certificate."""
        said = b"\x00\x04MQTT\x04\x02\x00\x3c" + len(name).to_bytes(2, "big") + name.encode()
        try:
            with (
                socket.create_connection((self.host, self.port), 5) as plain,
                context.wrap_socket(plain, server_hostname="localhost") as line,
            ):
                line.sendall(bytes([0x10, len(said)]) + said)
                return line.recv(4)[:1] == b"\x20"
        except (ssl.SSLError, ConnectionError):
            return False

    def kill(self) -> None:
        """SIGKILL: whatever it had not written to its disk is gone, and that is nearly everything."""
        self._process.kill()

    def restart(self) -> None:
        self._process.start()
        wait_for_broker(self._process, self.port)

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def reread(self) -> None:
        """SIGHUP: read the revocation list again."""
        os.kill(self.pid, signal.SIGHUP)

    def stop(self) -> None:
        self._process.stop()


@contextmanager
def running_broker(folder: Path, kiosks: Sequence[str]) -> Iterator[Broker]:
    """Keys are made in `folder`/ca. Skips by name when mosquitto is not installed, and fails there when CI=true."""
    if shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin") is None:
        reason = "the program mosquitto is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    ca.init(folder / "ca", kiosks, datetime.now(UTC))
    port = free_port()
    process = broker(folder / "broker", folder / "ca", port)
    running = Broker(folder / "ca", port, process)
    running.restart()
    try:
        yield running
    finally:
        running.stop()
