"""An app bundle is a zip archive; before it can run it lies unpacked beside itself, all of it or none of it."""

from __future__ import annotations

import errno
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from ota.disk import Disk
from ota.refusals import Code, Refused

MOST_BYTES = 1 << 30
MOST_FILES = 20_000
CHUNK = 1 << 20
BROKEN = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error)
"""What zipfile says of archives that are none."""
PACKAGES = ("appliance", "border", "drivers")
"""What an app bundle is made of."""
NOTHING: Mapping[str, bytes] = MappingProxyType({})
STAMP = (2026, 1, 1, 0, 0, 0)
"""Of every file in a bundle, so that the same tree gives the same bytes."""


def place(folder: Path, sha256: str) -> Path:
    """Where the tree of that bundle lies."""
    return folder / f"{sha256}.d"


def unpack(disk: Disk, archive: Path, folder: Path, sha256: str) -> Path:
    """Under its place once every byte is safe; what an earlier try left is thrown away. Raises `Refused`, OSError."""
    done = place(folder, sha256)
    if done.exists():
        return done
    beside = done.with_name(f".{done.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir()
    try:
        with zipfile.ZipFile(archive) as bundle:
            for member in _members(bundle):
                _copy(disk, bundle, member, beside)
    except BROKEN as cause:
        raise Refused(Code.CONTENT, f"{archive.name[:12]} is no archive that can be read ({cause})") from cause
    except OSError as cause:
        if cause.errno != errno.EINVAL:  # a place before the file's beginning, as a broken list names it
            raise
        raise Refused(Code.CONTENT, f"{archive.name[:12]} is no archive that can be read") from cause
    for made in (*(path for path in beside.rglob("*") if path.is_dir()), beside):
        disk.sync_folder(made)
    disk.rename(beside, done)
    disk.sync_folder(folder)
    return done


def pack(tree: Path, paths: Iterable[Path], archive: Path, instead: Mapping[str, bytes] = NOTHING) -> None:
    """The build side: the same files give the same bytes. `paths` below `tree`, files only; `instead`: what stands
    there in place of a file, or beside them all."""
    contents = {path.relative_to(tree).as_posix(): path for path in paths}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name in sorted({*contents, *instead}):
            entry = zipfile.ZipInfo(name, STAMP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            bundle.writestr(entry, instead[name] if name in instead else contents[name].read_bytes())


def pack_app(tree: Path, archive: Path, version: str, instead: Mapping[str, bytes] = NOTHING) -> None:
    """The app of that tree, with its version in the file RELEASE."""
    paths = [path for package in PACKAGES for path in (tree / package).rglob("*") if _belongs(path)]
    pack(tree, paths, archive, {**instead, "RELEASE": f"{version}\n".encode()})


def _belongs(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _members(bundle: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    members = [member for member in bundle.infolist() if not member.is_dir()]
    if len(members) > MOST_FILES or sum(member.file_size for member in members) > MOST_BYTES:
        raise Refused(Code.CONTENT, "the archive holds more than a bundle may")
    for member in members:
        parts = PurePosixPath(member.filename).parts
        if not parts or member.filename.startswith("/") or ".." in parts or "\\" in member.filename:
            raise Refused(Code.CONTENT, f"the archive names a place outside itself: {member.filename!r}")
    return members


def _copy(disk: Disk, bundle: zipfile.ZipFile, member: zipfile.ZipInfo, tree: Path) -> None:
    """No more than the archive's own list says, whatever its stream holds."""
    target = tree / member.filename
    target.parent.mkdir(parents=True, exist_ok=True)
    disk.write(target, b"")
    left = member.file_size
    with bundle.open(member) as source:
        while chunk := source.read(min(CHUNK, left + 1)):
            left -= len(chunk)
            if left < 0:
                raise Refused(Code.CONTENT, f"{member.filename} is longer than the archive says")
            disk.append(target, chunk)
    disk.sync(target)
