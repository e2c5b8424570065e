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
from engine.evaluation.index import read_index
from engine.memory import keep_freed_memory
from engine.models import build
from engine.models.specification import ModelSpecification
from engine.training.dataset import LabelledImages, load
from engine.training.finish import HOME, finish
from engine.training.fit import Panel, average_weights, train
from engine.training.pretrained import load_imagenet_weights
from engine.training.recipes import CLASSES, RECIPES, Recipe

_LICENCE = (
    "CC BY-NC-SA 4.0, non-commercial: learnt from the UNIFESP X-ray body part set, whose "
    "licence is reported as such"
)
_USE = "research and teaching: auditing what a radiograph classifier looks at; not for diagnosis"
_KEPT = 320  # pixels: the side at which training images are kept, so that close-ups stay sharp


def _specification(recipe: Recipe, layers: tuple[str, ...]) -> ModelSpecification:
    return ModelSpecification(
        name=recipe.name,
        version="2.1",
        architecture=recipe.architecture,
        arguments=recipe.arguments,
        classes=CLASSES,
        input_size=recipe.input_size,
        mean=0.5,
        std=0.25,
        exposed_layers=layers,
        modalities=("CR", "DX", "RG", "RF", "XA"),
        intended_use=_USE,
        licence=_LICENCE,
    )


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


def _trained(
    recipe: Recipe,
    data: Path,
    out: Path,
    seed: int,
    training: LabelledImages,
    teachers: Sequence[Path],
) -> None:
    """Leave the trained weights, in full precision, in ``out``, anew after each epoch."""
    torch.manual_seed(seed)
    network, specification = _prepared(recipe)
    rows = [row for row in read_index(data) if (row.source, row.split) == (HOME, "val")]
    validation = load(data, rows, CLASSES, recipe.input_size)
    train(
        network,
        recipe,
        specification,
        training,
        validation,
        seed,
        lambda averaged, epoch: _keep(averaged, specification, out),
        lambda line: print(line, flush=True),
        Panel([load_model(path).network for path in teachers]) if teachers else None,
    )


def _keep(averaged: nn.Module, specification: ModelSpecification, out: Path) -> None:
    save_model(averaged, specification, out, kernels=torch.float32)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine.training", description=__doc__)
    parser.add_argument("model", choices=sorted(RECIPES))
    parser.add_argument("--data", type=Path, required=True, help="folder with index.csv")
    parser.add_argument("--out", type=Path, required=True, help="the model folder to write")
    parser.add_argument("--outliers", type=Path, help="a folder that packaging/outliers.py made")
    parser.add_argument(
        "--teacher", type=Path, nargs="+", default=[], help="model folders to imitate, if taught"
    )
    parser.add_argument(
        "--average", type=Path, nargs="+", default=[], help="model folders to average weights with"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--trained", type=Path, help="take these weights: only calibrate, measure and document"
    )
    options = parser.parse_args(arguments)
    recipe = RECIPES[options.model]
    if recipe.taught_by and not options.teacher and options.trained is None:
        parser.error(f"{recipe.name} is taught: --teacher {' '.join(recipe.taught_by)}")
    keep_freed_memory()
    rows = [row for row in read_index(options.data) if (row.source, row.split) == (HOME, "train")]
    training = load(options.data, rows, CLASSES, _KEPT)
    trained = options.trained or options.out / "trained"
    if options.trained is None:
        _trained(recipe, options.data, trained, options.seed, training, options.teacher)
    loaded = load_model(trained)
    average_weights([loaded.network, *(load_model(path).network for path in options.average)])
    described = _specification(recipe, loaded.specification.exposed_layers)
    others = "".join(
        f" {' '.join((option, *folders))}"
        for option, folders in (
            ("--teacher", recipe.taught_by),
            ("--average", recipe.averaged_with),
        )
        if folders
    )
    command = (
        f"python -m engine.training {recipe.name} --data DATA --outliers OUTLIERS{others} --out "
        f"resources/models/{recipe.name} --seed {options.seed}"
    )
    print(
        finish(
            recipe,
            LoadedModel(loaded.network, described),
            options.data,
            training,
            options.outliers,
            options.out,
            options.seed,
            command,
        )
    )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except EngineError as problem:
        sys.exit(f"error: {problem}")
