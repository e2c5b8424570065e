"""Captum doing the same work: one call a layer, one call a neuron."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from engine.bench.networks import Subject
from engine.errors import EngineError


class PeerMissingError(EngineError):
    """Captum is not installed."""


@contextmanager
def _quiet() -> Iterator[None]:
    """Captum says at every call that it hooks the rectifiers; that much is known."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting .* hooks on ReLU", UserWarning)
        warnings.filterwarnings("ignore", "Setting forward, backward hooks", UserWarning)
        yield


def guided(subject: Subject, layer: str) -> Any:
    """Captum's guided backpropagation of a layer of the subject's network."""
    try:
        from captum.attr import NeuronGuidedBackprop
    except ImportError as error:
        raise PeerMissingError(
            "the benchmark compares with Captum, which is not installed; "
            'run pip install "attentive-viewer[opinions]"'
        ) from error
    with _quiet():
        return NeuronGuidedBackprop(subject.network, subject.network.get_submodule(layer))


def layer_map(subject: Subject, layer: str) -> Tensor:
    """The layer's map with seed "full": the gradient of half its square is the layer itself."""

    def half_square(maps: Tensor) -> Tensor:
        return 0.5 * (maps**2).flatten(1).sum(1)

    return _attributed(subject, layer, half_square)


def kernel_map(subject: Subject, layer: str, kernel: int) -> Tensor:
    """The map of one kernel with seed "full"."""

    def half_square(maps: Tensor) -> Tensor:
        return 0.5 * (maps[:, kernel] ** 2).flatten(1).sum(1)

    return _attributed(subject, layer, half_square)


def neuron_map(subject: Subject, layer: str, neuron: tuple[int, int, int]) -> Tensor:
    """The map of one neuron (kernel, y, x): what the peak of a kernel is."""
    return _attributed(subject, layer, neuron)


def _attributed(subject: Subject, layer: str, selector: Any) -> Tensor:
    image = subject.image.requires_grad_()
    with _quiet(), torch.enable_grad():
        found: Tensor = guided(subject, layer).attribute(image, selector)
    return found.detach()
