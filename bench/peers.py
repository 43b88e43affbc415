"""Peers in environments of their own: made once from a hashed list, under .cache/peers, and never imported by us."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "requirements"
CACHE = ROOT / ".cache" / "peers"


class NoPeer(Exception):
    """The peer cannot be had here; the text says why, and the figures are told without it."""


def python_of(
    name: str, before: tuple[int, int] | None = None, requirements: Path = REQUIREMENTS, cache: Path = CACHE
) -> Path:
    """The interpreter of the peer's environment, which is made when it is not there yet. Raises `NoPeer`.

    `before`: the first Python that the peer has no wheel for.
    """
    if before is not None and sys.version_info[:2] >= before:
        here, first = ".".join(map(str, sys.version_info[:2])), ".".join(map(str, before))
        raise NoPeer(f"{name} has no wheel for Python {here}; run the bench with one before {first}")
    lock = requirements / f"bench-{name}.txt"
    digest = hashlib.sha256(lock.read_bytes() + sys.version.encode()).hexdigest()[:12]
    environment = cache / f"{name}-{digest}"
    if not (environment / "done").exists():
        shutil.rmtree(environment, ignore_errors=True)
        _made(environment, lock)
        (environment / "done").touch()
    return environment / "bin" / "python"


def _made(environment: Path, lock: Path) -> None:
    print(f"peers: installing {lock.name} into {environment}, once", file=sys.stderr, flush=True)
    try:
        if uv := shutil.which("uv"):
            _run([uv, "venv", "-q", "--python", sys.executable, str(environment)])
            _run([uv, "pip", "install", "-q", "--python", str(environment), "--require-hashes", "-r", str(lock)])
        else:
            _run([sys.executable, "-m", "venv", str(environment)])
            python = str(environment / "bin" / "python")
            _run([python, "-m", "pip", "install", "-q", "--require-hashes", "-r", str(lock)])
    except subprocess.CalledProcessError as error:
        words = "; ".join(str(error.stderr).strip().splitlines()[-3:])
        raise NoPeer(f"{lock.name} could not be installed ({words}); check the network and try again") from error


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True, text=True)
