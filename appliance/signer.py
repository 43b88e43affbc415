"""The kiosk's identity key where it lies in a TPM or a token: asked to sign through the socket of the one who holds it.

`python -m provisioning.signer` is at the other end. One question per connection: four bytes of length, the data; the
answer is r || s, 64 bytes, or nothing.
"""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

ANSWER_BYTES = 64
ONE_S = 10.0
"""A chip takes a tenth of a second; a queue of all threads before it still less than this."""
PATIENCE_S = 20.0
"""The holder may just be starting again."""


class SignerAway(OSError):
    """Nothing can be signed, so nothing can be recorded. `code` is stable."""

    code = "KEY-AWAY"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{self.code}: {path}: {why}")


@dataclass(frozen=True, slots=True)
class SocketSigner:
    """Used from any thread."""

    path: Path
    key_id: str

    def sign(self, data: bytes) -> bytes:
        """r || s over SHA-256 of `data`. Raises `SignerAway`."""
        ends_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return self._asked(data)
            except OSError as error:
                if time.monotonic() > ends_s:
                    raise SignerAway(self.path, str(error)) from error
                time.sleep(0.2)

    def _asked(self, data: bytes) -> bytes:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(ONE_S)
            line.connect(str(self.path))
            line.sendall(struct.pack(">I", len(data)) + data)
            said = b""
            while len(said) < ANSWER_BYTES and (more := line.recv(ANSWER_BYTES - len(said))):
                said += more
        if len(said) != ANSWER_BYTES:
            raise OSError("the holder of the key did not sign")
        return said
