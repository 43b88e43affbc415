"""With a passive bundle three systems are told apart, and the bundle is named by its card's hash."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cv2
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from evaluation.__main__ import main
from simulators.faces import Identity, Pose, render
from tests.vision.test_face_pad import KEY, bundle, net


def test_a_bundle_is_judged_beside_the_turn_rule(tmp_path: Path) -> None:
    folder = bundle(tmp_path / "bundle", {"near": (net(), 2.7, 1)})
    key = tmp_path / "key.pem"
    key.write_bytes(KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    recording = tmp_path / "mine/pad/bona_fide/anna/one"
    recording.mkdir(parents=True)
    for number, yaw in enumerate((0, 1, 12, 26, 27)):
        cv2.imwrite(str(recording / f"{number}.png"), render(Identity.of(2), Pose(yaw_deg=yaw)))
    arguments = ["--parts", "pad", "--bundle", str(folder), "--key", str(key), "--out", str(tmp_path / "out")]
    assert main([str(tmp_path / "mine"), *arguments]) == 0
    told = json.loads((tmp_path / "out/evaluation.json").read_text("utf-8"))
    card = hashlib.sha256((folder / "bundle.toml").read_bytes()).hexdigest()
    assert told["conditions"]["passive_bundle"].endswith(f"card sha256 {card}")
    systems = told["data"][0]["parts"]["pad"]["systems"]
    assert {"turn", "passive"} < systems.keys()
    assert systems["turn"]["bona_fide"]["error"]["n"] == systems["passive"]["bona_fide"]["error"]["n"] == 1
    assert "Passive scores" in (tmp_path / "out/evaluation.html").read_text("utf-8")
