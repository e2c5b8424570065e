"""The training loop: class-balanced sampling, augmentation, averaged weights, temperature."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engine.evaluation.figures import Figures, figures_of
from engine.models.specification import ModelSpecification
from engine.outputs import probabilities_of
from engine.preprocess import normalise
from engine.training.augment import Sources, augment, plain_views
from engine.training.dataset import LabelledImages
from engine.training.fluoroscopy import spot_images
from engine.training.recipes import Recipe

_IMITATION = 0.7  # the weight of the teacher's probabilities beside the label's
_TAUGHT_SIDE = 160  # pixels: the smallest views that the teachers have seen
_SPOT_IMAGES = 0.04  # the share of a batch that is made into fluoroscopic spot images
_FRAMED = ("abdomen", "chest", "other", "thoracolumbar_spine")  # what a frame makes of a trunk
_FRAMED_SIDE, _CLOSEST_SIDE = 0.65, 0.3
TRUNK = ("abdomen", "cervical_spine", "chest", "pelvis_hip", "thoracolumbar_spine")


def _balanced_order(labels: Tensor, random: Generator) -> Tensor:
    """Indices of one epoch, drawn with the square root of the inverse class frequency."""
    counts = torch.bincount(labels).clamp(min=1).float()
    weights = (1 / counts.sqrt())[labels]
    return torch.multinomial(weights, len(labels), replacement=True, generator=random)


def closest_views(labels: Tensor, classes: Sequence[str], framed: bool = False) -> Tensor:
    """How much of an image's side a close-up shows at least, [N], by its label [N]."""
    wide = _FRAMED if framed else ()
    sides = torch.tensor([_FRAMED_SIDE if name in wide else _CLOSEST_SIDE for name in classes])
    return sides[labels]


def average_weights(networks: Sequence[nn.Module]) -> None:
    """Give the first of several networks of one origin the mean of all their weights: a soup
    (Wortsman 2022, arXiv 2203.05482)."""
    states: list[dict[str, Tensor]] = [network.state_dict() for network in networks]
    mean = {
        name: torch.stack([state[name].double() for state in states]).mean(0).to(value.dtype)
        for name, value in states[0].items()
    }
    networks[0].load_state_dict(mean)


class Panel(nn.Module):
    """Several networks as one: logits are the logarithm of their mean probabilities."""

    def __init__(self, members: Sequence[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, inputs: Tensor) -> Tensor:
        return (
            torch.stack([torch.softmax(member(inputs), 1) for member in self.members]).mean(0).log()
        )


class _Batches:
    """Views and labels, epoch by epoch, some made into fluoroscopic spot images."""

    def __init__(
        self, training: LabelledImages, recipe: Recipe, facts: ModelSpecification, random: Generator
    ) -> None:
        closest = closest_views(training.labels, facts.classes, recipe.framed)
        self._sources = Sources.of(training.images, closest)
        self._labels = training.labels
        self._size = recipe.batch_size
        self._facts = facts
        self._random = random
        trunk = torch.tensor([facts.classes.index(name) for name in TRUNK])
        self._trunk = torch.nonzero(torch.isin(training.labels, trunk))[:, 0]
        self.steps = max(1, len(training.labels) // recipe.batch_size)

    def epoch(self, side: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Network inputs [B, 1, side, side] (channels last in memory) and labels [B]."""
        order = _balanced_order(self._labels, self._random)[: self.steps * self._size]
        for chosen in torch.split(order, self._size):
            images, labels = (
                augment(self._sources, chosen, side, self._random),
                self._labels[chosen],
            )
            made = torch.rand(len(chosen), generator=self._random) < _SPOT_IMAGES
            if len(self._trunk) and bool(made.any()):
                picks = torch.randint(len(self._trunk), (int(made.sum()),), generator=self._random)
                views = plain_views(self._sources, self._trunk[picks], side, self._random)
                images[made] = spot_images(views, self._random)
                labels[made] = self._facts.classes.index("other")
            inputs = normalise(images, self._facts.mean, self._facts.std)
            yield inputs.contiguous(memory_format=torch.channels_last), labels


def train(
    network: nn.Module,
    recipe: Recipe,
    specification: ModelSpecification,
    training: LabelledImages,
    validation: LabelledImages,
    seed: int,
    checkpoint: Callable[[nn.Module, int], None],
    progress: Callable[[str], None],
    teacher: nn.Module | None = None,
) -> nn.Module:
    """Train in place through ``recipe.phases``; returns the exponentially averaged network."""
    batches = _Batches(training, recipe, specification, Generator().manual_seed(seed))
    network = network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = AveragedModel(
        network,
        multi_avg_fn=get_ema_multi_avg_fn(0.995),  # type: ignore[no-untyped-call]
        use_buffers=True,
    )
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=recipe.epochs * batches.steps, pct_start=0.15
    )
    sides = [side for epochs, side in recipe.phases for _ in range(epochs)]
    for epoch, side in enumerate(sides, start=1):
        started, total = time.monotonic(), 0.0
        network.train()
        for inputs, labels in batches.epoch(side):
            loss = _loss(network, teacher, inputs, labels)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            averaged.update_parameters(network)
            total += loss.item()
        module = averaged.module.eval()
        checkpoint(module, epoch)
        seen = _validated(module, validation, specification)
        progress(
            f"epoch {epoch}/{len(sides)}: loss {total / batches.steps:.3f}, validation accuracy "
            f"{seen.accuracy.value:.3f}, mean recall {seen.mean_recall:.3f}, "
            f"{time.monotonic() - started:.0f} s"
        )
    return averaged.module.eval()


def _validated(
    network: nn.Module, held: LabelledImages, facts: ModelSpecification, batch: int = 16
) -> Figures:
    """Figures on fitted images of the input's size."""
    with torch.inference_mode():
        logits = torch.cat(
            [
                network(normalise(part[:, None].float() / 255, facts.mean, facts.std))
                for part in torch.split(held.images, batch)
            ]
        )
    return figures_of(probabilities_of(logits, facts.output), held.labels.numpy(), facts.classes)


def _loss(network: nn.Module, teacher: nn.Module | None, inputs: Tensor, labels: Tensor) -> Tensor:
    """Cross entropy with the labels, and with the teacher's probabilities (Hinton 2015)."""
    logits: Tensor = network(inputs)
    loss = F.cross_entropy(logits, labels, label_smoothing=0.05)
    if teacher is None:
        return loss
    with torch.no_grad():
        taught = torch.softmax(teacher(_enlarged(inputs)), 1)
    return _IMITATION * F.cross_entropy(logits, taught) + (1 - _IMITATION) * loss


def _enlarged(inputs: Tensor) -> Tensor:
    """Views that are no smaller than the teacher was trained on."""
    if inputs.shape[-1] >= _TAUGHT_SIDE:
        return inputs
    larger = F.interpolate(inputs, (_TAUGHT_SIDE, _TAUGHT_SIDE), mode="bilinear")
    return larger.contiguous(memory_format=torch.channels_last)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature T (Guo 2017) that minimises the cross entropy of logits / T."""
    candidates = torch.exp(torch.linspace(-1.5, 1.5, 301))
    losses = torch.stack([F.cross_entropy(logits / value, labels) for value in candidates])
    return float(candidates[losses.argmin()])


def fold_temperature(class_layer: nn.Conv2d, temperature: float) -> None:
    """Divide the class kernels and biases by T: same ranking and maps up to one factor."""
    with torch.no_grad():
        class_layer.weight.div_(temperature)
        if class_layer.bias is not None:
            class_layer.bias.div_(temperature)
