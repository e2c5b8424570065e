"""ONNX files as files: weights in other files, damage, and what must not be reached."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from engine.checkpoint import load_model
from engine.errors import EngineError, ModelError, UnsupportedOperationError
from tests.engine.onnx_models import answered_by, parsed, random, residual, written


def outside(model: onnx.ModelProto, folder: Path, location: str = "net.data") -> Path:
    """The model with its weights in ``location``, one after the other, 16 bytes apart."""
    data = b""
    for tensor in model.graph.initializer:
        data += b"\0" * 16
        entries = {"location": location, "offset": len(data), "length": len(tensor.raw_data)}
        tensor.data_location = TensorProto.EXTERNAL
        for key, value in entries.items():
            tensor.external_data.add(key=key, value=str(value))
        data += tensor.raw_data
        tensor.ClearField("raw_data")
    path = written(model, folder)
    (folder / location).parent.mkdir(parents=True, exist_ok=True)
    (folder / location).write_bytes(data)
    return path


def set_entry(path: Path, key: str, value: str | None) -> None:
    """Change one entry of the first external tensor; None takes it away."""
    model = onnx.load_model(path, load_external_data=False)
    entries = model.graph.initializer[0].external_data
    kept = {entry.key: entry.value for entry in entries if entry.key != key}
    entries.clear()  # type: ignore[attr-defined]
    for name, text in (kept | ({} if value is None else {key: value})).items():
        model.graph.initializer[0].external_data.add(key=name, value=text)
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("location", ["net.data", "weights/of/net.bin", "./net.data"])
def test_weights_in_another_file_of_the_folder(location: str, tmp_path: Path) -> None:
    path = outside(residual(), tmp_path, location)
    picture = random((1, 1, 32, 32), 1)
    with torch.no_grad():
        found = load_model(path).network(torch.from_numpy(picture)).numpy()
    assert found == pytest.approx(answered_by(path, picture), abs=1e-4)


def test_the_hash_covers_the_other_files(tmp_path: Path) -> None:
    path = outside(residual(), tmp_path)
    before = load_model(path).specification
    lines = "".join(
        f"{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("net.onnx", "net.data")  # as ``sha256sum net.onnx net.data`` prints them
    )
    assert before.weights_sha256 == hashlib.sha256(lines.encode()).hexdigest()
    path.rename(tmp_path / "model.onnx")
    described = load_model(tmp_path / "model.onnx").specification
    (tmp_path / "model.json").write_text(json.dumps(asdict(described)), encoding="utf-8")
    assert load_model(tmp_path).specification == described
    data = bytearray((tmp_path / "net.data").read_bytes())
    data[20] ^= 1
    (tmp_path / "net.data").write_bytes(data)
    with pytest.raises(ModelError, match="not the ones that"):
        load_model(tmp_path)


def test_without_other_files_the_hash_is_that_of_the_file(tmp_path: Path) -> None:
    path = written(residual(), tmp_path)
    expected = hashlib.sha256(path.read_bytes()).hexdigest()
    assert load_model(path).specification.weights_sha256 == expected


@pytest.mark.parametrize(
    "location",
    ["/etc/hostname", "../secret", "sub/../../secret", "..", "C:\\secret", "C:/secret",
     "\\\\host\\share", "..\\secret", "file:///etc/hostname", "net\0.data", "~/../../secret"],
)  # fmt: skip
def test_a_location_out_of_the_folder_is_not_read(location: str, tmp_path: Path) -> None:
    path = outside(residual(), tmp_path / "model")
    (tmp_path / "secret").write_bytes(bytes(5000))
    set_entry(path, "location", location)
    with pytest.raises(ModelError, match=r"points out of the model's folder .*not read"):
        load_model(path)


@pytest.mark.parametrize("kind", ["file", "folder", "chain"])
def test_a_link_out_of_the_folder_is_not_followed(kind: str, tmp_path: Path) -> None:
    path = outside(residual(), tmp_path / "model")
    secret = tmp_path / "elsewhere" / "net.data"
    secret.parent.mkdir()
    (tmp_path / "model" / "net.data").rename(secret)
    links = {"file": ("net.data", secret), "folder": ("sub", secret.parent)}
    name, target = links.get(kind, ("one", secret))
    (tmp_path / "model" / name).symlink_to(target)
    if kind == "chain":
        (tmp_path / "model" / "net.data").symlink_to(tmp_path / "model" / "one")
    set_entry(path, "location", "sub/net.data" if kind == "folder" else "net.data")
    with pytest.raises(ModelError, match="leads out of the model's folder"):
        load_model(path)


def test_a_link_inside_of_the_folder_is_followed(tmp_path: Path) -> None:
    path = outside(residual(), tmp_path)
    (tmp_path / "net.data").rename(tmp_path / "real.data")
    (tmp_path / "net.data").symlink_to("real.data")
    load_model(path)


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "circle"])
def test_what_is_no_file_is_not_read(kind: str, tmp_path: Path) -> None:
    path = outside(residual(), tmp_path)
    place = tmp_path / "net.data"
    place.unlink()
    if kind == "folder":
        place.mkdir()
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "circle":
        place.symlink_to("net.data")
    with pytest.raises(ModelError, match=r"not there; copy it beside|not a regular file"):
        load_model(path)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (
            "length",
            "9999999999999999999",
            "has 9999999999999999999 bytes where its shape needs 800",
        ),
        ("length", "-1", "length '-1', which is not a number"),
        ("length", "8e2", "length '8e2'"),
        ("length", "٨٠٠", "which is not a number"),
        ("length", "796", "has 796 bytes where its shape needs 800"),
        ("offset", "9999999999999999999", r"ends at byte \d+ of 'net.data', which has"),
        ("offset", "-16", "offset '-16'"),
        ("location", None, "has no location"),
        ("location", "", "has no location"),
        ("surprise", "1", r"unknown entries \['surprise'\]"),
    ],
)
def test_numbers_that_do_not_fit_the_tensor(
    key: str, value: str | None, said: str, tmp_path: Path
) -> None:
    path = outside(residual(), tmp_path)
    set_entry(path, key, value)
    with pytest.raises(ModelError, match=said):
        load_model(path)


def test_length_and_offset_may_be_left_out(tmp_path: Path) -> None:
    path = outside(residual(), tmp_path)
    set_entry(path, "length", None)
    load_model(path)
    set_entry(path, "offset", None)
    load_model(path)  # other weights, but whole ones


def test_a_short_file_of_weights_is_found(tmp_path: Path) -> None:
    path = outside(residual(), tmp_path)
    data = (tmp_path / "net.data").read_bytes()
    for kept in (0, 100, len(data) - 1):
        (tmp_path / "net.data").write_bytes(data[:kept])
        with pytest.raises(ModelError, match=r"ends at byte .*copy that file again"):
            load_model(path)


def test_a_small_file_cannot_ask_for_much_memory(tmp_path: Path) -> None:
    """A hundred tensors that are all the same bytes of one file."""
    model = parsed("y = Flatten(x)", {})
    with (tmp_path / "net.data").open("wb") as stream:
        stream.truncate(1 << 26)  # sparse: takes no space
    for index in range(100):
        tensor = TensorProto(name=f"t{index}", data_type=TensorProto.FLOAT, dims=[1 << 24])
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="net.data")
        model.graph.initializer.append(tensor)
    with pytest.raises(ModelError, match="takes the tensors beyond 1024 MiB"):
        load_model(written(model, tmp_path))


def test_a_file_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    with path.open("wb") as stream:
        stream.truncate((1 << 30) + 1)
    with pytest.raises(ModelError, match="larger than 1024 MiB"):
        load_model(path)


def test_a_constant_node_may_keep_its_values_outside_too(tmp_path: Path) -> None:
    model = parsed("c = Constant<value=float[4,1,1]{1.0,2.0,3.0,4.0}>() m = Mul(x, c) "
                   "g = GlobalAveragePool(m) y = Flatten(g)", {}, output=(1, 4))  # fmt: skip
    tensor = model.graph.node[0].attribute[0].t
    tensor.ClearField("float_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="c.data")
    (tmp_path / "c.data").write_bytes(np.array([1, 2, 3, 4], np.float32).tobytes())
    found = load_model(written(model, tmp_path)).network(torch.ones(1, 4, 12, 12))
    assert found.tolist() == [[1, 2, 3, 4]]
    (tmp_path / "c.data").unlink()
    with pytest.raises(ModelError, match="not there"):
        load_model(tmp_path / "net.onnx")


@pytest.mark.parametrize("data", [b"", b"\0", b"ONNX", b"{}", bytes(100), b"\x08\x07"])
def test_bytes_that_are_no_model(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(data)
    with pytest.raises(ModelError, match=r"not an ONNX file|holds no network"):
        load_model(tmp_path)


def test_a_file_cut_anywhere_is_refused_in_a_sentence(tmp_path: Path) -> None:
    whole = written(residual(), tmp_path).read_bytes()
    for kept in (*range(0, 200, 3), *range(200, len(whole) - 1, 97), len(whole) - 1):
        (tmp_path / "net.onnx").write_bytes(whole[:kept])
        with pytest.raises(ModelError, match=r"net\.onnx: "):
            load_model(tmp_path)


def test_a_changed_bit_is_an_error_in_a_sentence_or_another_network(tmp_path: Path) -> None:
    """Without a ``model.json`` nothing tells a changed weight; but nothing else may happen."""
    whole = written(residual(ending="Softmax"), tmp_path).read_bytes()
    structure = len(written(small(), tmp_path / "small").read_bytes())
    generator = np.random.default_rng(5)
    assert structure > 300
    refused = 0
    for _ in range(400):
        data = bytearray(whole)
        data[int(generator.integers(len(data)))] ^= 1 << int(generator.integers(8))
        refused += _loads_or_says(bytes(data), tmp_path)
    data = written(small(), tmp_path / "small").read_bytes()
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << int(generator.integers(8))
        refused += _loads_or_says(bytes(changed), tmp_path)
    assert refused > 100


def small() -> onnx.ModelProto:
    return parsed(
        "c = Conv<pads=[1,1,1,1], strides=[2,2]>(x, w) r = Relu(c) "
        "m = MaxPool<kernel_shape=[2,2]>(r) s = Shape(m) q = ReduceSum(m, axes) y = Flatten(q)",
        {"w": random((3, 4, 3, 3), 1), "axes": np.array([2, 3], np.int64)},
        output=(1, 3),
    )


def _loads_or_says(data: bytes, folder: Path) -> bool:
    (folder / "net.onnx").write_bytes(data)
    try:
        model = load_model(folder / "net.onnx")
    except (ModelError, UnsupportedOperationError):
        return True
    size = model.specification.input_size
    model.network(torch.zeros(1, model.specification.channels, size, size))
    return False


def test_a_name_that_is_no_text_is_refused(tmp_path: Path) -> None:
    data = written(residual(), tmp_path).read_bytes()
    (tmp_path / "net.onnx").write_bytes(data.replace(b"stem/Conv", b"stem/\xff\xfenv"))
    with pytest.raises(ModelError, match="names that are no text"):
        load_model(tmp_path)


@pytest.mark.parametrize("depth", [50, 20_000])
def test_deep_nesting_is_refused(depth: int, tmp_path: Path) -> None:
    """Graphs in graphs, written byte by byte: no writer makes them this deep."""
    field = b""
    for _ in range(depth):  # GraphProto.node ← NodeProto.attribute ← AttributeProto.g
        for tag in (0x32, 0x2A, 0x0A):
            field = bytes([tag]) + _varint(len(field)) + field
    data = b"\x08\x08\x3a" + _varint(len(field)) + field + b"\x42\x04\x0a\x00\x10\x11"
    (tmp_path / "net.onnx").write_bytes(data)
    with pytest.raises(EngineError, match=r"net\.onnx: "):
        load_model(tmp_path)


def _varint(number: int) -> bytes:
    parts = []
    while number >= 0x80:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def test_many_nodes_are_refused(tmp_path: Path) -> None:
    model = parsed("y = Flatten(x)", {})
    model.graph.node.extend([helper.make_node("Relu", ["x"], ["z"])] * 20_001)
    with pytest.raises(ModelError, match="more than 20000 nodes"):
        load_model(written(model, tmp_path))
