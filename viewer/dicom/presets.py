"""The windows that an image can be seen with: its own, those of the file, those of its modality."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.frame import Frame, default_window
from viewer.dicom.window import (
    LookupTable,
    Window,
    auto_window,
    percentile_window,
    spanning_window,
)

Voi = Window | LookupTable
Origin = Literal["image", "file", "modality", "own"]

_LONGEST_NAME = 32  # letters of what a file calls its window
_HOUNSFIELD = (  # radiopaedia.org, "Windowing (CT)"
    ("lung", 1500, -600),
    ("mediastinum", 350, 50),
    ("soft tissue", 400, 50),
    ("bone", 1800, 400),
    ("brain", 80, 40),
    ("liver", 150, 30),
)
_SHARES = {
    "MR": (("bright detail", 5.0, 99.9), ("without extremes", 1.0, 99.0), ("narrow", 10.0, 95.0)),
    "CR": (("without extremes", 1.0, 99.0), ("narrow", 10.0, 90.0)),
}
_SHARES |= dict.fromkeys(("DX", "RG", "RF", "XA", "IO", "PX"), _SHARES["CR"])
_EMITTED = ("PT", "NM")  # counts and uptake start from nothing
_FULL, _TISSUE, _UPTAKE = "full range", "within the breast", "from zero"
_AUTOMATIC = "automatic"
_SURROUND, _GAP = 0.02, 0.1  # shares: of the pixels, and of the range of the others
OUR_NAMES = frozenset(
    {_AUTOMATIC, _FULL, _TISSUE, _UPTAKE}
    | {name for name, *_ in _HOUNSFIELD}
    | {name for rows in _SHARES.values() for name, *_ in rows}
)
"""Names that are nobody's free text."""
_WORKED_OUT = OUR_NAMES - {name for name, *_ in _HOUNSFIELD}


@dataclass(frozen=True, eq=False)
class Preset:
    """A window or VOI LUT by name. ``origin`` is where it is from: worked out for this ``image``,
    written in its ``file``, usual for its ``modality``, or the user's ``own``. ``voi`` is worked
    out when it is first asked for."""

    name: str
    origin: Origin
    make: Callable[[], Voi]

    @cached_property
    def voi(self) -> Voi:
        return self.make()

    def work_out(self) -> Voi:
        return self.voi

    @property
    def known(self) -> bool:
        """Whether it has been worked out."""
        return "voi" in self.__dict__


def written(name: str, origin: Origin, voi: Voi) -> Preset:
    """A preset that needs no working out."""
    preset = Preset(name, origin, lambda: voi)
    preset.work_out()
    return preset


@lru_cache(maxsize=1)  # one image is looked at, and asked about again and again
def presets_of(frame: Frame, modality: str) -> tuple[Preset, ...]:
    """What a grey frame can be seen with, none for colour: first its automatic window, then what it
    is shown with at first (the file's first window, if there is one), then the others of the file,
    its VOI LUTs, and the usual windows of the modality."""
    if frame.is_colour:
        return ()
    automatic = Preset(_AUTOMATIC, "image", lambda: window_without_surround(frame))
    first: Preset | None = None
    if not frame.windows and not frame.voi_luts:
        first = Preset("as at first: the file has none", "file", lambda: default_window(frame))
    in_file = [first] if first else list(_of_file(frame))
    return (automatic, *in_file, *_of_modality(frame, modality))


def _of_file(frame: Frame) -> Iterator[Preset]:
    """Windows, then tables, in the order of the file, none twice."""
    every: tuple[Voi, ...] = (*frame.windows, *frame.voi_luts)
    for number, voi in enumerate(every):
        if voi not in every[:number]:
            yield written(_name_in_file(every, number), "file", voi)


def _name_in_file(every: tuple[Voi, ...], number: int, free_text: bool = True) -> str:
    """What the file calls one of its windows and tables, else which one it is, from 1."""
    voi = every[number]
    words = " ".join(voi.explanation.split())
    said = "".join(filter(str.isprintable, words)).strip()[:_LONGEST_NAME]
    if said and free_text:
        return said
    kind, what = type(voi), "window" if isinstance(voi, Window) else "table"
    before = sum(isinstance(other, kind) for other in every[:number])
    alone = sum(isinstance(other, kind) for other in every) == 1
    return f"{what} of the file" if alone else f"{what} {before + 1} of the file"


def _of_modality(frame: Frame, modality: str) -> Iterator[Preset]:
    """The usual windows; those in Hounsfield units only where the values are in them."""
    if modality == "CT" and frame.units == "HU":
        for name, width, center in _HOUNSFIELD:
            yield written(name, "modality", Window(center, width, explanation=name))
    for name, low, high in _SHARES.get(modality, ()):

        def share(name: str = name, low: float = low, high: float = high) -> Window:
            return percentile_window(frame.sample(), low, high, name)

        yield Preset(name, "modality", share)
    if modality == "MG":
        yield Preset(_TISSUE, "modality", lambda: breast_window(frame))
    if modality in _EMITTED:
        yield Preset(_UPTAKE, "modality", lambda: _from_zero(frame))
    yield Preset(_FULL, "modality", lambda: full_range(frame))


def window_without_surround(frame: Frame) -> Window:
    """The automatic window; where a good part of the frame has one value far below all others, as
    around the round field of many scanners, it is that of the rest."""
    values = frame.sample()
    rest = values[values > values.min()] if values.size else values
    if rest.size and rest.size < (1 - _SURROUND) * values.size:
        gap = rest.min() - values.min()
        values = rest if gap > _GAP * (rest.max() - rest.min()) else values
    return percentile_window(values, 0.5, 99.5, _AUTOMATIC)


def full_range(frame: Frame) -> Window:
    """From the least to the greatest value of the whole frame, exactly, without padding."""
    values = replace(frame, pixels=_ends(frame)[None, :], planes=()).sample()
    if not values.size:
        return Window(0.5, 1.0, explanation=_FULL)
    whole = frame.pixels.dtype.kind in "iu" and np.array_equal(values, np.rint(values))
    return spanning_window(float(values.min()), float(values.max()), whole, _FULL)


def _ends(frame: Frame) -> NDArray[Any]:
    """(N,) stored values of the frame, those with its least and greatest modality values among
    them: its ends, but all that occur where a table neither rises nor falls from end to end."""
    stored, table = frame.pixels, frame.modality_lut
    if stored.dtype.kind == "f":
        return _finite_ends(stored, frame)
    if table is not None:
        steps = np.diff(table.entries.astype(np.int32))
        if (steps < 0).any() and (steps > 0).any():
            return np.unique(stored[~frame.is_padding(stored)])
    low, high = int(stored.min()), int(stored.max())
    if frame.padding is not None:
        first, last = (int(end) for end in frame.padding)
        if first <= low <= last:
            low = _beyond(stored, last, upward=True)
        if first <= high <= last:
            high = _beyond(stored, first, upward=False)
    ends = np.array([low, high], np.int64)
    limits = np.iinfo(stored.dtype)
    ends = ends[(ends >= limits.min) & (ends <= limits.max)].astype(stored.dtype)
    return ends[~frame.is_padding(ends)]


def _beyond(stored: NDArray[Any], end: int, upward: bool) -> int:
    """The stored value next to the ``end`` of the padding on one side of it, some other where there
    is none. Two passes: as numbers that wrap around, all others lie behind it."""
    unsigned = np.dtype(f"u{stored.dtype.itemsize}")
    turn = (end + 1 if upward else end) % 2 ** (8 * unsigned.itemsize)
    turned = stored.view(unsigned) - unsigned.type(turn)
    near = int(turned.min() if upward else turned.max())
    return end + 1 + near if upward else end - 2 ** (8 * unsigned.itemsize) + near


def _finite_ends(stored: NDArray[Any], frame: Frame) -> NDArray[Any]:
    ends = np.array([stored.min(), stored.max()])
    if np.isfinite(ends).all() and not frame.is_padding(ends).any():
        return ends
    kept = stored[np.isfinite(stored) & ~frame.is_padding(stored)]
    return np.array([kept.min(), kept.max()]) if kept.size else kept


def breast_window(frame: Frame) -> Window:
    """Of a mammogram, without the air around the breast: Otsu's threshold parts the two."""
    values = frame.sample()
    if values.size < 2 or values.min() == values.max():
        return percentile_window(values, 0.5, 99.5, _TISSUE)
    counts, edges = np.histogram(values, 256)
    below = np.cumsum(counts)[:-1].astype(np.float64)
    sums = np.cumsum(counts * (edges[:-1] + edges[1:]) / 2)
    above = counts.sum() - below
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = below * above * (sums[:-1] / below - (sums[-1] - sums[:-1]) / above) ** 2
    limit = edges[int(np.nanargmax(apart)) + 1]
    tissue = values[values < limit] if frame.inverted else values[values >= limit]
    return percentile_window(tissue, 0.5, 99.5, _TISSUE)


def _from_zero(frame: Frame) -> Window:
    """From nothing to almost the greatest uptake."""
    values = frame.sample()
    top = float(np.percentile(values, 99.5)) if values.size else 1.0
    return spanning_window(0.0, top if top > 0 else 1.0, False, _UPTAKE)


def region_window(frame: Frame, box: tuple[float, float, float, float]) -> Window | None:
    """The automatic window of a part of the frame; ``box`` is (left, top, right, bottom) in frame
    pixels from the corner of the first one. None where no pixel with a value lies in it."""
    height, width = frame.size
    left, right = (int(np.clip(round(x), 0, width)) for x in (box[0], box[2]))
    top, bottom = (int(np.clip(round(y), 0, height)) for y in (box[1], box[3]))
    if right <= left or bottom <= top:
        return None
    part = replace(frame, pixels=frame.pixels[top:bottom, left:right], planes=())
    return auto_window(part) if part.sample().size else None


def same_voi(one: Voi | None, other: Voi) -> bool:
    """Whether two show the same, whatever they are called."""
    if isinstance(one, Window) and isinstance(other, Window):
        return replace(one, explanation="") == replace(other, explanation="")
    return one == other


def carried_over(voi: Voi, frame: Frame) -> Voi:
    """A window that was chosen on one image, for the next one of its series: a name that says what
    was worked out from the first is none here, and a table of the first is not of this one."""
    if voi in (*frame.windows, *frame.voi_luts):
        return voi
    if isinstance(voi, LookupTable):
        return default_window(frame)
    return replace(voi, explanation="") if voi.explanation in _WORKED_OUT else voi


def name_of(frame: Frame, voi: Voi, free_text: bool = True) -> str:
    """What the window or table in use is called, "" if it has no name. Without ``free_text``
    nothing is repeated that somebody has written."""
    if frame.is_colour:
        return ""
    every: tuple[Voi, ...] = (*frame.windows, *frame.voi_luts)
    if voi in every:
        return _name_in_file(every, every.index(voi), free_text)
    known = free_text or voi.explanation in OUR_NAMES
    return voi.explanation if known else ""
