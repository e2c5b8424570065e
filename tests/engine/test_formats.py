"""Model files in other formats: refused with a reason and a way out, and never run."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from safetensors.torch import save
from torch import nn

from engine.checkpoint import load_model
from engine.errors import ModelError
from engine.models.formats import FOREIGN_SUFFIXES, refuse_foreign


class Trap:
    """Unpickled, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return os.mkdir, (str(self.mark),)


@pytest.fixture
def mark(tmp_path: Path) -> Path:
    return tmp_path / "the code was run"


def trapped(kind: str, mark: Path, path: Path) -> None:
    if kind == "torch":
        torch.save({"weights": Trap(mark)}, path)
    elif kind == "old torch":
        torch.save({"weights": Trap(mark)}, path, _use_new_zipfile_serialization=False)
    else:
        path.write_bytes(pickle.dumps(Trap(mark), protocol=int(kind)))


@pytest.mark.parametrize("suffix", [".pt", ".pth", ".ckpt", ".bin", ".pkl", ".onnx", ".npz", ""])
@pytest.mark.parametrize("kind", ["torch", "old torch", "2", "5"])
def test_a_pickle_is_refused_by_any_name_and_not_run(
    kind: str, suffix: str, mark: Path, tmp_path: Path
) -> None:
    path = tmp_path / f"model{suffix}"
    trapped(kind, mark, path)
    with pytest.raises(ModelError, match=r"pickle can run code .* engine convert.* ONNX"):
        load_model(path)
    assert not mark.exists()
    pickle.loads(pickle.dumps(Trap(mark)))
    assert mark.exists()  # it would have


def test_a_trap_in_a_folder_is_refused_and_not_run(mark: Path, tmp_path: Path) -> None:
    trapped("torch", mark, tmp_path / "model.pt")
    with pytest.raises(ModelError, match=r"model\.pt: this is a Python pickle"):
        load_model(tmp_path)
    trapped("torch", mark, tmp_path / "model.onnx")
    with pytest.raises(ModelError, match=r"model\.onnx: this is a Python pickle"):
        load_model(tmp_path)
    assert not mark.exists()


class Small(nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.relu(image).mean((2, 3))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # scripting is on its way out
@pytest.mark.parametrize("suffix", [".pt", ".onnx", ".zip"])
def test_torchscript_is_refused_by_any_name(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    torch.jit.save(torch.jit.script(Small()), path)
    with pytest.raises(ModelError, match=r"TorchScript program, which holds code.*convert"):
        load_model(path)


def test_an_exported_program_is_refused(tmp_path: Path) -> None:
    program = torch.export.export(Small(), (torch.zeros(1, 1, 8, 8),))
    for name in ("model.pt2", "model.onnx"):
        torch.export.save(program, tmp_path / "model.pt2")
        if name != "model.pt2":
            (tmp_path / "model.pt2").rename(tmp_path / name)
        with pytest.raises(ModelError, match=r"exported by PyTorch \(\.pt2\)"):
            load_model(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("net.h5", b"\x89HDF\r\n\x1a\n" + bytes(20), "Keras or HDF5 .*tf2onnx"),
        ("net.onnx", b"\x89HDF\r\n\x1a\n" + bytes(20), "Keras or HDF5"),
        ("net.keras", b"", "Keras or HDF5"),
        ("net.tflite", b"", "TensorFlow model"),
        ("net.onnx", b"\x1c\0\0\0TFL3" + bytes(20), "TensorFlow model"),
        ("saved_model.pb", b"\x08\x01", "TensorFlow model"),
        ("net.pth", b"no pickle, but named so", "pickle"),
        ("net.onnx", b"PK\x03\x04 broken", "is a zip archive"),
        ("net.txt", b"hello", "not a model; a folder with"),
        ("net.safetensors", save({"a": torch.zeros(1)}), "weights alone do not say"),
    ],
)
def test_other_files_are_refused(name: str, data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match=said):
        load_model(tmp_path / name)


def test_archives_are_told_apart_by_the_names_in_them(tmp_path: Path) -> None:
    for names, said in (
        (("config.json", "model.weights.h5"), "Keras"),
        (("notes.txt",), "zip archive"),
        (("archive/data.pkl", "archive/data/0"), "pickle"),
    ):
        with zipfile.ZipFile(tmp_path / "net.onnx", "w") as archive:
            for name in names:
                archive.writestr(name, "")
        with pytest.raises(ModelError, match=said):
            load_model(tmp_path / "net.onnx")


def test_safetensors_are_never_taken_for_a_pickle(tmp_path: Path) -> None:
    """Their first bytes are a length, which can be those of a pickle."""
    path = tmp_path / "weights.safetensors"
    found = set()
    for length in range(1, 500):
        data = save({"w" * length: torch.zeros(1)})
        path.write_bytes(data)
        refuse_foreign(path)
        found.add(data[:2])
    made_up = b"\x80\x02" + bytes(6) + b"{" + b" " * 700
    path.write_bytes(made_up)
    refuse_foreign(path)
    assert len(found) > 50


def test_folders_without_a_description(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    with pytest.raises(ModelError, match=r"model\.json: the model description cannot be read"):
        load_model(tmp_path)
    for name in ("a.onnx", "b.onnx"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(ModelError, match=r"several models \(a\.onnx, b\.onnx\); open one"):
        load_model(tmp_path)


def test_every_refused_name_is_in_small_letters_with_a_dot() -> None:
    assert {suffix for suffix in FOREIGN_SUFFIXES if suffix != f".{suffix.lower()[1:]}"} == set()
