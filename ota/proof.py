"""New models are tried before they are used: by the program that is in use, on this machine, on a set that it has.

What a net is worth is no matter of ours; the app has a command that tells, beside the old nets and without touching
them. We give it the folder, its time, and the program's own tree to run in.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from ota.refusals import Code, Refused
from ota.settings import ModelSettings

MOST_SAID = 200


def prove(settings: ModelSettings, tree: Path, models: Path) -> None:
    """`tree`: of the program in use. Raises `Refused` with the last line that the command said."""
    command = [*settings.prove, str(models)]
    surroundings = {**os.environ, "PYTHONPATH": str(tree)}
    try:
        done = subprocess.run(
            command, cwd=tree, env=surroundings, capture_output=True, timeout=settings.prove_s, check=False
        )
    except subprocess.TimeoutExpired as cause:
        raise Refused(Code.MODELS, f"no answer within {settings.prove_s:g} s") from cause
    if done.returncode != 0:
        raise Refused(Code.MODELS, _last_line(done.stderr) or f"the check ended with {done.returncode}")


def _last_line(said: bytes) -> str:
    lines = said.decode(errors="replace").strip().splitlines()
    return "".join(c if c.isprintable() else " " for c in lines[-1])[:MOST_SAID] if lines else ""


def proving(
    settings: ModelSettings, tree: Callable[[], Path], unpack: Callable[[str, Path], Path]
) -> Callable[[str, Path], None]:
    """A `Prepare`: unpacked beside the old ones, then tried."""

    def prepare(sha256: str, file: Path) -> None:
        prove(settings, tree(), unpack(sha256, file))

    return prepare
