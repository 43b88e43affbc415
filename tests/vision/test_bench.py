"""The vision bench measures every step beside its peer."""

from __future__ import annotations

from appliance.vision.model import Model
from bench.vision import NETS, comparison_steps, finger_steps, frame_steps, medians_ms, net_steps


def test_every_net_has_its_peer_and_every_step_a_figure() -> None:
    models = {name: Model.load(name) for name in NETS}
    report = medians_ms({**net_steps(models), **comparison_steps(), **frame_steps(models), **finger_steps()}, rounds=2)
    assert {f"{name}_net" for name in NETS} | {f"{name}_net opencv-dnn" for name in NETS} <= report.keys()
    assert {"face_comparison_net", "embedding"} <= report.keys()
    assert {"detect", "mesh", "lids", "quality", "sighting", "whole_frame", "finger_quality"} <= report.keys()
    assert all(0 < row["median_ms"] <= row["p95_ms"] for row in report.values())
