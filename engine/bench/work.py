"""The work that is measured, ours and the peer's, on one subject."""

from __future__ import annotations

import torch
from torch import Tensor

from engine import seeds
from engine.bench import peers
from engine.bench.networks import Subject
from engine.checkpoint import LoadedModel
from engine.cost import forward_cost, kernel_maps_limit, layer_maps_limit, way_down
from engine.explainer import Explainer, Observed
from engine.geometry import InputGeometry
from engine.graph import record
from engine.kernels import kernel_maps, region_masses
from engine.models.specification import ModelSpecification
from engine.passes import back_project
from engine.responses import way_of
from engine.results import Method

GUIDED = Method("guided", "full")
ARM = Method("guided", "peak", "nearest", positive=True)
SCREENING = Method("gradient", "full")


class Work:
    """A subject read by the engine, with its limits in seconds once ``forward`` is known."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        facts = ModelSpecification(
            name=subject.name,
            version="",
            architecture="benchmark",
            arguments={},
            classes=tuple(f"class {n}" for n in range(subject.classes)),
            input_size=subject.side,
            mean=0.0,
            std=1.0,
            exposed_layers=subject.layers,
            modalities=(),
            intended_use="benchmark",
            licence="not stated",
        )
        self.explainer = Explainer.prepare(LoadedModel(subject.network, facts), torch.device("cpu"))
        self.image = subject.image
        self.steps = self.explainer.layer_steps
        self.observed = self._observed()
        self.forward = 0.0

    def _observed(self) -> Observed:
        side = self.subject.side
        geometry = InputGeometry.fit((side, side), side)
        recording = record(self.explainer.graph, self.image, self.steps)
        return Observed(self.image[0, 0].numpy(), geometry, recording)

    # --- ours -------------------------------------------------------------------------------

    def our_forward(self) -> Tensor:
        return record(self.explainer.graph, self.image, self.steps).logits

    def our_layer_maps(self) -> Tensor:
        """Forward and the maps of all layers, rows from the last layer to the first."""
        recording = record(self.explainer.graph, self.image, self.steps)
        return back_project(
            self.explainer.graph,
            recording,
            way_of(GUIDED),
            lambda step, arrived: seeds.full(recording.kept[step]) if step in self.steps else None,
        )

    def our_arm(self, layer: str, kernels: range | None = None) -> float:
        """The maps of a layer's kernels by the published-ARM preset; returns their sum."""
        total = 0.0
        for chunk in kernel_maps(self.explainer, self.observed, ARM, layer, kernels):
            total += float(chunk.values[0, 0, 0])
        return total

    def our_dense(self) -> float:
        """All dense kernel maps of one layer."""
        total, layer = 0.0, self.subject.dense_layer
        for chunk in kernel_maps(self.explainer, self.observed, GUIDED, layer):
            total += float(chunk.values[0, 0, 0])
        return total

    def our_screening(self) -> None:
        """The mass of every kernel of every layer in four quarters of the image."""
        half = self.subject.side // 2
        regions = torch.zeros(4, self.subject.side, self.subject.side)
        for number in range(4):
            y, x = divmod(number, 2)
            regions[number, y * half : (y + 1) * half, x * half : (x + 1) * half] = 1
        layers = self.explainer.layers
        region_masses(self.explainer, self.observed, SCREENING, regions.numpy(), layers)

    # --- the peer's -------------------------------------------------------------------------

    def plain_forward(self) -> Tensor:
        with torch.no_grad():
            out: Tensor = self.subject.network(self.image)
            return out

    def peer_layer_maps(self) -> list[Tensor]:
        """All layers, one call each, from the last to the first."""
        return [peers.layer_map(self.subject, layer) for layer in reversed(self.subject.layers)]

    def peer_peak(self, layer: str, kernel: int) -> Tensor:
        activation = self.observed.activation(self.explainer.graph.step_of(layer))
        places, _ = seeds.peaks_of(activation)
        y, x = places[kernel].tolist()
        return peers.neuron_map(self.subject, layer, (kernel, y, x))

    def peer_dense(self, kernel: int) -> Tensor:
        return peers.kernel_map(self.subject, self.subject.dense_layer, kernel)

    # --- limits, in units of one forward pass ---------------------------------------------------

    def kernels_of(self, layer: str) -> int:
        return self.explainer.graph.steps[self.explainer.graph.step_of(layer)].shape[1]

    @property
    def layer_limit(self) -> float:
        return layer_maps_limit(self.explainer.graph, self.steps)

    @property
    def arm_limit(self) -> float:
        return kernel_maps_limit(self.explainer.graph, self.steps, peaks=True)

    @property
    def dense_limit(self) -> float:
        graph, layer = self.explainer.graph, self.subject.dense_layer
        one = way_down(graph, graph.step_of(layer), peaks=False)
        return self.kernels_of(layer) * one / forward_cost(graph)
