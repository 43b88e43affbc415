"""New nets are judged on the kiosk before they are used: by card, hash, figures and what they see."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from appliance.vision.built_in import NETS, Score, judge, wrongs
from appliance.vision.errors import ModelUnfit
from appliance.vision.model import MODELS, Model, read_card

WINDOWS = 40


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """As it would lie on the shelf."""
    for path in MODELS.iterdir():
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def recarded(bundle: Path, name: str) -> None:
    """The card again says what the file is, as whoever made the file would have written it."""
    card, digest = bundle / f"{name}.toml", hashlib.sha256((bundle / f"{name}.tflite").read_bytes()).hexdigest()
    card.write_text(re.sub(r'sha256 = "\w+"', f'sha256 = "{digest}"', card.read_text()))


def spoilt(bundle: Path, name: str) -> None:
    """Its weights are turned into others, wherever it still loads afterwards: a net that runs and knows nothing."""
    path, card = bundle / f"{name}.tflite", read_card(bundle, name)
    data = path.read_bytes()
    step = len(data) // WINDOWS + 1
    for begin in range(0, len(data), step):
        window = bytes(byte ^ 0xAA for byte in data[begin : begin + step])
        other = data[:begin] + window + data[begin + len(window) :]
        try:
            Model(card, other)
        except ModelUnfit:
            continue
        data = other
    assert data != path.read_bytes()
    path.write_bytes(data)
    recarded(bundle, name)


def test_the_nets_of_this_release_pass(bundle: Path) -> None:
    scores = judge(bundle)
    assert [score.kind for score in scores] == ["characters", "fingers", "heads", "lids", "pairs"]
    assert all(score.passes for score in scores), scores


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("mrz_line", "characters"),
        pytest.param("mrz_locator", "characters", marks=pytest.mark.full),
        ("finger", "fingers"),
        pytest.param("face_comparison", "pairs", marks=pytest.mark.full),
        pytest.param("face_detection_short_range", "heads", marks=pytest.mark.full),
        pytest.param("face_landmark", "pairs", marks=pytest.mark.full),
        pytest.param("iris_landmark", "lids", marks=pytest.mark.full),
    ],
)
def test_a_net_that_lost_what_it_knew_is_named_by_what_it_gets_wrong(bundle: Path, name: str, kind: str) -> None:
    spoilt(bundle, name)
    command = [sys.executable, "-m", "appliance.vision.built_in", str(bundle)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert kind in done.stderr.splitlines()[-1]


def test_a_hash_that_is_not_the_cards_is_named(bundle: Path) -> None:
    path = bundle / "finger.tflite"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00\x01")
    (found,) = wrongs(bundle)
    assert "finger" in found
    assert "its card says" in found


@pytest.mark.parametrize("name", NETS)
def test_a_card_that_is_missing_or_tells_no_figures_is_named(bundle: Path, name: str) -> None:
    card = bundle / f"{name}.toml"
    text = card.read_text()
    card.write_text(text[: text.index("[figures]")])
    (found,) = wrongs(bundle)
    assert f"{name}" in found
    assert "figures" in found
    card.unlink()
    (found,) = wrongs(bundle)
    assert name in found


def test_nothing_asked_or_no_number_never_passes() -> None:
    assert not Score("pairs", 0, 0, 0.0).passes
    assert not Score("pairs", float("nan"), 6, 0.5).passes
