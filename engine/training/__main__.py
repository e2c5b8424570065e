"""``python -m engine.training MODEL --data DIR --out DIR``: train and document a bundled model."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import cast

import torch
from torch import nn

from engine.checkpoint import load_model, save_model
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
    network: nn.Module,
    specification: ModelSpecification,
    data: Path,
    examples: list[Example],
) -> Figures:
    images = load(data, examples, CLASSES, specification.input_size)
    return figures_of(
        logits_of(network, images.images, specification), images.labels, specification.classes
    )


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
    torch.manual_seed(options.seed)
    examples = read_index(options.data)
    home = [example for example in examples if example.source == "unifesp"]
    draft = build(_specification(recipe, ("classes",)))
    specification = _specification(recipe, cast(tuple[str, ...], draft.layer_names))
    network = build(
        replace(specification, arguments={**recipe.arguments, "dropout": recipe.dropout})
    )
    if recipe.pretrained:
        load_imagenet_weights(network)

    def split(name: str) -> list[Example]:
        return [example for example in home if example.split == name]

    training = load(options.data, split("train"), CLASSES, round(recipe.input_size * _MARGIN))
    validation = load(options.data, split("val"), CLASSES, recipe.input_size)
    options.out.mkdir(parents=True, exist_ok=True)

    def checkpoint(averaged: nn.Module, epoch: int) -> None:
        save_model(averaged, specification, options.out / "checkpoint")

    def progress(line: str) -> None:
        print(line, flush=True)

    trained = train(
        network, recipe, specification, training, validation, options.seed, checkpoint, progress
    )
    seen = logits_of(trained, validation.images, specification)
    temperature = fit_temperature(seen, validation.labels)
    fold_temperature(cast(nn.Conv2d, trained.get_submodule("classes")), temperature)
    save_model(trained, specification, options.out)
    loaded = load_model(options.out)
    figures = {
        "UNIFESP, validation split": _measured(
            loaded.network, loaded.specification, options.data, split("val")
        ),
        "UNIFESP, test split": _measured(
            loaded.network, loaded.specification, options.data, split("test")
        ),
    }
    unseen = sorted({example.source for example in examples} - {"unifesp", "opg19"})
    for source in unseen:
        rows = [
            example
            for example in examples
            if example.source == source and example.split == "external_test"
        ]
        title = f"Unseen source {source} (external_test)"
        figures[title] = _measured(loaded.network, loaded.specification, options.data, rows)
    command = (
        f"python -m engine.training {recipe.name} --data DATA --out resources/models/"
        f"{recipe.name} --seed {options.seed} --epochs {recipe.epochs}"
    )
    card = model_card(
        recipe,
        loaded.specification,
        command,
        options.seed,
        temperature,
        len(training.labels),
        figures,
    )
    write_atomically(options.out / "MODEL_CARD.md", card.encode())
    print(card)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except EngineError as problem:
        sys.exit(f"error: {problem}")
