"""Fit a gate: radiographs in many views against outliers, its limit set on held-out radiographs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from engine.checkpoint import LoadedModel
from engine.evaluation.answers import recorded
from engine.gate import Gate, doubts, measured
from engine.outputs import probabilities_of
from engine.preprocess import normalise

_AXES = 64
_RIDGE = 0.01
_BATCH = 16


@dataclass(frozen=True, eq=False)
class Seen:
    """What a gate asks of N images: measured values [N, F] and probabilities [N, classes]."""

    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]

    def __add__(self, other: Seen) -> Seen:
        return Seen(
            np.concatenate((self.values, other.values)),
            np.concatenate((self.probabilities, other.probabilities)),
        )

    def __getitem__(self, chosen: NDArray[np.bool_ | np.int_]) -> Seen:
        return Seen(self.values[chosen], self.probabilities[chosen])


def look_at(model: LoadedModel, layers: Sequence[str], images: Iterable[Tensor]) -> Seen:
    """``images`` are batches, float [n, 1, S, S], 0…1, fitted."""
    facts = model.specification
    values, found = [], []
    with torch.inference_mode(), recorded(model.network, layers) as outputs:
        for batch in images:
            for part in torch.split(batch, _BATCH):
                inputs = normalise(part, facts.mean, facts.std, facts.channels)
                found.append(probabilities_of(model.network(inputs), facts.output))
                values.append(measured([outputs[name] for name in layers]))
    return Seen(np.concatenate(values), np.concatenate(found))


def fit_gate(
    layers: Sequence[str],
    catch_all: Sequence[str],
    classes: Sequence[str],
    radiographs: Seen,
    outliers: Seen,
) -> Gate:
    """Principal components of the radiographs, then a logistic regression in which both kinds weigh
    the same; without a limit yet."""
    mean, scale = radiographs.values.mean(0), radiographs.values.std(0)
    scale = scale + 0.05 * scale.mean() + 1e-9  # a kernel that never varied must not decide alone
    standard = (radiographs.values - mean) / scale
    _, lengths, directions = np.linalg.svd(standard, full_matrices=False)
    kept = min(_AXES, int((lengths > 1e-6 * lengths[0]).sum()))
    axes = directions[:kept] / (lengths[:kept, None] / np.sqrt(len(standard)))
    start = Gate(
        tuple(layers),
        tuple(catch_all),
        mean.astype(np.float32),
        scale.astype(np.float32),
        axes.astype(np.float32),
        np.zeros(kept + 3, np.float32),
        0.0,
    )
    features = [
        start.features(seen.values, doubts(seen.probabilities, classes, catch_all))
        for seen in (radiographs, outliers)
    ]
    weights = _logistic(*features)
    return Gate(start.layers, start.catch_all, start.mean, start.scale, start.axes, weights, 0.0)


def _logistic(inside: NDArray[np.float64], outside: NDArray[np.float64]) -> NDArray[np.float32]:
    """Ridge-penalised logistic regression, the last feature being the constant 1."""
    rows = torch.from_numpy(np.concatenate((inside, outside)))
    wanted = torch.cat((torch.zeros(len(inside)), torch.ones(len(outside)))).double()
    balance = torch.where(wanted > 0, len(inside) / len(outside), 1.0)
    weights = torch.zeros(rows.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=300, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = F.binary_cross_entropy_with_logits(rows @ weights, wanted, weight=balance)
        value = value + _RIDGE * (weights[:-1] ** 2).sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    return weights.detach().numpy().astype(np.float32)


def strangeness_of(gate: Gate, seen: Seen, classes: Sequence[str]) -> NDArray[np.float64]:
    """What the gate says of images that were looked at: [N]."""
    return gate.judged(seen.values, doubts(seen.probabilities, classes, gate.catch_all))


def held_out_declined(
    fit: Callable[[Seen], Gate],
    limits: Callable[[Gate], Sequence[float]],
    outliers: Seen,
    held: Seen,
    folds: Sequence[int],
    held_folds: Sequence[int],
    classes: Sequence[str],
) -> NDArray[np.bool_]:
    """Which of the N ``held`` images are declined, at each of the L limits, by gates that never saw
    their fold: [L, N]. One gate is made for each fold, from the outliers of all others."""
    declined: list[NDArray[np.bool_]] = [np.zeros(0, bool)] * len(held_folds)
    for fold in sorted(set(held_folds)):
        gate = fit(outliers[np.array(folds) != fold])
        mine = np.flatnonzero(np.array(held_folds) == fold)
        bounds = np.array(limits(gate))
        for place, strange in zip(mine, strangeness_of(gate, held[mine], classes), strict=True):
            declined[place] = strange > bounds
    return np.stack(declined, 1)
