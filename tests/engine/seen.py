"""The grey test image as a model sees it, and how near two maps are."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.explainer import Explainer, Observed, observe
from engine.preprocess import fit_to_square
from engine.results import Explanation
from tests.engine.small_networks import grey_image

Maps = NDArray[np.float32]


def observed_by(explainer: Explainer) -> Observed:
    """The grey test image, fitted and seen by the model."""
    side = explainer.model.specification.input_size
    return observe(explainer, *fit_to_square(grey_image(), side))


def network_input(explainer: Explainer, result: Explanation) -> Tensor:
    """What the network of an explainer with one channel read."""
    facts = explainer.model.specification
    return (torch.from_numpy(result.input_image)[None, None] - facts.mean) / facts.std


def near(found: Maps, expected: Maps, tolerance: float = 2e-5) -> None:
    """Equal up to float32 rounding through a network, relative to the greatest value."""
    assert found.shape == expected.shape
    greatest = float(np.abs(expected).max())
    assert greatest > 0
    assert float(np.abs(found - expected).max()) <= tolerance * greatest
