"""Which image is open: its place among the series, and its frame once that is decoded."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path

from viewer.dicom.frame import Frame
from viewer.dicom.study import Instance, Series
from viewer.render.pyramid import Pyramid

_STACKS = ("CT", "MR", "PT", "NM")


@dataclass(frozen=True)
class Place:
    """Which image is open: its series, the instance's position in it and the frame's in that."""

    series: Series
    position: int
    frame: int = 0

    @property
    def instance(self) -> Instance:
        return self.series.instances[self.position]

    @property
    def key(self) -> tuple[Path, int]:
        """The file and the number of the frame in it."""
        return self.instance.path, self.frame

    @property
    def number(self) -> int:
        """The number of the frame in the series, from 0."""
        return self.series.starts[self.position] + self.frame

    def moved(self, by: int, stop: bool = True) -> Place | None:
        """The place ``by`` frames further in the series; beyond its ends the last one there, or
        None without ``stop``."""
        starts = self.series.starts
        wanted = self.number + by
        if not stop and not 0 <= wanted < starts[-1]:
            return None
        wanted = min(max(wanted, 0), starts[-1] - 1)
        position = bisect_right(starts, wanted) - 1
        return Place(self.series, position, wanted - starts[position])


@dataclass(frozen=True, eq=False)
class OpenFrame:
    """The decoded frame of a place, with its copies at lower resolution."""

    place: Place
    pyramid: Pyramid

    @property
    def frame(self) -> Frame:
        return self.pyramid.source


def window_owner(opened: OpenFrame) -> object:
    """What images have in common that keep a window: the series and what its files say; without a
    word in them the stack, or the film by itself."""
    frame, place = opened.frame, opened.place
    said = next(iter((*frame.windows, *frame.voi_luts)), None)
    alone = place.instance.path if is_film(place.instance) else None
    return place.series.uid, said or (frame.units, alone)


def nameless(said: str, place: Place) -> str:
    """A sentence without the name of the file, which may be that of a patient."""
    name = place.instance.path.name
    bare = said.replace(name, "the file")
    return f"{bare[:1].upper()}{bare[1:]}" if said.startswith(name) else bare


def is_film(instance: Instance) -> bool:
    """Whether an image is one by itself, and no slice or moment of a stack."""
    return instance.frames == 1 and instance.attributes.modality not in _STACKS
