"""Every model of the planted benchmark as a point: what the audit says beside what is true."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

_INK, _QUIET = "#1d2433", "#667085"
_ACCUSED, _SPARED = "#c4622d", "#2f6db3"
_SPREAD = 0.16


def planted_figure(rows: Sequence[Mapping[str, Any]], material: float) -> bytes:
    """PNG: for each source the score of every model, by strength, and whether it was accused."""
    sources = list(dict.fromkeys(row["source"] for row in rows))
    sheet = Figure(figsize=(5 * len(sources), 3.9), layout="constrained", facecolor="white")
    panels = sheet.subplots(1, len(sources), squeeze=False, sharey=True)[0]
    for axes, source in zip(panels, sources, strict=True):
        _draw(axes, source, [row for row in rows if row["source"] == source])
    panels[0].set_ylabel("largest change in log odds\nof a class by its markers", color=_INK)
    panels[0].legend(frameon=False, fontsize=9, labelcolor=_INK, loc="upper left")
    sheet.supxlabel(
        f"accused: a class's probability moves by more than {material:g} (95 % interval)",
        color=_QUIET,
        fontsize=9,
    )
    stream = io.BytesIO()
    sheet.savefig(stream, format="png", dpi=110, metadata={"Software": None})
    return stream.getvalue()


def _draw(axes: Axes, source: str, rows: Sequence[Mapping[str, Any]]) -> None:
    strengths = sorted({row["strength"] for row in rows})
    random = np.random.default_rng(0)
    for accused, colour, sign, words in (
        (False, _SPARED, "o", "no use found"),
        (True, _ACCUSED, "^", "accused"),
    ):
        some = [row for row in rows if row["uses"] is accused]
        places = [strengths.index(row["strength"]) for row in some]
        axes.scatter(
            places + random.uniform(-_SPREAD, _SPREAD, len(places)),
            [row["score"] for row in some],
            s=42,
            c=colour,
            marker=sign,
            edgecolors="white",
            linewidths=0.7,
            label=words,
        )
    axes.axhline(0, color=_QUIET, linewidth=1)
    names = ["clean" if strength == 0 else f"strength {strength:g}" for strength in strengths]
    axes.set_xticks(range(len(strengths)), names, color=_INK)
    axes.set_xlim(-0.5, len(strengths) - 0.5)
    axes.set_title(f"{source} radiographs", color=_INK, fontsize=11, loc="left")
    axes.spines[["top", "right"]].set_visible(False)
