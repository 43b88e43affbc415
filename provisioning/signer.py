"""Holds the identity key for the kiosk, which asks here when something must be signed: one door to TPM or token.

    python -m provisioning.signer --config provisioning.toml

The socket lies in the kiosk's folder and is its owner's alone. A question that cannot be answered is closed without an
answer, and asked again.
"""

from __future__ import annotations

import argparse
import logging
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

from provisioning import disk
from provisioning.bench import SOCKET, backend_of
from provisioning.desk import Desk
from provisioning.identity import Backend
from provisioning.settings import SettingsWrong, load
from provisioning.step import Refused

log = logging.getLogger("provisioning.signer")
MOST_BYTES = 1024 * 1024
READ_S = 5.0
LOOK_S = 0.5


class Holder:
    """Answers one question after the other: a chip does one thing at a time."""

    def __init__(self, path: Path, backend: Callable[[], Backend]) -> None:
        """`backend`: where the identity is now; a lane that moves gets another. Raises OSError."""
        self._backend = backend
        path.unlink(missing_ok=True)
        self._door = socket.socket(socket.AF_UNIX)
        self._door.bind(str(path))
        path.chmod(0o600)
        self._door.listen(16)
        self._door.settimeout(LOOK_S)

    def serve(self, leaving: threading.Event) -> None:
        while not leaving.is_set():
            try:
                line, _ = self._door.accept()
            except TimeoutError:
                continue
            with line:
                self._answer(line)
        self._door.close()

    def _answer(self, line: socket.socket) -> None:
        line.settimeout(READ_S)
        try:
            (size,) = struct.unpack(">I", _exactly(line, 4))
            if size <= MOST_BYTES:
                line.sendall(self._backend().sign(_exactly(line, size)))
        except (OSError, Refused) as error:
            log.warning("not signed: %s", error)


def _exactly(line: socket.socket, size: int) -> bytes:
    """Raises OSError: the other end has closed, or is too slow."""
    data = b""
    while len(data) < size:
        more = line.recv(min(65536, size - len(data)))
        if not more:
            raise OSError("closed in the middle")
        data += more
    return data


def main(arguments: Sequence[str]) -> int:
    """0: told to end; 2: it cannot start."""
    parser = argparse.ArgumentParser("python -m provisioning.signer", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--config", type=Path, required=True, help="provisioning.toml")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    os.umask(0o077)
    try:
        settings = load(parser.parse_args(arguments).config)
        folder = settings.device.folder
        disk.make_folder(folder)
        desk = Desk(folder)
        holder = Holder(folder / SOCKET, lambda: backend_of(settings, desk.slot))
    except (SettingsWrong, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    leaving = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: leaving.set())
    holder.serve(leaving)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
