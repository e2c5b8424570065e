"""Interventions on an image: a region erased, blurred, levelled, moved, or taken into another
image. Needs no torch.

Images are [H, W] of any real dtype, regions bool [H, W]; what is returned is float32, of the same
grey values. Nothing is changed in place.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Grey = NDArray[np.float32]

_REACH = 3  # pixels: from how far the in-painting takes its values
_RING = 5  # pixels: the surroundings of a region, where grain is measured
_TRIES = 60
_BLUR, _LOST = 1.2, 1.095  # pixels; white noise over what this blur takes away of it
_FINE = 8.0  # pixels: the σ of a blur that needs no more of them
_BLURRED = 0.25  # of a region's shorter side: the σ at which nothing in it is recognised


def erased(grey: NDArray[np.generic], region: Mask, random: np.random.Generator) -> Grey:
    """The image without ``region``: in-painted from its surroundings (Bertalmio 2001, as OpenCV
    has it: Navier-Stokes; its Telea's method is off by more than a grey value), with grain as
    strong as theirs, since a smooth patch in a noisy image is a mark, too.

    A region without surroundings (the whole image) becomes its median.
    """
    result = np.array(grey, np.float32)
    if not region.any():
        return result
    place = _window(region, _RING + _REACH)
    part, mask = np.ascontiguousarray(result[place]), region[place]
    if mask.all():
        result[region] = np.median(result)
        return result
    low, high = float(part.min()), float(part.max())
    smooth = cv2.inpaint(part, mask.astype(np.uint8), _REACH, cv2.INPAINT_NS)
    painted = np.asarray(smooth, np.float32)
    grain = random.standard_normal(int(mask.sum())) * _grain(painted, mask)
    part[mask] = (painted[mask] + grain).clip(low, high)
    result[place] = part
    return result


def filled(grey: NDArray[np.generic], region: Mask, value: float) -> Grey:
    """The image with ``region`` of one grey value."""
    result = np.array(grey, np.float32)
    result[region] = value
    return result


def blurred(grey: NDArray[np.generic], region: Mask) -> Grey:
    """The image with ``region`` blurred beyond recognition: a Gaussian, σ a quarter of the shorter
    side of the box around it."""
    result = np.array(grey, np.float32)
    if not region.any():
        return result
    rows, columns = np.nonzero(region.any(1))[0], np.nonzero(region.any(0))[0]
    shorter = min(int(np.ptp(rows)), int(np.ptp(columns))) + 1
    sigma = max(1.0, _BLURRED * shorter)
    place = _window(region, round(3 * sigma))
    part = np.ascontiguousarray(result[place])
    soft, mask = _soft(part, sigma), region[place]
    part[mask] = soft[mask]
    result[place] = part
    return result


def _soft(grey: Grey, sigma: float) -> Grey:
    """A Gaussian blur; a wide one of fewer pixels, which shows no difference."""
    (height, width), coarser = grey.shape, max(1.0, sigma / _FINE)
    size = (max(1, round(width / coarser)), max(1, round(height / coarser)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / coarser, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def levelled(grey: NDArray[np.generic], region: Mask) -> Grey:
    """The image with ``region`` of one grey: the mean of its surroundings, or of itself where
    there are none."""
    values = np.asarray(grey, np.float32)
    if not region.any():
        return np.array(values)
    place = _window(region, _RING)
    around = _surroundings(region[place])
    beside = values[place][around] if around.any() else values[region]
    return filled(values, region, float(beside.mean()))


def pasted(
    grey: NDArray[np.generic],
    source: NDArray[np.generic],
    region: Mask,
    shift: tuple[int, int] = (0, 0),
) -> Grey:
    """The image with what ``region`` of ``source`` holds laid on it, ``shift`` (rows, columns)
    further: laid on the image without it, it has moved. Raises :class:`ValueError` for a shift that
    leads out of the image."""
    rows, columns = np.nonzero(region)
    down, across = rows + shift[0], columns + shift[1]
    result = np.array(grey, np.float32)
    inside = (down >= 0) & (down < grey.shape[0]) & (across >= 0) & (across < grey.shape[1])
    if not inside.all():
        raise ValueError(f"a region moved by {shift} leaves the image")
    result[down, across] = source[rows, columns]
    return result


def shifted(region: Mask, shift: tuple[int, int]) -> Mask:
    """A region moved by ``shift`` (rows, columns); what leaves the image comes in on the other
    side."""
    return np.roll(region, shift, (0, 1))


def random_shifts(
    region: Mask, avoid: Mask, count: int, random: np.random.Generator
) -> list[tuple[int, int]]:
    """Shifts (rows, columns) to random places where ``region`` lies in the image whole and touches
    nothing of ``avoid``; as few as there is room for in ``count`` × 60 tries, perhaps none."""
    rows, columns = np.nonzero(region)
    if not len(rows):
        return []
    free = ~avoid
    found: list[tuple[int, int]] = []
    for _ in range(count * _TRIES):
        if len(found) == count:
            break
        down = int(random.integers(-rows.min(), region.shape[0] - rows.max()))
        across = int(random.integers(-columns.min(), region.shape[1] - columns.max()))
        if free[rows + down, columns + across].all():
            found.append((down, across))
    return found


def _window(region: Mask, margin: int) -> tuple[slice, slice]:
    rows, columns = np.nonzero(region.any(1))[0], np.nonzero(region.any(0))[0]
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + margin + 1),
    )


def _grain(painted: Grey, mask: Mask) -> float:
    """The spread of the noise around a region that is painted over (its own edge would leak into
    it): of what a slight blur takes away there."""
    fine = painted - cv2.GaussianBlur(painted, (0, 0), _BLUR)
    beside = fine[_surroundings(mask)]
    middle = np.median(beside)
    return float(1.4826 * np.median(np.abs(beside - middle)) * _LOST)


def _surroundings(mask: Mask) -> Mask:
    side = 2 * _RING + 1
    wide = cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0
    return np.asarray(wide & ~mask)
