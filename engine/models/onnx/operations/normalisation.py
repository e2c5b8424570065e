"""BatchNormalization, InstanceNormalization, LayerNormalization, GroupNormalization, LRN."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

from engine.models.onnx.node import Function, Node


def batch(node: Node) -> Function:
    if node.integer("training_mode", 0):
        raise node.unsupported("is in training mode; export the model in evaluation mode")
    epsilon = node.number("epsilon", 1e-5)

    def run(maps: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        return F.batch_norm(maps, mean, variance, scale, bias, False, 0.0, epsilon)

    return run


def instance(node: Node) -> Function:
    epsilon = node.number("epsilon", 1e-5)
    return lambda maps, scale, bias: F.instance_norm(maps, None, None, scale, bias, eps=epsilon)


def layer(node: Node) -> Function:
    normalised = node.shape(0)[node.axis(-1) :]
    epsilon = node.number("epsilon", 1e-5)

    def run(maps: Tensor, scale: Tensor, bias: Tensor | None = None) -> Tensor:
        wide = None if bias is None else bias.expand(normalised)
        return F.layer_norm(maps, normalised, scale.expand(normalised), wide, epsilon)

    return run


def group(node: Node) -> Function:
    groups, epsilon = node.integer("num_groups", 1), node.number("epsilon", 1e-5)
    return lambda maps, scale, bias: F.group_norm(maps, groups, scale, bias, epsilon)


def local_response(node: Node) -> Function:
    size = node.integer("size", 1)
    if size < 1 or size % 2 == 0:
        raise node.unsupported(f"normalises over {size} channels, an even number")
    alpha, beta = node.number("alpha", 1e-4), node.number("beta", 0.75)
    bias = node.number("bias", 1.0)
    return lambda maps: F.local_response_norm(maps, size, alpha, beta, bias)
