"""From trained weights to a bundled model: calibrated, able to decline, measured, documented.

Temperature and limit are set on the home source's validation split, the gate is fitted on its
training split and on outliers: nothing here sees the test split but the measuring.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from engine.checkpoint import SPECIFICATION_FILE, LoadedModel, load_model, save_model
from engine.evaluation.command import evaluate
from engine.evaluation.index import read_index
from engine.files import write_atomically
from engine.gate import save_gate
from engine.training.card import Made, model_card
from engine.training.dataset import LabelledImages
from engine.training.declining import (
    COMPARED,
    Declined,
    declined_by_kind,
    gate_for,
    outliers_for,
)
from engine.training.fit import fit_temperature, fold_temperature
from engine.training.plots import card_figure
from engine.training.recipes import Recipe

HOME = "unifesp"
FIGURES_FILE = "figures.png"
NOTES_FILE = "NOTES.md"  # what was seen when the mistakes were looked at, by hand


def finish(
    recipe: Recipe,
    trained: LoadedModel,
    data: Path,
    training: LabelledImages,
    outlier_folder: Path | None,
    out: Path,
    seed: int,
    command: str,
) -> str:
    """Write the model folder ``out`` from trained weights; returns its model card."""
    rows = read_index(data)
    classes = trained.specification.classes
    validation, test = (
        [row for row in rows if (row.source, row.split) == (HOME, split) and row.label in classes]
        for split in ("val", "test")
    )
    seen = evaluate(trained, data, validation)
    chances = torch.from_numpy(seen.answers.probabilities)
    temperature = fit_temperature(chances.clamp(min=1e-12).log(), torch.tensor(seen.figures.labels))
    fold_temperature(cast(nn.Conv2d, trained.network.get_submodule("classes")), temperature)
    save_model(trained.network, replace(trained.specification, gate_sha256=""), out)
    model = load_model(out)
    outliers = outliers_for(model, outlier_folder, seed)
    gate, declined = gate_for(
        model, recipe.gate_layers, data, validation, test, training, outliers, seed
    )
    described = replace(model.specification, gate_sha256=save_gate(gate, out))
    write_atomically(out / SPECIFICATION_FILE, described.to_json().encode())
    exact = torch.softmax(chances.clamp(min=1e-12).log() / temperature, 1).numpy()
    rounded = evaluate(model, data, validation).answers.probabilities
    made = Made(
        command,
        seed,
        temperature,
        len(training.labels),
        float(np.abs(exact - rounded).max()),
        int((exact.argmax(1) != rounded.argmax(1)).sum()),
    )
    return document(recipe, out, data, made, declined)


def document(
    recipe: Recipe, out: Path, data: Path, made: Made, declined: dict[str, Declined]
) -> str:
    """Measure the model in ``out`` as it was read back, and write its card beside it."""
    model = load_model(out)
    rows = read_index(data)
    parts = {
        f"UNIFESP, {words} split": [row for row in rows if (row.source, row.split) == (HOME, split)]
        for words, split in (("validation", "val"), ("test", "test"))
    }
    for source, split in sorted({(row.source, row.split) for row in rows if row.source != HOME}):
        if split == "external_test":
            those = [row for row in rows if (row.source, row.split) == (source, split)]
            parts[f"Unseen source {source} ({split})"] = those
    seen = {title: evaluate(model, data, those) for title, those in parts.items()}
    test = seen["UNIFESP, test split"]
    unseen = [row for row in rows if "ood" in row.split]
    if unseen:
        found = evaluate(model, data, unseen).answers
        strange = found.strangeness > np.quantile(test.answers.strangeness, COMPARED)
        names = [f"{row.source} (never used)" for row in unseen]
        declined = {**declined, **declined_by_kind(names, found.declined, strange)}
    picture = card_figure(test.figures, f"{model.specification.name} on the UNIFESP test split")
    write_atomically(out / FIGURES_FILE, picture)
    notes = out / NOTES_FILE
    looked = notes.read_text(encoding="utf-8") if notes.exists() else ""
    card = model_card(
        recipe,
        model,
        made,
        {title: part.figures for title, part in seen.items()},
        declined,
        looked,
    )
    write_atomically(out / "MODEL_CARD.md", card.encode())
    return card
