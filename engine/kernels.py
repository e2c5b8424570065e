"""The kernel explorer: which kernels of which layers matter, and the map of each.

Ranking never computes a map: by activation it is a sum, by class the inner product of activation
and class signal, by region the adjoint trick (METHOD: one forward pass of the region through the
adjoint of the way back gives the signed mass that every kernel's map has in it).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine import seeds
from engine.cost import way_down
from engine.errors import RequestError
from engine.explainer import Explainer, Observed
from engine.graph import Graph
from engine.passes import back_project, budget_for, push_forward
from engine.patches import Patch, PatchDescent
from engine.responses import class_seed, explained_step, to_numpy, way_of
from engine.results import KernelMaps, KernelScore, Method
from engine.rules import RULES

# A chunk is the most that a cancelled stream still computes: so many multiply-adds, a tenth of a
# second on two cores, and so many kernels.
_CHUNK_COST = 8e9
_CHUNK_KERNELS = 64


def rank_by_activation(
    explainer: Explainer, observed: Observed, layers: Sequence[str]
) -> tuple[KernelScore, ...]:
    """Kernels of the layers by summed activation, the greatest first."""
    steps = {layer: explained_step(explainer, observed, layer) for layer in layers}
    return _ranked(
        (layer, observed.activation(step)[0].flatten(1).sum(1)) for layer, step in steps.items()
    )


def rank_by_class(
    explainer: Explainer, observed: Observed, layers: Sequence[str], target: str
) -> tuple[KernelScore, ...]:
    """Kernels by their contribution to a class: Σ z ⊙ ∂logit/∂z over the kernel's positions,
    exact to first order (gradient × activation), the greatest first."""
    wanted = {explained_step(explainer, observed, layer): layer for layer in layers}
    classes = explainer.model.specification.classes
    if target not in classes:
        raise RequestError(f"the model has no class {target!r}; it has {', '.join(classes)}")
    last = len(explainer.graph.steps) - 1
    found: dict[str, Tensor] = {}

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        if step in wanted and arrived is not None:
            share = seeds.class_share(observed.activation(step), arrived[:1])
            found[wanted[step]] = share[0].flatten(1).sum(1)
        if step == last:
            return class_seed(observed.recording.logits, classes.index(target))
        return None

    way = way_of(Method("gradient", "class"))
    back_project(explainer.graph, observed.recording, way, seeds_at, to=min(wanted, default=0))
    return _ranked((layer, found[layer]) for layer in layers if layer in found)


def region_masses(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    regions: NDArray[np.float32],
    layers: Sequence[str],
    target: str | None = None,
) -> dict[str, NDArray[np.float32]]:
    """Signed response mass of every kernel's map in every region, layer → [R, K].

    ``regions`` [R, S, S] are masks (or weights) on the model's input. One forward pass a region,
    whatever the number of kernels. For rules that are linear (linear, gradient, frozen) and the
    seeds full and class; raises :class:`RequestError` otherwise.
    """
    if not RULES[method.rule].is_linear or method.seed not in ("full", "class"):
        raise RequestError(
            f"kernels can be screened by region with the rules linear, gradient and frozen and the "
            f"seeds full and class, not with {method.rule} + {method.seed}"
        )
    graph, recording = explainer.graph, observed.recording
    if regions.ndim != 3 or regions.shape[1:] != tuple(graph.input_shape[2:]):
        raise RequestError(f"the regions have the shape {regions.shape}, not that of the input")
    steps = {layer: explained_step(explainer, observed, layer) for layer in layers}
    start = torch.from_numpy(np.ascontiguousarray(regions, np.float32)).to(recording.logits)
    start = start[:, None].expand(-1, graph.input_shape[1], -1, -1)
    pushed = push_forward(graph, recording, way_of(method), start, steps.values())
    weights = _seeds_of_layers(explainer, observed, method, set(steps.values()), target)
    return {
        layer: to_numpy((pushed[step] * weights[step]).flatten(2).sum(2))
        for layer, step in steps.items()
    }


def _seeds_of_layers(
    explainer: Explainer, observed: Observed, method: Method, steps: set[int], target: str | None
) -> dict[int, Tensor]:
    """The seed of each layer's map [1, K, *sides]."""
    if method.seed == "full":
        return {step: observed.activation(step) for step in steps}
    classes = explainer.model.specification.classes
    if target not in classes:
        raise RequestError("the seed class needs a target among the model's classes")
    last, found = len(explainer.graph.steps) - 1, {}

    def seeds_at(step: int, arrived: Tensor | None) -> Tensor | None:
        if step in steps:
            activation = observed.activation(step)
            signal = torch.zeros_like(activation) if arrived is None else arrived[:1]
            found[step] = seeds.class_share(activation, signal)
        if step == last:
            return class_seed(observed.recording.logits, classes.index(target))
        return None

    back_project(
        explainer.graph, observed.recording, way_of(method), seeds_at, to=min(steps, default=0)
    )
    return found


def rank_by_region(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    region: NDArray[np.float32],
    layers: Sequence[str],
    target: str | None = None,
) -> tuple[KernelScore, ...]:
    """Kernels of the layers by the signed mass of their maps in ``region`` [S, S], the greatest
    first. See :func:`region_masses`."""
    masses = region_masses(explainer, observed, method, region[None], layers, target)
    return _ranked((layer, torch.from_numpy(values[0])) for layer, values in masses.items())


def _ranked(scored: Iterable[tuple[str, Tensor]]) -> tuple[KernelScore, ...]:
    rows = [
        KernelScore(layer, kernel, score)
        for layer, scores in scored
        for kernel, score in enumerate(scores.cpu().tolist())
    ]
    return tuple(sorted(rows, key=lambda row: -row.score))


def kernel_maps(
    explainer: Explainer,
    observed: Observed,
    method: Method,
    layer: str,
    kernels: Sequence[int] | None = None,
    target: str | None = None,
    chunk: int | None = None,
    budget: int | None = None,
) -> Iterator[KernelMaps]:
    """The map of each kernel of a layer (all of them, or those named, in that order), streamed in
    chunks; stop iterating to cancel.

    The seeds peak, full, top_k (like full) and class start from the kernel's own channel alone.
    A chunk holds ``chunk`` kernels, by default as many as take about a tenth of a second on a
    CPU. Memory: one chunk of maps, and ``budget`` bytes of signals at a step, whatever the number
    of kernels. Raises :class:`RequestError` for a kernel that the layer does not have.
    """
    step = explained_step(explainer, observed, layer)
    count = observed.activation(step).shape[1]
    every = range(count) if kernels is None else kernels
    for kernel in every:
        if not 0 <= kernel < count:
            raise RequestError(
                f"the layer {layer!r} has the kernels 0 to {count - 1}, not {kernel}"
            )
    device = observed.recording.logits.device
    seed = _kernel_seeds(explainer, observed, method, step, target)
    start = _start(seed, peaks=method.seed == "peak")
    budget = budget or budget_for(device)
    chunk = chunk or _chunk(explainer.graph, step, method.seed == "peak")
    total, done = len(every), 0
    for first in range(0, total, chunk):
        numbers = tuple(every[first : first + chunk])
        with torch.no_grad():
            maps = _maps_of(explainer.graph, observed, step, start, method, numbers, budget)
        done += len(numbers)
        yield KernelMaps(layer, method, numbers, maps, done, total)


def _chunk(graph: Graph, step: int, peaks: bool) -> int:
    cost = way_down(graph, step, peaks)
    return max(1, min(_CHUNK_KERNELS, round(_CHUNK_COST / max(cost, 1))))


def _kernel_seeds(
    explainer: Explainer, observed: Observed, method: Method, step: int, target: str | None
) -> Tensor:
    if method.seed == "uniform":
        return seeds.uniform(observed.activation(step))
    if method.seed == "class":
        return _seeds_of_layers(explainer, observed, method, {step}, target)[step]
    return observed.activation(step)


def _start(seed: Tensor, peaks: bool) -> Patch:
    """A row for every kernel: its own channel, or its strongest position alone."""
    count, sides = seed.shape[1], seed.ndim - 2
    channel = torch.arange(count, device=seed.device)
    if not peaks:
        return Patch(seed[0].unsqueeze(1), channel.new_zeros(count, sides), channel)
    corner, values = seeds.peaks_of(seed)
    return Patch(values.view(-1, 1, *(1,) * sides), corner, channel)


def _maps_of(
    graph: Graph,
    observed: Observed,
    step: int,
    start: Patch,
    method: Method,
    numbers: Sequence[int],
    budget: int,
) -> NDArray[np.float32]:
    """[n, S, S]; kernels whose seed is zero are skipped, their maps are zero."""
    # Memory from numpy's zeros is not touched until written to, and most of a patch's map never is.
    found = np.zeros((len(numbers), *graph.input_shape[2:]), np.float32)
    seed = start.values
    kernels = torch.tensor(numbers, device=seed.device)
    alive = seed[kernels].flatten(1).ne(0).any(1)
    rows = alive.nonzero()[:, 0].tolist()
    if not rows:
        return found
    here = seed.device.type == "cpu" and seed.dtype == torch.float32
    out = torch.from_numpy(found) if here else seed.new_zeros(found.shape)
    way = way_of(method)
    descent = PatchDescent(graph, observed.recording, way, budget, method.positive, out)
    descent.down(step, start.rows(kernels[alive]), rows)
    return found if here else to_numpy(out)
