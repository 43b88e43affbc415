"""Finds MicroPython's unix port for the tests: Debian's package, or the same package of trixie unpacked into .cache.

    python -m scripts.micropython

Trixie's package needs a newer C library than bookworm has, so there it runs through trixie's own loader, from a
private apt tree: nothing is installed. The archive is the one of this machine's own apt; every file is pinned.
"""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "micropython"
RELEASE = "trixie"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
LOADER = {"x86_64": ("lib64/ld-linux-x86-64.so.2", "x86_64-linux-gnu")}
PINS = {
    "x86_64": {
        "micropython=1.25.0+ds-1": "a2c8327c1005cbf0f15c83d1d3b94c20585135c29a97ab1483ada93b82d94a88",
        "libc6=2.41-12+deb13u5": "b59b0625cd1a791375d40dab23a4d5d3d0641e3d0a773501becdc3725b7f99cf",
        "libffi8=3.4.8-2": "0ebdc340de33333639c3c63874cd4b15ac2e83dfa1ef3053b7eefaf4919f4f68",
        "libmbedcrypto16=3.6.6-0.1~deb13u1": "b38baf2ecaca7b28b3005d34b8108ee9b17681426b20662813995e939aea6dfa",
        "libmbedtls21=3.6.6-0.1~deb13u1": "9e280505afa5f5aa7034e494e7466c82d8e9af2eb3bf2edf46bab0bd7b62e1ac",
        "libmbedx509-7=3.6.6-0.1~deb13u1": "e0b6630efcf9eae2e05172496576bc3235be134a6bbf8da4cf3570fba65f65b8",
    }
}
"""SHA-256 of each package by machine."""


class MicropythonError(Exception):
    """There is no MicroPython; the text names the cause and the next step."""


def installed() -> tuple[str, ...] | None:
    """How to start what Debian has installed; None when it has not."""
    found = shutil.which("micropython")
    return (found,) if found else None


def unpacked(cache: Path = CACHE) -> tuple[str, ...] | None:
    """How to start what lies unpacked in the cache; None when nothing does."""
    loader, libraries = LOADER.get(platform.machine(), ("", ""))
    root = cache / "root" / "usr"
    program = root / "bin" / "micropython"
    if not loader or not program.is_file():
        return None
    return (str(root / loader), "--library-path", str(root / "lib" / libraries), str(program))


def command() -> tuple[str, ...] | None:
    """The words that start MicroPython here; None: there is none, and `fetch` may get one."""
    return installed() or unpacked()


def archive(folder: Path = Path("/etc/apt")) -> str:
    """The address of Debian's archive as this machine's apt has it. Raises `MicropythonError`."""
    sheets = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    text = "\n".join(sheet.read_text("utf-8") for sheet in sheets if sheet.is_file())
    found = re.search(r"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+/debian/?)(?:\s|$)", text, re.MULTILINE)
    if found is None:
        raise MicropythonError("apt here knows no Debian archive; on another system install micropython yourself")
    return found[1]


Download = Callable[[Path, Path, tuple[str, ...]], None]
"""Gets packages of trixie: the folder of a private apt tree, the folder they go to, their names with versions."""


def fetch(cache: Path = CACHE, download: Download | None = None) -> None:
    """Download the pinned packages and unpack them side by side. Raises `MicropythonError`."""
    pins = PINS.get(platform.machine())
    if pins is None:
        raise MicropythonError(f"no package is pinned for {platform.machine()}; install Debian trixie's micropython")
    debs = cache / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    if not set(pins.values()) <= {sha256_of(path) for path in debs.glob("*.deb")}:
        (download or _download)(cache / "apt", debs, tuple(pins))
    found = {sha256_of(path): path for path in debs.glob("*.deb")}
    if missing := [name for name, sha256 in pins.items() if sha256 not in found]:
        raise MicropythonError(f"not as pinned: {', '.join(missing)}; the archive or the pin is wrong")
    beside = cache / "root.new"
    shutil.rmtree(beside, ignore_errors=True)
    for sha256 in pins.values():
        run(["dpkg", "-x", str(found[sha256]), str(beside)], {})
    shutil.rmtree(cache / "root", ignore_errors=True)
    beside.rename(cache / "root")


def _download(tree: Path, into: Path, packages: tuple[str, ...]) -> None:
    run(["apt-get", "download", "-qq", *packages], private_apt(tree, "deb"), into)


def private_apt(tree: Path, kind: str) -> dict[str, str]:
    """The environment in which apt knows trixie alone, as `deb` or `deb-src`. Raises `MicropythonError`."""
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    sources = tree / "etc" / "sources.list"
    sources.write_text(f"{kind} [signed-by={KEYRING}] {archive()} {RELEASE} main\n", encoding="utf-8")
    conf = tree / "apt.conf"
    conf.write_text(
        f'Dir::Etc::sourcelist "{sources}"; Dir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{tree}/lists"; Dir::Cache "{tree}/cache"; Dir::State::status "/dev/null";\n'
        'APT::Sandbox::User "root";\n',
        encoding="utf-8",
    )
    environment = {"APT_CONFIG": str(conf)}
    run(["apt-get", "update", "-qq"], environment)
    return environment


def run(words: list[str], environment: dict[str, str], folder: Path | None = None) -> None:
    """Raises `MicropythonError` with the last words of a command that failed."""
    done = subprocess.run(
        words, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = "\n  ".join((done.stderr or done.stdout).strip().splitlines()[-4:])
        raise MicropythonError(f"{words[0]} failed:\n  {last}")


def sha256_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> int:
    try:
        if command() is None:
            fetch()
    except (MicropythonError, OSError) as error:
        print(f"micropython: {error}", file=sys.stderr)
        return 1
    print(f"micropython: {' '.join(command() or ())}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
