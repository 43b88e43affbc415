"""Python packages for the board: wheels by the lock's hashes for its processor and its Python, laid into a folder."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path

from provisioning.image.debian import ImageError, run

PLATFORMS = (*(f"manylinux_2_{minor}_aarch64" for minor in range(41, 16, -1)), "manylinux2014_aarch64")
"""The C library of trixie is 2.41."""
PYTHON = "3.13"
ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9_.-]+)(?P<rest>==.*?)(?=^\S|\Z)", re.MULTILINE | re.DOTALL)


def without(lock: str, names: Collection[str]) -> str:
    """A lock with hashes, less some packages."""
    return "".join(found[0] for found in ENTRY.finditer(lock) if found["name"] not in names)


def install(lock: str, left_out: Collection[str], into: Path) -> None:
    """Every wheel of the lock. Raises `ImageError` when there is none for this board, or its hash is another."""
    beside = into.with_name(f"{into.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    wanted = beside.with_suffix(".txt")
    wanted.write_text(without(lock, left_out), encoding="utf-8")
    words = [*_pip(), "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--no-compile"]
    words += ["--require-hashes", "--only-binary=:all:", "--implementation", "cp", "--python-version", PYTHON]
    words += [f"--platform={platform}" for platform in PLATFORMS]
    run([*words, "--root-user-action=ignore", "--target", str(beside), "--requirement", str(wanted)])
    shutil.rmtree(beside / "bin", ignore_errors=True)  # names this machine's Python
    for record in beside.glob("*.dist-info/RECORD"):
        record.unlink()
    shutil.rmtree(into, ignore_errors=True)
    beside.rename(into)


def _pip() -> list[str]:
    if find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):  # an environment made by uv holds no pip of its own
        return [uv, "tool", "run", "--quiet", "pip"]
    raise ImageError(f"{sys.executable} has no pip and there is no uv; install python3-pip or uv, then try again")
