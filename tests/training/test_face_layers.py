"""dlib's XML becomes the same arithmetic: layers in order, affine ones folded; and how agreement is counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.face_comparison import measure
from training.face_comparison.layers import (
    Add,
    Convolution,
    Keep,
    LayerUnknown,
    Matrix,
    MaxPool,
    MeanPool,
    Recall,
    Relu,
    read,
)

NET = """<net>
<layer idx='0' type='loss'><loss_metric margin='0.04'/></layer>
<layer idx='1' type='comp'><fc_no_bias num_outputs='2'>1 2 3 4 5 6</fc_no_bias></layer>
<layer idx='2' type='comp'><avg_pool nr='0' nc='0' stride_y='1' stride_x='1' padding_y='0' padding_x='0'/></layer>
<layer idx='3' type='comp'><add_prev tag='2'/></layer>
<layer idx='4' type='comp'><avg_pool nr='2' nc='2' stride_y='2' stride_x='2' padding_y='0' padding_x='0'/></layer>
<layer idx='5' type='skip' id='1'/>
<layer idx='6' type='tag' id='2'/>
<layer idx='7' type='comp'><max_pool nr='3' nc='3' stride_y='2' stride_x='2' padding_y='0' padding_x='0'/></layer>
<layer idx='8' type='comp'><relu/></layer>
<layer idx='9' type='comp'><affine_con>10 100 1 2</affine_con></layer>
<layer idx='10' type='comp'><con num_filters='2' nr='1' nc='1' stride_y='1' stride_x='1' padding_y='0' padding_x='0'>
1 2 3 4 5 6 0.5 0.25</con></layer>
<layer idx='11' type='tag' id='1'/>
<layer idx='12' type='input'><input_rgb_image_sized nr='150' nc='150'/></layer>
</net>"""


def written(folder: Path, text: str) -> Path:
    path = folder / "net.xml"
    path.write_text(text)
    return path


def test_layers_come_first_to_last_with_scale_and_shift_folded_in(tmp_path: Path) -> None:
    keep, convolution, *between, matrix = read(written(tmp_path, NET))
    assert keep == Keep(1)
    assert isinstance(convolution, Convolution) and convolution.weight.shape == (2, 3, 1, 1)
    assert convolution.weight.ravel().tolist() == [10, 20, 30, 400, 500, 600]
    assert convolution.bias.tolist() == [0.5 * 10 + 1, 0.25 * 100 + 2]
    assert between == [Relu(), MaxPool(3, 2), Keep(2), Recall(1), MeanPool(2, 2), Add(2), MeanPool(0, 1)]
    assert isinstance(matrix, Matrix) and matrix.weight.tolist() == [[1, 3, 5], [2, 4, 6]]


@pytest.mark.parametrize(
    "layer",
    ["<layer type='comp'><softmax/></layer>", "<layer type='comp'/>", "<layer type='comp'><affine_con/></layer>"],
)
def test_what_is_not_understood_is_not_guessed(tmp_path: Path, layer: str) -> None:
    with pytest.raises(LayerUnknown):
        read(written(tmp_path, f"<net>{layer}</net>"))


def test_agreement_is_of_decisions_on_all_pairs() -> None:
    original = np.array([[0.0], [0.3], [0.62], [2.0]], np.float32)
    ours = np.array([[0.0], [0.3], [0.58], [2.0]], np.float32)
    found = measure.agreement(original, ours)
    assert found.pairs == 6
    assert dict(found.shares) == {0.5: 1.0, 0.55: 1.0, 0.6: pytest.approx(5 / 6)}
    assert (found.close_pairs, found.close_share) == (1, 0.0)
    assert found.greatest_error == pytest.approx(0.04, abs=1e-6)


def test_rates_count_a_distance_that_is_no_number_as_no_match() -> None:
    kinds = measure.Kinds(np.array([0.2, np.nan], np.float32), np.array([0.9, np.nan, 0.5], np.float32))
    assert kinds.rates(0.6) == pytest.approx((0.5, 1 / 3))


def test_pairs_of_unknown_people_are_left_out() -> None:
    kinds = measure.by_person(np.array([[0.0], [0.1], [5.0], [0.0]], np.float32), ["a", "a", "b", ""])
    assert kinds.mated.tolist() == [pytest.approx(0.1)]
    assert len(kinds.non_mated) == 2
