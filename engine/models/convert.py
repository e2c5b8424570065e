"""``python -m engine convert STATE_DICT …``: a state dict of a known architecture → model folder.

The state dict is a .safetensors file, or a PyTorch file (.pt, .pth, .ckpt, .bin). The latter is a
pickle; it is read with PyTorch's restricted unpickler, which makes tensors and plain containers
only, and nowhere but in this command, which you call on files that you chose. The folder that is
written holds safetensors and is read back; before the command says so, both networks have computed
the same on a fixed picture.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.checkpoint import load_model, save_model
from engine.errors import ModelError
from engine.models import ARCHITECTURES, build
from engine.models.specification import ModelSpecification
from engine.models.state_dicts import fitted_names, read_state_dict
from engine.models.weights import fill, misfit

_DTYPES = {"float32": torch.float32, "float16": torch.float16}
_TOLERANCES = {"float32": 1e-5, "float16": 2e-2}  # share of the largest logit


def run(arguments: Sequence[str]) -> int:
    """Convert as ``arguments`` say; 0, or :class:`ModelError` with what does not fit."""
    options = _parser().parse_args(arguments)
    network, specification = converted(options)
    save_model(network, specification, options.out, _DTYPES[options.dtype])
    difference = _difference(network, options.out, specification)
    if not difference <= _TOLERANCES[options.dtype]:
        raise ModelError(
            f"{options.out}: what was written does not compute the same (logits differ by "
            f"{difference:.2g} of the largest); use --dtype float32"
        )
    print(
        f"{options.out}: {specification.architecture}, {len(specification.classes)} classes; "
        f"read back, logits differ by {difference:.1g} of the largest"
    )
    return 0


def converted(options: argparse.Namespace) -> tuple[nn.Module, ModelSpecification]:
    """The network with the weights of the state dict, and what its folder will say."""
    specification = _specification(options, ())
    with torch.device("meta"):
        network = build(specification)
    tensors = fitted_names(read_state_dict(options.state_dict), network.state_dict())
    fault = misfit(network, tensors)
    if fault:
        raise ModelError(
            f"{options.state_dict}: does not fit {options.architecture} with "
            f"{len(specification.classes)} classes and {options.channels} channels ({fault})"
        )
    layers: tuple[str, ...] = network.layer_names  # type: ignore[assignment]
    return fill(network, tensors), _specification(options, layers)


def _difference(network: nn.Module, folder: Path, specification: ModelSpecification) -> float:
    """Largest difference of logits between ``network`` and the folder, as a share of the largest
    logit, on one picture of noise."""
    side = specification.input_size
    generator = torch.Generator().manual_seed(0)
    picture = torch.randn(1, specification.channels, side, side, generator=generator)
    with torch.no_grad():
        try:
            expected = network(picture)
        except RuntimeError as error:
            raise ModelError(
                f"the network does not work with an input size of {side} pixels ({error})"
            ) from error
        found = load_model(folder).network(picture)
    largest = float(expected.abs().max())
    return float((found - expected).abs().max()) / max(largest, torch.finfo().tiny)


def _specification(options: argparse.Namespace, layers: tuple[str, ...]) -> ModelSpecification:
    return ModelSpecification(
        name=options.name or options.state_dict.stem,
        version=options.version,
        architecture=options.architecture,
        arguments=dict(options.argument),
        classes=_classes(options),
        input_size=options.input_size,
        mean=options.mean,
        std=options.std,
        exposed_layers=layers,
        modalities=tuple(options.modality),
        intended_use=options.intended_use,
        licence=options.licence,
        channels=options.channels,
        output=options.output,
        body_parts=tuple(options.body_part),
    )


def _classes(options: argparse.Namespace) -> tuple[str, ...]:
    if options.classes_file is None:
        return tuple(name.strip() for name in options.classes.split(","))
    try:
        lines = options.classes_file.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ModelError(f"{options.classes_file}: the class names cannot be read") from error
    return tuple(line.strip() for line in lines if line.strip())


def _numbers(text: str) -> float | tuple[float, ...]:
    numbers = tuple(float(part) for part in text.split(","))
    return numbers[0] if len(numbers) == 1 else numbers


def _argument(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form KEY=VALUE")
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m engine convert",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("state_dict", type=Path, metavar="STATE_DICT", help="a .safetensors or PyTorch file")
    add("--architecture", required=True, choices=sorted(ARCHITECTURES), metavar="NAME",
        help=", ".join(sorted(ARCHITECTURES)))  # fmt: skip
    names = parser.add_mutually_exclusive_group(required=True)
    names.add_argument("--classes", metavar="A,B,C", help="class names in the order of the output")
    names.add_argument("--classes-file", type=Path, metavar="FILE", help="one class name a line")
    add("--out", type=Path, required=True, metavar="FOLDER", help="the model folder to write")
    add("--input-size", type=int, default=224, metavar="PIXELS", help="side of the square input")
    add("--channels", type=int, default=3, help="how often the grey image is repeated (default 3)")
    add("--mean", type=_numbers, required=True, metavar="M[,M,M]", help="of grey values in 0…1")
    add(
        "--std", type=_numbers, required=True, metavar="S[,S,S]", help="one number or one a channel"
    )
    add("--output", choices=("softmax", "sigmoid"), default="softmax",
        help="softmax: one class is right; sigmoid: each on its own")  # fmt: skip
    add("--argument", type=_argument, action="append", default=[], metavar="KEY=VALUE",
        help="of the architecture, such as stages=[[32,7,2]]")  # fmt: skip
    add("--name", default="", help="of the model (default: that of the file)")
    add("--version", default="1.0")
    add("--modality", action="append", default=[], metavar="DX",
        help="DICOM term of images it is for; again for several, never for any")  # fmt: skip
    add("--body-part", action="append", default=[], metavar="CHEST")
    add("--intended-use", default="not stated")
    add("--licence", default="not stated")
    add("--dtype", choices=sorted(_DTYPES), default="float32", help="of the stored kernels")
    return parser
