"""A real mosquitto on loopback, started, killed and started again by a test."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from pathlib import Path

from practice.processes import free_port

CONFIG = """\
per_listener_settings false
listener {port} 127.0.0.1
allow_anonymous {anonymous}
persistence false
max_packet_size {size}
max_inflight_messages 0
max_queued_messages 1000000
max_queued_bytes 268435456
set_tcp_nodelay true
{more}
"""


class Mosquitto:
    """Stock mosquitto; `more` is added to its configuration. It forgets everything when it is killed."""

    def __init__(self, folder: Path, *, more: str = "", anonymous: bool = True, max_packet_size: int = 262144) -> None:
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        user = "user root" if folder.owner() == "root" else ""
        values = {"port": self.port, "anonymous": str(anonymous).lower(), "size": max_packet_size}
        text = CONFIG.format(more=f"{more}\n{user}", **values)
        self._config.write_text(text)
        self._log = folder / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Mosquitto:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        assert program, "Debian's package mosquitto"
        with self._log.open("ab") as log:
            self._process = subprocess.Popen([program, "-c", str(self._config)], stdout=log, stderr=log)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            assert self._process.poll() is None, self._log.read_text()
            try:
                socket.create_connection(("127.0.0.1", self.port), 0.5).close()
                return self
            except OSError:
                time.sleep(0.02)
        raise TimeoutError("mosquitto does not listen")

    def kill(self) -> None:
        """SIGKILL: what it had acknowledged and not delivered is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
