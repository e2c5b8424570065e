"""Resize and Upsample, where torch computes exactly what ONNX says.

The two differ in half a dozen ways of placing and rounding. Rather than trusting names, the matrix
that the node asks for is written out for each side by ONNX's formulas, and compared with the one
that torch applies; the first of torch's ways that agrees is used, and without one the node is
refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.errors import ModelError
from engine.models.onnx.node import Function, Node, Shape

_LARGEST_SIDE = 4096
_AGREEMENT = 1e-4  # largest difference of two interpolation weights, which are 0…1
_LINEAR = {1: "linear", 2: "bilinear", 3: "trilinear"}
_ROUNDING: dict[str, Callable[[float], int]] = {
    "round_prefer_floor": lambda x: math.ceil(x - 0.5),
    "round_prefer_ceil": lambda x: math.floor(x + 0.5),
    "floor": math.floor,
    "ceil": math.ceil,
}


@dataclass(frozen=True)
class Placing:
    """How a node finds the place in the input that an output value is read from."""

    linear: bool
    coordinates: str
    rounding: str

    @classmethod
    def of(cls, node: Node) -> Placing:
        mode = node.text("mode", "nearest")
        if mode not in ("nearest", "linear"):
            raise node.unsupported(f"resizes in the mode {mode!r}")
        if node.opset < 11:
            return cls(mode == "linear", "asymmetric", "floor")
        if node.integer("antialias", 0) or node.integer("exclude_outside", 0):
            raise node.unsupported("resizes with antialias or exclude_outside")
        return cls(
            mode == "linear",
            node.text("coordinate_transformation_mode", "half_pixel"),
            node.text("nearest_mode", "round_prefer_floor"),
        )

    def place(self, index: int, old: int, new: int, scale: float) -> float:
        """ONNX's formulas; raises KeyError for what has none here."""
        if self.coordinates == "align_corners":
            return index * (old - 1) / (new - 1) if new > 1 else 0.0
        if self.coordinates == "pytorch_half_pixel" and new == 1:
            return 0.0
        shift = {"half_pixel": 0.5, "pytorch_half_pixel": 0.5, "asymmetric": 0.0}[self.coordinates]
        return (index + shift) / scale - shift

    def matrix(self, old: int, new: int, scale: float) -> NDArray[np.float64]:
        """(new, old): how much of each old value each new one takes."""
        weights = np.zeros((new, old))
        for index in range(new):
            place = self.place(index, old, new, scale)
            if self.linear:
                left = math.floor(place)
                for at, share in ((left, 1 - (place - left)), (left + 1, place - left)):
                    weights[index, min(max(at, 0), old - 1)] += share
            else:
                nearest = _ROUNDING[self.rounding](place)
                weights[index, min(max(nearest, 0), old - 1)] = 1
        return weights


def resize(node: Node) -> Function:
    old = node.shape(0)
    new, scales = _target(node, old)
    if new[:2] != old[:2] or not 3 <= len(old) <= 5:
        raise node.unsupported(f"resizes the shape {old} to {new}")
    if max(*old[2:], *new[2:]) > _LARGEST_SIDE:
        raise ModelError(f"{node.record} resizes {old} to {new}, which is too large")
    if new == old and all(scale == 1 for scale in scales):
        return lambda maps: maps
    placing = Placing.of(node)
    sides = list(zip(old[2:], new[2:], scales[2:], strict=True))
    try:
        wanted = [placing.matrix(*side) for side in sides]
    except KeyError as error:
        raise node.unsupported(f"resizes with {error}") from error
    for options in _ways(placing, new[2:], scales[2:]):
        if all(_agrees(options(side), goal, len(sides)) for side, goal in enumerate(wanted)):
            return lambda maps: F.interpolate(maps, **options(None))
    raise node.unsupported(
        f"resizes {old[2:]} to {new[2:]} as {placing.coordinates!r}, which torch does not"
    )


def _target(node: Node, old: Shape) -> tuple[Shape, tuple[float, ...]]:
    """The new shape, and for each side new / old as ONNX counts it."""
    if node.text("keep_aspect_ratio_policy", "stretch") != "stretch":
        raise node.unsupported("keeps the aspect ratio")
    axes = node.integers("axes", range(len(old)))
    scales_at = 1 if node.opset < 11 else 2
    sizes = node.input_integers(3) if node.opset >= 11 else None
    scales = node.input_values(scales_at)
    shape, factors = list(old), [1.0] * len(old)
    for place, axis in enumerate(node.counted(axis) for axis in axes):
        if sizes:
            shape[axis] = sizes[place]
            factors[axis] = sizes[place] / old[axis]
        elif scales and scales[place] > 0 and math.isfinite(scales[place]):
            factors[axis] = scales[place]
            shape[axis] = math.floor(old[axis] * scales[place])
        else:
            raise ModelError(f"{node.record} has neither sizes nor scales that fit")
    if min(shape) < 1:
        raise ModelError(f"{node.record} resizes to the impossible shape {tuple(shape)}")
    return node.bounded(shape), tuple(factors)


def _ways(
    placing: Placing, sizes: Shape, scales: tuple[float, ...]
) -> Iterator[Callable[[int | None], dict[str, Any]]]:
    """What torch can do, as options for all sides (None) or for one side alone."""
    modes: tuple[dict[str, Any], ...] = ({"mode": "nearest"}, {"mode": "nearest-exact"})
    if placing.linear:
        mode = _LINEAR[len(sizes)]
        modes = tuple({"mode": mode, "align_corners": aligned} for aligned in (False, True))
    for mode_options in modes:
        for targets in ({"size": sizes}, {"scale_factor": scales}):

            def options(
                side: int | None,
                mode_options: dict[str, Any] = mode_options,
                targets: dict[str, Any] = targets,
            ) -> dict[str, Any]:
                if side is None:
                    return {**mode_options, **targets}
                mode = "linear" if placing.linear else mode_options["mode"]
                return {**mode_options, "mode": mode, **{k: v[side] for k, v in targets.items()}}

            yield options


def _agrees(options: dict[str, Any], wanted: NDArray[np.float64], sides: int) -> bool:
    """Does torch, resizing one side with ``options``, apply the matrix ``wanted``?"""
    identity = torch.eye(wanted.shape[1], dtype=torch.float32)[:, None]
    applied: Tensor = F.interpolate(identity, **options)[:, 0].t()
    found = applied.numpy()
    return found.shape == wanted.shape and bool(np.abs(found - wanted).max() <= _AGREEMENT)
