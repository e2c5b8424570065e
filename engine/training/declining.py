"""The gate of a trained model: fitted on the training images and on outliers, its limit set on the
validation images, and what it is worth measured on outliers that it never saw."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor, nn

from engine.checkpoint import LoadedModel
from engine.evaluation.figures import Share
from engine.evaluation.index import Example, read_index, read_picture
from engine.gate import Gate, too_small, unfit
from engine.preprocess import fit_to_square
from engine.training.augment import Sources, augment, enhanced, plain_views
from engine.training.dataset import LabelledImages
from engine.training.fit import TRUNK, closest_views
from engine.training.fluoroscopy import spot_images
from engine.training.gating import Seen, fit_gate, held_out_declined, look_at, strangeness_of
from engine.training.outliers import made_outliers

CATCH_ALL = ("other",)
ACCEPTED = 0.985  # of the validation images
COMPARED = 0.95  # of the test images: where gates are compared
_SPOT_IMAGES = 384
_OUTLIER_VIEWS = 6
_FOLDS = 4
_MADE = 25  # outliers of each made kind


@dataclass(frozen=True, eq=False)
class Outliers:
    """Fitted pictures of kinds that are no radiographs: uint8 [N, S, S]; which fold of a split by
    group each belongs to, and its kind."""

    images: Tensor
    folds: tuple[int, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Declined:
    """Outliers of one kind that are declined: at the gate's own limit, and at the one that 95 % of
    the home source's test images pass."""

    at_limit: Share
    at_compared: Share


def outliers_for(model: LoadedModel, folder: Path | None, seed: int) -> Outliers:
    """Made outliers, and those of a folder if there is one, as the model is shown them; without
    the ones that are declined before the network is asked."""
    named = [
        (f"{kind}/{number}", kind, picture)
        for number, (kind, picture) in enumerate(made_outliers(seed, _MADE))
    ]
    if folder is not None:
        named += [
            (row.group, row.source, read_picture(folder / row.file)) for row in read_index(folder)
        ]
    images, folds, kinds = [], [], []
    facts = model.specification
    for group, kind, picture in named:
        square, geometry = fit_to_square(picture.grey, facts.input_size)
        if unfit(facts, square, geometry) or too_small(geometry):
            continue
        images.append(np.rint(square * 255).astype(np.uint8))
        folds.append(zlib.crc32(group.encode()) % _FOLDS)
        kinds.append(kind)
    return Outliers(torch.from_numpy(np.stack(images)), tuple(folds), tuple(kinds))


def gate_for(
    model: LoadedModel,
    layers: Sequence[str],
    data: Path,
    validation: Sequence[Example],
    test: Sequence[Example],
    training: LabelledImages,
    outliers: Outliers,
    seed: int,
) -> tuple[Gate, dict[str, Declined]]:
    """The gate; and of each kind of outlier what is declined by gates that never saw its group."""
    facts = model.specification
    random = Generator().manual_seed(seed)
    radiographs = look_at(model, layers, _views(training, facts.classes, facts.input_size, random))
    sources = Sources.of(outliers.images, torch.full((len(outliers.images),), 0.6))
    everything = torch.split(torch.arange(len(outliers.images)), 16)
    views = [
        change(sources, part, facts.input_size, random)
        for change in (plain_views, augment) * (_OUTLIER_VIEWS // 2)
        for part in everything
    ]
    plain = look_at(model, layers, (outliers.images[part][:, None] / 255 for part in everything))
    exposed = plain + look_at(model, layers, views)
    held, unseen = (
        look_at(model, layers, _squares(data, rows, facts.input_size))
        for rows in (validation, test)
    )

    def fitted(some: Seen) -> Gate:
        return fit_gate(layers, CATCH_ALL, facts.classes, radiographs, some)

    def limits(gate: Gate) -> list[float]:
        return [
            float(np.quantile(strangeness_of(gate, seen, facts.classes), share))
            for seen, share in ((held, ACCEPTED), (unseen, COMPARED))
        ]

    gate = fitted(exposed)
    gate = replace(gate, limit=limits(gate)[0])
    folds = outliers.folds * (1 + _OUTLIER_VIEWS)
    declined = held_out_declined(
        fitted, limits, exposed, plain, folds, outliers.folds, facts.classes
    )
    return gate, declined_by_kind(outliers.kinds, *declined)


def declined_by_kind(
    kinds: Sequence[str], at_limit: NDArray[np.bool_], at_compared: NDArray[np.bool_]
) -> dict[str, Declined]:
    """Shares by kind, of N images: whether each is declined at either limit, bool [N]."""
    named = np.array(kinds)
    return {
        kind: Declined(
            *(
                Share(int(found[named == kind].sum()), int((named == kind).sum()))
                for found in (at_limit, at_compared)
            )
        )
        for kind in sorted(set(kinds))
    }


def _views(
    training: LabelledImages, classes: Sequence[str], side: int, random: Generator
) -> Iterator[Tensor]:
    """Every training image as it is, moved, enhanced, and changed as in training; the latter three
    of as many more, every class as often as any other, so that rare projections are not strange;
    and spot images."""
    sources = Sources.of(training.images, closest_views(training.labels, classes))
    count = len(training.labels)
    for part in torch.split(torch.arange(count), 64):
        whole = training.images[part][:, None].float() / 255
        yield nn.functional.interpolate(
            whole, (side, side), mode="bilinear", align_corners=False, antialias=True
        )
    rarity = (1 / torch.bincount(training.labels).clamp(min=1).float())[training.labels]
    balanced = torch.multinomial(rarity, count, replacement=True, generator=random)
    for part in (*torch.split(torch.arange(count), 64), *torch.split(balanced, 64)):
        yield plain_views(sources, part, side, random)
        yield enhanced(plain_views(sources, part, side, random), random)
        yield augment(sources, part, side, random)
    trunk = torch.tensor([classes.index(name) for name in TRUNK])
    of_trunk = torch.nonzero(torch.isin(training.labels, trunk))[:, 0]
    picks = of_trunk[torch.randint(len(of_trunk), (_SPOT_IMAGES,), generator=random)]
    for part in torch.split(picks, 64):
        yield spot_images(plain_views(sources, part, side, random), random)


def _squares(folder: Path, rows: Sequence[Example], side: int) -> Iterator[Tensor]:
    for row in rows:
        square, _ = fit_to_square(read_picture(folder / row.file).grey, side)
        yield torch.from_numpy(square)[None, None]
