"""Which operator of ONNX becomes which torch function: a row each, nothing else.

An operator without a row raises :class:`UnsupportedOperationError`; none is ever passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn import functional as F

from engine.models.onnx.node import Function, Node, Row
from engine.models.onnx.operations import (
    activation,
    arithmetic,
    constants,
    convolution,
    normalisation,
    pooling,
    resize,
    shape,
)


def _alone(build: Callable[[Node], Function]) -> Row:
    """An operator whose further inputs say how to compute."""
    return Row(build, reads=1)


def _of(compute: Callable[..., Tensor]) -> Row:
    return Row(activation.plain(compute))


def _identity(values: Tensor) -> Tensor:
    return values


OPERATORS: Mapping[str, Row] = MappingProxyType(
    {
        # layers with weights
        "Conv": Row(convolution.convolution),
        "ConvTranspose": Row(convolution.transposed_convolution),
        "Gemm": Row(convolution.gemm),
        "MatMul": Row(arithmetic.matrix_product),
        "BatchNormalization": Row(normalisation.batch),
        "InstanceNormalization": Row(normalisation.instance),
        "LayerNormalization": Row(normalisation.layer),
        "GroupNormalization": Row(normalisation.group),
        "LRN": Row(normalisation.local_response),
        # functions of one value
        "Relu": _of(torch.relu),
        "LeakyRelu": Row(activation.leaky),
        "PRelu": Row(activation.parametric),
        "Elu": Row(activation.elu),
        "Selu": Row(activation.selu),
        "Celu": Row(activation.celu),
        "ThresholdedRelu": Row(activation.thresholded),
        "Clip": _alone(activation.clip),
        "HardSigmoid": Row(activation.hard_sigmoid),
        "HardSwish": _of(F.hardswish),
        "Sigmoid": _of(torch.sigmoid),
        "Tanh": _of(torch.tanh),
        "Softplus": _of(F.softplus),
        "Softsign": _of(F.softsign),
        "Mish": _of(F.mish),
        "Gelu": Row(activation.gelu),
        "Swish": Row(activation.swish),
        "Erf": _of(torch.erf),
        "Exp": _of(torch.exp),
        "Log": _of(torch.log),
        "Sqrt": _of(torch.sqrt),
        "Reciprocal": _of(torch.reciprocal),
        "Abs": _of(torch.abs),
        "Neg": _of(torch.neg),
        "Floor": _of(torch.floor),
        "Ceil": _of(torch.ceil),
        "Round": _of(torch.round),
        "Not": _of(torch.logical_not),
        "Softmax": Row(activation.softmax(torch.softmax)),
        "LogSoftmax": Row(activation.softmax(torch.log_softmax)),
        "Dropout": _alone(activation.dropout),
        "Identity": _of(_identity),
        "Cast": Row(arithmetic.cast),
        # pooling and sums over sides
        "MaxPool": Row(pooling.max_pool),
        "AveragePool": Row(pooling.average_pool),
        "GlobalAveragePool": Row(pooling.global_average),
        "GlobalMaxPool": Row(pooling.global_maximum),
        "ReduceMean": _alone(pooling.reduction(torch.mean, 18)),
        "ReduceSum": _alone(pooling.reduction(torch.sum, 13)),
        "ReduceMax": _alone(pooling.reduction(torch.amax, 18)),
        "ReduceMin": _alone(pooling.reduction(torch.amin, 18)),
        "ReduceProd": _alone(pooling.reduction(pooling.product, 18)),
        # functions of two values and more
        "Add": Row(arithmetic.paired(torch.add)),
        "Sub": Row(arithmetic.paired(torch.sub)),
        "Mul": Row(arithmetic.paired(torch.mul)),
        "Div": Row(arithmetic.paired(arithmetic.division)),
        "Mod": Row(arithmetic.remainder),
        "Pow": Row(arithmetic.power),
        "Sum": Row(arithmetic.chained(torch.add)),
        "Mean": Row(arithmetic.mean),
        "Max": Row(arithmetic.bound(largest=True)),
        "Min": Row(arithmetic.bound(largest=False)),
        "Equal": Row(arithmetic.paired(torch.eq)),
        "Greater": Row(arithmetic.paired(torch.gt)),
        "GreaterOrEqual": Row(arithmetic.paired(torch.ge)),
        "Less": Row(arithmetic.paired(torch.lt)),
        "LessOrEqual": Row(arithmetic.paired(torch.le)),
        "And": Row(arithmetic.paired(torch.logical_and)),
        "Or": Row(arithmetic.paired(torch.logical_or)),
        "Where": _of(torch.where),
        # what moves values
        "Concat": Row(shape.concatenation),
        "Split": _alone(shape.split),
        "Slice": _alone(shape.slice_sides),
        "Gather": _alone(shape.gather),
        "Pad": _alone(shape.pad),
        "Resize": _alone(resize.resize),
        "Upsample": _alone(resize.resize),
        "Flatten": Row(shape.flatten),
        "Reshape": _alone(shape.reshape),
        "Transpose": Row(shape.transpose),
        "Squeeze": _alone(shape.squeeze),
        "Unsqueeze": _alone(shape.unsqueeze),
        "Expand": _alone(shape.expand),
        "Tile": _alone(shape.tile),
        "DepthToSpace": Row(shape.depth_to_space),
        "SpaceToDepth": Row(shape.space_to_depth),
        # values that no image changes
        "Constant": Row(constants.constant),
        "ConstantOfShape": Row(constants.constant_of_shape),
        "Shape": Row(constants.shape_of),
        "Size": Row(constants.size_of),
        "Range": Row(constants.number_range),
    }
)

# Of these only the shape of the input counts, not what it holds.
READ_THE_SHAPE_ONLY = frozenset({"Shape", "Size"})
