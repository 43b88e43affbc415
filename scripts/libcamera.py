"""Makes libcamera with its virtual camera, and picamera2 above it, for this Python: once, under .cache/picamera.

    python -m scripts.libcamera

Debian builds libcamera without the virtual camera, so Debian's own source is built here, from the archive that this
machine's apt knows, held to one digest. picamera2 is PyPI's, unmodified. Nothing of it is installed on the machine.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "picamera.txt"
SHIM = ROOT / "tests" / "drivers" / "virtual_camera" / "buffers.c"
CACHE = ROOT / ".cache" / "picamera"

SOURCE = "pool/main/libc/libcamera/libcamera_0.7.2.orig.tar.gz"
SHA256 = "e27f5670fe9443eebc8e2f24235cd20b533324ef481a3684d34c78f1c3a12afb"
APT_HELPER = "/usr/lib/apt/apt-helper"
OPTIONS = (
    "-Dpipelines=virtual",
    "-Dipas=",
    "-Dpycamera=enabled",
    *(f"-D{part}=disabled" for part in ("cam", "qcam", "gstreamer", "v4l2", "documentation", "lc-compliance")),
    *(f"-D{part}=disabled" for part in ("tracing", "rpi-awb-nn")),
    "-Dtest=false",
    "-Dwerror=false",
    "--buildtype=release",
    "--wrap-mode=nodownload",
    "--libdir=lib",
)
NEEDED = {
    "g++": "g++",
    "pkg-config": "pkg-config",
    APT_HELPER: "apt",
    "/usr/include/yaml.h": "libyaml-dev",
    "/usr/include/libudev.h": "libudev-dev",
    "/usr/include/libyuv.h": "libyuv-dev",
    "/usr/include/event2/event.h": "libevent-dev",
    "/usr/include/gnutls/gnutls.h": "libgnutls28-dev",
    "/usr/include/jpeglib.h": "libjpeg-dev",
    "/usr/include/sys/capability.h": "libcap-dev",
}
"""A program or file, and Debian's package that has it."""
BUILD_LIMIT_S = 3600


class CannotBuild(Exception):
    """libcamera cannot be made here; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A picamera2 that has a virtual camera. `built_in_s` is 0 when it was there already."""

    python: Path  # the interpreter of its environment
    prefix: Path  # where libcamera is installed
    shim: Path  # to be loaded before all else where the kernel has no memory for cameras
    built_in_s: float

    @property
    def pipeline(self) -> Path:
        """The file, to be written by who uses it, that describes the virtual cameras."""
        return self.prefix / "share" / "libcamera" / "pipeline" / "virtual" / "virtual.yaml"

    def environment(self) -> dict[str, str]:
        """What a process needs to find it."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        told = {
            "LD_LIBRARY_PATH": str(self.prefix / "lib"),
            "PYTHONPATH": str(self.prefix / "lib" / version / "site-packages"),
            "LIBCAMERA_LOG_LEVELS": "*:ERROR",
        }
        has_memory = any(Path(name).exists() for name in ("/dev/udmabuf", "/dev/dma_heap"))
        return told if has_memory else {**told, "LD_PRELOAD": str(self.shim)}


def missing() -> list[str]:
    """Debian's packages that a build wants and this machine lacks."""
    return sorted({package for what, package in NEEDED.items() if not _is_there(what)})


def _is_there(what: str) -> bool:
    if not what.startswith("/usr/include/"):
        return shutil.which(what) is not None
    name = what.removeprefix("/usr/include/")
    return any((root / name).exists() for root in (Path("/usr/include"), *Path("/usr/include").glob("*-linux-gnu")))


def stack(cache: Path = CACHE) -> Stack:
    """The whole of it, made where it is not there yet. Raises `CannotBuild`."""
    began_s = time.monotonic()
    inputs = (LOCK.read_bytes(), SHIM.read_bytes(), SHA256.encode(), " ".join(OPTIONS).encode(), sys.version.encode())
    digest = hashlib.sha256(b"\0".join(inputs)).hexdigest()[:12]
    folder = cache / digest
    made = Stack(folder / "env" / "bin" / "python", folder / "prefix", folder / "buffers.so", 0.0)
    if (folder / "done").exists():
        return made
    if lacking := missing():
        raise CannotBuild(f"Debian packages are missing: {', '.join(lacking)}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        _make(made, folder, _source(cache))
    except (subprocess.SubprocessError, OSError) as error:
        raise CannotBuild(_last_words(error)) from error
    (folder / "done").touch()
    return Stack(made.python, made.prefix, made.shim, time.monotonic() - began_s)


def _make(made: Stack, folder: Path, archive: Path) -> None:
    _environment(made.python.parent.parent)
    _run(["gcc", "-shared", "-fPIC", "-O2", "-Wall", "-Werror", "-o", str(made.shim), str(SHIM), "-ldl"])
    (folder / "source").mkdir()
    _run(["tar", "-xf", str(archive), "-C", str(folder / "source")])
    (source,) = (folder / "source").iterdir()
    build = folder / "build"
    path = f"{made.python.parent}{os.pathsep}{os.environ['PATH']}"  # its meson, its pybind11, its Python
    meson = str(made.python.parent / "meson")
    _run([meson, "setup", str(build), str(source), f"--prefix={made.prefix}", *OPTIONS], PATH=path)
    _run(["nice", "-n", "10", str(made.python.parent / "ninja"), "-j1", "-C", str(build), "install"], PATH=path)
    shutil.rmtree(folder / "source")
    shutil.rmtree(build)


def _environment(where: Path) -> None:
    if uv := shutil.which("uv"):
        _run([uv, "venv", "-q", "--python", sys.executable, str(where)])
        _run([uv, "pip", "install", "-q", "--python", str(where), "--require-hashes", "-r", str(LOCK)])
        return
    _run([sys.executable, "-m", "venv", str(where)])
    _run([str(where / "bin" / "python"), "-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCK)])


def _source(cache: Path) -> Path:
    """The source as Debian has it, held to its digest. Raises `CannotBuild`."""
    path = cache / Path(SOURCE).name
    if path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == SHA256:
        return path
    for site in archives():
        command = [APT_HELPER, "download-file", f"{site}{SOURCE}", str(path), f"SHA256:{SHA256}"]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return path
    raise CannotBuild(f"no archive of this machine's apt has {SOURCE} any more; put that very file into {cache}")


def archives() -> tuple[str, ...]:
    """The addresses of Debian's archive as this machine's apt sources name them, each with a slash at its end."""
    command = ["apt-get", "indextargets", "--format", "$(ORIGIN)|$(REPO_URI)", "Created-By: Packages"]
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    rows = dict.fromkeys(row.removeprefix("Debian|") for row in told.splitlines() if row.startswith("Debian|"))
    return tuple(rows)


def _run(command: list[str], **environment: str) -> None:
    subprocess.run(
        command,
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BUILD_LIMIT_S,
        env={**os.environ, **environment},
    )


def _last_words(error: Exception) -> str:
    said = str(getattr(error, "stdout", "") or "").strip().splitlines()[-6:]
    return "\n  ".join([str(error), *said])


def main() -> int:
    try:
        made = stack()
    except CannotBuild as error:
        print(f"libcamera: {error}", file=sys.stderr)
        return 1
    told = f"built in {made.built_in_s:.0f} s" if made.built_in_s else "was there"
    print(f"libcamera: {told}, {made.prefix} on {platform.machine()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
