"""The methods behind :mod:`engine.opinions`: one function and one row of a table each.

The module ``captum.attr`` is handed in with the question, so that nothing here needs it installed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from engine.errors import RequestError
from engine.explainer import Explainer, Observed
from engine.responses import to_numpy
from engine.results import LayerResponse


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked of Captum: ``picture`` and ``black`` (the letterbox padding's value) as the
    network reads them, [1, C, S, S], and the index of the target class."""

    captum: Any
    explainer: Explainer
    observed: Observed
    picture: Tensor
    black: Tensor
    target: int

    @property
    def network(self) -> nn.Module:
        return self.explainer.model.network

    def batch(self, wanted: int) -> int:
        """``wanted``, or 1 for a network that was written for one image at a time."""
        if wanted == 1:
            return 1
        try:
            with torch.no_grad():
                answer = self.network(self.picture.detach().expand(2, -1, -1, -1).contiguous())
        except (RuntimeError, ValueError, IndexError):
            return 1
        return wanted if len(answer) == 2 else 1

    def layer(self, name: str) -> nn.Module:
        """The module of an explained layer, if its output is called for once and whole."""
        outputs = self.explainer.graph.outputs
        if name not in self.explainer.layers:
            known = ", ".join(self.explainer.layers)
            raise RequestError(f"the layer {name!r} is not among those explained: {known}")
        if name not in outputs or "#" in name or f"{name}#2" in outputs:
            raise RequestError(
                f"Captum finds layers by their modules, and the layer {name!r} is the output of a "
                "function or of a module that is used more than once; name other layers"
            )
        return self.network.get_submodule(name)


Answers = Iterator[LayerResponse]


def _on_input(question: Question, values: Tensor) -> LayerResponse:
    """One response over the input itself, from values [1, C, S, S] or [1, 1, S, S]."""
    channels, height, width = question.picture.shape[1:]
    return LayerResponse("input", 1, (channels, height, width), to_numpy(values.detach()[0].sum(0)))


def _grad_cam(question: Question, layers: Sequence[str] = ()) -> Answers:
    """One map a layer, enlarged to the input bilinearly (by the engine: the paper's own step)."""
    side = question.picture.shape[2:]
    for depth, name in enumerate(question.explainer.layers, start=1):
        if layers and name not in layers:
            continue
        method = question.captum.LayerGradCam(question.network, question.layer(name))
        found = method.attribute(question.picture, question.target, relu_attributions=False)
        values = F.interpolate(found.detach(), side, mode="bilinear", align_corners=False)
        kept = question.observed.activation(question.explainer.graph.step_of(name))
        _, kernels, height, width = kept.shape
        yield LayerResponse(name, depth, (kernels, height, width), to_numpy(values[0, 0]))


def _integrated_gradients(question: Question, steps: int = 32, batch: int = 8) -> Answers:
    """From a black image; the map adds up to what the target gains over it."""
    method = question.captum.IntegratedGradients(question.network)
    found = method.attribute(
        question.picture,
        question.black,
        question.target,
        n_steps=steps,
        internal_batch_size=question.batch(batch),
    )
    yield _on_input(question, found)


def _occlusion(
    question: Question, window: float = 1 / 8, stride: float = 1 / 2, batch: int = 8
) -> Answers:
    """What the target loses when a square turns black in all channels at once, a pixel's mean over
    the squares on it. ``window`` is a share of the side of the input, ``stride`` one of the
    window."""
    channels, *sides = question.picture.shape[1:]
    square = tuple(max(1, round(window * side)) for side in sides)
    step = tuple(max(1, round(stride * side)) for side in square)
    found = question.captum.Occlusion(question.network).attribute(
        question.picture.detach(),
        (channels, *square),
        (channels, *step),
        question.black,
        question.target,
        perturbations_per_eval=question.batch(batch),
    )
    yield _on_input(question, found[:, :1])  # each channel holds the same


def _smooth_grad(
    question: Question, samples: int = 25, noise: float = 0.1, seed: int = 0, batch: int = 8
) -> Answers:
    """The mean gradient over noisy copies; ``noise`` is σ as a share of the range of the input."""
    picture = question.picture
    span = float(picture.detach().max() - picture.detach().min())
    tunnel = question.captum.NoiseTunnel(question.captum.Saliency(question.network))
    with _own_random_numbers(picture.device, seed):
        found = tunnel.attribute(
            picture,
            nt_type="smoothgrad",
            nt_samples=samples,
            nt_samples_batch_size=question.batch(batch),
            stdevs=float(noise * span),
            target=question.target,
            abs=False,
        )
    yield _on_input(question, found)


@contextmanager
def _own_random_numbers(device: torch.device, seed: int) -> Iterator[None]:
    """Random numbers on ``device`` start from ``seed``; afterwards they go on as before."""
    cuda = device.type == "cuda"
    with torch.random.fork_rng([device] if cuda else []):
        if cuda:
            with torch.cuda.device(device):
                torch.cuda.manual_seed(seed)
        else:
            torch.default_generator.manual_seed(seed)
        yield


@dataclass(frozen=True)
class OpinionMethod:
    """A row of the table: what it shows, where it was published, and the function, whose further
    arguments are the settings."""

    description: str
    source: str
    function: Callable[..., Answers]


OPINIONS: Mapping[str, OpinionMethod] = MappingProxyType(
    {
        "Grad-CAM": OpinionMethod(
            "a layer's kernels, each weighted by its mean gradient",
            "Selvaraju et al. 2017, arXiv 1610.02391",
            _grad_cam,
        ),
        "integrated gradients": OpinionMethod(
            "the gradient along the way from a black image, times the image",
            "Sundararajan et al. 2017, arXiv 1703.01365",
            _integrated_gradients,
        ),
        "occlusion": OpinionMethod(
            "what the class loses when a square of the image turns black",
            "Zeiler & Fergus 2014, arXiv 1311.2901",
            _occlusion,
        ),
        "SmoothGrad": OpinionMethod(
            "the mean gradient over noisy copies of the image",
            "Smilkov et al. 2017, arXiv 1706.03825",
            _smooth_grad,
        ),
    }
)
