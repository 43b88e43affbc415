"""The build side: what a bundle of RAUC's says of itself, for the offline keys to sign.

A bundle ends with its signature and eight bytes that say how long that is; in the format `verity` the signature holds
the manifest, and the hash of those bytes is what RAUC keeps for the slots that it wrote.
"""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

LENGTH = 8
MOST_SIGNATURE = 64 * 1024


class NoBundle(ValueError):
    """The file is no signed bundle of the format `verity`."""


def manifest(bundle: Path) -> bytes:
    """As it was signed; by whom is not asked here. Raises `NoBundle`, OSError."""
    command = ["openssl", "cms", "-verify", "-noverify", "-inform", "DER"]
    done = subprocess.run(command, input=_signature(bundle), capture_output=True, check=False)
    if done.returncode or not done.stdout.startswith(b"[update]"):
        raise NoBundle(f"{bundle.name}: its signature holds no manifest")
    return done.stdout


def manifest_sha256(bundle: Path) -> str:
    """Hexadecimal. Raises as `manifest` does."""
    return hashlib.sha256(manifest(bundle)).hexdigest()


def _signature(bundle: Path) -> bytes:
    size = bundle.stat().st_size
    with bundle.open("rb") as file:
        file.seek(max(0, size - LENGTH))
        length = int.from_bytes(file.read(LENGTH), "big")
        if not 0 < length <= min(MOST_SIGNATURE, size - LENGTH):
            raise NoBundle(f"{bundle.name}: it does not end with a signature")
        file.seek(size - LENGTH - length)
        return file.read(length)
