"""Programs that the image's tests call: missing ones skip a test here and fail it in CI."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from provisioning.image.tree import LAYERS, ORDER

UNITS = sorted(
    path for layer in ORDER for path in (LAYERS / layer / "files/usr/lib/systemd/system").glob("*") if path.is_file()
)


def needs(program: str, package: str) -> None:
    if shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is None:
        reason = f"{program} is not installed: apt-get install {package}"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)


def call(*words: str) -> subprocess.CompletedProcess[str]:
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "PATH": path})


MANAGED = """\
#!/bin/bash
for word; do case $word in --tpm2-device=*) chip=${word#*=} ;; esac; done
for kind in -l -s -t; do tpm2_flushcontext -T "$chip" $kind; done > /dev/null 2>&1
exec %s "$@"
"""
"""systemd leaves its session in the chip: on a board the kernel's resource manager takes it out, here nobody does."""


def disk_tools(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    """What makes and opens a data partition, on files and on TPMs that are programs; the folder."""
    needs("cryptsetup", "cryptsetup-bin")
    needs("systemd-cryptenroll", "systemd")
    needs("tpm2_flushcontext", "tpm2-tools")
    managed = folder / "bin" / "systemd-cryptenroll"
    managed.parent.mkdir()
    managed.write_text(MANAGED % shutil.which("systemd-cryptenroll"))
    managed.chmod(0o755)
    patch.setenv("PATH", f"{managed.parent}:{os.environ['PATH']}:/usr/sbin:/sbin")
    patch.setenv("RUNTIME_DIRECTORY", str(folder))
    return folder
