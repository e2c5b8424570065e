"""Annotated images to hold maps against: pictures with regions that a human expert marked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from engine.errors import EngineError
from engine.evaluation.index import read_picture
from engine.geometry import InputGeometry

Coverage = NDArray[np.float64]

_BOXES_FILE = "hand_boxes.json"
_MASK_ENDING = ".mask.png"
_LUNGS = "Lungs"
HAND, CHEST = "hand_wrist", "chest"


@dataclass(frozen=True, eq=False)
class Case:
    """A picture of one class. ``boxes`` are (name, (x0, y0, x1, y1)) in its pixels, measured from
    the corner of the first; ``masks`` (name, file of a picture of the same size, inside bright).
    ``size`` is the (height, width) that the boxes are for."""

    image: Path
    target: str
    boxes: tuple[tuple[str, tuple[float, float, float, float]], ...] = ()
    masks: tuple[tuple[str, Path], ...] = ()
    size: tuple[int, int] = (0, 0)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the landmarks, in the order in which they come first."""
        return tuple(dict.fromkeys(name for name, _ in (*self.boxes, *self.masks)))


def read_cases(folder: Path) -> tuple[Case, ...]:
    """The annotated hands (``hand_boxes.json`` and ``hand/``) and chest films (``chest/NAME.png``
    with ``NAME.mask.png``) of a folder. Raises :class:`EngineError` with the reason for a folder
    that has neither and for annotations that cannot be used."""
    found = (*_hands(folder), *_chests(folder))
    if not found:
        raise EngineError(
            f"{folder} has no annotated image: {_BOXES_FILE} beside the folder hand, or pictures "
            f"with {_MASK_ENDING} files in the folder chest, are needed"
        )
    return found


def _hands(folder: Path) -> tuple[Case, ...]:
    path = folder / _BOXES_FILE
    if not path.exists():
        return ()
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return tuple(_hand(folder, name, facts) for name, facts in sorted(table.items()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{path} is no table of boxes ({error})") from error


def _hand(folder: Path, name: str, facts: Mapping[str, Any]) -> Case:
    boxes = []
    for item in facts["boxes"]:
        left, top, right, bottom = (float(value) for value in item["box"])
        if not (0 <= left < right <= facts["width"] and 0 <= top < bottom <= facts["height"]):
            raise ValueError(f"a box of {name} is empty or outside the image: {item['box']}")
        boxes.append((str(item["label"]), (left, top, right, bottom)))
    size = (int(facts["height"]), int(facts["width"]))
    return Case(folder / "hand" / name, HAND, tuple(boxes), size=size)


def _chests(folder: Path) -> tuple[Case, ...]:
    masks = sorted((folder / "chest").glob(f"*{_MASK_ENDING}"))
    return tuple(
        Case(
            path.with_name(path.name.removesuffix(_MASK_ENDING) + ".png"),
            CHEST,
            (),
            ((_LUNGS, path),),
        )
        for path in masks
    )


def coverages(case: Case, geometry: InputGeometry) -> Mapping[str, Coverage]:
    """Of each landmark, by name, the share of every pixel of the fitted frame that lies in it:
    float64 [h, w] in 0…1, boxes and masks of one name together. A pixel in two boxes counts once.
    Raises :class:`EngineError` for a mask that cannot be read, for a mask or boxes of another size,
    and where a landmark, or every one, is empty."""
    if case.boxes and case.size != geometry.frame_size:
        raise EngineError(
            f"{case.image}: its boxes are for {case.size[1]} × {case.size[0]} pixels, the picture "
            f"has {geometry.frame_size[1]} × {geometry.frame_size[0]}"
        )
    found: dict[str, Coverage] = {}
    for name, box in case.boxes:
        _unite(found, name, _box_coverage(box, geometry))
    for name, path in case.masks:
        mask = np.asarray(read_picture(path).grey, np.float64) > 127
        if mask.shape != geometry.frame_size:
            raise EngineError(
                f"{path}: the mask is {mask.shape[1]} × {mask.shape[0]} pixels, its image "
                f"{geometry.frame_size[1]} × {geometry.frame_size[0]}"
            )
        _unite(found, name, mask_coverage(mask, geometry))
    if not found or not all(region.any() for region in found.values()):
        raise EngineError(f"{case.image}: it has no landmark, or one without any pixel")
    return MappingProxyType(found)


def mask_coverage(mask: NDArray[np.bool_], geometry: InputGeometry) -> Coverage:
    """Of a mask over an image's pixels [H, W], the share of every pixel of the fitted frame that
    lies in it: float64 [h, w] in 0…1."""
    whole = torch.from_numpy(np.ascontiguousarray(mask))[None, None].double()
    fitted = F.interpolate(
        whole, geometry.fitted_size, mode="bilinear", align_corners=False, antialias=True
    )
    return np.asarray(fitted[0, 0].clamp(0, 1).numpy())


def _unite(found: dict[str, Coverage], name: str, part: Coverage) -> None:
    found[name] = np.maximum(found[name], part) if name in found else part


def union(parts: Mapping[str, Coverage]) -> Coverage:
    """All landmarks as one region."""
    return np.asarray(np.maximum.reduce(list(parts.values())))


def _box_coverage(box: tuple[float, float, float, float], geometry: InputGeometry) -> Coverage:
    height, width = geometry.fitted_size
    across, down = geometry.scale
    left, top, right, bottom = box
    return np.outer(
        _overlap(top * down, bottom * down, height), _overlap(left * across, right * across, width)
    )


def _overlap(start: float, end: float, count: int) -> Coverage:
    """How much of each of ``count`` pixels lies between two places."""
    pixels = np.arange(count)
    return np.asarray(np.clip(np.minimum(end, pixels + 1) - np.maximum(start, pixels), 0.0, 1.0))
