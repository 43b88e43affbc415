"""What stands in a port's network: a name server, a time server, and the centre's open door; each on loopback."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable

NTP_1970 = 2_208_988_800
POLL_S = 0.1
JOIN_S = 5.0


class PortNetwork:
    """Knobs may be turned while it runs."""

    def __init__(self, name: str = "centre.example") -> None:
        self.name = name
        self.is_mute = False  # neither names nor time are answered
        self.knows_the_name = True
        self.time_is_off_s = 0.0
        self.stratum = 2
        self._names, self._time = _udp(), _udp()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.settings = {  # as a station's table `network`
            "uplink": f"127.0.0.1:{self._door.getsockname()[1]}",
            "name": name,
            "dns": f"127.0.0.1:{self._names.getsockname()[1]}",
            "time": f"127.0.0.1:{self._time.getsockname()[1]}",
        }
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._serve, args=(self._names, self._named), daemon=True),
            threading.Thread(target=self._serve, args=(self._time, self._timed), daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def shut_the_door(self) -> None:
        """The centre takes no connection any more."""
        self._door.close()

    def close(self) -> None:
        self.shut_the_door()
        self._stop.set()
        for thread in self._threads:
            thread.join(JOIN_S)
        self._names.close()
        self._time.close()

    def _serve(self, wire: socket.socket, answer: Callable[[bytes], bytes]) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                question, asker = wire.recvfrom(2048)
                if not self.is_mute:
                    wire.sendto(answer(question), asker)

    def _named(self, question: bytes) -> bytes:
        asked = _labels(question[12:])
        knows = self.knows_the_name and asked == self.name
        head = question[:2] + struct.pack(">5H", 0x8180 if knows else 0x8183, 1, int(knows), 0, 0)
        record = b"\xc0\x0c" + struct.pack(">2HIH", 1, 1, 60, 4) + bytes([192, 0, 2, 10])
        return head + question[12:] + (record if knows else b"")

    def _timed(self, question: bytes) -> bytes:
        now = _stamp(time.time() + self.time_is_off_s)
        head = bytes([0x24, self.stratum, 4, 0xE9]) + bytes(8) + b"SIMU" + now
        return head + question[40:48] + now + now


def _udp() -> socket.socket:
    wire = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    wire.bind(("127.0.0.1", 0))
    wire.settimeout(POLL_S)
    return wire


def _labels(data: bytes) -> str:
    parts = []
    while data and data[0]:
        parts.append(data[1 : 1 + data[0]].decode("ascii"))
        data = data[1 + data[0] :]
    return ".".join(parts)


def _stamp(at_s: float) -> bytes:
    return struct.pack(">2I", (int(at_s) + NTP_1970) % 2**32, int(at_s % 1 * 2**32))
