"""The paper's claim in one picture: depth, accuracy, and landmark lift of trained and untrained."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

_INK, _QUIET = "#1d2433", "#667085"
_COLOURS = ("#2f6db3", "#c4622d", "#3f8f5f", "#7a5195")
_WORDS = {"hand_wrist": "hand", "chest": "chest"}


def claim_figure(
    models: Sequence[str],
    depths: Mapping[str, int],
    families: Mapping[str, str],
    accuracies: Mapping[str, Mapping[str, Any]],
    headlines: Sequence[Mapping[str, Any]],
    nulls: Mapping[str, float],
    preset: str,
) -> bytes:
    """PNG. ``models`` in order of depth, ``depths`` in convolutions, ``families`` their
    architectures: a line joins those of one only. ``accuracies`` (perhaps empty) and the lifts of
    ``headlines`` have intervals; ``nulls`` are the centre map's lift by class."""
    runs = [list(run) for _, run in groupby(range(len(models)), lambda at: families[models[at]])]
    sheet = Figure(figsize=(11, 4.6), layout="constrained", facecolor="white")
    panels = list(sheet.subplots(1, 2 if accuracies else 1, squeeze=False)[0])
    if accuracies:
        _accuracy(panels.pop(0), [accuracies[name] for name in models], runs)
    shown = [row for row in headlines if row["preset"] == preset]
    _lift(panels.pop(0), models, runs, shown, nulls)
    for axes in sheet.axes:
        places = range(len(models))
        axes.set_xticks(places, [f"{name}\n{depths[name]}" for name in models], color=_INK)
        axes.set_xlabel("model, convolutions in it", color=_INK)
        axes.spines[["top", "right"]].set_visible(False)
        axes.margins(x=0.08)
    stream = io.BytesIO()
    sheet.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _points(
    axes: Axes,
    found: Sequence[Mapping[str, Any]],
    runs: Sequence[Sequence[int]],
    colour: str,
    label: str,
    shift: float = 0.0,
) -> None:
    for run in runs:
        known = [place for place in run if found[place]["value"] is not None]
        values = [found[place]["value"] for place in known]
        ends = [
            [found[place]["value"] - found[place]["ci"][0] for place in known],
            [found[place]["ci"][1] - found[place]["value"] for place in known],
        ]
        axes.errorbar(
            [place + shift for place in known],
            values,
            ends,
            color=colour,
            marker="o",
            markersize=6,
            capsize=3,
            label=label if run is runs[0] else None,
        )


def _accuracy(
    axes: Axes, accuracies: Sequence[Mapping[str, Any]], runs: Sequence[Sequence[int]]
) -> None:
    _points(axes, accuracies, runs, _INK, "accuracy, 95 % interval")
    title = "Accuracy on labelled radiographs, without the declined ones"
    axes.set_title(title, color=_INK, fontsize=11, loc="left")
    axes.set_ylabel("accuracy of the answers", color=_INK)


def _lift(
    axes: Axes,
    models: Sequence[str],
    runs: Sequence[Sequence[int]],
    headlines: Sequence[Mapping[str, Any]],
    nulls: Mapping[str, float],
) -> None:
    for number, target in enumerate(dict.fromkeys(row["class"] for row in headlines)):
        colour, word = _COLOURS[number % len(_COLOURS)], _WORDS.get(target, target)
        by_model = {row["model"]: row for row in headlines if row["class"] == target}
        nothing = {"lift": {"value": None}, "untrained": None}
        rows = [by_model.get(name, nothing) for name in models]
        shift = 0.06 * number
        _points(axes, [row["lift"] for row in rows], runs, colour, f"{word}, trained", shift)
        bare = [math.nan if row["untrained"] is None else row["untrained"] for row in rows]
        for run in runs:
            axes.plot(
                [place + shift for place in run],
                [bare[place] for place in run],
                color=colour,
                linestyle=(0, (4, 3)),
                marker="o",
                markersize=6,
                markerfacecolor="white",
                label=f"{word}, untrained" if run is runs[0] else None,
            )
        axes.axhline(nulls[target], color=colour, linewidth=1, linestyle=":")
        axes.annotate(
            f"centre map, {word}", (len(rows) - 0.9, nulls[target]), color=colour, fontsize=8
        )
    axes.axhline(1, color=_QUIET, linewidth=1)
    axes.set_title(
        "Landmark lift, mean of all layers (1 is chance)", color=_INK, fontsize=11, loc="left"
    )
    axes.set_ylabel("share of response / share of area", color=_INK)
    axes.legend(frameon=False, fontsize=8, labelcolor=_INK)
