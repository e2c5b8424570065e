"""The training loop: class-balanced sampling, augmentation, averaged weights, temperature."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from engine.models.specification import ModelSpecification
from engine.preprocess import normalise
from engine.training.augment import augment
from engine.training.dataset import LabelledImages
from engine.training.measure import figures_of, logits_of
from engine.training.recipes import Recipe


def _balanced_order(labels: Tensor, random: Generator) -> Tensor:
    """Indices of one epoch, drawn with the square root of the inverse class frequency."""
    counts = torch.bincount(labels).clamp(min=1).float()
    weights = (1 / counts.sqrt())[labels]
    return torch.multinomial(weights, len(labels), replacement=True, generator=random)


def train(
    network: nn.Module,
    recipe: Recipe,
    specification: ModelSpecification,
    training: LabelledImages,
    validation: LabelledImages,
    seed: int,
    checkpoint: Callable[[nn.Module, int], None],
    progress: Callable[[str], None],
) -> nn.Module:
    """Train in place for ``recipe.epochs``; returns the exponentially averaged network."""
    random = Generator().manual_seed(seed)
    network = network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    averaged = AveragedModel(
        network,
        multi_avg_fn=get_ema_multi_avg_fn(0.995),  # type: ignore[no-untyped-call]
        use_buffers=True,
    )
    steps = max(1, len(training.labels) // recipe.batch_size)
    optimiser = torch.optim.AdamW(network.parameters(), recipe.learning_rate, weight_decay=0.02)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=recipe.epochs * steps, pct_start=0.15
    )
    for epoch in range(1, recipe.epochs + 1):
        started, total = time.monotonic(), 0.0
        network.train()
        order = _balanced_order(training.labels, random)
        for chosen in torch.split(order[: steps * recipe.batch_size], recipe.batch_size):
            images = augment(training.images[chosen], specification.input_size, random)
            inputs = normalise(images, specification.mean, specification.std)
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = network(inputs.contiguous(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), training.labels[chosen], label_smoothing=0.05)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            averaged.update_parameters(network)
            total += loss.item()
        module = averaged.module.eval()
        checkpoint(module, epoch)
        seen = figures_of(
            logits_of(module, validation.images, specification),
            validation.labels,
            specification.classes,
        )
        progress(
            f"epoch {epoch}/{recipe.epochs}: loss {total / steps:.3f}, validation accuracy "
            f"{seen.accuracy:.3f}, mean recall {seen.mean_recall:.3f}, "
            f"{time.monotonic() - started:.0f} s"
        )
    return averaged.module.eval()


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
