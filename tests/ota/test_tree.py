"""An app bundle unpacked: all of it or none of it, and nothing outside its own folder."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from ota.disk import RealDisk
from ota.refusals import Refused
from ota.tree import pack, place, unpack


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in members.items():
            bundle.writestr(zipfile.ZipInfo(name), content)
    return path


def test_what_is_packed_comes_out(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "deep").mkdir(parents=True)
    (source / "a.py").write_text("a")
    (source / "deep" / "b").write_bytes(bytes(100_000))
    paths = [path for path in source.rglob("*") if path.is_file()]
    pack(source, paths, tmp_path / "one.zip")
    pack(source, list(reversed(paths)), tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    tree = unpack(RealDisk(), tmp_path / "one.zip", tmp_path, "ab")
    assert tree == place(tmp_path, "ab")
    assert {p.relative_to(tree).as_posix() for p in tree.rglob("*") if p.is_file()} == {"a.py", "deep/b"}
    assert unpack(RealDisk(), tmp_path / "no such file", tmp_path, "ab") == tree


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "a\\..\\x"])
def test_a_place_outside_is_refused(tmp_path: Path, name: str) -> None:
    bundle = archive(tmp_path / "bundle", {"fine": b"", name: b"x"})
    with pytest.raises(Refused, match="outside itself"):
        unpack(RealDisk(), bundle, tmp_path, "ab")
    assert not place(tmp_path, "ab").exists()


@pytest.mark.parametrize("cut", [0, 10, 60, 200])
def test_a_broken_archive_is_refused(tmp_path: Path, cut: int) -> None:
    whole = archive(tmp_path / "bundle", {"a": bytes(range(256)) * 40, "b": b"b" * 9000}).read_bytes()
    (tmp_path / "bundle").write_bytes(whole[:cut] + whole[cut + 30 :])
    with pytest.raises(Refused):
        unpack(RealDisk(), tmp_path / "bundle", tmp_path, "ab")
    assert not place(tmp_path, "ab").exists()


def test_a_bomb_is_refused_by_its_own_list(tmp_path: Path) -> None:
    raw = io.BytesIO(archive(tmp_path / "bundle", {"a": b"a"}).read_bytes())
    data = raw.getvalue()
    at = data.rindex(b"PK\x01\x02") + 24  # uncompressed size in the central directory
    (tmp_path / "bundle").write_bytes(data[:at] + (1 << 31).to_bytes(4, "little") + data[at + 4 :])
    with pytest.raises(Refused, match="more than a bundle may"):
        unpack(RealDisk(), tmp_path / "bundle", tmp_path, "ab")


def test_what_an_earlier_try_left_is_thrown_away(tmp_path: Path) -> None:
    left = tmp_path / ".ab.d.new"
    left.mkdir()
    (left / "half").write_text("x")
    tree = unpack(RealDisk(), archive(tmp_path / "bundle", {"a": b"a"}), tmp_path, "ab")
    assert [p.name for p in tree.iterdir()] == ["a"]
