"""The two pictures of a model card: reliability, and who is taken for whom."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from engine.evaluation.figures import Figures, wilson_interval

_INK, _QUIET, _RIGHT, _WRONG = "#1d2433", "#667085", "#2f6db3", "#c4622d"


def card_figure(figures: Figures, title: str) -> bytes:
    """PNG: the reliability diagram (Guo 2017) beside the confusion matrix, of one set of images."""
    sheet = Figure(figsize=(13, 5.8), layout="constrained", facecolor="white")
    left, right = sheet.subplots(1, 2, width_ratios=(1, 1.45))
    sheet.suptitle(title, color=_INK, fontsize=13, x=0.01, ha="left", weight="bold")
    _reliability(left, figures)
    _confusion(right, figures)
    stream = io.BytesIO()
    sheet.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _reliability(axes: Axes, figures: Figures) -> None:
    axes.plot([0, 1], [0, 1], color=_QUIET, linewidth=1, linestyle=(0, (4, 3)))
    for part in figures.reliability():
        share = part.right / part.total
        low, high = wilson_interval(part.right, part.total)
        axes.bar(
            (part.low + part.high) / 2, share, 0.09, color=_RIGHT, alpha=0.25, edgecolor=_RIGHT
        )
        axes.plot([part.confidence] * 2, [low, high], color=_RIGHT, linewidth=1.2)
        axes.plot(part.confidence, share, "o", color=_RIGHT, markersize=5)
        axes.annotate(
            str(part.total),
            ((part.low + part.high) / 2, 0.015),
            ha="center",
            color=_INK,
            fontsize=8,
        )
    axes.set(xlim=(0, 1), ylim=(0, 1.02), aspect="equal")
    axes.set_xlabel("stated probability of the answer", color=_INK)
    axes.set_ylabel("share of right answers, 95 % interval", color=_INK)
    axes.set_title(
        f"Reliability: calibration error {figures.calibration_error:.3f} "
        "(numbers: answers in the bin)",
        color=_INK,
        fontsize=10,
        loc="left",
    )
    axes.spines[["top", "right"]].set_visible(False)


def _confusion(axes: Axes, figures: Figures) -> None:
    table = figures.confusion
    names = [*(name.replace("_", " ") for name in figures.classes), "declined"]
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    diagonal = np.eye(*table.shape) > 0
    for mask, colours in ((diagonal, "Blues"), (~diagonal, "Oranges")):
        axes.imshow(np.where(mask, share, np.nan), cmap=colours, vmin=0, vmax=1.2, aspect="auto")
    for row, column in np.argwhere(table > 0).tolist():
        dark = share[row, column] > 0.7
        axes.text(
            column,
            row,
            str(table[row, column]),
            ha="center",
            va="center",
            fontsize=9,
            color="white" if dark else _INK,
        )
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right", fontsize=9)
    axes.set_yticks(range(len(names) - 1), names[:-1], fontsize=9)
    axes.set_xlabel("answer", color=_INK)
    axes.set_ylabel("label", color=_INK)
    axes.set_title("Who is taken for whom (images)", color=_INK, fontsize=10, loc="left")
    axes.spines[:].set_visible(False)
    axes.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(names)) - 0.5, minor=True)
    axes.grid(which="minor", color="#e4e7ec", linewidth=0.8)
    axes.tick_params(which="both", length=0)
