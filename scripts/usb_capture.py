"""Fetches the recorded USB traffic of a U.are.U 4500 that a test replays: from Debian, each file held to one digest.

    python scripts/usb_capture.py

The recording holds the print of a person who gave it to libfprint (LGPL-2.1-or-later). It stays in `.cache` and never
enters the repository. It is in a package of trixie, so a machine of another release asks the Debian archive that its
own apt already uses, through an apt tree of its own: nothing is installed and the system's apt is not touched. Needs
no root. Standard library only.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE, PACKAGE = "trixie", "libfprint-2-tests"
INSIDE = Path("usr/share/installed-tests/libfprint-2/uru4000-4500")
FILES = {
    "device": "658c4b7a6ba34fa57c2fb255febea747a430dc8c67721fd69ef594665d11d495",
    "capture.pcapng": "66836e6ca7feefda1104f10170fca71f8fd6500d63e1809894b5484cad22eb29",
    "capture.png": "5bb36627a3ed6a9d4e83247b7520f39979d71695024e1e48168906dbac486386",
}
CACHE = Path(__file__).resolve().parent.parent / ".cache" / "usb-capture"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
LIMIT_S = 100
PATIENCE = ("-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20")


class NoCapture(Exception):
    """The recording cannot be had here; the text names the cause and the next step."""


def fetch(cache: Path = CACHE) -> Path:
    """The folder of the recording; downloads it once. Raises `NoCapture`."""
    if not is_there(cache):
        with tempfile.TemporaryDirectory(prefix="landfall-apt-") as folder:
            keep(unpacked(Path(folder), archives()) / INSIDE, cache)
    return cache


def is_there(cache: Path) -> bool:
    return all((cache / name).is_file() and _sha256(cache / name) == digest for name, digest in FILES.items())


def archives() -> tuple[str, ...]:
    """Where this machine's apt has its own release from; every mirror holds the other releases beside it."""
    listing = ["apt-get", "indextargets", "--no-release-info", "--format", "$(REPO_URI) $(RELEASE)"]
    said = _run([*listing, "Identifier: Packages"], dict(os.environ), "apt names no archives")
    own = release_of(Path("/etc/os-release").read_text("utf-8"))
    return named(said, own)


def release_of(os_release: str) -> str:
    """The code name in the text of /etc/os-release. Raises `NoCapture` on what is no Debian."""
    told = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    told = {key: value.strip('"') for key, value in told.items()}
    if told.get("ID") not in ("debian", "raspbian") or "VERSION_CODENAME" not in told:
        raise NoCapture(f"the recording is in Debian's archive and this is {told.get('ID', 'unknown')}; {by_hand()}")
    return told["VERSION_CODENAME"]


def named(targets: str, own: str) -> tuple[str, ...]:
    """The archives of this release among lines of `archive release`. Raises `NoCapture`."""
    pairs = [line.split(" ", 1) for line in targets.splitlines() if " " in line]
    found = tuple(dict.fromkeys(where for where, release in pairs if release in (own, SUITE)))
    if not found:
        raise NoCapture(
            f"apt's sources name no archive of {own}; add Debian's to /etc/apt/sources.list.d, or {by_hand()}"
        )
    return found


def by_hand() -> str:
    return f"unpack {', '.join(FILES)} of Debian's package {PACKAGE} into {CACHE}"


def unpacked(folder: Path, sources: tuple[str, ...]) -> Path:
    """The package's contents, from the first archive that has it. Raises `NoCapture`."""
    failures = []
    for number, source in enumerate(sources):
        try:
            return _unpacked(folder / str(number), source)
        except NoCapture as error:
            failures.append(str(error))
    raise NoCapture("; ".join(failures) + f". Check the network and try again, or {by_hand()}")


def _unpacked(tree: Path, source: str) -> Path:
    settings = private_tree(tree, source)
    environment = {**os.environ, "APT_CONFIG": str(settings), "LC_ALL": "C"}
    _run(["apt-get", "update", "-qq", *PATIENCE], environment, f"no list of {SUITE} could be fetched")
    _run(["apt-get", "download", "-qq", *PATIENCE, PACKAGE], environment, f"no {PACKAGE}", into=tree / "debs")
    (deb,) = (tree / "debs").glob(f"{PACKAGE}_*.deb")
    _run(["dpkg-deb", "-x", str(deb), str(tree / "contents")], environment, f"{deb.name} does not unpack")
    return tree / "contents"


def private_tree(tree: Path, source: str) -> Path:
    """The settings of an apt that has its own lists, believes nothing is installed, and stays inside `tree`."""
    for name in ("lists/partial", "cache/archives/partial", "etc", "debs"):
        (tree / name).mkdir(parents=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (tree / "etc" / "sources.list").write_text(f"deb {signed}{source} {SUITE} main\n")
    settings = {
        "Dir::Etc::sourcelist": str(tree / "etc" / "sources.list"),
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": str(tree / "lists"),
        "Dir::State::status": "/dev/null",
        "Dir::Cache": str(tree / "cache"),
        "APT::Sandbox::User": "root",  # of use to root only, whose folder here no other user may enter
    }
    path = tree / "apt.conf"
    path.write_text("".join(f'{key} "{value}";\n' for key, value in settings.items()))
    return path


def keep(found: Path, cache: Path) -> None:
    """Into the cache, when every file is the one that was reviewed. Raises `NoCapture`."""
    for name, digest in FILES.items():
        if not (found / name).is_file() or _sha256(found / name) != digest:
            raise NoCapture(f"{name} in {PACKAGE} is not the file that was reviewed; nothing was kept")
    cache.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copyfile(found / name, cache / f"{name}.part")
        (cache / f"{name}.part").replace(cache / name)


def _run(command: list[str], environment: dict[str, str], trouble: str, into: Path | None = None) -> str:
    """What it printed. Raises `NoCapture` with its last words."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=into, timeout=LIMIT_S, check=False
        )
    except FileNotFoundError as error:
        raise NoCapture(f"{trouble}: no {command[0]} on this {platform.system()}; {by_hand()}") from error
    except subprocess.TimeoutExpired as error:
        raise NoCapture(f"{trouble}: nothing within {LIMIT_S} s") from error
    if done.returncode != 0:
        raise NoCapture(f"{trouble}: {' '.join(done.stderr.split()[-40:])}")
    return done.stdout


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    try:
        print(fetch())
    except NoCapture as error:
        print(f"usb capture: {error}", file=sys.stderr)
        sys.exit(1)
