"""Every operator that is read computes what onnxruntime computes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from engine.errors import UnsupportedOperationError
from engine.models.onnx.network import OnnxNetwork
from engine.models.onnx.operations.table import OPERATORS
from engine.models.onnx.reader import read_onnx
from tests.engine.onnx_cases import BATCH, CASES, LINEAR, Case, ints, resized, scalar
from tests.engine.onnx_models import answered, parsed, random, seed_of, written


def network_of(model: onnx.ModelProto, folder: Path) -> OnnxNetwork:
    return OnnxNetwork(read_onnx(written(model, folder)), 4, 12)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_operator_computes_what_onnxruntime_computes(case: Case, tmp_path: Path) -> None:
    model = case.model()
    picture = random((1, 4, 12, 12), seed_of(case.text))
    expected = answered(model, picture)
    with torch.no_grad():
        found = network_of(model, tmp_path)(torch.from_numpy(picture)).numpy()
    assert found.shape == expected.shape
    assert found == pytest.approx(expected, rel=2e-5, abs=2e-5)
    assert float(np.abs(expected).max()) > 0


def test_every_row_of_the_table_has_a_case() -> None:
    tried = {node.op_type for case in CASES for node in case.model().graph.node}
    assert tried == set(OPERATORS)


REFUSED = [
    (Case("r = Det(a)"), "'Det_1' .Det. is an operator"),
    (Case("r = ReduceL2<axes=[1]>(a)"), "ReduceL2"),
    (
        Case("q, i = MaxPool<kernel_shape=[2,2]>(a) j = Cast<to=1>(i) r = Add(q, j)"),
        "uses 'i', a second result",
    ),
    (Case("r = BatchNormalization<training_mode=1>(a, s, b, m, v)", BATCH), "training mode"),
    (Case("r = LRN<size=2>(a)"), "even number"),
    (Case("r = Dropout(a, q, t)", {"q": scalar(0.3), "t": np.array(True)}), "training mode"),
    (
        Case("s = Cast<to=7>(a) q = Flatten<axis=0>(s) z = Squeeze(q) r = Reshape(a, z)"),
        "input 1 from what the image shows",
    ),
    (Case("r = AveragePool<kernel_shape=[2,2], dilations=[2,2]>(a)", opset=19), "dilations"),
    (Case('r = Pad<mode="wrap">(a, q)', {"q": ints(0, 0, 1, 1, 0, 0, 1, 1)}, 19), "mode 'wrap'"),
    (Case('r = Pad<mode="edge">(a, q)', {"q": ints(0, 1, 1, 1, 0, 0, 1, 1)}), "mode 'edge'"),
    (resized('mode="cubic"', (2, 2)), "mode 'cubic'"),
    (resized('mode="linear", antialias=1', (0.5, 0.5), opset=18), "antialias"),
    (resized('mode="linear"', (2, 2), opset=10), "as 'asymmetric'"),
    (resized('mode="nearest"', (0.25, 0.25)), "as 'half_pixel'"),
    (resized(f'{LINEAR}"half_pixel", exclude_outside=1', (2, 2)), "exclude_outside"),
    (resized(f'{LINEAR}"half_pixel_symmetric"', (2, 2), opset=19), "'half_pixel_symmetric'"),
    (resized(f'{LINEAR}"pytorch_half_pixel"', sizes=(1, 8)), "'pytorch_half_pixel'"),
    (Case("r = Resize(a, , k)", {"k": np.array([1, 2, 1, 1], np.float32)}), "resizes the shape"),
    (Case("c = Cast<to=17>(a) r = Cast<to=1>(c)", opset=19), "casts to FLOAT8E4M3FN"),
]  # fmt: skip


@pytest.mark.parametrize(("case", "said"), REFUSED, ids=lambda value: str(value)[:60])
def test_what_has_no_exact_counterpart_is_refused(case: Case, said: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedOperationError, match=said):
        network_of(case.model(), tmp_path)


def test_same_padding_of_a_dilated_convolution(tmp_path: Path) -> None:
    """Which onnxruntime does not compute: the same as the padding written out."""
    weights = {"w": random((6, 4, 3, 3), 1)}
    same = 'c = Conv<auto_pad="SAME_UPPER", dilations=[2,3]>(x, w) y = Flatten<axis=0>(c)'
    written_out = "c = Conv<pads=[2,3,2,3], dilations=[2,3]>(x, w) y = Flatten<axis=0>(c)"
    picture = torch.from_numpy(random((1, 4, 12, 12), 2))
    found, expected = (
        network_of(parsed(text, weights), tmp_path)(picture) for text in (same, written_out)
    )
    assert torch.equal(found, expected)
