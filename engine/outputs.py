"""From logits to probabilities: one function for use and for evaluation."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import EngineError


def probabilities_of(logits: Tensor, output: str) -> NDArray[np.float64]:
    """Logits [N, classes] → probabilities, float64; ``output`` is softmax or sigmoid."""
    values = logits.double()
    found = torch.sigmoid(values) if output == "sigmoid" else torch.softmax(values, 1)
    if not bool(torch.isfinite(found).all()):
        raise EngineError("the model answered with values that are not finite numbers")
    return np.asarray(found.cpu().numpy())
