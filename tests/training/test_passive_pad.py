"""The import of passive models: nothing but the pinned files, and a bundle that the kiosk's slot takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from appliance.vision import pad_bundle
from appliance.vision.errors import ModelTampered
from central.files import private_pem
from tests.vision.tiny_nets import mean_colour_net
from training.passive_pad import bundle, upstream
from training.passive_pad.__main__ import main

KEY = generate_private_key(SECP256R1())


def made(folder: Path) -> str:
    """A bundle of two tiny nets under the names of the real ones."""
    for weights in upstream.ALL:
        net = mean_colour_net(upstream.SIDE, np.zeros((3, 3), np.float32), np.zeros(3, np.float32))
        (folder / f"{weights.name}.tflite").write_bytes(net)
    return bundle.write(folder, [bundle.Net(weights, 12, 1e-6) for weights in upstream.ALL], 3, KEY)


def test_a_written_bundle_is_what_the_slot_takes(tmp_path: Path) -> None:
    assert made(tmp_path) == "minifasnet-pair 3"
    assert pad_bundle.load(tmp_path, KEY.public_key()).name == "minifasnet-pair 3"


def test_a_bundle_signed_for_others_is_refused(tmp_path: Path) -> None:
    made(tmp_path)
    with pytest.raises(ModelTampered):
        pad_bundle.load(tmp_path, generate_private_key(SECP256R1()).public_key())


def test_other_weights_than_the_pinned_are_never_opened(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key, out = tmp_path / "key.pem", tmp_path / "bundle"
    key.write_bytes(private_pem(KEY))
    for weights in upstream.ALL:
        (tmp_path / weights.file).write_bytes(b"not those weights")
    assert main(["import", str(tmp_path), "--key", str(key), "--bundle", str(out)]) == 2
    assert "hashes to" in capsys.readouterr().err and not out.exists()


def test_absent_weights_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(tmp_path), "--key", "none", "--bundle", str(tmp_path / "b")]) == 2
    assert upstream.ALL[0].file in capsys.readouterr().err
