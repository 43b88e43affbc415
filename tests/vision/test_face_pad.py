"""The slot for a passive bundle: nothing runs that is not signed whole, and what runs is fed as its card says."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from appliance.vision import pad_bundle
from appliance.vision.errors import ModelAbsent, ModelTampered, ModelUnfit
from appliance.vision.face_detection import DetectedFace
from appliance.vision.face_pad import around, softmax
from appliance.vision.face_reading import FaceReader
from simulators.faces import Identity, empty_quay, render
from tests.vision.tiny_nets import mean_colour_net, sha256

SIDE = 80
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
HEAD = 'name = "test bundle"\nversion = 3\nfamily = "minifasnet"\n'
MODEL = """
[[model]]
name = "{name}"
file = "{name}.tflite"
sha256 = "{sha256}"
licence = "test"
source = "made by a test: knows colours, no faces"
crop_scale = {scale}
bona_fide_class = {live}
[model.input]
shape = [1, 80, 80, 3]
dtype = "float32"
meaning = "BGR 0..255"
"""
FACE = DetectedFace(280, 190, 80, 100, 0.9, ())


def net(green_weight: float = 0.1, bias: float = -10.0) -> bytes:
    """Three classes; the second (live) grows with the mean of the second channel, green, in 0..255."""
    weights = np.zeros((3, 3), np.float32)
    weights[1, 1] = green_weight
    return mean_colour_net(SIDE, weights, np.array([0, bias, -50], np.float32))


def bundle(
    where: Path,
    nets: dict[str, tuple[bytes, float, int]],
    head: str = HEAD,
    sign: Callable[[bytes], bytes] = KEY.sign,
) -> Path:
    where.mkdir(exist_ok=True)
    card = head
    for name, (data, scale, live) in nets.items():
        (where / f"{name}.tflite").write_bytes(data)
        card += MODEL.format(name=name, sha256=sha256(data), scale=scale, live=live)
    (where / "bundle.toml").write_text(card, "utf-8")
    (where / "bundle.sig").write_bytes(sign(card.encode()))
    return where


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return bundle(tmp_path / "pad", {"near": (net(), 2.7, 1), "far": (net(), 4.0, 1)})


def of_colour(blue: int, green: int, red: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((480, 640, 3), (blue, green, red), np.uint8)


def test_a_signed_bundle_scores_by_its_live_class_and_channel_order(whole: Path) -> None:
    pad = pad_bundle.load(whole, KEY.public_key())
    assert pad.name == "test bundle 3"
    logit = 0.1 * 150 - 10
    expected = 1 - math.exp(logit) / (math.exp(logit) + 1 + math.exp(-50))
    assert pad.attack_score(of_colour(9, 150, 200), FACE) == pytest.approx(expected, abs=1e-5)
    assert pad.attack_score(of_colour(150, 9, 200), FACE) > 0.99  # blue is not green
    assert pad.attack_score(of_colour(0, 255, 0), FACE) < 0.01


def test_the_score_is_the_mean_over_the_nets(tmp_path: Path) -> None:
    sure, unsure = net(0.0, 100.0), net(0.0, -100.0)
    pad = pad_bundle.load(bundle(tmp_path / "pad", {"a": (sure, 2.7, 1), "b": (unsure, 4.0, 1)}), KEY.public_key())
    assert pad.attack_score(of_colour(0, 0, 0), FACE) == pytest.approx(0.5, abs=1e-5)


def test_each_net_sees_the_frame_around_the_face_as_far_as_its_scale_says(tmp_path: Path) -> None:
    frame = of_colour(0, 0, 0)
    left, top, width, height = around(FACE, 2.7, 640, 480)
    frame[top : top + height, left : left + width, 1] = 255
    near = pad_bundle.load(bundle(tmp_path / "near", {"n": (net(), 2.7, 1)}), KEY.public_key())
    far = pad_bundle.load(bundle(tmp_path / "far", {"n": (net(), 4.0, 1)}), KEY.public_key())
    assert near.attack_score(frame, FACE) < 0.001 < far.attack_score(frame, FACE)


@pytest.mark.parametrize("scale", [1.0, 2.7, 4.0, 50.0])
@pytest.mark.parametrize(
    "face", [FACE, DetectedFace(-40, -40, 90, 90, 0.9, ()), DetectedFace(600, 440, 200, 200, 0.9, ())]
)
def test_the_patch_always_lies_inside_the_frame(face: DetectedFace, scale: float) -> None:
    left, top, width, height = around(face, scale, 640, 480)
    assert left >= 0 and left + width <= 640 and top >= 0 and top + height <= 480
    assert width >= 1 and height >= 1


def test_the_patch_is_the_raised_box_scaled_about_its_middle() -> None:
    assert around(FACE, 2.0, 640, 480) == (240, 117, 161, 231)  # both ends counted


def test_an_answer_that_is_no_number_gives_no_number(tmp_path: Path) -> None:
    broken = mean_colour_net(SIDE, np.full((3, 3), np.nan, np.float32), np.zeros(3, np.float32))
    pad = pad_bundle.load(bundle(tmp_path / "pad", {"n": (broken, 2.7, 1)}), KEY.public_key())
    assert math.isnan(pad.attack_score(of_colour(1, 2, 3), FACE))
    assert np.isnan(softmax(np.array([1, np.nan, 2], np.float32))).all()


def test_no_bundle_is_absent(tmp_path: Path) -> None:
    with pytest.raises(ModelAbsent):
        pad_bundle.load(tmp_path / "nowhere", KEY.public_key())


@pytest.mark.parametrize("missing", ["bundle.sig", "far.tflite"])
def test_a_bundle_that_is_not_whole_is_tampered_not_absent(whole: Path, missing: str) -> None:
    (whole / missing).unlink()
    with pytest.raises(ModelTampered):
        pad_bundle.load(whole, KEY.public_key())


def test_a_changed_net_is_tampered(whole: Path) -> None:
    (whole / "near.tflite").write_bytes(net(0.2))
    with pytest.raises(ModelTampered, match="near"):
        pad_bundle.load(whole, KEY.public_key())


def test_a_changed_card_is_tampered_even_when_its_hashes_fit(whole: Path) -> None:
    other = net(0.0, 100.0)
    (whole / "near.tflite").write_bytes(other)
    card = (whole / "bundle.toml").read_text("utf-8").replace(sha256(net()), sha256(other), 1)
    (whole / "bundle.toml").write_text(card, "utf-8")
    with pytest.raises(ModelTampered, match="signature"):
        pad_bundle.load(whole, KEY.public_key())


def test_another_key_is_tampered(whole: Path) -> None:
    with pytest.raises(ModelTampered):
        pad_bundle.load(whole, Ed25519PrivateKey.generate().public_key())


@pytest.mark.parametrize("signature", [b"", b"x" * 63, b"x" * 64, b"x" * 200])
def test_a_signature_of_any_bytes_is_tampered(whole: Path, signature: bytes) -> None:
    (whole / "bundle.sig").write_bytes(signature)
    with pytest.raises(ModelTampered):
        pad_bundle.load(whole, KEY.public_key())


def test_es256_signatures_are_r_and_s_and_only_on_their_curve(tmp_path: Path) -> None:
    key = generate_private_key(SECP256R1())

    def sign(message: bytes) -> bytes:
        r, s = decode_dss_signature(key.sign(message, ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    folder = bundle(tmp_path / "pad", {"n": (net(), 2.7, 1)}, sign=sign)
    assert pad_bundle.load(folder, key.public_key()).name == "test bundle 3"
    with pytest.raises(ModelTampered):
        pad_bundle.load(folder, generate_private_key(SECP256R1()).public_key())
    assert not pad_bundle.verify(b"m", sign(b"other"), key.public_key())
    assert not pad_bundle.verify(b"m", bytes(64), key.public_key())
    assert not pad_bundle.verify(b"m", sign(b"m"), generate_private_key(SECP384R1()).public_key())


@pytest.mark.parametrize(
    "head",
    [
        HEAD.replace("minifasnet", "something else"),
        HEAD.replace('family = "minifasnet"\n', ""),
        HEAD.replace('name = "test bundle"', 'name = ""'),
        HEAD.replace("version = 3\n", ""),
        "not toml [[",
    ],
)
def test_a_signed_card_of_another_kind_is_unfit(tmp_path: Path, head: str) -> None:
    with pytest.raises(ModelUnfit):
        pad_bundle.load(bundle(tmp_path / "pad", {"n": (net(), 2.7, 1)}, head), KEY.public_key())


@pytest.mark.parametrize(("scale", "live"), [(0.5, 1), (math.nan, 1), (2.7, 3), (2.7, -1)])
def test_absurd_crops_and_classes_are_unfit(tmp_path: Path, scale: float, live: int) -> None:
    with pytest.raises(ModelUnfit):
        pad_bundle.load(bundle(tmp_path / "pad", {"n": (net(), scale, live)}), KEY.public_key())


def test_a_bundle_of_no_nets_is_unfit(tmp_path: Path) -> None:
    with pytest.raises(ModelUnfit):
        pad_bundle.load(bundle(tmp_path / "pad", {}, HEAD + "model = []\n"), KEY.public_key())


def test_with_a_bundle_each_reading_carries_a_score_and_without_one_it_says_so(whole: Path, reader: FaceReader) -> None:
    scored = FaceReader.load(passive=pad_bundle.load(whole, KEY.public_key()))
    assert scored.has_passive and not reader.has_passive
    frame = render(Identity.of(1))
    score = scored.read(frame).attack_score
    assert score is not None and 0 <= score <= 1
    assert reader.read(frame).attack_score is None
    assert scored.read(empty_quay()).attack_score is None
