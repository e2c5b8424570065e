"""TensorProto → torch, after a look at its kind, its shape and its length."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, numpy_helper
from torch import Tensor

from engine.errors import ModelError
from engine.models.onnx.external import MAXIMUM_BYTES, ExternalData, entries_of

_MAXIMUM_SIDES = 16


@dataclass(frozen=True)
class Kind:
    """An element type of ONNX: bytes an element, the field for lists of it, what it becomes.

    Half and double precision are computed in single precision, and unsigned integers that torch
    knows only in part as int64.
    """

    size: int
    field: str
    becomes: torch.dtype


KINDS: Mapping[int, Kind] = MappingProxyType(
    {
        TensorProto.FLOAT: Kind(4, "float_data", torch.float32),
        TensorProto.FLOAT16: Kind(2, "int32_data", torch.float32),
        TensorProto.BFLOAT16: Kind(2, "int32_data", torch.float32),
        TensorProto.DOUBLE: Kind(8, "double_data", torch.float32),
        TensorProto.BOOL: Kind(1, "int32_data", torch.bool),
        TensorProto.INT8: Kind(1, "int32_data", torch.int8),
        TensorProto.UINT8: Kind(1, "int32_data", torch.uint8),
        TensorProto.INT16: Kind(2, "int32_data", torch.int16),
        TensorProto.UINT16: Kind(2, "int32_data", torch.int64),
        TensorProto.INT32: Kind(4, "int32_data", torch.int32),
        TensorProto.UINT32: Kind(4, "uint64_data", torch.int64),
        TensorProto.INT64: Kind(8, "int64_data", torch.int64),
        TensorProto.UINT64: Kind(8, "uint64_data", torch.int64),
    }
)


def kind_name(element_type: int) -> str:
    try:
        return str(TensorProto.DataType.Name(element_type))
    except ValueError:
        return str(element_type)


@dataclass
class TensorReader:
    """Reads the tensors of one file and keeps count of their bytes: a small file can name the
    same external bytes any number of times."""

    model: Path
    external: ExternalData
    used: int = 0

    def read_all(self, tensors: Sequence[onnx.TensorProto]) -> dict[str, Tensor]:
        """The values by name; nothing is read before the sizes of all are known to be bearable."""
        for tensor in tensors:
            self._claim(tensor)
        return {tensor.name: self._values(tensor) for tensor in tensors}

    def read(self, tensor: onnx.TensorProto) -> Tensor:
        self._claim(tensor)
        return self._values(tensor)

    def _claim(self, tensor: onnx.TensorProto) -> None:
        self.used += math.prod(tensor.dims) * self._checked_kind(tensor).size
        if self.used > MAXIMUM_BYTES:
            raise self._fault(tensor, f"takes the tensors beyond {MAXIMUM_BYTES >> 20} MiB")

    def _values(self, tensor: onnx.TensorProto) -> Tensor:
        """An external tensor is made an ordinary one on the way."""
        kind = self._checked_kind(tensor)
        count = math.prod(tensor.dims)
        if tensor.data_location == TensorProto.EXTERNAL:
            data = self.external.bytes_of(tensor.name, entries_of(tensor), count * kind.size)
            tensor.ClearField("external_data")
            tensor.data_location = TensorProto.DEFAULT
            tensor.raw_data = data
        self._check_length(tensor, kind, count)
        try:
            array: np.ndarray[Any, Any] = numpy_helper.to_array(tensor)
            single = array.astype(np.float32) if kind.becomes == torch.float32 else array
            wide = single.astype(np.int64) if kind.becomes == torch.int64 else single
            values = torch.from_numpy(np.array(wide)).reshape(tuple(tensor.dims))
        except (TypeError, ValueError, RuntimeError, OverflowError) as error:
            raise self._fault(tensor, f"cannot be read ({error})") from error
        if values.is_floating_point() and bool(torch.isnan(values).any()):
            raise self._fault(tensor, "holds values that are not numbers (NaN)")
        return values

    def _checked_kind(self, tensor: onnx.TensorProto) -> Kind:
        if tensor.data_type not in KINDS:
            raise self._fault(
                tensor,
                f"has the element type {kind_name(tensor.data_type)}; only floating point, "
                "integers and truth values are read",
            )
        if len(tensor.dims) > _MAXIMUM_SIDES or any(side < 0 for side in tensor.dims):
            raise self._fault(tensor, f"has the impossible shape {tuple(tensor.dims)[:17]}")
        if tensor.HasField("segment"):
            raise self._fault(tensor, "is stored in segments, which are not read")
        return KINDS[tensor.data_type]

    def _check_length(self, tensor: onnx.TensorProto, kind: Kind, count: int) -> None:
        if tensor.HasField("raw_data"):
            held, needed, what = len(tensor.raw_data), count * kind.size, "bytes"
        else:
            held, needed, what = len(getattr(tensor, kind.field)), count, "values"
        if held != needed:
            raise self._fault(
                tensor, f"holds {held} {what} where its shape {tuple(tensor.dims)} needs {needed}"
            )

    def _fault(self, tensor: onnx.TensorProto, what: str) -> ModelError:
        return ModelError(f"{self.model}: the tensor {tensor.name!r} {what}")
