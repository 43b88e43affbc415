"""Programs that the image's tests call: missing ones skip a test here and fail it in CI."""

from __future__ import annotations

import os
import shutil
import subprocess

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
