"""Radiographs with a marker that is tied to one class, as strongly as wanted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engine import phantoms
from engine.errors import EngineError
from engine.evaluation.index import Example, read_index, read_picture
from engine.phantoms.bodies import Grid
from engine.phantoms.marker import marker

SIDE = 192  # pixels: of a view
LETTERS = "RLDE"
_STORED = 256  # pixels: the long side of a picture that views are taken from
_CLASSES = 5
_MOST = 100  # pictures of a class
_FEWEST = 20
_NO_ANATOMY = ("other", "multi")
_HEIGHT = (0.09, 0.13)  # of the side: of the letter
_WHITE = (0.92, 1.0)
_TURN, _ZOOM, _GAMMA, _NOISE = 25.0, (0.35, 1.1), 0.5, (0.02, 0.08)
_EXPOSURE = (0.3, 0.85)  # the grey value of the densest bone

Grey = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Pool:
    """Pictures to take views of: float32 in 0…1 each, bone white, and the number of its class."""

    classes: tuple[str, ...]
    pictures: tuple[Grey, ...]
    labels: NDArray[np.int_]


@dataclass(frozen=True, eq=False)
class Views:
    """``images`` float32 [N, SIDE, SIDE] in 0…1; ``bare`` the same without any planted marker;
    ``labels`` [N]; ``marked`` [N]: which ones carry it."""

    images: Grey
    bare: Grey
    labels: NDArray[np.int_]
    marked: NDArray[np.bool_]


@lru_cache(maxsize=2)
def synthetic(held_back: bool) -> Pool:
    """The four phantoms without marker; those held back have other trabeculae."""
    made = [
        phantoms.make(item.name, seed=8 if held_back else 7, marker=False, noise=False)
        for item in phantoms.PHANTOMS
    ]
    classes = tuple(item.anatomy for item in made)
    pictures = tuple(_fitted(item.image) for item in made)
    return Pool(classes, pictures, np.arange(len(made)))


@lru_cache(maxsize=2)
def real(folder: Path, held_back: bool) -> Pool:
    """Radiographs of the commonest classes in ``folder/index.csv``: the split train, or, held back,
    val and test. Markers that they have from their hospital stay. Raises :class:`EngineError` for
    a folder without enough of them."""
    rows = [row for row in read_index(folder) if row.label not in _NO_ANATOMY]
    counts = Counter(row.label for row in rows if row.split == "train")
    classes = [name for name, count in counts.most_common(_CLASSES) if count >= _FEWEST]
    splits = ("val", "test") if held_back else ("train",)
    chosen = [
        row
        for name in classes
        for row in [row for row in rows if row.label == name and row.split in splits][:_MOST]
    ]
    present = {row.label for row in chosen}
    if len(classes) < 2 or len(present) < len(classes):
        raise EngineError(
            f"{folder} has too few radiographs: at least two classes with {_FEWEST} in the split "
            "train, and some of each in val or test, are needed"
        )
    return _read(folder, classes, chosen)


def _read(folder: Path, classes: Sequence[str], rows: Sequence[Example]) -> Pool:
    pictures = tuple(_fitted(read_picture(folder / row.file).grey) for row in rows)
    return Pool(tuple(classes), pictures, np.array([classes.index(row.label) for row in rows]))


def _fitted(grey: NDArray[np.generic]) -> Grey:
    values = grey.astype(np.float32)
    scale = _STORED / max(values.shape)
    size = (max(1, round(values.shape[1] * scale)), max(1, round(values.shape[0] * scale)))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA)
    low, high = float(small.min()), float(small.max())
    return np.asarray((small - low) / max(high - low, 1e-9), np.float32)


def views(
    pool: Pool, count: int, strength: float, planted: int, seed: int, mislabelled: float = 0.0
) -> Views:
    """Random views, as many of each label, with a white letter somewhere near the border.

    Of the images labelled ``planted`` the share (1 + ``strength``) / 2 carries it, of any other
    label (1 - ``strength``) / 2: at 0 it says nothing, at 1 everything. The shares are exact, since
    a network learns what chance would tie together. The share ``mislabelled`` shows any anatomy:
    there the letter knows the label and the anatomy does not.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(pool.classes)
    letter = LETTERS[planted % len(LETTERS)]
    wrong = random.random(count) < mislabelled
    marked = np.zeros(count, bool)
    for label in range(len(pool.classes)):
        share = (1 + strength if label == planted else 1 - strength) / 2
        for group in (wrong, ~wrong):
            members = random.permutation(np.flatnonzero((labels == label) & group))
            marked[members[: round(share * len(members))]] = True
    shown = np.where(wrong, random.integers(len(pool.classes), size=count), labels)
    bare = np.stack([_view(_any_of(pool, int(label), random), random) for label in shown])
    images = bare.copy()
    for place in np.flatnonzero(marked):
        images[place] = with_letter(bare[place], letter, random)
    return Views(images, bare, labels, marked)


def _any_of(pool: Pool, label: int, random: np.random.Generator) -> Grey:
    return pool.pictures[int(random.choice(np.flatnonzero(pool.labels == label)))]


def _view(picture: Grey, random: np.random.Generator) -> Grey:
    """Turned, mirrored, enlarged, moved, of another contrast and exposure, with noise."""
    zoom = float(np.exp(random.uniform(*np.log(_ZOOM))))  # the side of what is seen
    scale = SIDE / (zoom * _STORED)
    turn = cv2.getRotationMatrix2D((0, 0), random.uniform(-_TURN, _TURN), scale)
    turn[:, 0] *= random.choice((-1, 1))
    room = max(1.05 - zoom, 0.05) / 2 * _STORED
    middle = np.array(picture.shape[::-1]) / 2 + random.uniform(-room, room, 2)
    turn[:, 2] = SIDE / 2 - turn[:, :2] @ middle
    seen = cv2.warpAffine(picture, turn, (SIDE, SIDE), flags=cv2.INTER_LINEAR)
    seen = seen ** np.exp(random.uniform(-_GAMMA, _GAMMA))
    noise = random.uniform(*_NOISE) * random.standard_normal(seen.shape)
    exposure = float(np.exp(random.uniform(*np.log(_EXPOSURE))))
    return np.asarray((exposure * seen + noise).clip(0, 1), np.float32)


def with_letter(image: Grey, letter: str, random: np.random.Generator) -> Grey:
    """The image [S, S] with a nearly white letter on it, somewhere along its border."""
    side = image.shape[0]
    height = random.uniform(*_HEIGHT) * side
    along = random.uniform(1.1 * height, side - 1.1 * height)
    across = random.uniform(1.1 * height, 1.8 * height)
    x, y = (along, across) if random.random() < 0.5 else (across, along)
    if random.random() < 0.5:
        x, y = side - x, side - y
    line, _ = marker(Grid((side, side), 1.0), letter, (x, y), height, plate=False)
    cover = line / line.max()
    return np.asarray(image * (1 - cover) + random.uniform(*_WHITE) * cover, np.float32)
