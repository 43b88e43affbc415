"""Finger quality: scores against a reference, by sensor class, through the product's score and check."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest

from border.rules.default import DEVELOPMENT
from evaluation.finger import judge, load, section
from evaluation.layout import Print
from evaluation.work import Answer
from simulators.fingers import PITCH_PPI, Condition, impression, master


@pytest.mark.parametrize(("condition", "taken"), [(Condition.GOOD, True), (Condition.EMPTY, False)])
def test_the_products_check_decides(tmp_path: Path, condition: Condition, taken: bool) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), impression(master(101), condition, 1))
    told = judge(load(), DEVELOPMENT, Print("optical", "index", path, PITCH_PPI, None))
    assert told["taken"] is taken and told["metric"] == DEVELOPMENT.finger.metric


def answered(count: int, sensor_class: str, *, referenced: bool) -> list[tuple[Print, Answer]]:
    rows = []
    for number in range(count):
        reference = float(number) if referenced else None
        told = {
            "score": 2.0 * number,
            "value": 2.0 * number,
            "metric": "m-1",
            "causes": ["finger_dry"],
            "taken": number > 3,
            "reason": "good",
        }
        rows.append((Print(sensor_class, str(number), Path("a.png"), 500, reference), told))
    return rows


def test_classes_are_never_mixed_and_the_reference_orders() -> None:
    made = section(
        DEVELOPMENT, [*answered(20, "optical", referenced=True), *answered(8, "capacitive", referenced=False)]
    )
    optical, capacitive = made.numbers["optical"], made.numbers["capacitive"]
    assert optical["spearman"]["value"] == pytest.approx(1) and optical["spearman"]["n"] == 20
    assert capacitive["spearman"]["value"] is None and capacitive["taken"]["count"] == 4
    means = [point["mean_reference"] for point in optical["mean_reference_versus_discard"]]
    assert means == sorted(means) and means[0] == 9.5
    assert any("no reference" in note for note in made.notes)
    assert {plot.title for plot in made.plots} >= {"Scores as policy judges them", "Our score and the reference"}
