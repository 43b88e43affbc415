"""The root file system as a tree: Debian's packages, then our layers, then what makes it still."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from provisioning.image import sbom
from provisioning.image.debian import Package, read_list, run
from provisioning.image.disk import EPOCH, REPRODUCIBLE

ROOT = Path(__file__).resolve().parent.parent.parent
LAYERS = Path(__file__).resolve().parent / "layers"
ORDER = ("base", "python", "kiosk", "appliance", "board")
ROOMS = ("appliance", "border", "drivers", "hw_tests", "ota", "provisioning")
"""Rooms that a board runs; of provisioning/image/ only what runs on the board."""
APP = "usr/lib/landfall/app"
SITE = "usr/local/lib/python3.13/dist-packages"
FOLDERS = ("bootcfg", "data", "run", "tmp", "dev", "proc", "sys")
SCRUBBED = (
    "var/cache/apt", "var/lib/apt", "var/log", "var/cache/debconf", "var/lib/dbus/machine-id", "etc/apt",
    "usr/share/bash-completion", "usr/share/info", "usr/share/zsh", "usr/share/lintian", "boot", "etc/.pwd.lock",
    "etc/passwd-", "etc/group-", "etc/shadow-", "etc/gshadow-", "var/lib/systemd/random-seed",
    "etc/machine-id", "etc/hostname", "etc/resolv.conf", "var/cache/ldconfig/aux-cache",
)  # fmt: skip
TEXTS = {
    "etc/machine-id": "",  # empty: another one at each start, in memory
    "etc/hostname": "landfall\n",
    "etc/hosts": "127.0.0.1 localhost\n127.0.1.1 landfall\n::1 localhost ip6-localhost\n",
}
LINKS = {
    "etc/resolv.conf": "../run/systemd/resolve/stub-resolv.conf",
    "etc/systemd/system/default.target": "/usr/lib/systemd/system/multi-user.target",
    "etc/localtime": "/usr/share/zoneinfo/Etc/UTC",
}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a tree is made of. `base`: the packages as a tar archive; `site`: the wheels, laid out; `beside`: kernel,
    busybox and firmware, unpacked together."""

    base: Path
    site: Path
    beside: Path
    release: str
    locked: tuple[Package, ...]
    extra: tuple[Package, ...]
    version: str
    own: Path | None = None  # headquarters' own files, laid last


def packages() -> tuple[str, ...]:
    """Of all layers."""
    return tuple(name for layer in ORDER for name in _list(layer, "packages"))


def _list(layer: str, name: str) -> tuple[str, ...]:
    path = LAYERS / layer / name
    return read_list(path.read_text(encoding="utf-8")) if path.is_file() else ()


def make(tree: Path, parts: Parts) -> None:
    """Raises `ImageError`."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True, mode=0o755)
    run(["tar", "--extract", "--numeric-owner", "--xattrs", "--file", str(parts.base), "--directory", str(tree)])
    status = (tree / "var/lib/dpkg/status").read_text(encoding="utf-8")
    _scrub(tree)
    for layer in ORDER:
        _lay(LAYERS / layer / "files", tree)
    if parts.own is not None:
        _lay(parts.own, tree)
    shutil.copytree(parts.site, tree / SITE, dirs_exist_ok=True)
    _lay_app(tree / APP)
    _lay_modules(tree, parts)
    _write(tree, parts)
    _settle(tree)
    found = [*sbom.debian(status, {one.name: one for one in parts.locked}), *sbom.beside(parts.extra)]
    found += [*sbom.python(parts.site), *sbom.models(tree / APP / "appliance" / "vision" / "models")]
    place = tree / sbom.PLACE
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(sbom.document("landfall", parts.version, "2026-09-21T14:13:20Z", found), encoding="utf-8")
    _still(tree)


def _scrub(tree: Path) -> None:
    """What a build leaves and a board has no use for."""
    for name in SCRUBBED:
        path = tree / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
            if name.startswith("var/"):
                path.mkdir()
        else:
            path.unlink(missing_ok=True)


def _lay(files: Path, tree: Path) -> None:
    """Folders 0755, programs 0755, the rest 0644, all root's, whatever they are on this machine."""
    for path in sorted(files.rglob("*")):
        place = tree / path.relative_to(files)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True, mode=0o755)
        else:
            place.unlink(missing_ok=True)
            place.write_bytes(path.read_bytes())
            place.chmod(0o755 if os.access(path, os.X_OK) else 0o644)


def app_files(root: Path = ROOT) -> list[Path]:
    """What a board runs of this repository, its nets included."""
    build_side, board = root / "provisioning" / "image", root / "provisioning" / "image" / "board"
    found = [path for room in ROOMS for path in (root / room).rglob("*") if path.is_file()]
    wanted = [path for path in found if "__pycache__" not in path.parts and path.suffix != ".pyc"]
    return sorted(
        p for p in wanted if build_side not in p.parents or board in p.parents or p == build_side / "__init__.py"
    )


def _lay_app(place: Path) -> None:
    for path in app_files():
        target = place / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
        target.chmod(0o644)


def _lay_modules(tree: Path, parts: Parts) -> None:
    modules = tree / "usr/lib/modules" / parts.release
    shutil.copytree(parts.beside / "usr/lib/modules" / parts.release, modules, symlinks=True)
    for name in ("build", "source"):
        (modules / name).unlink(missing_ok=True)
    leave_out(modules / "kernel", _list("board", "modules-left-out"), _list("board", "modules-kept"))
    run(["depmod", "--basedir", str(tree / "usr"), parts.release])


def leave_out(kernel: Path, folders: Sequence[str], kept: Sequence[str]) -> None:
    """Drivers in these folders but those that are kept. Raises FileNotFoundError for one of these that is not there."""
    stays = {kernel / name for name in kept}
    for path in stays:
        path.stat()
    for path in (path for name in folders for path in sorted((kernel / name).rglob("*"))):
        if path.is_file() and path not in stays:
            path.unlink()


def _write(tree: Path, parts: Parts) -> None:
    for name, text in TEXTS.items():
        (tree / name).write_text(text, encoding="utf-8")
    for name, target in LINKS.items():
        (tree / name).unlink(missing_ok=True)
        (tree / name).symlink_to(target)
    for name in FOLDERS:
        (tree / name).mkdir(exist_ok=True, mode=0o755)
    units = tree / "etc/systemd/system"
    for name in _list("base", "masked"):
        (units / name).unlink(missing_ok=True)
        (units / name).symlink_to("/dev/null")
    release = tree / "etc/landfall/release"
    release.parent.mkdir(exist_ok=True)
    release.write_text(f"VERSION={parts.version}\n", encoding="utf-8")


def _settle(tree: Path) -> None:
    """Users, units that start by themselves, and Python's own form of our files: a read-only root can not keep one."""
    still = {**os.environ, **REPRODUCIBLE}
    run(["chroot", str(tree), "systemd-sysusers"], environment=still)  # this machine's may be too old to read them
    run(["systemctl", f"--root={tree}", "preset-all"], environment=still)
    words = ["python3", "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash", "-o", "0"]
    run(["chroot", str(tree), *words, f"/{APP}"], environment=still)


def _still(tree: Path) -> None:
    """No file is younger than the image, whenever it was built."""
    for path in _everything(tree):
        then = min(int(path.lstat().st_mtime), EPOCH)
        os.utime(path, (then, then), follow_symlinks=False)


def _everything(tree: Path) -> Iterable[Path]:
    for folder, names, files in os.walk(tree, topdown=False):
        yield from (Path(folder) / name for name in (*names, *files))
    yield tree


def boot_files(parts: Parts, work: Path, initrd: bytes) -> dict[str, Path]:
    """What lies in a boot slot, by its name there."""
    work.mkdir(parents=True, exist_ok=True)
    (work / "initrd").write_bytes(initrd)
    firmware = parts.beside / "usr/lib/raspi-firmware"
    trees = parts.beside / f"usr/lib/linux-image-{parts.release}" / "broadcom"
    found = {"initrd": work / "initrd", "vmlinuz": parts.beside / "boot" / f"vmlinuz-{parts.release}"}
    found |= {path.name: path for path in sorted((LAYERS / "board" / "boot").iterdir())}
    found |= {path.name: path for path in _flat(firmware, ("*.bin", "*.dat", "*.elf"))}
    found |= {path.name: path for path in sorted(trees.glob("bcm2[78]*.dtb"))}
    return found | {f"overlays/{path.name}": path for path in overlays(work)}


def overlays(work: Path) -> list[Path]:
    """What a kiosk has on its pins, as the firmware lays it over the board's tree: compiled. Raises `ImageError`."""
    made = [work / f"{source.stem}.dtbo" for source in sorted((LAYERS / "board" / "overlays").glob("*.dts"))]
    for path in made:
        source = LAYERS / "board" / "overlays" / f"{path.stem}.dts"
        run(["dtc", "-q", "-I", "dts", "-O", "dtb", "-o", str(path), str(source)])
    return made


def _flat(folder: Path, patterns: Sequence[str]) -> list[Path]:
    return sorted(path for pattern in patterns for path in folder.glob(pattern))
