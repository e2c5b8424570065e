"""Whole ONNX networks: what they compute, what their layers are called, what is said of them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from engine.checkpoint import LoadedModel, load_model, model_files
from engine.errors import ModelError, UnsupportedOperationError
from tests.engine.onnx_models import (
    Array,
    Writer,
    answered,
    parsed,
    random,
    residual,
    written,
)


def logits_of(model: LoadedModel, picture: Array) -> Array:
    with torch.no_grad():
        found: Array = model.network(torch.from_numpy(picture)).numpy()
    return found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("batch", ["batch", 1])
def test_a_residual_network_computes_what_onnxruntime_computes(
    channels: int, batch: int | str, tmp_path: Path
) -> None:
    model = residual(5, channels, batch)
    loaded = load_model(written(model, tmp_path))
    for seed in range(3):
        picture = random((1, channels, 32, 32), seed)
        assert logits_of(loaded, picture) == pytest.approx(answered(model, picture), abs=1e-4)


def test_several_images_are_each_computed_as_if_alone(tmp_path: Path) -> None:
    model = residual(batch=1)  # the file says one, as exporters write it
    loaded = load_model(written(model, tmp_path))
    pictures = random((3, 1, 32, 32), 1)
    singly = np.concatenate([answered(model, picture[None]) for picture in pictures])
    assert logits_of(loaded, pictures) == pytest.approx(singly, abs=1e-4)


def test_layers_have_the_names_of_the_file_and_shape_arithmetic_is_gone(tmp_path: Path) -> None:
    network = load_model(written(residual(), tmp_path)).network
    names = [name for name, _ in network.named_children()]
    assert names == [
        "stem/Conv", "stem/BatchNormalization", "stem/Relu", "stem/MaxPool",
        "layer1/layer1_0/conv2/Conv", "layer1/layer1_0/conv2/BatchNormalization",
        "layer1/layer1_0/conv2/Relu", "sum1", "layer1/layer1_0/Relu",
        "block2/Conv", "block2/BatchNormalization", "block2/Relu",
        "short/Conv", "short/BatchNormalization", "short/Relu",
        "Add_15", "joined", "pool", "flat", "head",
    ]  # fmt: skip
    assert dict(network.named_modules()).keys() >= set(names)


def test_names_that_are_taken_or_odd_are_made_unique(tmp_path: Path) -> None:
    text = "a = Relu(x) b = Neg(a) c = Relu(b) d = Neg(c) e = Abs(d) y = Flatten<axis=0>(e)"
    model = parsed(text, {})
    expected = answered(model, random((1, 4, 12, 12), 3))
    names = ["same", "same", "forward", "a.b c", "///", "classes"]
    for node, name in zip(model.graph.node, names, strict=True):
        node.name = name
    network = load_model(written(model, tmp_path)).network
    assert [name for name, _ in network.named_children()] == [
        "same", "same_2", "forward_3", "a_b_c", "Abs", "classes_6",
    ]  # fmt: skip
    found = network(torch.from_numpy(random((1, 4, 12, 12), 3))).numpy()
    assert found == pytest.approx(expected)


def test_a_network_is_frozen_in_evaluation_mode_and_moves_between_precisions(
    tmp_path: Path,
) -> None:
    network = load_model(written(residual(), tmp_path)).network
    assert not any(module.training for module in network.modules())
    assert not list(network.parameters())
    weights = dict(network.named_buffers())
    assert weights["stem/Conv.input_1"].shape == (8, 1, 5, 5)
    picture = torch.from_numpy(random((1, 1, 32, 32), 2))
    single = network(picture)
    double = network.double()(picture.double())
    assert double.dtype == torch.float64
    assert torch.allclose(double.float(), single, atol=1e-4)


def test_another_size_of_image_is_refused(tmp_path: Path) -> None:
    network = load_model(written(residual(), tmp_path)).network
    with pytest.raises(ModelError, match=r"read for images \(1, 32, 32\), not \(1, 40, 40\)"):
        network(torch.zeros(1, 1, 40, 40))


@pytest.mark.parametrize(
    ("ending", "output"), [(None, "softmax"), ("Softmax", "softmax"), ("LogSoftmax", "softmax"),
                           ("Sigmoid", "sigmoid")],
)  # fmt: skip
def test_a_last_softmax_or_sigmoid_is_left_out_and_named(
    ending: str | None, output: str, tmp_path: Path
) -> None:
    loaded = load_model(written(residual(ending=ending), tmp_path))
    assert loaded.specification.output == output
    picture = random((1, 1, 32, 32), 4)
    logits = logits_of(loaded, picture)
    assert logits == pytest.approx(answered(residual(), picture), abs=1e-4)


def test_a_softmax_behind_a_reshape_is_left_out_and_one_over_maps_is_not(tmp_path: Path) -> None:
    text = "g = GlobalAveragePool(x) s = Softmax<axis=1>(g) y = Flatten(s)"
    loaded = load_model(written(parsed(text, {}, output=(1, 4)), tmp_path))
    picture = random((1, 4, 12, 12), 5)
    assert logits_of(loaded, picture) == pytest.approx(picture.mean((2, 3)), abs=1e-6)
    kept = parsed("s = Softmax(x) g = GlobalMaxPool(s) y = Flatten(g)", {}, output=(1, 4))
    loaded = load_model(written(kept, tmp_path))
    assert next(loaded.network.named_children())[0].startswith("Softmax")
    assert logits_of(loaded, picture) == pytest.approx(answered(kept, picture), abs=1e-6)


def test_half_precision_is_computed_in_single(tmp_path: Path) -> None:
    text = (
        "h = Cast<to=10>(x) c = Conv(h, w) f = Cast<to=1>(c) g = GlobalAveragePool(f) "
        "y = Flatten(g)"
    )
    model = parsed(text, {"w": random((3, 4, 3, 3), 6).astype(np.float16)}, output=(1, 3))
    loaded = load_model(written(model, tmp_path))
    picture = random((1, 4, 12, 12), 6)
    assert logits_of(loaded, picture) == pytest.approx(answered(model, picture), abs=2e-3)


def test_what_a_bare_file_says_of_itself(tmp_path: Path) -> None:
    model = residual(3)
    facts = load_model(written(model, tmp_path, "chest net.onnx")).specification
    assert (facts.name, facts.architecture, facts.version) == ("chest net", "onnx", "not stated")
    assert facts.classes == ("class 0", "class 1", "class 2")
    assert (facts.input_size, facts.channels, facts.mean, facts.std) == (32, 1, 0.0, 1.0)
    assert (facts.licence, facts.intended_use) == ("not stated", "not stated")
    assert (facts.modalities, facts.exposed_layers) == ((), ())
    assert load_model(tmp_path).specification == facts  # the only model in its folder
    assert model_files(tmp_path / "chest net.onnx") == (tmp_path / "chest net.onnx",)


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("names", "{0: 'hand', 1: \"foot\", 2: 'knee (left)'}"),
        ("Classes", '["hand", "foot", "knee (left)"]'),
        ("labels", '{"2": "knee (left)", "0": "hand", "1": "foot"}'),
        ("class_names", "('hand', 'foot', ' knee\\n(left) ')"),
    ],
)
def test_class_names_are_taken_from_the_metadata(key: str, text: str, tmp_path: Path) -> None:
    model = residual(3)
    helper.set_model_props(model, {"author": "someone", key: text, "license": "MIT"})
    model.model_version = 4
    facts = load_model(written(model, tmp_path)).specification
    assert facts.classes == ("hand", "foot", "knee (left)")
    assert (facts.version, facts.licence) == ("4", "MIT")


@pytest.mark.parametrize(
    "text",
    ["", "hand", '["hand", "foot"]', '["a", "a", "b"]', "{0: 'a', 1: 'b', 5: 'c'}", "[1, 2, 3]",
     "__import__('os').getcwd()", "[" * 50_000, "-" * 50_000 + "1", '["a", "b", ""]',
     "{(): 'a', 1: 'b', 2: 'c'}", "{1: 'a', 1: 'b'"],
)  # fmt: skip
def test_metadata_that_names_no_classes_is_let_be(text: str, tmp_path: Path) -> None:
    model = residual(3)
    helper.set_model_props(model, {"names": text})
    facts = load_model(written(model, tmp_path)).specification
    assert facts.classes == ("class 0", "class 1", "class 2")


def test_an_open_size_is_taken_as_the_usual_one(tmp_path: Path) -> None:
    text = "g = GlobalAveragePool(x) y = Flatten(g)"
    model = parsed(text, {}, image=("n", 2, "h", "w"), output=("n", 2))
    assert load_model(written(model, tmp_path)).specification.input_size == 224


def described(folder: Path, model: onnx.ModelProto, **facts: object) -> Path:
    """A model folder whose ``model.json`` says the facts, with the hash of the file."""
    sha256 = hashlib.sha256(written(model, folder, "model.onnx").read_bytes()).hexdigest()
    fields: dict[str, object] = {
        "name": "net", "version": "1", "architecture": "onnx", "arguments": {},
        "classes": ["hand", "foot", "knee"], "input_size": 32, "mean": 0.4, "std": [0.3],
        "exposed_layers": ["stem/Relu"], "modalities": ["DX"], "intended_use": "tests",
        "licence": "MIT", "weights_sha256": sha256, "body_parts": ["HAND"],
    }  # fmt: skip
    (folder / "model.json").write_text(json.dumps(fields | facts), encoding="utf-8")
    return folder


def test_a_described_network_is_what_its_description_says(tmp_path: Path) -> None:
    loaded = load_model(described(tmp_path, residual(3)))
    facts = loaded.specification
    assert (facts.classes, facts.std, facts.body_parts) == (
        ("hand", "foot", "knee"),
        (0.3,),
        ("HAND",),
    )
    assert facts.exposed_layers == ("stem/Relu",)
    loaded.network.get_submodule("stem/Relu")
    picture = random((1, 1, 32, 32), 7)
    assert logits_of(loaded, picture) == pytest.approx(answered(residual(3), picture), abs=1e-4)


def test_a_network_of_open_size_is_read_at_the_described_size(tmp_path: Path) -> None:
    text = "g = GlobalAveragePool(x) y = Flatten(g)"
    model = parsed(text, {}, image=("n", "c", "h", "w"), output=("n", "c"))
    path = written(model, tmp_path, "model.onnx")
    with pytest.raises(ModelError, match=r"without a model\.json a stated number of channels"):
        load_model(path)
    stated = parsed(text, {}, image=("n", 3, "h", "w"), output=("n", 3))
    described(tmp_path, stated, input_size=60, channels=3)
    assert load_model(tmp_path).network(torch.ones(1, 3, 60, 60)).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"classes": ["hand", "foot"]}, r"model\.onnx: the network has 3 classes, .* names 2"),
        ({"channels": 3}, r"reads images \(None, 1, 32, 32\).*\(1, 3, 32, 32\) was asked"),
        ({"input_size": 40}, r"\(1, 1, 40, 40\) was asked"),
        ({"weights_sha256": "0" * 64}, r"not the ones that model.json describes.*restore"),
        ({"weights_sha256": ""}, r"does not say which weights"),
        ({"output": "sigmoid"}, "ends in a softmax, .* output is a sigmoid"),
        ({"arguments": {"output": "other"}}, r"has the outputs \['ending_out'\]"),
        ({"arguments": {"depth": 3}}, "arguments .* do not fit"),
        ({"arguments": {"output": 3}}, "arguments .* do not fit"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    facts: dict[str, object], said: str, tmp_path: Path
) -> None:
    described(tmp_path, residual(3, ending="Softmax"), **facts)
    with pytest.raises(ModelError, match=said):
        load_model(tmp_path)


def two_headed() -> onnx.ModelProto:
    model = parsed("g = GlobalAveragePool(x) y = Flatten(g) d = Det(x)", {}, output=(1, 4))
    model.graph.output.append(helper.make_tensor_value_info("d", TensorProto.FLOAT, [1, 4]))
    return model


def test_of_several_outputs_one_has_to_be_chosen(tmp_path: Path) -> None:
    path = written(two_headed(), tmp_path)
    with pytest.raises(ModelError, match=r"has the outputs \['y', 'd'\].*arguments"):
        load_model(path)
    facts = {"classes": ["a", "b", "c", "d"], "input_size": 12, "channels": 4}
    chosen = described(tmp_path / "y", two_headed(), arguments={"output": "y"}, **facts)
    found = load_model(chosen).network(torch.ones(1, 4, 12, 12))
    assert found.tolist() == [[1, 1, 1, 1]]  # what only the other output needs does not matter
    other = described(tmp_path / "d", two_headed(), arguments={"output": "d"}, **facts)
    with pytest.raises(UnsupportedOperationError, match=r"'Det_2' \(Det\) is an operator that"):
        load_model(other)


def test_layers_written_by_hand_and_by_a_writer_agree(tmp_path: Path) -> None:
    """The factory of these tests against a plain computation of one of its blocks."""
    net = Writer(3)
    maps = net.convolution("block", "image", 2, 4, 3)
    flat = net.node("Flatten", "flat", [net.node("GlobalAveragePool", "pool", [maps])])
    loaded = load_model(written(net.model(flat, [1, 2, 16, 16], 4), tmp_path))
    weights = {
        item.name: torch.from_numpy(numpy_helper.to_array(item).copy()) for item in net.weights
    }
    picture = torch.from_numpy(random((1, 2, 16, 16), 9))
    block = torch.conv2d(picture, weights["block.weight"], padding=1)
    scale = weights["block.scale"] / (weights["block.variance"] + 1e-5).sqrt()
    shifted = (block - weights["block.mean"][:, None, None]) * scale[:, None, None]
    plain = (shifted + weights["block.bias"][:, None, None]).clamp(min=0).mean((2, 3))
    assert torch.allclose(loaded.network(picture), plain, atol=1e-5)
