"""Durable files: whole or as before, private, and synced in the right order."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from appliance import durable


def test_a_file_is_replaced_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    durable.write(path, b"one")
    durable.write(path, b"two")
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_the_bytes_are_synced_before_the_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def noted_fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        fsync(handle)

    def noted_replace(self: Path, target: Path) -> Path:
        steps.append("replace")
        return replace(self, target)

    monkeypatch.setattr(os, "fsync", noted_fsync)
    monkeypatch.setattr(Path, "replace", noted_replace)
    durable.write(tmp_path / "file", b"one")
    assert steps == ["file", "replace", "folder"]


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_failing_disk_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "file"
    durable.write(path, b"one")

    def broken(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os if fails == "fsync" else Path, fails, broken)
    with pytest.raises(OSError, match="Input/output"):
        durable.write(path, b"two")
    assert [(p.name, p.read_bytes()) for p in tmp_path.iterdir()] == [("file", b"one")]


def test_removing_what_is_not_there_is_no_fault(tmp_path: Path) -> None:
    durable.write(tmp_path / "file", b"one")
    durable.remove([tmp_path / "file", tmp_path / "other"])
    assert list(tmp_path.iterdir()) == []
