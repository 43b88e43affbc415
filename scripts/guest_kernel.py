"""Debian's own kernel for a guest, unpacked under .cache/guest and never installed; and the modules that it lacks.

    python -m scripts.guest_kernel

The packages come by apt, which checks them. gpio-sim is in the kernel's source but not in Debian's kernel: it is built
here from Debian's source, for that very kernel, without a change to it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "guest"
NEEDED = {"qemu-system-x86_64": "qemu-system-x86", "busybox": "busybox-static"}
NEEDED_TO_MAKE = {"apt-get": "apt", "dpkg-deb": "dpkg", "make": "make", "gcc": "gcc"}
GPIO_SIM = ("drivers/gpio/gpio-sim.c", "drivers/gpio/gpiolib.h", "kernel/irq/irq_sim.c")
MAKEFILE = "obj-m := gpio_sim.o\ngpio_sim-y := gpio-sim.o irq_sim.o\n"
LIMIT_S = 1800


class NoGuest(Exception):
    """No guest can be run here; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One kernel, unpacked below `folder`."""

    folder: Path
    release: str  # as uname says it

    @property
    def image(self) -> Path:
        return self.folder / "boot" / f"vmlinuz-{self.release}"

    def module(self, name: str) -> Path | None:
        """The file of a module, whichever way its name is written; None: it is built in, or not in this kernel."""
        wanted = name.replace("-", "_")
        return next((path for stem, path in self._modules() if stem == wanted), None)

    def with_dependencies(self, names: tuple[str, ...]) -> list[Path]:
        """The files to load, each after those that it needs. Raises `NoGuest` for a name that is nowhere."""
        modules, order = dict(self._modules()), dict[Path, None]()
        builtin = {Path(line).stem.replace("-", "_") for line in self._builtin()}

        def add(name: str) -> None:
            wanted = name.replace("-", "_")
            if wanted in builtin or modules.get(wanted) in order:
                return
            if wanted not in modules:
                raise NoGuest(f"the kernel {self.release} has no module {name}")
            for needed in _needs(modules[wanted]):
                add(needed)
            order[modules[wanted]] = None

        for name in names:
            add(name)
        return list(order)

    def _modules(self) -> Iterator[tuple[str, Path]]:
        for path in (self.folder / "lib" / "modules" / self.release).rglob("*.ko"):
            yield path.stem.replace("-", "_"), path

    def _builtin(self) -> list[str]:
        return (self.folder / "lib" / "modules" / self.release / "modules.builtin").read_text().splitlines()


def _needs(module: Path) -> list[str]:
    """What a module says in its own file that it depends on."""
    found = re.search(rb"\0depends=([^\0]*)\0", b"\0" + module.read_bytes())
    return [name for name in (found[1].decode().split(",") if found else []) if name]


def missing(programs: dict[str, str]) -> list[str]:
    """Debian's packages that this machine lacks."""
    return sorted(package for program, package in programs.items() if shutil.which(program) is None)


def kernel(cache: Path = CACHE) -> Kernel:
    """The kernel that is here, else the one that apt offers now. Raises `NoGuest`."""
    if lacking := missing(NEEDED):
        raise NoGuest(f"Debian packages are missing: {', '.join(lacking)}")
    for done in sorted(cache.glob("*/done"), reverse=True):
        return Kernel(done.parent, done.parent.name)
    if lacking := missing(NEEDED_TO_MAKE):
        raise NoGuest(f"Debian packages are missing: {', '.join(lacking)}")
    release = _offered()
    folder = cache / release
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _fetch(folder, release)
        _build_gpio_sim(Kernel(folder, release))
    except (subprocess.SubprocessError, OSError, tarfile.TarError) as error:
        said = str(getattr(error, "stdout", "") or "").strip().splitlines()[-6:]
        raise NoGuest("\n  ".join([str(error), *said])) from error
    (folder / "done").touch()
    return Kernel(folder, release)


def _offered() -> str:
    """What Debian's newest kernel for this machine calls itself. Raises `NoGuest`."""
    told = subprocess.run(["apt-cache", "depends", "linux-image-amd64"], capture_output=True, text=True, check=False)
    found = re.search(r"Depends: linux-image-(\S+)", told.stdout)
    if found is None:
        raise NoGuest("apt knows no linux-image-amd64; run apt-get update")
    return found[1]


def _fetch(folder: Path, release: str) -> None:
    series = ".".join(release.split(".")[:2])
    image, source = f"linux-image-{release}", f"linux-source-{series}"
    common = release.replace("-amd64", "-common")
    packages = [image, f"linux-headers-{release}", f"linux-headers-{common}", f"linux-kbuild-{series}", source]
    debs = folder / "debs"
    debs.mkdir()
    run(["apt-get", "-q", "download", *packages], cwd=debs)
    for deb in sorted(debs.glob("*.deb")):
        run(["dpkg-deb", "-x", str(deb), str(folder)], cwd=folder)
    for packed in folder.rglob("*.ko.xz"):
        run(["xz", "-d", str(packed)], cwd=folder)
    shutil.rmtree(debs)


def _build_gpio_sim(kernel: Kernel) -> None:
    """The module, beside the kernel's own. Two edits, outside the source of gpio-sim itself: a function that modules
    may not call gets its public name, and Debian's makefile finds its other half here."""
    build = kernel.folder / "gpio-sim"
    build.mkdir()
    (archive,) = (kernel.folder / "usr" / "src").glob("linux-source-*.tar.xz")
    _extract(archive, build)
    interrupts = build / "irq_sim.c"
    interrupts.write_text(interrupts.read_text().replace("handle_simple_irq(irq_to_desc(", "generic_handle_irq(("))
    (build / "Makefile").write_text(MAKEFILE)
    headers = kernel.folder / "usr" / "src" / f"linux-headers-{kernel.release}"
    makefile = headers / "Makefile"
    makefile.write_text(makefile.read_text().replace(" /usr/src/", f" {kernel.folder / 'usr' / 'src'}/"))
    run(["nice", "-n", "10", "make", "-C", str(headers), f"M={build}", "modules"], cwd=build)
    shutil.copy(build / "gpio_sim.ko", kernel.folder / "lib" / "modules" / kernel.release)
    archive.unlink()


def _extract(archive: Path, into: Path) -> None:
    with tarfile.open(archive, mode="r|xz") as packed:
        for member in packed:
            name = member.name.partition("/")[2]
            if name in GPIO_SIM:
                found = packed.extractfile(member)
                assert found is not None, "a regular file"
                (into / Path(name).name).write_bytes(found.read())


def run(command: list[str], *, cwd: Path) -> None:
    subprocess.run(
        command, cwd=cwd, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LIMIT_S,
        env={**os.environ, "LC_ALL": "C"},
    )  # fmt: skip


def main() -> int:
    try:
        made = kernel()
    except NoGuest as error:
        print(f"guest: {error}", file=sys.stderr)
        return 1
    print(f"guest: {made.release} in {made.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
