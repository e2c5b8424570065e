"""Maps and networks that know nothing: what landmark agreement is held against."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from engine.evidence.nulls import centre_map, edge_map, untrained
from tests.engine.small_networks import image, randomised


def test_the_centre_map_falls_off_alike_on_all_sides() -> None:
    found = centre_map(40, 60)
    assert found.shape == (40, 60)
    np.testing.assert_allclose(found, found[::-1, ::-1])
    assert found[20, 30] == found.max()
    down = found[20 + 10, 30] / found[20, 30]  # a quarter of the side: one σ
    assert down == pytest.approx(np.exp(-0.5), rel=0.05)


def test_the_edge_map_is_the_slope_of_the_grey_values() -> None:
    ramp = np.tile(np.arange(6.0) * 3, (5, 1)) + np.arange(5.0)[:, None] * 4
    np.testing.assert_allclose(edge_map(ramp), 5)
    assert not edge_map(np.full((5, 6), 9.0)).any()


class _Held(nn.Module):
    """A convolution, batch norm, and a parameter that no module can draw again."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 3, 3)
        self.norm = nn.BatchNorm2d(3)
        self.scale = nn.Parameter(torch.arange(12.0))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.norm(self.conv(inputs)).mean((2, 3)) * self.scale[:3]
        return found


def test_an_untrained_network_is_of_the_same_shape_and_knows_nothing() -> None:
    network = randomised(_Held()).float()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    inputs = [image(20, 20, seed=seed).float() for seed in range(3)]
    first, again, other = (untrained(network, inputs, seed) for seed in (1, 1, 2))
    for name, value in network.state_dict().items():
        torch.testing.assert_close(value, before[name])  # the trained one is left alone
    for name, value in first.state_dict().items():
        torch.testing.assert_close(value, again.state_dict()[name])
    for name in ("conv.weight", "conv.bias", "scale"):
        fresh = first.state_dict()[name]
        assert not torch.equal(fresh, before[name]), name
        assert not torch.equal(fresh, other.state_dict()[name]), name
    torch.testing.assert_close(first.scale.sort().values, before["scale"].sort().values)
    assert not first.training


class _Tables(nn.Module):
    """What an ONNX file becomes: its weights are buffers."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("kernels", torch.arange(27.0).reshape(3, 1, 3, 3))
        self.register_buffer("bias", torch.ones(3))

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        return torch.conv2d(inputs, self.kernels, self.bias)  # type: ignore[arg-type]


def test_a_network_of_tables_alone_forgets_them_too() -> None:
    network = _Tables()
    fresh = untrained(network, [image(20, 20).float()], 3)
    tables = fresh.state_dict()
    assert not torch.equal(tables["kernels"], network.state_dict()["kernels"])
    assert torch.equal(tables["kernels"].flatten().sort().values, torch.arange(27.0))
    assert torch.equal(tables["bias"], torch.ones(3))


def test_what_batch_norm_takes_for_mean_and_spread_is_measured() -> None:
    inputs = [5 + 3 * image(20, 20, seed=seed).float() for seed in range(4)]
    fresh = untrained(_Held(), inputs, 1)
    with torch.no_grad():
        maps = torch.cat([fresh.norm(fresh.conv(batch)) for batch in inputs])
    torch.testing.assert_close(maps.mean((0, 2, 3)), torch.zeros(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(maps.std((0, 2, 3)), torch.ones(3), atol=0.1, rtol=0)


def test_the_generator_of_the_caller_is_left_alone() -> None:
    network = _Held()
    torch.manual_seed(4)
    wanted = torch.rand(3)
    torch.manual_seed(4)
    untrained(network, [image(20, 20).float()], 9)
    torch.testing.assert_close(torch.rand(3), wanted)
