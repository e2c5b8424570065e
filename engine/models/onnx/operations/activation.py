"""Rectifiers and other functions of one value, Softmax, and those that do nothing in use."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.models.onnx.node import Function, Node

_SELU = 1.67326319217681884765625, 1.05070102214813232421875  # ONNX's defaults, torch's constants


def plain(compute: Callable[..., Tensor]) -> Callable[[Node], Function]:
    """A function of the inputs that no attribute changes."""
    return lambda node: compute


def leaky(node: Node) -> Function:
    alpha = node.number("alpha", 0.01)
    return lambda values: F.leaky_relu(values, alpha)


def parametric(node: Node) -> Function:
    """One slope for all or for each channel; for other shapes the two halves are added."""
    data, slope = node.shape(0), node.shape(1)
    rank = len(slope)
    channel = rank - len(data) + 1
    others = [side for place, side in enumerate(slope) if place != channel]
    if math.prod(slope) == 1 or (channel >= 0 and set(others) <= {1}):
        return lambda values, slopes: F.prelu(values, slopes.reshape(-1))
    return lambda values, slopes: F.relu(values) - slopes * F.relu(-values)


def elu(node: Node) -> Function:
    alpha = node.number("alpha", 1.0)
    return lambda values: F.elu(values, alpha)


def selu(node: Node) -> Function:
    alpha, gamma = node.number("alpha", _SELU[0]), node.number("gamma", _SELU[1])
    if math.isclose(alpha, _SELU[0], rel_tol=1e-6) and math.isclose(gamma, _SELU[1], rel_tol=1e-6):
        return F.selu
    return lambda values: gamma * F.elu(values, alpha)


def celu(node: Node) -> Function:
    alpha = node.number("alpha", 1.0)
    return lambda values: F.celu(values, alpha)


def thresholded(node: Node) -> Function:
    alpha = node.number("alpha", 1.0)
    return lambda values: F.threshold(values, alpha, 0.0)


def clip(node: Node) -> Function:
    """Bounds are attributes before opset 11, then inputs."""
    if node.opset < 11:
        low = node.number("min", 0.0) if node.has("min") else None
        high = node.number("max", 0.0) if node.has("max") else None
    else:
        low, high = node.input_number(1), node.input_number(2)
    if low is None and high is None:
        return lambda values: values
    return lambda values: torch.clamp(values, low, high)


def hard_sigmoid(node: Node) -> Function:
    alpha, beta = node.number("alpha", 0.2), node.number("beta", 0.5)
    if math.isclose(alpha, 1 / 6, rel_tol=1e-6) and beta == 0.5:
        return F.hardsigmoid
    return lambda values: torch.clamp(alpha * values + beta, 0.0, 1.0)


def gelu(node: Node) -> Function:
    approximate = node.text("approximate", "none")
    if approximate not in ("none", "tanh"):
        raise node.unsupported(f"approximates by {approximate!r}")
    return lambda values: F.gelu(values, approximate=approximate)


def swish(node: Node) -> Function:
    alpha = node.number("alpha", 1.0)
    if alpha == 1:
        return F.silu
    return lambda values: values * torch.sigmoid(alpha * values)


def softmax(compute: Callable[[Tensor, int], Tensor]) -> Callable[[Node], Function]:
    """Before opset 13 all sides from ``axis`` on are taken together."""

    def build(node: Node) -> Function:
        shape = node.shape(0)
        axis = node.axis(1 if node.opset < 13 else -1)
        if node.opset >= 13 or math.prod(shape[axis:]) == shape[axis]:
            return lambda values: compute(values, axis)
        flat = (math.prod(shape[:axis]), math.prod(shape[axis:]))
        return lambda values: compute(values.reshape(flat), 1).reshape(shape)

    return build


def dropout(node: Node) -> Function:
    if node.input_number(2):
        raise node.unsupported("is in training mode; export the model in evaluation mode")
    return lambda values: values
