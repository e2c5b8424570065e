"""What a model answers about many pictures: the same steps as for one, in batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from engine.checkpoint import LoadedModel
from engine.evaluation.index import Picture
from engine.gate import unfit
from engine.outputs import probabilities_of
from engine.preprocess import fit_to_square, normalise


@dataclass(frozen=True, eq=False)
class Answers:
    """Of N pictures: ``probabilities`` float64 [N, classes], ``strangeness`` float64 [N] (0 without
    a gate), and in ``reasons`` why each is declined, "" where it is not. Pictures that are unfit
    are not shown to the network: their rows are 0."""

    probabilities: NDArray[np.float64]
    strangeness: NDArray[np.float64]
    reasons: tuple[str, ...]

    @property
    def declined(self) -> NDArray[np.bool_]:
        return np.array([bool(reason) for reason in self.reasons], bool)


@contextmanager
def recorded(network: nn.Module, layers: Sequence[str]) -> Iterator[Mapping[str, Tensor]]:
    """The outputs of the modules named, anew at each call of the network inside the context."""
    outputs: dict[str, Tensor] = {}
    hooks = [
        network.get_submodule(name).register_forward_hook(
            lambda module, inputs, output, name=name: outputs.__setitem__(name, output)
        )
        for name in layers
    ]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


@dataclass(eq=False)
class Answering:
    """Takes pictures one after the other, asks the model in batches; ``finish`` gives the answers.

    Raises :class:`EngineError` for a picture that is no grey image [H, W] of finite values.
    """

    model: LoadedModel
    device: torch.device
    batch: int = 16
    _squares: list[tuple[int, NDArray[np.float32]]] = field(default_factory=list)
    _rows: list[NDArray[np.float64]] = field(default_factory=list)
    _strange: list[float] = field(default_factory=list)
    _reasons: list[str] = field(default_factory=list)

    def add(self, picture: Picture) -> None:
        facts = self.model.specification
        square, geometry = fit_to_square(picture.grey, facts.input_size)
        reason = unfit(facts, square, geometry, coloured=picture.coloured)
        self._rows.append(np.zeros(len(facts.classes)))
        self._strange.append(0.0)
        self._reasons.append(reason)
        if not reason:
            self._squares.append((len(self._rows) - 1, square))
        if len(self._squares) == self.batch:
            self._ask()

    def _ask(self) -> None:
        facts, gate = self.model.specification, self.model.gate
        squares = torch.from_numpy(np.stack([square for _, square in self._squares]))[:, None]
        inputs = normalise(squares.to(self.device), facts.mean, facts.std, facts.channels)
        layers = gate.layers if gate else ()
        network = self.model.network.to(self.device)
        with torch.inference_mode(), recorded(network, layers) as outputs:
            found = probabilities_of(network(inputs), facts.output)
            maps = [outputs[name] for name in layers]
            strange = gate.strangeness(maps, found, facts.classes) if gate else None
        for place, (position, _) in enumerate(self._squares):
            self._rows[position] = found[place]
            if gate and strange is not None:
                self._strange[position] = float(strange[place])
                self._reasons[position] = gate.reason(float(strange[place]))
        self._squares.clear()

    def finish(self) -> Answers:
        if self._squares:
            self._ask()
        classes = len(self.model.specification.classes)
        return Answers(
            np.array(self._rows).reshape(-1, classes), np.array(self._strange), tuple(self._reasons)
        )
