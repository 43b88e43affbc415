"""Debian's packages for the image, by a lock: resolved once, fetched by name and version, held against their hashes.

The archive is the one of this machine's own apt, read for another suite and another processor in a tree of its own.
Nothing is installed on this machine.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUITE = "trixie"
ARCHITECTURE = "arm64"
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
ESSENTIAL = "?and(?essential,?not(?name(^apt$)))"  # apt counts itself among them; an appliance has no use for it
INSTALLED = re.compile(r"^Inst (\S+?)(?::\S+)? \((\S+) ", re.MULTILINE)
AT_ONCE = 60
"""Packages in one call: a line of arguments has an end."""


class ImageError(Exception):
    """The image cannot be made here; the text names the cause and the next step."""


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """One line of the lock. `sha256`: of the .deb, hex."""

    name: str
    version: str
    sha256: str

    @property
    def line(self) -> str:
        return f"{self.name} {self.version} {self.sha256}"


def read_list(text: str) -> tuple[str, ...]:
    """The words of a list: one to a line, `#` begins a remark."""
    words = (line.partition("#")[0].strip() for line in text.splitlines())
    return tuple(word for word in words if word)


def read_lock(text: str) -> tuple[Package, ...]:
    """Raises `ImageError` for a line that is none."""
    fields = [line.split() for line in read_list(text)]
    if wrong := [line for line in fields if len(line) != 3 or not re.fullmatch("[0-9a-f]{64}", line[2])]:
        raise ImageError(
            f"the lock has a line that is no package: {' '.join(wrong[0])}; make it again: make image-lock"
        )
    return tuple(Package(*line) for line in fields)


def write_lock(packages: Iterable[Package], remark: str) -> str:
    return "".join(f"{line}\n" for line in (f"# {remark}", *(package.line for package in sorted(packages))))


def archives(folder: Path = Path("/etc/apt")) -> tuple[str, str]:
    """Debian's archive and its security archive, as this machine's apt has them. Raises `ImageError`."""
    sheets = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    text = "\n".join(sheet.read_text("utf-8") for sheet in sheets if sheet.is_file())
    found = [
        re.search(rf"^(?:URIs:|deb(?: \[[^]]*\])?)\s+(\S+/{name}/?)(?:\s|$)", text, re.MULTILINE)
        for name in ("debian", "debian-security")
    ]
    if found[0] is None or found[1] is None:
        raise ImageError("apt here knows no Debian archive with its security archive; build the image on Debian")
    return found[0][1], found[1][1]


class Archive:
    """Debian's archive for the image, through a private apt tree. Needs the network when it is opened."""

    def __init__(self, tree: Path) -> None:
        self._environment = {**os.environ, "APT_CONFIG": str(_private(tree)), "LC_ALL": "C"}
        self._run(["apt-get", "update", "-qq"])

    def resolve(
        self, names: Sequence[str], *, essential: bool = True, without: Sequence[str] = ()
    ) -> tuple[Package, ...]:
        """These packages, what is essential, and all that they depend on, less those that nobody will miss. Raises
        `ImageError`."""
        more = [ESSENTIAL] if essential else []
        told = self._run(["apt-get", "install", "--simulate", "--no-install-recommends", *more, *names])
        versions = {name: version for name, version in INSTALLED.findall(told) if name not in without}
        return tuple(sorted(self._described(versions)))

    def newest(self, name: str) -> Package:
        """One package alone, without what it depends on. Raises `ImageError`."""
        found = re.search(r"Candidate: (\S+)", self._run(["apt-cache", "policy", name]))
        if found is None or found[1] == "(none)":
            raise ImageError(f"the archive has no {name}")
        return next(self._described({name: found[1]}))

    def depends(self, name: str) -> tuple[str, ...]:
        return tuple(re.findall(r"^  Depends: (\S+)", self._run(["apt-cache", "depends", name]), re.MULTILINE))

    def fetch(self, packages: Sequence[Package], into: Path) -> None:
        """Those that are not there yet. Raises `ImageError` naming each that is not as locked."""
        into.mkdir(parents=True, exist_ok=True)
        missing = [package for package in packages if not is_there(package, into)]
        for start in range(0, len(missing), AT_ONCE):
            some = missing[start : start + AT_ONCE]
            self._run(["apt-get", "download", "-qq", *(f"{one.name}={one.version}" for one in some)], into)
        if wrong := [package.name for package in missing if not is_there(package, into)]:
            raise ImageError(
                f"not as locked: {', '.join(wrong)}; renew the lock (make image-lock) and look at what changed"
            )

    def _described(self, versions: dict[str, str]) -> Iterator[Package]:
        wanted = [f"{name}={version}" for name, version in versions.items()]
        for start in range(0, len(wanted), AT_ONCE):
            told = self._run(["apt-cache", "show", *wanted[start : start + AT_ONCE]])
            for record in re.split(r"\n\n+", told.strip()):
                field = dict(re.findall(r"^(Package|Version|SHA256): (\S+)", record, re.MULTILINE))
                yield Package(field["Package"], field["Version"], field["SHA256"])

    def _run(self, words: list[str], folder: Path | None = None) -> str:
        return run(words, folder=folder, environment=self._environment)


def _private(tree: Path) -> Path:
    """apt.conf of a tree in which nothing is installed."""
    tree = tree.resolve()
    for folder in ("lists/partial", "cache/archives/partial", "etc"):
        (tree / folder).mkdir(parents=True, exist_ok=True)
    main, security = archives()
    sources = tree / "etc" / "sources.list"
    sources.write_text(
        f"deb [signed-by={KEYRING}] {main} {SUITE} main non-free-firmware\n"
        f"deb [signed-by={KEYRING}] {main} {SUITE}-updates main non-free-firmware\n"
        f"deb [signed-by={KEYRING}] {security} {SUITE}-security main non-free-firmware\n",
        encoding="utf-8",
    )
    (tree / "status").touch()
    conf = tree / "apt.conf"
    conf.write_text(
        f'Dir::Etc::sourcelist "{sources}"; Dir::Etc::sourceparts "-";\n'
        f'Dir::State::lists "{tree}/lists"; Dir::Cache "{tree}/cache"; Dir::State::status "{tree}/status";\n'
        f'APT::Architecture "{ARCHITECTURE}"; APT::Architectures {{ "{ARCHITECTURE}"; }};\n'
        'APT::Sandbox::User "root"; APT::Install-Recommends "false";\n',
        encoding="utf-8",
    )
    return conf


def file_of(package: Package, folder: Path) -> Path:
    """Where apt puts it: a colon in the version is written as %3a. Raises `ImageError`."""
    version = package.version.replace(":", "%3a")
    found = sorted(folder.glob(f"{package.name}_{version}_*.deb"))
    if not found:
        raise ImageError(f"{package.name} {package.version} is not in the cache; make image fetches it")
    return found[0]


def is_there(package: Package, folder: Path) -> bool:
    try:
        return sha256_of(file_of(package, folder)) == package.sha256
    except ImageError:
        return False


def write_index(packages: Sequence[Package], debs: Path, folder: Path) -> None:
    """A flat archive of exactly the locked packages, which apt reads in place of Debian's: links and `Packages`."""
    folder.mkdir(parents=True, exist_ok=True)
    records = []
    for package in packages:
        deb = file_of(package, debs)
        link = folder / deb.name.replace("%3a", ".")
        link.unlink(missing_ok=True)
        os.link(deb, link)
        control = run(["dpkg-deb", "--field", str(deb)])
        records.append(
            f"{control.strip()}\nFilename: ./{link.name}\nSize: {deb.stat().st_size}\nSHA256: {package.sha256}\n"
        )
    index = "\n".join(records).encode()
    (folder / "Packages").write_bytes(index)
    # mmdebstrap asks for what is essential *of this suite*
    release = (
        f"Suite: {SUITE}\nCodename: {SUITE}\nSHA256:\n {hashlib.sha256(index).hexdigest()} {len(index)} Packages\n"
    )
    (folder / "Release").write_text(release, encoding="utf-8")


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def run(words: Sequence[str], *, folder: Path | None = None, environment: dict[str, str] | None = None) -> str:
    """What the command printed. Raises `ImageError` with its last words when it fails."""
    done = subprocess.run(list(words), cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        last = "\n  ".join((done.stderr or done.stdout).strip().splitlines()[-6:])
        raise ImageError(f"{words[0]} failed ({done.returncode}):\n  {last}")
    return done.stdout
