"""Which ATen operation becomes which operation of ours.

Each file beside this one gives its rows; a name without a row is refused, nothing is ever passed
over. ``PASSED_ON`` hand their input on as it is, ``MADE_NEW`` look at its shape alone,
``RANDOM_IN_TRAINING`` draw random numbers in training alone.
"""

from __future__ import annotations

from types import MappingProxyType

from engine.operations import (
    convolution,
    derivative,
    joins,
    linear_map,
    normalisation,
    pooling,
    rectifier,
)
from engine.operations.call import Rows

_FILES = (convolution, derivative, joins, linear_map, normalisation, pooling, rectifier)

OPERATIONS: Rows = MappingProxyType(
    {name: row for module in _FILES for name, row in module.ROWS.items()}
)

PASSED_ON = frozenset({"alias", "clone", "contiguous", "detach", "lift_fresh", "_to_copy"})
RANDOM_IN_TRAINING = frozenset({"rrelu_with_noise"})

MADE_NEW = frozenset(
    {f"{what}_like" for what in ("empty", "zeros", "ones", "full")}
    | {f"new_{what}" for what in ("empty", "zeros", "ones", "full")}
    | {"fill"}
)
