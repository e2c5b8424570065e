"""A model ready to be explained: read into a graph, on a device, with its layers in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.checkpoint import LoadedModel, choose_device
from engine.errors import ModelError
from engine.geometry import InputGeometry
from engine.graph import Graph, Recording, record
from engine.layers import class_layer, every_layer
from engine.models.specification import ModelSpecification
from engine.preprocess import normalise
from engine.results import ModelIdentity
from engine.trace import trace


@dataclass(frozen=True, eq=False)
class Explainer:
    """A loaded model, read into a graph on a device, ready for any number of images. ``layers``
    are the names of the layers that are explained, in order of depth."""

    model: LoadedModel
    graph: Graph
    device: torch.device
    layers: tuple[str, ...]

    @classmethod
    def prepare(cls, model: LoadedModel, device: torch.device) -> Explainer:
        """Raises :class:`ModelError` or :class:`UnsupportedOperationError` for a model that the
        engine cannot read, and for one that ends in something else than its specification says."""
        explainer = cls._read(model, device)
        ending, said = explainer.graph.ending, model.specification.output
        if ending not in ("", said):
            raise ModelError(f"the network ends in {ending}, but its specification says {said}")
        return explainer

    @classmethod
    def _read(cls, model: LoadedModel, device: torch.device) -> Explainer:
        facts = model.specification
        if device.type == "cuda":
            # by default convolutions are rounded to 10 bits there, which turns gates over: maps of
            # the deep model were apart by up to 17 % from the processor's, and by 0.2 % without
            torch.backends.cudnn.allow_tf32 = False
        network = model.network.to(device)
        weights = next(iter(network.parameters()), None)
        example = torch.zeros(
            1,
            facts.channels,
            facts.input_size,
            facts.input_size,
            device=device,
            dtype=torch.float32 if weights is None else weights.dtype,
        )
        wanted = facts.exposed_layers or tuple(getattr(network, "layer_names", ()))
        graph = trace(network, example, wanted)
        if graph.steps[-1].shape[1] != len(facts.classes):
            raise ModelError(
                f"the model answers with {graph.steps[-1].shape[1]} values, but "
                f"{len(facts.classes)} classes are named"
            )
        layers = wanted or every_layer(graph)
        if not layers:
            raise ModelError("the model has no layer whose output is a map; nothing can be shown")
        for layer in layers:
            if not graph.maps(graph.step_of(layer)):
                raise ModelError(f"the output of the layer {layer!r} is no map; expose another")
        return cls(model, graph, device, tuple(layers))

    @classmethod
    def of(
        cls,
        network: nn.Module,
        classes: Sequence[str],
        input_size: int = 224,
        channels: int = 1,
        mean: float | tuple[float, ...] = 0.0,
        std: float | tuple[float, ...] = 1.0,
        layers: Sequence[str] = (),
        output: str = "",
        device: str = "",
    ) -> Explainer:
        """An explainer of any network of yours, [1, channels, input_size, input_size] → logits.

        ``mean`` and ``std`` normalise grey values in 0…1, for all channels or each. ``layers``
        are module paths to explain; by default those that the network names itself
        (``layer_names``), or every one. ``output`` is ``softmax`` or, for findings that do not
        exclude each other, ``sigmoid``; by default what the network ends in, softmax if it ends in
        logits. The network stays where it is unless a ``device`` (auto,
        cpu, cuda) is named, is put into evaluation mode while it is read, and left as it was.
        """
        facts = ModelSpecification(
            name=type(network).__name__,
            version="",
            architecture="python",
            arguments={},
            classes=tuple(classes),
            input_size=input_size,
            mean=mean,
            std=std,
            exposed_layers=tuple(layers),
            modalities=(),
            intended_use="research",
            licence="not stated",
            channels=channels,
            output=output or "softmax",  # type: ignore[arg-type]
        )
        training = [module for module in network.modules() if module.training]
        try:
            network.eval()
            weights = next(iter(network.parameters()), torch.empty(0))
            place = choose_device(device) if device else weights.device
            if output:
                return cls.prepare(LoadedModel(network, facts), place)
            explainer = cls._read(LoadedModel(network, facts), place)
            if explainer.graph.ending == "sigmoid":
                several = LoadedModel(network, replace(facts, output="sigmoid"))
                return replace(explainer, model=several)
            return explainer
        finally:
            for module in training:
                module.training = True

    @property
    def identity(self) -> ModelIdentity:
        facts = self.model.specification
        return ModelIdentity(
            facts.name, facts.version, facts.weights_sha256, facts.licence, facts.classes
        )

    @property
    def layer_steps(self) -> tuple[int, ...]:
        return tuple(self.graph.step_of(name) for name in self.layers)

    @property
    def class_step(self) -> int:
        """Where the responses of the classes start: the class layer (one kernel per class), or
        the last layer with maps."""
        found = class_layer(self.graph)
        return max(self.layer_steps) if found is None else found

    @property
    def device_name(self) -> str:
        if self.device.type == "cuda":
            return f"GPU ({torch.cuda.get_device_name(self.device)})"
        return "CPU"


@dataclass(frozen=True, eq=False)
class Observed:
    """One image seen by the model: what it read and everything that was recorded."""

    square: NDArray[np.float32]
    geometry: InputGeometry
    recording: Recording

    def activation(self, step: int) -> Tensor:
        """z_l of an explained layer, [1, K, *sides]."""
        return self.recording.kept[step]


def network_input(explainer: Explainer, square: NDArray[np.float32]) -> Tensor:
    """What the network reads of a fitted image (S, S) in 0…1: [1, C, S, S], normalised, on its
    device and of its dtype."""
    facts = explainer.model.specification
    image = torch.from_numpy(square)[None, None].to(explainer.device)
    read = normalise(image, facts.mean, facts.std, facts.channels)
    weights = next(iter(explainer.model.network.parameters()), None)
    return read if weights is None else read.to(weights.dtype)


def observe(explainer: Explainer, square: NDArray[np.float32], geometry: InputGeometry) -> Observed:
    """Forward pass of a fitted image (S, S) in 0…1, with everything kept for the way back."""
    keep = {*explainer.layer_steps, explainer.class_step}
    read = network_input(explainer, square)
    return Observed(square, geometry, record(explainer.graph, read, keep))
