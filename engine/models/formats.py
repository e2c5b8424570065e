"""Model files that are refused, told by their content first and by their name second.

Most formats of trained networks carry code, or are lists of instructions to a machine that builds
objects: reading them runs what their author wrote. The engine reads none of them.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from engine.errors import ModelError

_CONVERT = (
    "save its state dict as safetensors and run 'python -m engine convert', or export the model "
    "to ONNX"
)
_EXPORT = "export the model to ONNX"

_PICKLE = f"is a Python pickle, and reading a pickle can run code from the file; {_CONVERT}"
_TORCHSCRIPT = f"is a TorchScript program, which holds code that would be run; {_CONVERT}"
_EXPORTED = (
    f"is a program exported by PyTorch (.pt2), which can hold pickles and compiled code; {_CONVERT}"
)
_KERAS = f"is a Keras or HDF5 model, which can hold code; {_EXPORT} (tf2onnx)"
_TENSORFLOW = f"is a TensorFlow model, which the engine does not read; {_EXPORT} (tf2onnx)"
_ZIP = f"is a zip archive, not a model that the engine reads; {_CONVERT}"

_BY_SUFFIX = {
    **dict.fromkeys(
        (".pt", ".pth", ".ckpt", ".bin", ".pkl", ".pickle", ".tar", ".joblib"), _PICKLE
    ),
    **dict.fromkeys((".pt2", ".ptl"), _EXPORTED),
    **dict.fromkeys((".h5", ".hdf5", ".keras"), _KERAS),
    **dict.fromkeys((".pb", ".tflite"), _TENSORFLOW),
}
FOREIGN_SUFFIXES = frozenset(_BY_SUFFIX)
_HEAD = 16  # bytes that tell a format


def refuse_foreign(path: Path) -> None:
    """Raise :class:`ModelError` that says why, and what to do, if ``path`` is such a file.

    Looks at the first bytes and, of a zip archive, at the list of names; unpacks nothing.
    """
    reason = _by_content(path)
    if reason is None:
        reason = _BY_SUFFIX.get(path.suffix.lower())
    if reason is not None:
        raise ModelError(f"{path}: this {reason}")


def _by_content(path: Path) -> str | None:
    try:
        with path.open("rb") as stream:
            head = stream.read(_HEAD)
    except OSError:
        return None  # whoever reads the file says so
    if head[5:9] == b"\0\0\0{":  # safetensors: a length, then JSON; its first byte can be any
        return None
    if head.startswith(b"PK\x03\x04"):
        return _zip(path)
    if head[:1] == b"\x80" and head[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return _PICKLE
    if head.startswith(b"\x89HDF\r\n\x1a\n"):
        return _KERAS
    return _TENSORFLOW if head[4:8] == b"TFL3" else None


def _zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return _ZIP
    parts = {part for name in names for part in name.split("/")}
    if "archive_version" in parts or any(name.endswith("archive_format") for name in names):
        return _EXPORTED
    if "code" in parts or "constants.pkl" in parts:
        return _TORCHSCRIPT
    if any(name.endswith(".pkl") for name in names):
        return _PICKLE
    if "config.json" in parts and any(name.endswith(".h5") for name in names):
        return _KERAS
    return _ZIP
