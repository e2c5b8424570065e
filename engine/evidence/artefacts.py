"""Candidates for what a model should not need: markers, edges of the field, padding, background.

Found by looks alone: nothing here knows a model. Whether a model attends to a candidate, or uses
it, is for :mod:`engine.evidence.reliance` to measure. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.errors import RequestError

KINDS = ("marker", "field edge", "padding", "border", "background")

Mask = NDArray[np.bool_]
Grey = NDArray[np.float32]

_SIDE = 512  # pixels: the long side at which an image is searched
_ENLARGED = 1.6  # at most: where it has fewer pixels
_SMALLEST = 48  # pixels: the short side, of what is searched for more than its border
_BORDER = 0.02  # of the long side
_CONSTANT = 0.012  # of the range: rows that vary by less are padding (JPEG adds some)
_LEVELS = (0.1, 0.15, 0.2, 0.27, 0.35, 0.45, 0.6)  # of the range, above what surrounds a marker
_WIDEST = 0.075  # of the long side: strokes and plates are narrower in one direction
_EXTENT = (0.012, 0.2)  # of the long side: the longer side of one letter or plate
_TOGETHER = 0.03  # of the long side: letters nearer than this are one marker
_EDGE_WIDTH = 0.012  # of the long side
_FILLED = 0.7  # of an edge's length: how much of the field behind it is not dark, at least
_UPRIGHT = 0.94  # cosine of 20°: edges of the field run along the sides of the image


@dataclass(frozen=True, eq=False)
class Artefact:
    """A candidate of one of :data:`KINDS`: ``mask`` bool [H, W] over the image's pixels, ``box``
    (x0, y0, x1, y1) around it, from the corner of the first pixel."""

    kind: str
    mask: Mask
    box: tuple[int, int, int, int]

    @property
    def share(self) -> float:
        """Its share of the image's area."""
        return float(self.mask.mean())


def find_artefacts(grey: NDArray[np.generic]) -> tuple[Artefact, ...]:
    """Candidates in a grey image [H, W] of any real dtype, markers first, then by :data:`KINDS`.

    ``marker``: letters, plates and symbols with sharp edges, brighter than all around them (each
    group of letters is one; darker where the image is inverted). ``field edge``: a straight line
    beyond which there is only darkness, from a collimator, or where padding begins. ``padding``:
    rows and columns of one value. ``border``: the outermost 2 % of the long side. ``background``:
    darkness outside the body that reaches the border, without the padding. Raises
    :class:`RequestError` for an image that is not two-dimensional, is empty or not finite.
    """
    if grey.ndim != 2 or grey.size == 0:
        raise RequestError(f"the image has the shape {grey.shape}; a grey image (H, W) is needed")
    values = grey.astype(np.float32)
    if not np.isfinite(values).all():
        raise RequestError("the image holds values that are not finite numbers")
    found = [("border", _border(grey.shape))]
    searched = _searched(values)
    if min(searched.shape) >= _SMALLEST:
        found = _search(1 - searched if _is_inverted(searched) else searched) + found
    sized = ((kind, _enlarged(mask, grey.shape)) for kind, mask in found)
    artefacts = [Artefact(kind, mask, _box(mask)) for kind, mask in sized if mask.any()]
    return tuple(sorted(artefacts, key=lambda item: KINDS.index(item.kind)))


def _searched(values: Grey) -> Grey:
    """The image at the size at which it is searched, stretched to 0…1."""
    low, high = np.percentile(values, (0.5, 99.8))
    scale = min(_SIDE / max(values.shape), _ENLARGED)
    size = tuple(max(1, round(side * scale)) for side in values.shape[::-1])
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    stretched = ((values - low) / max(float(high - low), 1e-9)).clip(0, 1).astype(np.float32)
    found: Grey = np.asarray(cv2.resize(stretched, size, interpolation=way), np.float32)
    return found


def _is_inverted(grey: Grey) -> bool:
    """Whether air is white: a large flat area at the white end that reaches the border."""
    return bool(_background(1 - grey, 0.05).mean() > 0.15 and _background(grey).mean() < 0.02)


def _search(grey: Grey) -> list[tuple[str, Mask]]:
    padding = _padding(grey)
    outside = _background(grey)
    markers = _markers(grey)
    beyond = _closed(outside | padding | np.logical_or.reduce([padding, *markers]))
    edges = _field_edges(beyond, padding)
    background = outside & ~padding
    for marker in markers:
        background &= ~marker
    return [
        *(("marker", mask) for mask in markers),
        *(("field edge", mask) for mask in edges),
        ("padding", padding),
        ("background", background),
    ]


def _border(shape: tuple[int, ...]) -> Mask:
    width = max(1, round(_BORDER * max(shape)))
    mask = np.ones(shape, bool)
    mask[width:-width, width:-width] = False
    return mask


def _padding(grey: Grey) -> Mask:
    """Bands of one value along the sides, none of them more than half of the image."""
    mask = np.zeros(grey.shape, bool)
    for turns in range(4):
        view, marked = np.rot90(grey, turns), np.rot90(mask, turns)
        value = float(np.median(view[0]))
        plain = (np.abs(view - value) <= _CONSTANT).mean(1) > 0.995
        depth = len(plain) if plain.all() else int(np.argmin(plain))
        if 2 <= depth <= len(plain) // 2:
            marked[:depth] = True
    return mask


def _background(grey: Grey, tolerance: float = 0.1) -> Mask:
    """Dark pixels that are connected with the border, or with what lies just inside it."""
    smooth = cv2.GaussianBlur(grey, (0, 0), 2)
    inset = max(2, round(0.03 * max(grey.shape)))
    rims = [_rim(grey.shape, 0), _rim(grey.shape, inset)]
    low = min(float(np.percentile(smooth[rim], 5)) for rim in rims)
    if low > 0.25:
        return np.zeros(grey.shape, bool)
    otsu, _ = cv2.threshold(
        np.rint(smooth * 255).astype(np.uint8), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU
    )
    dark = smooth < low + min(tolerance, 0.4 * max(otsu / 255 - low, 0.02))
    _, labels = cv2.connectedComponents(dark.astype(np.uint8), connectivity=4)
    reached = np.unique(np.concatenate([labels[rim] for rim in rims]))
    return np.isin(labels, reached[reached > 0])


def _rim(shape: tuple[int, ...], inset: int) -> Mask:
    """A frame of one pixel, ``inset`` from the border."""
    mask = np.zeros(shape, bool)
    inner = (slice(inset, shape[0] - inset), slice(inset, shape[1] - inset))
    mask[inner] = True
    mask[inner[0].start + 1 : inner[0].stop - 1, inner[1].start + 1 : inner[1].stop - 1] = False
    return mask


def _closed(mask: Mask) -> Mask:
    kernel = np.ones((7, 7), np.uint8)
    return cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel) > 0


# markers


@dataclass(frozen=True, eq=False)
class _Blob:
    """A connected bright part: ``mask`` lies at ``place`` (rows, columns). Grey values are shares
    of the range: how far its median stands ``above`` that of what surrounds it, ``uneven`` and
    ``over`` of the surroundings (their spread, and the blob over their bright end), and how steep
    its edge is, a pixel, all three as shares of ``above``."""

    mask: NDArray[np.uint8]
    place: tuple[slice, slice]
    above: float
    uneven: float
    over: float
    steep: float

    @property
    def is_marker(self) -> bool:
        height, width = self._sides
        filled = int(self.mask.sum()) / (height * width)
        slim = max(height, width) < 4 * min(height, width)
        return self.uneven < 0.65 and self.is_sharp and filled > 0.3 and slim

    @property
    def is_sharp(self) -> bool:
        return self.over > 0.3 and self.over * self.above > 0.12 and self.steep > 0.25

    @property
    def _sides(self) -> tuple[int, int]:
        rows, columns = np.nonzero(self.mask)
        return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def _markers(grey: Grey) -> list[Mask]:
    """Each group of blobs that look like letters or plates, with what stands beside them: their
    convex hulls, a little wider."""
    blobs = _blobs(grey)
    sure, likely = np.zeros(grey.shape, np.uint8), np.zeros(grey.shape, np.uint8)
    for blob in blobs:
        if blob.is_marker:
            sure[blob.place] |= blob.mask
        if blob.is_sharp:
            likely[blob.place] |= blob.mask
    long_side = max(grey.shape)
    near = cv2.dilate(sure, _disc(round(_TOGETHER * long_side)))
    count, labels = cv2.connectedComponents(near)
    found = []
    for number in range(1, count):
        letters = ((sure | likely) > 0) & (labels == number)
        points = np.argwhere(letters)[:, ::-1].astype(np.int32)
        hull = np.zeros(grey.shape, np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(points), 1)
        found.append(cv2.dilate(hull, _disc(max(1, round(0.008 * long_side)))) > 0)
    return found


def _disc(radius: int) -> NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _blobs(grey: Grey) -> list[_Blob]:
    """Parts that stand out of what is narrower than a marker, at several levels."""
    long_side = max(grey.shape)
    width = round(_WIDEST * long_side) | 1
    quiet = cv2.GaussianBlur(grey, (0, 0), 0.8)  # noise alone makes hundreds of parts
    framed = cv2.copyMakeBorder(quiet, width, width, width, width, cv2.BORDER_REPLICATE)
    opened = cv2.morphologyEx(framed, cv2.MORPH_OPEN, np.ones((width, width), np.uint8))
    standing = (framed - opened)[width:-width, width:-width]
    slope = np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)) / 8
    steepest: Grey = np.asarray(
        cv2.dilate(slope.astype(np.float32), np.ones((3, 3), np.uint8)), np.float32
    )
    least, most = (share * long_side for share in _EXTENT)
    blobs = []
    for level in _LEVELS:
        count, labels, facts, _ = cv2.connectedComponentsWithStats(
            (standing > level).astype(np.uint8), connectivity=8
        )
        for number in range(1, count):
            x, y, wide, high, area = (int(value) for value in facts[number])
            if least <= max(wide, high) <= most and min(wide, high) >= least / 2 and area >= 12:
                blob = _blob(grey, steepest, labels == number, (x, y, wide, high))
                blobs += [blob] if blob else []
    return blobs


def _blob(grey: Grey, steepest: Grey, part: Mask, box: tuple[int, int, int, int]) -> _Blob | None:
    x, y, wide, high = box
    room = max(4, round(0.015 * max(grey.shape)))
    place = (slice(max(0, y - room), y + high + room), slice(max(0, x - room), x + wide + room))
    mask, window = part[place].astype(np.uint8), grey[place]
    near = cv2.dilate(mask, np.ones((5, 5), np.uint8))
    around = (cv2.dilate(mask, np.ones((2 * room + 1, 2 * room + 1), np.uint8)) > 0) & (near == 0)
    edge = (mask > 0) & (cv2.erode(mask, np.ones((3, 3), np.uint8)) == 0)
    if around.sum() < 8:
        return None
    inside, surroundings = float(np.median(window[mask > 0])), window[around]
    above = inside - float(np.median(surroundings))
    if above < 0.12:
        return None
    dim, bright, brightest = (float(v) for v in np.percentile(surroundings, (15, 85, 95)))
    return _Blob(
        mask,
        place,
        above,
        (bright - dim) / above,
        (inside - brightest) / above,
        float(np.median(steepest[place][edge])) / above,
    )


# straight edges of the exposed field


def _field_edges(beyond: Mask, padding: Mask) -> list[Mask]:
    """Of each side of the image the straight line along it, if any, beyond which all is dark and
    behind which most is not; as a band across the image."""
    outline = cv2.morphologyEx(beyond.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3)))
    least = round(0.2 * min(beyond.shape))
    segments = cv2.HoughLinesP(
        outline, 1, np.pi / 360, threshold=least // 2, minLineLength=least, maxLineGap=least // 4
    )
    best: dict[int, tuple[float, Mask]] = {}
    for ends in () if segments is None else segments.reshape(-1, 4).astype(np.float64):
        side, share, band = _judged(ends, beyond)
        if share > best.get(side, (_FILLED, band))[0]:
            best[side] = (share, band)
    return [band & ~padding for _, band in best.values()]


def _judged(ends: NDArray[np.float64], beyond: Mask) -> tuple[int, float, Mask]:
    """Which side of the image a line faces, on which share of its length the field begins behind
    it (0 if beyond it not all is dark), and the band along it."""
    height, width = beyond.shape
    x0, y0, x1, y1 = ends
    normal = np.array([y0 - y1, x1 - x0])
    normal /= np.hypot(*normal)
    centre = (np.array([width, height]) / 2 - (x0, y0)) @ normal
    normal = normal if centre < 0 else -normal  # away from the middle of the image
    rows, columns = np.mgrid[:height, :width]
    distance = (columns - x0) * normal[0] + (rows - y0) * normal[1]
    side = int(np.argmax([normal[0], normal[1], -normal[0], -normal[1]]))
    thick = _EDGE_WIDTH * max(height, width)
    band, outer = np.abs(distance) <= thick, distance > 1.5
    inner = (distance < -1.5) & (distance > -2 * thick)
    aslant = float(np.abs(normal).max()) < _UPRIGHT
    if aslant or outer.mean() < 0.005 or not inner.any() or beyond[outer].mean() < 0.97:
        return side, 0.0, band
    return side, float(1 - beyond[inner].mean()), band


def _enlarged(mask: Mask, shape: tuple[int, ...]) -> Mask:
    if mask.shape == shape:
        return mask
    size = (shape[1], shape[0])
    return cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST_EXACT) > 0


def _box(mask: Mask) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask.any(1))[0], np.nonzero(mask.any(0))[0]
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
