"""A model runs only when its bytes are those its card speaks of."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from appliance.vision.errors import ALL, ModelAbsent, ModelError, ModelTampered, ModelUnfit
from appliance.vision.model import MODELS, Floats, Model, ModelCard, checked_file, read_card
from tests.vision.tiny_nets import mean_colour_net, quantised_identity_net, sha256

ROOT = Path(__file__).parents[2]
CARD = """
name = "tiny"
file = "tiny.tflite"
sha256 = "{sha256}"
licence = "Apache-2.0"
source = "made by a test"
[input]
shape = {shape}
dtype = "{dtype}"
meaning = "anything"
[figures]
invoke_ms = 0.1
"""


def folder_with(where: Path, data: bytes, shape: str = "[1, 4, 4, 3]", dtype: str = "float32") -> Path:
    (where / "tiny.tflite").write_bytes(data)
    (where / "tiny.toml").write_text(CARD.format(sha256=sha256(data), shape=shape, dtype=dtype), "utf-8")
    return where


@pytest.fixture
def net() -> bytes:
    return mean_colour_net(4, np.eye(3, dtype=np.float32), np.array([0, 10, 0], np.float32))


def test_a_model_whose_hash_matches_runs(tmp_path: Path, net: bytes) -> None:
    model = Model.load("tiny", folder_with(tmp_path, net))
    values = np.broadcast_to(np.array([1, 2, 3], np.float32), (1, 4, 4, 3))
    assert model.run(values)[0].tolist() == [[1, 12, 3]]
    assert model.run_by_size(values)[3].tolist() == [1, 12, 3]


def test_answers_are_copies_that_the_next_run_leaves_alone(tmp_path: Path, net: bytes) -> None:
    model = Model.load("tiny", folder_with(tmp_path, net))
    first = model.run(np.zeros((1, 4, 4, 3), np.float32))[0]
    model.run(np.full((1, 4, 4, 3), 9, np.float32))
    assert first.tolist() == [[0, 10, 0]]


def test_one_changed_byte_refuses_to_start(tmp_path: Path, net: bytes) -> None:
    folder = folder_with(tmp_path, net)
    data = bytearray(net)
    data[-20] ^= 1
    (folder / "tiny.tflite").write_bytes(data)
    with pytest.raises(ModelTampered, match="MOD-TAMPERED tiny"):
        Model.load("tiny", folder)


def test_a_file_that_takes_the_name_later_is_not_what_runs(tmp_path: Path, net: bytes) -> None:
    folder = folder_with(tmp_path, net)
    model = Model.load("tiny", folder)
    (folder / "other").write_bytes(b"\0" * len(net))
    (folder / "other").replace(folder / "tiny.tflite")
    assert model.run(np.zeros((1, 4, 4, 3), np.float32))[0].tolist() == [[0, 10, 0]]


def test_the_file_that_was_checked_is_the_one_that_is_opened(tmp_path: Path, net: bytes) -> None:
    folder = folder_with(tmp_path, net)
    with checked_file(folder, read_card(folder, "tiny")) as file:
        (folder / "other").write_bytes(b"\0" * len(net))
        (folder / "other").replace(folder / "tiny.tflite")
        assert file.read_bytes() == net


def test_weights_are_mapped_and_not_copied(tmp_path: Path, net: bytes) -> None:
    model = Model.load("tiny", folder_with(tmp_path, net))
    mapped = [line for line in Path("/proc/self/maps").read_text("utf-8").splitlines() if str(tmp_path) in line]
    assert len(mapped) == 1 and model.run(np.zeros((1, 4, 4, 3), np.float32))


def test_a_missing_file_is_absent_and_the_message_names_the_next_step(tmp_path: Path, net: bytes) -> None:
    (folder_with(tmp_path, net) / "tiny.tflite").unlink()
    with pytest.raises(ModelAbsent, match=r"scripts/models\.py"):
        Model.load("tiny", tmp_path)


def test_a_missing_card_is_absent(tmp_path: Path) -> None:
    with pytest.raises(ModelAbsent):
        Model.load("tiny", tmp_path)


@pytest.mark.parametrize("text", ["not toml [", 'name = "tiny"', "\x00", 'input = 3\nname = "x"'])
def test_a_malformed_card_is_unfit(tmp_path: Path, text: str) -> None:
    (tmp_path / "tiny.toml").write_text(text, "utf-8")
    with pytest.raises(ModelUnfit):
        read_card(tmp_path, "tiny")


@pytest.mark.parametrize("data", [b"", b"TFL3", b"no net at all" * 100])
def test_bytes_that_are_no_net_are_unfit_even_with_the_right_hash(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(ModelUnfit):
        Model.load("tiny", folder_with(tmp_path, data))


@pytest.mark.parametrize(("shape", "dtype"), [("[1, 8, 8, 3]", "float32"), ("[1, 4, 4, 3]", "uint8")])
def test_a_net_of_another_input_than_its_card_is_unfit(tmp_path: Path, net: bytes, shape: str, dtype: str) -> None:
    with pytest.raises(ModelUnfit, match="its card"):
        Model.load("tiny", folder_with(tmp_path, net, shape, dtype))


def test_quantised_nets_take_and_give_real_numbers(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, quantised_identity_net(0.5, 3), "[1, 4]", "int8")
    out = Model.load("tiny", folder).run(np.array([[0.0, 1.5, -2.0, 1000.0]], np.float32))[0]
    assert out.tolist() == [[0.0, 1.5, -2.0, (127 - 3) * 0.5]]


@pytest.mark.parametrize("scale", [0.5, 3.0])
def test_levels_with_a_meaning_are_as_their_numbers(tmp_path: Path, scale: float) -> None:
    model = Model.load("tiny", folder_with(tmp_path, quantised_identity_net(scale, 3), "[1, 4]", "int8"))
    levels, meaning = np.array([[0, 7, 128, 255]], np.uint8), np.linspace(-90, 90, 256).astype(np.float32)
    assert model.run_levels(levels, meaning)[0].tolist() == model.run(meaning[levels])[0].tolist()


def test_levels_of_a_picture_take_the_shape_of_a_net_that_reads_floats(tmp_path: Path, net: bytes) -> None:
    model = Model.load("tiny", folder_with(tmp_path, net))
    levels, meaning = np.full((4, 4, 3), 2, np.uint8), (np.arange(256) / 4).astype(np.float32)
    assert model.run_levels(levels, meaning)[0].tolist() == [[0.5, 10.5, 0.5]]


def test_what_is_put_into_a_net_is_what_it_reads(tmp_path: Path, net: bytes) -> None:
    model = Model.load("tiny", folder_with(tmp_path, net))

    def fill(seen: Floats) -> None:
        seen[...] = (1, 0.2, 0)

    for _ in range(2):
        assert model.run_filled(fill)[3].tolist() == pytest.approx([1, 10.2, 0])


def test_floats_are_put_into_no_net_of_bytes(tmp_path: Path) -> None:
    model = Model.load("tiny", folder_with(tmp_path, quantised_identity_net(0.5, 3), "[1, 4]", "int8"))
    with pytest.raises(ModelUnfit, match="float32"):
        model.run_filled(lambda seen: seen.fill(0))


@pytest.mark.parametrize("file", ["../tiny.tflite", "/tiny.tflite", "a/tiny.tflite", "tiny.onnx", ""])
def test_a_card_may_only_name_a_file_beside_itself(file: str) -> None:
    with pytest.raises(ValueError, match=r"bare \.tflite name"):
        ModelCard("tiny", file, "0" * 64, "", "", (1,), "float32", "")


@pytest.mark.parametrize("digest", ["", "0" * 63, "G" * 64, "A" * 64])
def test_a_card_needs_a_whole_hash(digest: str) -> None:
    with pytest.raises(ValueError, match="64 lower-case hex"):
        ModelCard("tiny", "tiny.tflite", digest, "", "", (1,), "float32", "")


def test_every_shipped_card_matches_its_file_and_says_licence_source_and_figures() -> None:
    cards = sorted(MODELS.glob("*.toml"))
    assert {"face_detection_short_range", "face_landmark", "iris_landmark"} <= {card.stem for card in cards}
    for path in cards:
        card = read_card(MODELS, path.stem)
        assert card.name == path.stem and card.licence and card.source and card.figures
        assert hashlib.sha256((MODELS / card.file).read_bytes()).hexdigest() == card.sha256


def test_codes_are_stable_and_distinct() -> None:
    assert [error.code for error in ALL] == ["MOD-ABSENT", "MOD-TAMPERED", "MOD-UNFIT"]
    assert str(ModelAbsent("face_landmark", "no file")) == "MOD-ABSENT face_landmark: no file"
    assert all(issubclass(error, ModelError) for error in ALL)


def test_the_eyes_of_a_release_load_no_certificates() -> None:
    """Hashes suffice for models of the release; what verifies signatures is 9 MB that only a bundle needs."""
    asked = "import appliance.vision.face_reading, sys; print('cryptography' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
