"""What is asked of a running emulator: qemu's machine protocol, JSON by the line over a socket."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ANSWER_S = 120.0
Ask = Callable[..., Any]


@contextmanager
def connected(path: Path) -> Iterator[Ask]:
    """A function that sends a command with its arguments and returns the answer; an emulator that has just been started
    is waited for. Raises OSError, `RuntimeError` with what the emulator said."""
    with socket.socket(socket.AF_UNIX) as line:
        line.settimeout(ANSWER_S)
        _connect(line, path)
        answers = line.makefile("rb")

        def ask(command: str, **arguments: Any) -> Any:
            line.sendall(json.dumps({"execute": command, "arguments": arguments}).encode())
            while said := json.loads(answers.readline()):
                if "error" in said:
                    raise RuntimeError(f"{command}: {said['error']['desc']}")
                if "return" in said:
                    return said["return"]
            return None  # unreachable: an end of the line is no JSON

        answers.readline()  # the greeting
        ask("qmp_capabilities")
        yield ask


def _connect(line: socket.socket, path: Path) -> None:
    ends_s = time.monotonic() + ANSWER_S
    while True:
        try:
            return line.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            if time.monotonic() > ends_s:
                raise
            time.sleep(0.05)
