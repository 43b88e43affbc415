"""A kiosk with a signed bundle of passive models: the board names it, and every traveller is judged with it.

The nets are tiny ones that call everything green bona fide; with LANDFALL_PASSIVE_BUNDLE those of a real bundle,
signed anew for this harbour.
"""

from __future__ import annotations

import os
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from appliance.vision.pad_bundle import CARD, SIGNATURE
from central.files import read_private
from tests.journeys.conftest import PASSIVE
from tests.journeys.harness import Harbour
from tests.journeys.stand import Stand
from tests.vision.test_face_pad import HEAD, MODEL
from tests.vision.tiny_nets import mean_colour_net, sha256
from training.passive_pad.bundle import sign

REAL = os.environ.get("LANDFALL_PASSIVE_BUNDLE", "")


def tiny(folder: Path) -> None:
    """One net; its live class grows with the green of the picture."""
    weights = np.zeros((3, 3), np.float32)
    weights[1, 1] = 0.1
    net = mean_colour_net(80, weights, np.array([0, 0, -50], np.float32))
    folder.mkdir(parents=True)
    (folder / "tiny.tflite").write_bytes(net)
    (folder / CARD).write_text(HEAD + MODEL.format(name="tiny", sha256=sha256(net), scale=2.7, live=1), "utf-8")


@pytest.fixture(scope="module")
def watched(harbour: Harbour) -> Iterator[Stand]:
    folder = harbour.folder / PASSIVE / "passive-pad"
    shutil.copytree(REAL, folder) if REAL else tiny(folder)
    key = read_private(harbour.port.ca / "centre" / "hq-policy.key")
    (folder / SIGNATURE).write_bytes(sign((folder / CARD).read_bytes(), key))
    stand = harbour.open_kiosk(PASSIVE)
    yield stand
    stand.go_home()


def test_the_board_says_what_each_kiosk_relies_on(watched: Stand, stand: Stand) -> None:
    card = tomllib.loads((watched.place.folder / "passive-pad" / CARD).read_text("utf-8"))
    assert watched.board()["passive_pad"] == f"{card['name']} {card['version']}"
    assert stand.board()["passive_pad"] == ""


def test_a_traveller_is_judged_with_the_bundle(watched: Stand) -> None:
    record = watched.cross("skipper")
    finding = next(one for one in record.checked.findings if one.check == "face_pad")
    measures = {one.name: one.value for one in finding.measures}
    assert finding.reason == "bona_fide" and record.outcome == "cleared"
    assert 0 <= measures["attack_score_median"] <= 0.5
    watched.leave()
