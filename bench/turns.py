"""Two programs measured in one run: each in a child of its own, on the same processor, a round of each in turn."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 300.0


class Child:
    """The parent's half: one program that does rounds when told."""

    def __init__(self, command: Sequence[str]) -> None:
        """Starts it and waits until it is loaded. Raises `RuntimeError` with its last words when it ends instead."""
        # its words go into a file and no pipe: a talkative child would wait for a reader
        self._words = tempfile.TemporaryFile("w+")  # noqa: SIM115 (open as long as the child)
        self._process = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._words, text=True
        )
        try:
            self.loaded = self._next()
        except BaseException:
            self.close()
            raise

    def ask(self, words: str) -> dict[str, Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(words + "\n")
        self._process.stdin.flush()
        return self._next()

    def close(self) -> None:
        """Ends the child; safe to call twice."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(LIMIT_S)
        self._process.stdout.close()
        self._words.close()

    def _next(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._words.seek(0)
            raise RuntimeError(self._words.read()[-1500:])
        answer = json.loads(line)
        assert isinstance(answer, dict)
        return answer
