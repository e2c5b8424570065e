"""``python -m engine.training MODEL --data DIR --out DIR``: train and document a bundled model."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import nn

from engine.checkpoint import LoadedModel, load_model, save_model
from engine.errors import EngineError
from engine.files import write_atomically
from engine.models import build
from engine.models.specification import ModelSpecification
from engine.training.card import model_card
from engine.training.dataset import Example, load, read_index
from engine.training.fit import fit_temperature, fold_temperature, train
from engine.training.measure import Figures, figures_of, logits_of
from engine.training.pretrained import load_imagenet_weights
from engine.training.recipes import CLASSES, RECIPES, Recipe

_LICENCE = (
    "CC BY-NC-SA 4.0, non-commercial: learnt from the UNIFESP X-ray body part set, whose "
    "licence is reported as such"
)
_USE = "research and teaching: auditing what a radiograph classifier looks at; not for diagnosis"
_HOME = "unifesp"
_MARGIN = 1.15  # images are kept a little larger than the input, so that zooming in stays sharp


def _specification(recipe: Recipe, network_layers: tuple[str, ...]) -> ModelSpecification:
    return ModelSpecification(
        name=recipe.name,
        version="1.0",
        architecture=recipe.architecture,
        arguments=recipe.arguments,
        classes=CLASSES,
        input_size=recipe.input_size,
        mean=0.5,
        std=0.25,
        exposed_layers=network_layers,
        modalities=("CR", "DX", "RG", "RF", "XA"),
        intended_use=_USE,
        licence=_LICENCE,
    )


def _measured(
    model: LoadedModel, data: Path, title: str, examples: Sequence[Example]
) -> tuple[str, Figures]:
    facts = model.specification
    held = load(data, examples, CLASSES, facts.input_size)
    logits = logits_of(model.network, held.images, facts)
    return title, figures_of(logits, held.labels, facts.classes)


def measure_all(model: LoadedModel, data: Path) -> dict[str, Figures]:
    """Figures on the home source's validation and test splits and on every unseen source."""
    examples = read_index(data)

    def chosen(source: str, split: str) -> list[Example]:
        return [row for row in examples if row.source == source and row.split == split]

    parts = [
        (f"UNIFESP, {words} split", chosen(_HOME, split))
        for words, split in (("validation", "val"), ("test", "test"))
    ]
    for source in sorted({row.source for row in examples} - {_HOME}):
        rows = chosen(source, "external_test")
        if rows:
            parts.append((f"Unseen source {source} (external_test)", rows))
    return dict(_measured(model, data, title, rows) for title, rows in parts)


def _prepared(recipe: Recipe) -> tuple[nn.Module, ModelSpecification]:
    """A network to train (with dropout) and the specification of what it will be."""
    draft = build(_specification(recipe, ("classes",)))
    specification = _specification(recipe, cast(tuple[str, ...], draft.layer_names))
    network = build(
        replace(specification, arguments={**recipe.arguments, "dropout": recipe.dropout})
    )
    if recipe.pretrained:
        load_imagenet_weights(network)
    return network, specification


def make(recipe: Recipe, data: Path, out: Path, seed: int) -> str:
    """Train, calibrate, save, measure what was saved, and document it; returns the model card."""
    torch.manual_seed(seed)
    network, specification = _prepared(recipe)
    home = [row for row in read_index(data) if row.source == _HOME]
    training, validation = (
        load(data, [row for row in home if row.split == split], CLASSES, side)
        for split, side in (
            ("train", round(recipe.input_size * _MARGIN)),
            ("val", recipe.input_size),
        )
    )

    def checkpoint(averaged: nn.Module, epoch: int) -> None:
        save_model(averaged, specification, out / "checkpoint")

    def progress(line: str) -> None:
        print(line, flush=True)

    trained = train(
        network, recipe, specification, training, validation, seed, checkpoint, progress
    )
    seen = logits_of(trained, validation.images, specification)
    temperature = fit_temperature(seen, validation.labels)
    fold_temperature(cast(nn.Conv2d, trained.get_submodule("classes")), temperature)
    save_model(trained, specification, out)
    return document(recipe, out, data, seed, temperature, len(training.labels))


def document(
    recipe: Recipe, out: Path, data: Path, seed: int, temperature: float, images: int
) -> str:
    """Measure the model in ``out`` as it was read back, and write its card beside it."""
    model = load_model(out)
    command = (
        f"python -m engine.training {recipe.name} --data DATA --out resources/models/"
        f"{recipe.name} --seed {seed} --epochs {recipe.epochs}"
    )
    figures = measure_all(model, data)
    card = model_card(recipe, model.specification, command, seed, temperature, images, figures)
    write_atomically(out / "MODEL_CARD.md", card.encode())
    return card


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.training", description=__doc__)
    parser.add_argument("model", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--epochs", type=int, help="instead of the recipe's number")
    options = parser.parse_args(arguments)
    recipe = RECIPES[options.model]
    recipe = replace(recipe, epochs=options.epochs or recipe.epochs)
    print(make(recipe, options.data, options.out, options.seed))
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except EngineError as problem:
        sys.exit(f"error: {problem}")
