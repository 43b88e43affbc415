"""What the face path does in C is built the same from the same source, whole or not at all."""

from __future__ import annotations

import platform
import shutil
import subprocess
from pathlib import Path

import pytest

from appliance.vision.picture import BUILT
from scripts import kernel


def test_it_is_built_where_the_eyes_look_for_it() -> None:
    assert kernel.built(platform.machine()) == BUILT


def test_the_same_source_gives_the_same_bytes(tmp_path: Path) -> None:
    compiler = kernel.compilers(platform.machine())[platform.machine()]
    for name in ("one", "other"):
        kernel.build(compiler, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_compiler_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    into = tmp_path / "cut.so"
    into.write_bytes(b"before")
    with pytest.raises(subprocess.CalledProcessError):
        kernel.build(shutil.which("false") or "false", into)
    assert [path.name for path in tmp_path.iterdir()] == ["cut.so"] and into.read_bytes() == b"before"


def test_what_is_newer_than_its_source_is_not_built_again() -> None:
    assert kernel.main() == 0
    before = BUILT.stat().st_mtime_ns
    assert kernel.main() == 0
    assert BUILT.stat().st_mtime_ns == before
