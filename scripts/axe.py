"""Fetches the accessibility checker that tests inject: axe-core from the npm registry, held to one digest."""

from __future__ import annotations

import base64
import hashlib
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "axe-core@4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
MEMBER = "package/axe.min.js"
CACHE = Path(__file__).parent.parent / ".cache" / "axe"


class WrongPackage(ValueError):
    """What arrived is not the package that was reviewed; it was not kept."""


def fetch(cache: Path = CACHE) -> Path:
    """The path of `axe.min.js`; downloads it once. Raises `WrongPackage`, `CalledProcessError`, `OSError`."""
    script = cache / f"{PACKAGE}.min.js"
    if not script.exists():
        cache.mkdir(parents=True, exist_ok=True)
        fresh = script.with_suffix(".part")
        fresh.write_bytes(unpack(download()))
        fresh.replace(script)
    return script


def download() -> bytes:
    """The package as npm packs it."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", PACKAGE, "--silent", "--ignore-scripts", "--pack-destination", folder]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
        (packed,) = Path(folder).glob("*.tgz")
        return packed.read_bytes()


def unpack(packed: bytes) -> bytes:
    """The script out of the package, after its digest was found right. Raises `WrongPackage`."""
    digest = "sha512-" + base64.b64encode(hashlib.sha512(packed).digest()).decode()
    if digest != INTEGRITY:
        raise WrongPackage(f"{PACKAGE} has {digest}")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile(MEMBER)
        if member is None:
            raise WrongPackage(f"{PACKAGE} has no {MEMBER}")
        return member.read()


if __name__ == "__main__":
    print(fetch())
    sys.exit(0)
