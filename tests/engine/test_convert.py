"""The command that makes a model folder of a state dict."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.__main__ import COMMANDS, main
from engine.checkpoint import WEIGHTS_FILE, load_model
from engine.models import build
from tests.engine.small_networks import CLASSES, randomised, specification

STAGES = "[[4, 5, 2], [6, 3, 2]]"


def network() -> nn.Module:
    return randomised(build(specification("plain", {"stages": [[4, 5, 2], [6, 3, 2]]}, ()))).float()


def converted(path: Path, *more: str) -> int:
    return main(
        [
            "convert", str(path), "--architecture", "plain", "--argument", f"stages={STAGES}",
            "--classes", ",".join(CLASSES), "--input-size", "32", "--channels", "1",
            "--mean", "0.4", "--std", "0.25", "--out", str(path.parent / "out"), *more,
        ]
    )  # fmt: skip


def renamed(weights: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {f"{prefix}{name}": value for name, value in weights.items()}


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".pth", ".ckpt", ".bin"])
@pytest.mark.parametrize("prefix", ["", "module.", "model.", "module.model.", "net."])
def test_a_state_dict_becomes_a_folder_that_computes_the_same(
    suffix: str, prefix: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    original = network()
    path = tmp_path / f"chest{suffix}"
    weights = renamed(original.state_dict(), prefix)
    save_file(weights, path) if suffix == ".safetensors" else torch.save(weights, path)
    assert converted(path) == 0
    assert "3 classes; read back, logits differ by 0" in capsys.readouterr().out
    loaded = load_model(tmp_path / "out")
    picture = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        assert torch.equal(loaded.network(picture), original(picture))
    facts = loaded.specification
    assert (facts.name, facts.classes, facts.input_size) == ("chest", CLASSES, 32)
    assert (facts.mean, facts.std, facts.channels) == (0.4, 0.25, 1)
    assert facts.exposed_layers == ("conv1", "conv2", "classes")
    assert (facts.modalities, facts.licence, facts.output) == ((), "not stated", "softmax")


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state_dict", "model", "net"])
def test_a_training_checkpoint_is_unpacked(wrapper: str, tmp_path: Path) -> None:
    weights = renamed(network().state_dict(), "module.")
    checkpoint = {"epoch": 7, wrapper: weights, "optimizer": {"lr": 0.1}, "note": "good"}
    torch.save(checkpoint, tmp_path / "last.ckpt")
    assert converted(tmp_path / "last.ckpt") == 0


def test_all_facts_of_the_specification_can_be_given(tmp_path: Path) -> None:
    torch.save(network().state_dict(), tmp_path / "w.pt")
    (tmp_path / "names.txt").write_text("hand\n\nfoot, left\nknee\n", encoding="utf-8")
    arguments = [
        "convert", str(tmp_path / "w.pt"), "--architecture", "plain", "--argument",
        f"stages={STAGES}", "--classes-file", str(tmp_path / "names.txt"), "--input-size", "40",
        "--channels", "1", "--mean", "0.4", "--std", "0.25", "--out", str(tmp_path / "out"),
        "--name", "limbs", "--version", "2.1", "--modality", "DX", "--modality", "CR",
        "--body-part", "HAND", "--output", "sigmoid", "--licence", "MIT", "--intended-use",
        "teaching",
    ]  # fmt: skip
    assert main(arguments) == 0
    facts = load_model(tmp_path / "out").specification
    assert facts.classes == ("hand", "foot, left", "knee")
    assert (facts.name, facts.version, facts.output) == ("limbs", "2.1", "sigmoid")
    assert (facts.modalities, facts.body_parts) == (("DX", "CR"), ("HAND",))
    assert (facts.licence, facts.intended_use) == ("MIT", "teaching")


def test_half_precision_halves_the_file(tmp_path: Path) -> None:
    torch.save(network().state_dict(), tmp_path / "w.pt")
    assert converted(tmp_path / "w.pt") == 0
    full = (tmp_path / "out" / WEIGHTS_FILE).stat().st_size
    assert converted(tmp_path / "w.pt", "--dtype", "float16") == 0
    assert (tmp_path / "out" / WEIGHTS_FILE).stat().st_size < full
    kernels = load_model(tmp_path / "out").network.state_dict()["conv1.0.weight"]
    assert torch.equal(kernels, kernels.half().float())


def test_kernels_too_large_for_half_precision_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = network().state_dict()
    weights["conv1.0.weight"] *= 1e6
    torch.save(weights, tmp_path / "w.pt")
    assert converted(tmp_path / "w.pt") == 0
    assert converted(tmp_path / "w.pt", "--dtype", "float16") == 1
    assert "values that are not finite" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["resnet18", "densenet121"])
def test_known_architectures_of_three_channels(name: str, tmp_path: Path) -> None:
    original = build(specification(name, {}, ()))
    weights = dict(original.state_dict())
    stem = "conv1.weight" if name == "resnet18" else "features.conv0.weight"
    weights[stem] = torch.randn(64, 3, 7, 7)
    if name == "densenet121":  # as the names were before 2018
        old = re.compile(r"(denselayer\d+\.(?:norm|conv))([12])\.")
        weights = {old.sub(r"\1.\2.", key): value for key, value in weights.items()}
        assert "features.denseblock1.denselayer1.norm.1.weight" in weights
    torch.save(weights, tmp_path / "w.pt")
    arguments = [
        "convert", str(tmp_path / "w.pt"), "--architecture", name, "--classes", "a,b,c",
        "--input-size", "64", "--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225",
        "--out", str(tmp_path / "out"),
    ]  # fmt: skip
    assert main(arguments) == 0
    loaded = load_model(tmp_path / "out")
    assert loaded.specification.channels == 3
    assert loaded.specification.mean == (0.485, 0.456, 0.406)
    assert loaded.specification.exposed_layers == loaded.network.layer_names


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (
            "missing",
            r"does not fit plain with 3 classes and 1 channels \(missing \['classes.bias'\]",
        ),
        ("unexpected", r"unexpected \['extra'\]"),
        ("shape", r"classes.bias is \(4,\) in the file and \(3,\) in the network"),
        ("nan", "conv1.0.weight holds values that are not finite"),
        ("empty", "holds no state dict"),
        ("list", "holds no state dict"),
        ("number", "'extra' is no tensor"),
    ],
)
def test_weights_that_do_not_fit(
    fault: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights: dict[str, object] = dict(network().state_dict())
    if fault == "missing":
        del weights["classes.bias"]
    changes = {
        "unexpected": {"extra": torch.zeros(1)},
        "shape": {"classes.bias": torch.zeros(4)},
        "nan": {"conv1.0.weight": torch.full((4, 1, 5, 5), torch.nan)},
        "number": {"extra": 3},
    }
    weights |= changes.get(fault, {})
    whole: object = {"empty": {}, "list": [1, 2]}.get(fault, weights)
    torch.save(whole, tmp_path / "w.pt")
    assert converted(tmp_path / "w.pt") == 1
    assert re.search(said, capsys.readouterr().err)
    assert not (tmp_path / "out").exists()


class Trap:
    """Unpickled, it makes a folder."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("new", [True, False])
def test_a_pickle_with_code_is_not_run(
    new: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "the code was run"
    torch.save({"a": Trap(mark)}, tmp_path / "w.pt", _use_new_zipfile_serialization=new)
    assert converted(tmp_path / "w.pt") == 1
    assert "holds more than tensors" in capsys.readouterr().err
    assert not mark.exists()


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
@pytest.mark.parametrize("kept", [0, 3, 50, 400])
def test_a_truncated_file_is_an_error_in_a_sentence(
    suffix: str, kept: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / f"w{suffix}"
    weights = network().state_dict()
    save_file(weights, path) if suffix == ".safetensors" else torch.save(weights, path)
    path.write_bytes(path.read_bytes()[:kept])
    assert converted(path) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "said"),
    [("gone.pt", "there is no such file"), ("w.onnx", "a state dict is needed")],
)
def test_files_that_are_no_state_dict(
    name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w.onnx").write_bytes(b"")
    assert converted(tmp_path / name) == 1
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "more", [("--mean", "x"), ("--argument", "stages"), ("--architecture", "alexnet")]
)
def test_wrong_calls_end_with_two(more: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as caught:
        converted(tmp_path / "w.pt", *more)
    assert caught.value.code == 2


def test_the_help_explains_the_restricted_reader(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["convert", "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert "restricted unpickler" in text
    assert "resnet50" in text


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name}" in text for name in COMMANDS)
    assert main(["dance"]) == 2
    said = capsys.readouterr().err
    assert said == f"error: the command 'dance' is not known; known are: {', '.join(COMMANDS)}\n"
