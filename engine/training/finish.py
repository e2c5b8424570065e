"""From trained weights to a bundled model: calibrated, able to decline, measured, documented.

Temperature and limit are set on the home source's validation split, the gate is fitted on its
training split and on outliers: nothing here sees the test split but the measuring.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Generator, Tensor, nn

from engine.checkpoint import SPECIFICATION_FILE, LoadedModel, load_model, save_model
from engine.evaluation.command import evaluate
from engine.evaluation.figures import Share
from engine.evaluation.index import Example, read_index, read_picture
from engine.files import write_atomically
from engine.gate import Gate, save_gate, too_small, unfit
from engine.preprocess import fit_to_square
from engine.training.augment import Sources, augment, plain_views
from engine.training.card import Made, model_card
from engine.training.dataset import LabelledImages
from engine.training.fit import TRUNK, closest_views, fit_temperature, fold_temperature
from engine.training.fluoroscopy import spot_images
from engine.training.gating import Seen, fit_gate, held_out_declined, look_at, strangeness_of
from engine.training.outliers import made_outliers
from engine.training.plots import card_figure
from engine.training.recipes import Recipe

HOME = "unifesp"
CATCH_ALL = ("other",)
ACCEPTED = 0.975  # of the validation images
FIGURES_FILE = "figures.png"
NOTES_FILE = "NOTES.md"  # what was seen when the mistakes were looked at, by hand
_SPOT_IMAGES = 128
_OUTLIER_VIEWS = 3
_MADE = 25  # outliers of each made kind


@dataclass(frozen=True, eq=False)
class Outliers:
    """Fitted pictures of kinds that are no radiographs: uint8 [N, S, S]; which half (0 or 1) of a
    split by file each belongs to, and its kind."""

    images: Tensor
    halves: tuple[int, ...]
    kinds: tuple[str, ...]


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
    validation = [row for row in rows if (row.source, row.split) == (HOME, "val")]
    seen = evaluate(trained, data, validation)
    chances = torch.from_numpy(seen.answers.probabilities)
    temperature = fit_temperature(chances.clamp(min=1e-12).log(), torch.tensor(seen.figures.labels))
    fold_temperature(cast(nn.Conv2d, trained.network.get_submodule("classes")), temperature)
    save_model(trained.network, replace(trained.specification, gate_sha256=""), out)
    model = load_model(out)
    outliers = _outliers(outlier_folder, classes, model, seed)
    gate, declined = _gate(recipe, model, data, validation, training, outliers, seed)
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


def _outliers(
    folder: Path | None, classes: Sequence[str], model: LoadedModel, seed: int
) -> Outliers:
    named = [
        (f"{kind}/{number}", kind, picture)
        for number, (kind, picture) in enumerate(made_outliers(seed, _MADE))
    ]
    if folder is not None:
        named += [
            (row.group, row.source, read_picture(folder / row.file)) for row in read_index(folder)
        ]
    images, halves, kinds = [], [], []
    facts = model.specification
    for group, kind, picture in named:
        square, geometry = fit_to_square(picture.grey, facts.input_size)
        if unfit(facts, square, geometry) or too_small(geometry):
            continue  # declined before the network is asked
        images.append(np.rint(square * 255).astype(np.uint8))
        halves.append(zlib.crc32(group.encode()) % 2)
        kinds.append(kind)
    return Outliers(torch.from_numpy(np.stack(images)), tuple(halves), tuple(kinds))


def _gate(
    recipe: Recipe,
    model: LoadedModel,
    data: Path,
    validation: Sequence[Example],
    training: LabelledImages,
    outliers: Outliers,
    seed: int,
) -> tuple[Gate, dict[str, Share]]:
    """The gate, and the share of each kind of outlier that a gate declines which never saw the
    file that the outlier is from."""
    facts = model.specification
    random = Generator().manual_seed(seed)
    layers = recipe.gate_layers
    radiographs = look_at(model, layers, _views(training, facts.classes, facts.input_size, random))
    sources = Sources.of(outliers.images, torch.full((len(outliers.images),), 0.6))
    everything = torch.split(torch.arange(len(outliers.images)), 16)
    views = [
        plain_views(sources, part, facts.input_size, random)
        for _ in range(_OUTLIER_VIEWS)
        for part in everything
    ]
    plain = look_at(model, layers, (outliers.images[part][:, None] / 255 for part in everything))
    exposed = plain + look_at(model, layers, views)
    halves = outliers.halves * (1 + _OUTLIER_VIEWS)
    held = look_at(model, layers, _squares(data, validation, facts.input_size))

    def fitted(some: Seen) -> Gate:
        return fit_gate(layers, CATCH_ALL, facts.classes, radiographs, some)

    def limit(gate: Gate) -> float:
        return float(np.quantile(strangeness_of(gate, held, facts.classes), ACCEPTED))

    gate = fitted(exposed)
    gate = replace(gate, limit=limit(gate))
    missed = held_out_declined(
        fitted, limit, exposed, plain, halves, outliers.halves, facts.classes
    )
    kinds = np.array(outliers.kinds)
    return gate, {
        kind: Share(int(missed[kinds == kind].sum()), int((kinds == kind).sum()))
        for kind in sorted(set(outliers.kinds))
    }


def _views(
    training: LabelledImages, classes: Sequence[str], side: int, random: Generator
) -> Iterator[Tensor]:
    """Every training image as it is, moved, and changed as in training; and spot images."""
    sources = Sources.of(training.images, closest_views(training.labels, classes))
    batches = torch.split(torch.arange(len(training.labels)), 64)
    for part in batches:
        whole = training.images[part][:, None].float() / 255
        yield nn.functional.interpolate(
            whole, (side, side), mode="bilinear", align_corners=False, antialias=True
        )
        yield plain_views(sources, part, side, random)
        yield plain_views(sources, part, side, random)
        yield augment(sources, part, side, random)
    trunk = torch.tensor([classes.index(name) for name in TRUNK])
    of_trunk = torch.nonzero(torch.isin(training.labels, trunk))[:, 0]
    picks = of_trunk[torch.randint(len(of_trunk), (_SPOT_IMAGES,), generator=random)]
    yield spot_images(plain_views(sources, picks, side, random), random)


def _squares(folder: Path, rows: Sequence[Example], side: int) -> Iterator[Tensor]:
    for row in rows:
        square, _ = fit_to_square(read_picture(folder / row.file).grey, side)
        yield torch.from_numpy(square)[None, None]


def document(recipe: Recipe, out: Path, data: Path, made: Made, declined: dict[str, Share]) -> str:
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
    measured = {title: evaluate(model, data, those).figures for title, those in parts.items()}
    unseen = [row for row in rows if "ood" in row.split]
    if unseen:
        found = evaluate(model, data, unseen).figures.declined
        declined = {**declined, f"{unseen[0].source} (never used)": found}
    test = measured["UNIFESP, test split"]
    picture = card_figure(test, f"{model.specification.name} on the UNIFESP test split")
    write_atomically(out / FIGURES_FILE, picture)
    notes = out / NOTES_FILE
    looked = notes.read_text(encoding="utf-8") if notes.exists() else ""
    card = model_card(recipe, model, made, measured, declined, looked)
    write_atomically(out / "MODEL_CARD.md", card.encode())
    return card
