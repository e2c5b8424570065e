"""Model folders: what is written is read back; whatever does not fit is said in a sentence."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save

from engine.checkpoint import (
    SPECIFICATION_FILE,
    WEIGHTS_FILE,
    choose_device,
    load_model,
    model_files,
    save_model,
)
from engine.errors import DeviceError, ModelError
from engine.models import build
from engine.models.specification import ModelSpecification
from tests.engine.small_networks import randomised, specification

STAGES = [[4, 5, 2], [6, 3, 2]]
LAYERS = ("conv1", "conv2", "classes")


def _specification() -> ModelSpecification:
    return specification("plain", {"stages": STAGES, "dropout": 0.3}, LAYERS, 32)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "small"
    save_model(randomised(build(_specification())).float(), _specification(), folder)
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(original, tmp_path / "small"))


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    facts = _specification()
    network = randomised(build(facts)).float()
    digest = save_model(network, facts, tmp_path / "new" / "model")
    data = (tmp_path / "new" / "model" / WEIGHTS_FILE).read_bytes()
    assert digest == hashlib.sha256(data).hexdigest()
    loaded = load_model(tmp_path / "new" / "model")
    assert loaded.specification.weights_sha256 == digest
    for name in ("name", "classes", "input_size", "mean", "std", "exposed_layers", "modalities"):
        assert getattr(loaded.specification, name) == getattr(facts, name)
    after = loaded.network.state_dict()
    for name, value in network.state_dict().items():
        if value.ndim == 4:  # kernels went through float16
            assert torch.equal(after[name], value.half().float())
            assert not torch.equal(after[name], value)
        elif not name.endswith("num_batches_tracked"):
            assert torch.equal(after[name], value)
    picture = torch.randn(2, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        difference = (network(picture) - loaded.network(picture)).abs().max()
        assert float(difference) < 5e-3 * float(network(picture).abs().max())


def test_kernels_are_stored_as_float16_and_nothing_else_is(folder: Path) -> None:
    for name, value in load_file(folder / WEIGHTS_FILE).items():
        assert value.dtype == (torch.float16 if value.ndim == 4 else torch.float32), name
        assert not name.endswith("num_batches_tracked")


def test_a_loaded_network_is_ready_for_use_and_frozen(folder: Path) -> None:
    network = load_model(folder).network
    assert not any(module.training for module in network.modules())
    assert not any(parameter.requires_grad for parameter in network.parameters())
    assert all(parameter.dtype == torch.float32 for parameter in network.parameters())


def test_saving_leaves_no_other_files_and_replaces_what_was_there(folder: Path) -> None:
    facts = _specification()
    before = load_model(folder).specification.weights_sha256
    after = save_model(randomised(build(facts), seed=9).float(), facts, folder)
    assert after != before
    assert load_model(folder).specification.weights_sha256 == after
    assert {item.name for item in folder.iterdir()} == {WEIGHTS_FILE, SPECIFICATION_FILE}


@pytest.mark.parametrize("place", [0, 9, 200, -1])
def test_one_changed_byte_is_found(folder: Path, place: int) -> None:
    data = bytearray((folder / WEIGHTS_FILE).read_bytes())
    data[place] ^= 1
    (folder / WEIGHTS_FILE).write_bytes(data)
    with pytest.raises(ModelError, match=r"weights are not the ones.*SHA-256.*restore"):
        load_model(folder)


def _reseal(folder: Path, data: bytes) -> None:
    """Write weights with the right checksum, so that only their content is at fault."""
    (folder / WEIGHTS_FILE).write_bytes(data)
    _edit(folder, lambda fields: fields.update(weights_sha256=hashlib.sha256(data).hexdigest()))


def _edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / SPECIFICATION_FILE
    fields = json.loads(path.read_text(encoding="utf-8"))
    change(fields)
    path.write_text(json.dumps(fields), encoding="utf-8")


@pytest.mark.parametrize("kept", [0, 5, 300])
def test_truncated_weights_are_found(folder: Path, kept: int) -> None:
    whole = (folder / WEIGHTS_FILE).read_bytes()
    (folder / WEIGHTS_FILE).write_bytes(whole[:kept])
    with pytest.raises(ModelError, match="weights are not the ones"):
        load_model(folder)
    _reseal(folder, whole[:kept])
    with pytest.raises(ModelError, match="do not fit the network"):
        load_model(folder)


def test_a_pickle_is_never_read(folder: Path, tmp_path: Path) -> None:
    torch.save({"conv1.0.weight": torch.zeros(1)}, tmp_path / "pickle")
    _reseal(folder, (tmp_path / "pickle").read_bytes())
    with pytest.raises(ModelError, match=r"pickle can run code.*engine convert"):
        load_model(folder)


def test_weights_that_are_not_finite_are_refused(folder: Path) -> None:
    tensors = load_file(folder / WEIGHTS_FILE)
    tensors["classes.bias"][1] = torch.nan
    _reseal(folder, save(tensors))
    with pytest.raises(ModelError, match=r"classes\.bias holds values that are not finite"):
        load_model(folder)


def test_a_network_far_too_large_is_refused_before_it_takes_memory(folder: Path) -> None:
    _edit(folder, lambda fields: fields["arguments"].update(stages=[[2**20, 5, 2], [2**20, 3, 1]]))
    with pytest.raises(ModelError, match="size mismatch"):
        load_model(folder)


def test_the_specification_can_be_named_instead_of_its_folder(folder: Path) -> None:
    named = load_model(folder / SPECIFICATION_FILE)
    assert named.specification == load_model(folder).specification


def test_the_files_of_a_model(folder: Path) -> None:
    files = (folder / SPECIFICATION_FILE, folder / WEIGHTS_FILE)
    assert model_files(folder) == model_files(folder / SPECIFICATION_FILE) == files
    assert model_files(folder / WEIGHTS_FILE) == files[1:]
    assert model_files(folder / "nothing") == ()


def test_a_folder_of_the_first_release_is_still_read(folder: Path) -> None:
    """Without the facts that came later: one channel, a softmax, any part of the body."""
    _edit(folder, lambda fields: [fields.pop(key) for key in ("channels", "output", "body_parts")])
    facts = load_model(folder).specification
    assert (facts.channels, facts.output, facts.body_parts) == (1, "softmax", ())


def test_a_hash_in_capitals_is_the_same_hash(folder: Path) -> None:
    _edit(folder, lambda fields: fields.update(weights_sha256=fields["weights_sha256"].upper()))
    assert load_model(folder).specification.weights_sha256.islower()


def test_colours_and_kernels_in_full(tmp_path: Path) -> None:
    facts = replace(_specification(), channels=3, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    network = randomised(build(facts)).float()
    save_model(network, facts, tmp_path, torch.float32)
    loaded = load_model(tmp_path)
    assert loaded.specification.mean == (0.4, 0.5, 0.6)
    picture = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(network(picture), loaded.network(picture))


@pytest.mark.parametrize("fault", ["missing", "unexpected", "shape"])
def test_weights_of_another_network_are_found(folder: Path, fault: str) -> None:
    tensors = load_file(folder / WEIGHTS_FILE)
    if fault == "missing":
        del tensors["classes.bias"]
    elif fault == "unexpected":
        tensors["conv7.0.weight"] = torch.zeros(1)
    else:
        tensors["classes.bias"] = torch.zeros(4)
    _reseal(folder, save(tensors))
    said = {"missing": "classes.bias", "unexpected": "conv7", "shape": "size mismatch"}[fault]
    with pytest.raises(ModelError, match=said):
        load_model(folder)


def test_a_missing_file_is_named(folder: Path) -> None:
    (folder / WEIGHTS_FILE).unlink()
    with pytest.raises(ModelError, match=rf"{WEIGHTS_FILE}: the weights cannot be read"):
        load_model(folder)
    (folder / SPECIFICATION_FILE).unlink()
    with pytest.raises(ModelError, match=r"model\.json: the model description cannot be read"):
        load_model(folder)
    with pytest.raises(ModelError, match="cannot be read"):
        load_model(folder / "nothing" / "here")


@pytest.mark.parametrize(
    "text",
    ["", "{", "[" * 100_000, "[]", "null", "3", '"text"', "{}", '{"classes": 5}', "\x00\xff"],
)
def test_a_description_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / SPECIFICATION_FILE).write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=r"model\.json: not a valid model description"):
        load_model(folder)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"input_size": "large"}, r"model\.json: input_size is 'large', where a whole number"),
        ({"input_size": 224.0}, "input_size is 224.0, where a whole number"),
        ({"input_size": 10**9}, "input_size 1000000000 is out of range"),
        ({"input_size": 4}, r"model\.json: input_size 4"),
        ({"std": 0.0}, r"model\.json: .*std 0.0 is out of range"),
        ({"classes": []}, r"model\.json: the class names are empty"),
        ({"classes": ["hand", "hand"]}, r"model\.json: the class names are .*not unique"),
        ({"std": -1}, "std -1 is out of range"),
        ({"std": float("nan")}, "std is nan, where finite numbers"),
        ({"mean": float("inf")}, "mean is inf, where finite numbers"),
        ({"mean": "0.5"}, "mean is '0.5', where finite numbers"),
        ({"mean": [0.5, 0.5]}, "mean has 2 numbers for 1 channels"),
        ({"mean": []}, "mean has 0 numbers"),
        ({"channels": 0}, "channels 0 is out of range"),
        ({"channels": True}, "channels is True, where a whole number"),
        ({"classes": "hand"}, "classes is 'hand', where a list of texts"),
        ({"classes": ["hand", 3]}, "classes is .*3.*, where a list of texts"),
        ({"classes": ["hand"]}, "one class with a softmax"),
        ({"exposed_layers": ["conv1", "conv1"]}, "a layer is exposed twice"),
        ({"modalities": "DX"}, "modalities is 'DX', where a list of texts"),
        ({"body_parts": {"HAND": 1}}, "body_parts is .*, where a list of texts"),
        ({"name": ""}, "name is '', where a text"),
        ({"licence": None}, "licence is None, where a text"),
        ({"output": "argmax"}, "output is 'argmax'; softmax and sigmoid"),
        ({"arguments": [1]}, r"arguments is \[1\], where names with values"),
        ({"arguments": {"stages": STAGES, "channels": 3}}, "arguments of 'plain' do not fit"),
        ({"weights_sha256": "abc"}, "weights_sha256 is 'abc', where 64 hexadecimal digits"),
        ({"surprise": 1}, "not a valid model description.*surprise"),
        ({"architecture": "resnet"}, "architecture 'resnet' is not known.*plain"),
        ({"arguments": {"depth": 3}}, "arguments of 'plain' do not fit"),
        ({"arguments": {"stages": [[4, 5]]}}, "arguments of 'plain' do not fit"),
        ({"arguments": {"stages": "none"}}, "arguments of 'plain' do not fit"),
        ({"classes": ["hand", "foot"]}, "weights do not fit the network"),
        ({"weights_sha256": "0" * 64}, "expected 000000000000…"),
        (
            {"weights_sha256": ""},
            r"does not say which weights.*add \"weights_sha256\": \"[0-9a-f]{64}",
        ),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    folder: Path, change: dict[str, object], said: str
) -> None:
    _edit(folder, lambda fields: fields.update(change))
    with pytest.raises(ModelError, match=said):
        load_model(folder)


@pytest.mark.parametrize("field", ["name", "mean", "classes", "licence", "modalities"])
def test_a_missing_fact_is_named(folder: Path, field: str) -> None:
    _edit(folder, lambda fields: fields.pop(field))
    with pytest.raises(ModelError, match=field):
        load_model(folder)


def test_choice_of_device() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    best = "cuda" if torch.cuda.is_available() else "cpu"
    assert choose_device("auto") == torch.device(best)
    with pytest.raises(DeviceError, match="'tpu' is not known"):
        choose_device("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(DeviceError, match="no CUDA device"):
            choose_device("cuda")
