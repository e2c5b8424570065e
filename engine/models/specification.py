"""What a model folder says of itself (``model.json``): a frozen, validated specification."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

from engine.errors import ModelError

SMALLEST_INPUT, LARGEST_INPUT = 8, 4096  # pixels
MOST_CHANNELS = 4
_LARGEST_FILE = 1 << 20  # bytes
_TUPLES = ("classes", "exposed_layers", "modalities", "body_parts")
_TEXTS = ("name", "version", "architecture", "intended_use", "licence")
_DIGESTS = ("weights_sha256", "gate_sha256")
_SHA256 = re.compile(r"[0-9a-f]{64}")

OutputName = Literal["softmax", "sigmoid"]


@dataclass(frozen=True)
class ModelSpecification:
    """The facts that a model cannot be used without; the rest is in its model card.

    ``input_size`` is the side of the square input in pixels, ``channels`` how many times the grey
    image is repeated for it; ``mean`` and ``std``, one number or one for each channel, normalise
    grey values that were stretched to 0…1 (see :mod:`engine.preprocess`). ``output`` says how
    logits become probabilities: ``softmax``, one class is right, or ``sigmoid``, each class on its
    own. ``exposed_layers`` are module paths whose outputs are shown as layers, in order of depth;
    empty, the engine chooses. ``modalities`` are the DICOM terms of the images that the model is
    for, empty for any; ``body_parts`` those of the body. ``weights_sha256`` is that of the weights,
    ``gate_sha256`` that of :mod:`engine.gate`'s file, empty for a model that has none.

    Raises :class:`ModelError` that says which fact is wrong; a specification that exists is valid.
    """

    name: str
    version: str
    architecture: str
    arguments: Mapping[str, Any]
    classes: tuple[str, ...]
    input_size: int
    mean: float | tuple[float, ...]
    std: float | tuple[float, ...]
    exposed_layers: tuple[str, ...]
    modalities: tuple[str, ...]
    intended_use: str
    licence: str
    weights_sha256: str = ""
    channels: int = 1
    output: OutputName = "softmax"
    body_parts: tuple[str, ...] = ()
    gate_sha256: str = ""

    def __post_init__(self) -> None:
        for name in _TEXTS:
            text = getattr(self, name)
            if not isinstance(text, str) or not (text.strip() or name == "version"):
                raise ModelError(f"{name} is {text!r}, where a text is needed")
        for name in _TUPLES:
            _check_texts(name, getattr(self, name))
        arguments = self.arguments
        if not isinstance(arguments, Mapping) or not all(isinstance(k, str) for k in arguments):
            raise ModelError(f"arguments is {arguments!r}, where names with values are needed")
        self._check_input()
        self._check_output()

    def _check_input(self) -> None:
        _check_whole("input_size", self.input_size, SMALLEST_INPUT, LARGEST_INPUT)
        _check_whole("channels", self.channels, 1, MOST_CHANNELS)
        for name in ("mean", "std"):
            value = getattr(self, name)
            numbers = value if isinstance(value, tuple) else (value,)
            if not all(_is_number(number) for number in numbers):
                raise ModelError(f"{name} is {value!r}, where finite numbers are needed")
            if len(numbers) not in (1, self.channels):
                raise ModelError(f"{name} has {len(numbers)} numbers for {self.channels} channels")
            if name == "std" and min(numbers) <= 0:
                raise ModelError(f"std {value} is out of range: it divides, so it is above 0")

    def _check_output(self) -> None:
        if not self.classes or len(set(self.classes)) != len(self.classes):
            raise ModelError("the class names are empty or not unique")
        if self.output not in ("softmax", "sigmoid"):
            raise ModelError(f"output is {self.output!r}; softmax and sigmoid are known")
        if len(self.classes) == 1 and self.output == "softmax":
            raise ModelError("one class with a softmax is always certain; its output is a sigmoid")
        if len(set(self.exposed_layers)) != len(self.exposed_layers):
            raise ModelError("a layer is exposed twice")
        for name in _DIGESTS:
            digest = getattr(self, name)
            if not isinstance(digest, str) or not (digest == "" or _SHA256.fullmatch(digest)):
                raise ModelError(f"{name} is {digest!r}, where 64 hexadecimal digits are needed")

    @property
    def digest(self) -> str:
        """SHA-256 of everything said here, the weights' own among it: what was measured of a model
        holds as long as nothing of that changes."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    def check_digest(self, path: Path, digest: str) -> None:
        """Raise :class:`ModelError` unless the weights in ``path`` are the ones described."""
        wanted = self.weights_sha256
        if not wanted:
            raise ModelError(
                f"{path}: model.json does not say which weights it describes; if these are the "
                f'ones, add "weights_sha256": "{digest}"'
            )
        if digest != wanted:
            raise ModelError(
                f"{path}: the weights are not the ones that model.json describes (SHA-256 "
                f"{digest[:12]}…, expected {wanted[:12]}…); restore the file"
            )

    @classmethod
    def from_file(cls, path: Path) -> ModelSpecification:
        """Read ``model.json``; raises :class:`ModelError` that names the file and the fault."""
        try:
            if path.stat().st_size > _LARGEST_FILE:
                raise ModelError(f"not a valid model description (over {_LARGEST_FILE} bytes)")
            return cls(**_fields(json.loads(path.read_text(encoding="utf-8"))))
        except OSError as error:
            raise ModelError(f"{path}: the model description cannot be read") from error
        except ModelError as error:
            raise ModelError(f"{path}: {error}") from error
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{path}: not a valid model description ({error})") from error


def _fields(found: Any) -> dict[str, Any]:
    """The fields of a specification from parsed JSON, lists made tuples."""
    if not isinstance(found, dict):
        raise ModelError("not a valid model description (names with values are needed)")
    known = {field.name: field.default is MISSING for field in fields(ModelSpecification)}
    unknown = [name for name in found if name not in known]
    missing = [name for name, required in known.items() if required and name not in found]
    if unknown or missing:
        faults = [f"unknown: {', '.join(unknown)}"] if unknown else []
        faults += [f"missing: {', '.join(missing)}"] if missing else []
        raise ModelError(f"not a valid model description ({'; '.join(faults)})")
    ready = dict(found)
    for name in (*_TUPLES, "mean", "std"):
        if isinstance(ready.get(name), list):
            ready[name] = tuple(ready[name])
    for name in _DIGESTS:
        if isinstance(ready.get(name), str):
            ready[name] = ready[name].lower()  # as some programs print it
    return ready


def _check_texts(name: str, value: object) -> None:
    if not isinstance(value, tuple) or not all(isinstance(item, str) and item for item in value):
        raise ModelError(f"{name} is {value!r}, where a list of texts is needed")


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ModelError(f"{name} is {value!r}, where a whole number is needed")
    if not low <= value <= high:
        raise ModelError(f"{name} {value} is out of range ({low} to {high})")


def _is_number(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
