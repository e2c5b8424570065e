"""How bundled models come about: views, made pictures, the loop and temperature."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator, Tensor, nn
from torch.nn import functional as F

from engine.evaluation.index import Example
from engine.models import build
from engine.models.plain import PlainCNN
from engine.models.specification import ModelSpecification
from engine.preprocess import fit_to_square, normalise
from engine.training.augment import Sources, _placement, augment, plain_views, stretch
from engine.training.dataset import LabelledImages, load
from engine.training.fit import (
    Panel,
    _balanced_order,
    _loss,
    closest_views,
    fit_temperature,
    fold_temperature,
    train,
)
from engine.training.fluoroscopy import spot_images
from engine.training.outliers import made_outliers
from engine.training.recipes import CLASSES, RECIPES, Recipe
from tests.engine.small_networks import grey_image, specification

CHEST, HAND = CLASSES.index("chest"), CLASSES.index("hand_wrist")
LADDER = [recipe for recipe in RECIPES.values() if recipe.architecture == "plain"]


def _random(seed: int) -> Generator:
    return Generator().manual_seed(seed)


def _pictures(count: int, side: int = 64) -> Tensor:
    """uint8 [count, side, side]: smooth patches with some noise."""
    squares = [fit_to_square(grey_image(side, side, seed), side)[0] for seed in range(count)]
    return torch.from_numpy(np.rint(np.stack(squares) * 255).astype(np.uint8))


def _sources(images: Tensor, closest: float = 0.3) -> Sources:
    return Sources.of(images, torch.full((len(images),), closest))


def _facts(recipe: Recipe, layers: tuple[str, ...] = ("classes",)) -> ModelSpecification:
    """The specification of what is trained by a recipe."""
    plain = specification(recipe.architecture, recipe.arguments, layers, recipe.input_size)
    return replace(plain, classes=CLASSES)


# views


@pytest.mark.parametrize("views", [augment, plain_views])
def test_the_same_seed_draws_the_same_views_to_the_bit(
    views: Callable[[Sources, Tensor, int, Generator], Tensor],
) -> None:
    sources, chosen = _sources(_pictures(6)), torch.tensor([0, 5, 3, 3])
    first, second, other = (views(sources, chosen, 48, _random(seed)) for seed in (7, 7, 8))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)
    assert first.shape == (4, 1, 48, 48)
    assert first.dtype == torch.float32
    assert bool(torch.isfinite(first).all())
    assert not torch.equal(first[2], first[3])  # of the same image


@pytest.mark.parametrize("side", [32, 64, 160])
def test_views_stay_about_within_black_and_white(side: int) -> None:
    """Noise alone, of a standard deviation of at most 0.05, goes beyond."""
    views = augment(_sources(_pictures(8)), torch.arange(64) % 8, side, _random(0))
    assert views.min() > -0.3
    assert views.max() < 1.3
    assert bool((views.flatten(1).std(1) > 0.02).all())


def test_images_are_left_as_they_were() -> None:
    images = _pictures(3)
    sources = _sources(images)
    augment(sources, torch.arange(3), 48, _random(0))
    assert torch.equal(images, _pictures(3))
    assert sources.halves.shape == (3, 32, 32)


def test_the_stretch_of_batches_is_that_of_single_images() -> None:
    """Of about nine pixels it takes the percentiles over one."""
    single = np.stack([fit_to_square(grey_image(224, 224, seed), 224)[0] for seed in range(4)])
    dull = 0.3 + 0.2 * torch.stack(
        [torch.from_numpy(grey_image(224, 224, seed)) / 2000 for seed in range(4)]
    )
    found = stretch(dull[:, None])[:, 0].numpy()
    np.testing.assert_allclose(found, single, atol=0.02)


def test_a_stretch_does_not_blow_up_what_is_about_even() -> None:
    even = 0.5 + 0.001 * torch.rand(2, 1, 32, 32, generator=_random(0))
    assert stretch(even).max() < 0.06
    assert not stretch(torch.full((1, 1, 32, 32), 0.7)).any()


@pytest.mark.parametrize("closest", [0.3, 0.65])
def test_close_ups_show_at_least_what_they_are_to_and_nothing_beyond(closest: float) -> None:
    count = 4000
    detail = torch.rand(count, 256, generator=_random(1))
    zoom, centre = _placement(detail, torch.full((count,), closest), _random(2))
    assert closest <= zoom.min() < closest + 0.02
    assert zoom.max() <= 1.25
    close = zoom < 0.8  # the others show about the whole
    assert bool((centre[close].abs().max(1).values + zoom[close] <= 1 + 1e-6).all())
    assert bool((centre[~close].abs() <= 0.2).all())
    share = 0.45 * math.log(0.8 / closest) / math.log(0.85 / closest)
    assert float(close.float().mean()) == pytest.approx(share, abs=0.03)


def test_framed_close_ups_show_more_of_what_the_frame_makes() -> None:
    named = torch.tensor([CLASSES.index(name) for name in ("chest", "hand_wrist", "abdomen")])
    chest, hand, abdomen = closest_views(named, CLASSES, framed=True).tolist()
    assert 0 < hand < chest == abdomen < 1
    assert closest_views(named, CLASSES).tolist() == [hand] * 3


def _upper_right(count: int = 1) -> Tensor:
    """Grey, with noise in the upper right quarter."""
    image = torch.full((count, 64, 64), 100, dtype=torch.uint8)
    image[:, :32, 32:] = torch.randint(0, 256, (32, 32), generator=_random(0)).to(torch.uint8)
    return image


def test_close_ups_are_drawn_to_detail() -> None:
    def mean_centre(image: Tensor) -> list[float]:
        detail = _sources(image).detail.expand(4000, -1)
        zoom, centre = _placement(detail, torch.full((4000,), 0.3), _random(3))
        return cast(list[float], centre[zoom < 0.6].mean(0).tolist())

    across, down = mean_centre(_upper_right())
    assert across > 0.3
    assert down < -0.3
    assert mean_centre(torch.full((1, 64, 64), 100, dtype=torch.uint8)) == pytest.approx(
        (0, 0), abs=0.04
    )


def test_views_show_the_detail_that_they_are_drawn_to() -> None:
    """The place in the table of detail is the place in the image."""
    sources, chosen = _sources(_upper_right()), torch.zeros(400, dtype=torch.int64)

    def mean_detail(drawn_to: Tensor) -> float:
        views = plain_views(replace(sources, detail=drawn_to), chosen, 32, _random(4))
        return float((views[..., 1:] - views[..., :-1]).abs().mean())

    table = sources.detail.reshape(1, 16, 16)
    there, everywhere, elsewhere = (
        mean_detail(drawn_to.flatten(1))
        for drawn_to in (table, torch.ones_like(table), table.flip(1, 2))
    )
    assert there > 1.1 * everywhere
    assert everywhere > 1.1 * elsewhere


# pictures that are made


def _spots(seed: int, shade: float = 0.5) -> Tensor:
    return spot_images(torch.full((64, 1, 48, 48), shade), _random(seed))


def test_spot_images_are_disks_in_dark_or_saturated_squares() -> None:
    images = _spots(0)
    assert images.shape == (64, 1, 48, 48)
    assert images.min() >= 0
    assert images.max() <= 1
    corners = images[:, 0, [0, 0, -1, -1], [0, -1, 0, -1]]
    saturated = corners[:, 0] >= 0.85
    assert 0 < saturated.sum() < 32
    assert bool((corners == corners[:, :1]).all())
    assert bool((corners[~saturated] == 0).all())


def test_spot_images_differ_by_draw_and_by_what_they_are_made_of() -> None:
    images = _spots(0)
    assert torch.equal(images, _spots(0))
    assert not torch.equal(images, _spots(1))
    assert bool((images[1:] - images[:-1]).flatten(1).any(1).all())
    lighter = _spots(0, 0.8) - images
    assert lighter.min() >= 0
    assert float((lighter.flatten(1).max(1).values > 0.1).float().mean()) > 0.9


def test_made_outliers_are_as_many_of_each_kind_and_the_same_for_a_seed() -> None:
    kinds = {"white noise", "smooth noise", "gradients", "checkerboards and stripes"}
    found, again, other = (list(made_outliers(seed, each=3)) for seed in (1, 1, 2))
    assert Counter(kind for kind, _ in found) == dict.fromkeys(kinds, 3)
    for (_, picture), (_, same), (_, different) in zip(found, again, other, strict=True):
        assert picture.grey.shape == (300, 260)
        assert picture.grey.dtype == np.uint8
        assert (picture.grey.min(), picture.grey.max()) == (0, 255)
        np.testing.assert_array_equal(picture.grey, same.grey)
        assert not np.array_equal(picture.grey, different.grey)
    assert len({picture.grey.tobytes() for _, picture in found}) == len(found)


def test_images_of_known_classes_are_loaded_as_they_are_fitted(tmp_path: Path) -> None:
    values = np.clip(grey_image(60, 45) / 8, 0, 255).astype(np.uint8)
    for number in range(3):
        Image.fromarray(values + np.uint8(number)).save(tmp_path / f"{number}.png")
    rows = [
        Example(f"{number}.png", "", label, "train", "")
        for number, label in enumerate(("foot", "toe", "chest"))
    ]
    said: list[str] = []
    found = load(tmp_path, rows, CLASSES, 32, said.append)
    assert found.labels.tolist() == [CLASSES.index("foot"), CHEST]
    assert said == [f"2 images read from {tmp_path.name}"]
    assert found.images.dtype == torch.uint8
    wanted = fit_to_square(values, 32)[0]
    np.testing.assert_allclose(found.images[0].numpy() / 255, wanted, atol=0.5 / 255 + 1e-6)


# temperature


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_a_known_temperature_is_found(temperature: float) -> None:
    logits = 3 * torch.randn(4000, 5, generator=_random(0))
    chances = torch.softmax(logits / temperature, 1)
    labels = torch.multinomial(chances, 1, generator=_random(1))[:, 0]
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.15)


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("temperature", [2.0, 1.7])
def test_a_folded_temperature_divides_the_logits(temperature: float, bias: bool) -> None:
    layer = nn.Conv2d(6, 4, 1, bias=bias)
    maps = torch.randn(2, 6, 5, 5, generator=_random(0))
    with torch.no_grad():
        before = layer(maps)
        fold_temperature(layer, temperature)
        torch.testing.assert_close(layer(maps), before / temperature)
        assert temperature != 2 or torch.equal(layer(maps), before / 2)


# recipes


def test_each_rung_of_the_ladder_is_deeper_and_begins_with_the_same_convolution() -> None:
    assert LADDER[0] is RECIPES["plain3"]
    assert len(LADDER) > 2
    for lower, upper in pairwise(LADDER):
        assert len(upper.arguments["stages"]) > len(lower.arguments["stages"])
        assert upper.arguments["stages"][0] == lower.arguments["stages"][0]
        assert [side for _, side in upper.phases] == [side for _, side in lower.phases]
        assert upper.epochs >= lower.epochs
        same = ("learning_rate", "taught_by", "dropout", "input_size", "batch_size")
        assert [getattr(upper, name) for name in same] == [getattr(lower, name) for name in same]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_a_recipe_names_layers_of_its_network(recipe: Recipe) -> None:
    assert RECIPES[recipe.name] is recipe
    with torch.device("meta"):
        network = build(_facts(recipe))
        names = cast(tuple[str, ...], network.layer_names)
        logits = network(torch.zeros(2, 1, recipe.input_size, recipe.input_size))
    assert logits.shape == (2, len(CLASSES))
    assert names[-1] == "classes"
    assert recipe.gate_layers
    assert set(recipe.gate_layers) <= set(names[1:-1])
    assert list(recipe.gate_layers) == [name for name in names if name in recipe.gate_layers]
    assert recipe.epochs == sum(epochs for epochs, _ in recipe.phases)


# the loop

TINY = replace(
    RECIPES["shallow"],
    arguments={"stages": [[8, 5, 2], [16, 3, 2]]},
    phases=((3, 32),),
    taught_by=(),
    input_size=32,
    batch_size=8,
)


def _two_patterns(count: int, seed: int) -> LabelledImages:
    """One bright patch, called a chest, or stripes, called a hand: in turn, somewhat noisy."""
    random = np.random.default_rng(seed)
    down, across = np.mgrid[-1:1:64j, -1:1:64j]
    images = np.empty((count, 64, 64))
    for number in range(count):
        phase, slope = random.uniform(0, 2 * np.pi), random.uniform(-0.3, 0.3)
        if number % 2:
            images[number] = np.sin(20 * (across + slope * down) + phase)
        else:
            reach = random.uniform(0.3, 0.5)
            images[number] = np.exp(-(across**2 + (down - slope) ** 2) / (2 * reach**2))
        images[number] += random.normal(scale=0.05, size=(64, 64))
    squares = [np.rint(fit_to_square(image, 64)[0] * 255) for image in images]
    labels = torch.tensor([CHEST, HAND]).repeat(count // 2)
    return LabelledImages(torch.from_numpy(np.stack(squares).astype(np.uint8)), labels)


def _fitted(images: LabelledImages, side: int) -> LabelledImages:
    small = F.avg_pool2d(images.images[:, None].float(), images.images.shape[-1] // side)[:, 0]
    return LabelledImages(small.round().to(torch.uint8), images.labels)


@dataclass
class _Run:
    """A network, and what was said and shown to it in training."""

    network: PlainCNN
    sides: list[int] = field(default_factory=list)
    checkpoints: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)

    def of(self, recipe: Recipe, training: LabelledImages, held: LabelledImages, seed: int) -> None:
        """Train; afterwards the network is the averaged one."""

        def seen(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            if module.training:
                self.sides.append(inputs[0].shape[-1])

        def checkpoint(averaged: nn.Module, epoch: int) -> None:
            assert not averaged.training
            self.checkpoints.append(epoch)

        self.network.register_forward_pre_hook(seen)
        facts = _facts(recipe)
        averaged = train(
            self.network, recipe, facts, training, held, seed, checkpoint, self.lines.append
        )
        self.network = cast(PlainCNN, averaged)


def _trained(recipe: Recipe, training: LabelledImages, held: LabelledImages, seed: int) -> _Run:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        arguments = {**recipe.arguments, "dropout": recipe.dropout}
        run = _Run(cast(PlainCNN, build(_facts(replace(recipe, arguments=arguments)))))
        run.of(recipe, training, held, seed)
    return run


def _accuracy(network: nn.Module, held: LabelledImages) -> float:
    facts = _facts(TINY)
    with torch.inference_mode():
        logits = network(normalise(held.images[:, None] / 255, facts.mean, facts.std))
    return float((logits.argmax(1) == held.labels).float().mean())


def test_training_learns() -> None:
    recipe = replace(TINY, phases=((24, 32),))
    held = _fitted(_two_patterns(40, seed=2), 32)
    run = _trained(recipe, _two_patterns(96, seed=1), held, seed=1)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        before = _accuracy(build(_facts(TINY)), held)
    after = _accuracy(run.network, held)
    assert before <= 0.5
    assert after > 0.9
    assert f"validation accuracy {after:.3f}" in run.lines[-1]


def test_each_epoch_is_kept_and_has_the_side_of_its_phase() -> None:
    recipe = replace(TINY, phases=((1, 24), (2, 32)))
    training = _two_patterns(48, seed=1)
    run = _trained(recipe, training, _fitted(training, 32), seed=1)
    assert run.checkpoints == [1, 2, 3]
    assert [line.split(":")[0] for line in run.lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3"]
    assert run.sides == [24] * 6 + [32] * 12


def test_the_same_seed_trains_the_same_weights() -> None:
    recipe = replace(TINY, phases=((1, 32),))
    training = _two_patterns(24, seed=1)
    first, second, other = (
        _trained(recipe, training, _fitted(training, 32), seed).network.state_dict()
        for seed in (1, 1, 2)
    )
    for name, values in first.items():
        assert torch.equal(values, second[name]), name
    assert not torch.equal(first["classes.weight"], other["classes.weight"])


def test_frequent_classes_are_drawn_less_often_than_they_are() -> None:
    """400 and 25 images: √400 to √25, 4 to 1 instead of 16 to 1."""
    labels = torch.tensor([2] * 400 + [0] * 25)
    drawn = torch.cat([_balanced_order(labels, _random(seed)) for seed in range(20)])
    assert len(drawn) == 20 * 425
    assert float((labels[drawn] == 2).float().mean()) == pytest.approx(0.8, abs=0.015)


class _Says(nn.Module):
    """Answers every picture with the same logits."""

    def __init__(self, *logits: float) -> None:
        super().__init__()
        self.logits = nn.Parameter(torch.tensor(logits))

    def forward(self, image: Tensor) -> Tensor:
        return self.logits.expand(len(image), -1)


@pytest.mark.parametrize("taught", [False, True])
def test_the_loss_is_that_of_the_label_and_the_teacher(taught: bool) -> None:
    """Network: 1/4 and 3/4; label, smoothed: 1/40 and 39/40; teacher: 1/2 and 1/2."""
    network, teacher = _Says(0.0, math.log(3)), _Says(1.0, 1.0)
    inputs, labels = torch.zeros(3, 1, 8, 8), torch.ones(3, dtype=torch.int64)
    loss = _loss(network, teacher if taught else None, inputs, labels)
    of_label = -(math.log(1 / 4) + 39 * math.log(3 / 4)) / 40
    of_teacher = -(math.log(1 / 4) + math.log(3 / 4)) / 2
    wanted = 0.7 * of_teacher + 0.3 * of_label if taught else of_label
    assert loss.item() == pytest.approx(wanted, rel=1e-5)
    loss.backward()  # type: ignore[no-untyped-call]
    assert network.logits.grad is not None
    assert teacher.logits.grad is None


def test_a_panel_of_teachers_says_their_mean() -> None:
    panel = Panel([_Says(0.0, math.log(3)), _Says(0.0, 0.0)])  # 1/4 and 3/4; 1/2 and 1/2
    found = torch.softmax(panel(torch.zeros(2, 1, 8, 8)), 1)
    torch.testing.assert_close(found, torch.tensor([[3 / 8, 5 / 8]] * 2))
