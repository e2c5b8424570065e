"""What could go past the watch is found or refused, never a silently wrong graph."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from engine.errors import ModelError, UnsupportedOperationError
from engine.explainer import Explainer
from engine.layers import class_layer
from engine.trace import trace
from tests.engine.small_networks import image, read, taken_back

Body = Callable[["Net", Tensor], Tensor]


class Net(nn.Module):
    """A convolution, whatever ``body`` makes of it, and a mean."""

    def __init__(self, body: Body, channels: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.first = nn.Conv2d(1, channels, 3, padding=1)
        self.wide = nn.Conv2d(3, 3, 3, padding=1)
        for parameter in self.parameters():
            parameter.data = torch.randn(parameter.shape, generator=generator) / 3
        self.body = body

    def forward(self, picture: Tensor) -> Tensor:
        return self.body(self, picture)


def made(body: Body) -> nn.Module:
    return Net(body).double().eval()


def _gradient(network: nn.Module, picture: Tensor) -> Tensor:
    leaf = picture.clone().requires_grad_()
    (found,) = torch.autograd.grad(network(leaf)[0, 1], leaf)
    return found


@pytest.mark.parametrize(
    "body",
    [
        lambda s, x: (s.first(x) + torch.zeros(1, dtype=x.dtype).fill_(x.mean((1, 2, 3))[0])).mean(
            (2, 3)
        ),
        lambda s, x: (s.first(x) * float(x.detach().numpy().mean())).mean((2, 3)),
        lambda s, x: (s.first(x) + torch.from_numpy(x.detach().numpy())).mean((2, 3)),
    ],
)
def test_values_of_the_image_that_leave_pytorch_are_refused(body: Body) -> None:
    with pytest.raises(UnsupportedOperationError):
        trace(made(body), image(12, 12))


@pytest.mark.parametrize(
    "body",
    [
        lambda s, x: s.wide(torch.cat([x.sign(), torch.ones_like(x), x], 1)).mean((2, 3)),
        lambda s, x: s.wide(torch.cat([torch.sigmoid(x), torch.ones_like(x), x], 1)).mean((2, 3)),
        lambda s, x: (lambda a: a + (a.round() - a).detach())(s.first(x)).mean((2, 3)),
        lambda s, x: (lambda a: a * torch.sigmoid(a).detach())(s.first(x)).mean((2, 3)),
        lambda s, x: torch.maximum(x, torch.zeros(1, 3, 1, 1, dtype=x.dtype)).mean((2, 3)),
    ],
)
def test_what_looks_like_a_unit_and_is_none_keeps_its_gradient(body: Body) -> None:
    network, picture = made(body), image(12, 12)
    graph, recording = read(network, (), picture)
    assert torch.allclose(recording.logits, network(picture))
    seed = torch.tensor([[0.0, 1.0, 0.0]], dtype=torch.float64)
    found = taken_back(graph, recording, len(graph.steps) - 1, seed, "gradient")
    assert found.shape == picture.shape
    assert torch.allclose(found, _gradient(network, picture), atol=1e-12)


@pytest.mark.parametrize(
    ("body", "layer"),
    [
        (lambda s, x: s.first(x).mean((2, 3)), True),
        (lambda s, x: nn.functional.adaptive_avg_pool2d(s.first(x), 1).flatten(1), True),
        (lambda s, x: nn.functional.avg_pool2d(s.first(x), 12).flatten(1), True),
        (lambda s, x: nn.functional.avg_pool2d(s.first(x), 7).flatten(1), False),
        (lambda s, x: s.first(x)[..., :1, :3].mean(1).flatten(1), False),
    ],
)
def test_a_class_layer_is_one_whose_mean_over_all_positions_is_the_logits(
    body: Body, layer: bool
) -> None:
    graph = trace(made(body).float(), image(12, 12).float())
    assert (class_layer(graph) == graph.step_of("first")) is layer


def test_probabilities_are_those_that_the_network_ends_in() -> None:
    def sigmoid(self: Net, picture: Tensor) -> Tensor:
        return torch.sigmoid(self.first(picture).mean((2, 3)))

    def softmax(self: Net, picture: Tensor) -> Tensor:
        return torch.softmax(self.first(picture).mean((2, 3)), 1).view(1, 3)

    names = ("a", "b", "c")
    for body, output in ((sigmoid, "sigmoid"), (softmax, "softmax")):
        network = made(body).float()
        explainer = Explainer.of(network, names, 16)
        assert explainer.model.specification.output == output
        assert explainer.graph.ending == output
        other = "softmax" if output == "sigmoid" else "sigmoid"
        with pytest.raises(ModelError, match=f"ends in {output}"):
            Explainer.of(network, names, 16, output=other)


def test_a_module_whose_error_the_network_catches_does_not_shift_the_names() -> None:
    class Bad(nn.Module):
        def forward(self, maps: Tensor) -> Tensor:
            raise ValueError("not for such maps")

    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.bad, self.good = Bad(), nn.Conv2d(1, 3, 3)

        def forward(self, picture: Tensor) -> Tensor:
            try:
                maps: Tensor = self.bad(picture)
            except ValueError:
                maps = self.good(picture)
            return maps.mean((2, 3))

    graph = trace(Careful().eval(), image(9, 9).float())
    assert graph.steps[graph.step_of("good")].kind == "convolution"
    assert "bad" not in graph.outputs
