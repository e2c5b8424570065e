"""Studies, series and instances as values (PS3.3 A.1, DICOM's real world)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path

from viewer.dicom.attributes import Attributes, kind_name
from viewer.dicom.errors import one_line
from viewer.dicom.image_plane import ImagePlane

_APART = 1e-3  # mm from one image of a stack to the next, at the least


@dataclass(frozen=True)
class Header:
    """A file without its pixels. ``rows`` and ``columns`` are 0 where the file has none usable.

    ``plane`` is where an image lies in the patient, where the file says so. ``stamp`` changes when
    the file is written anew.
    """

    path: Path
    attributes: Attributes
    frames: int
    rows: int
    columns: int
    has_pixels: bool
    plane: ImagePlane | None = None
    stamp: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Instance:
    """One file with an image; ``frames`` at least 1, ``rows`` by ``columns`` pixels each. ``plane``
    is where a single one lies in the patient, where the file says so."""

    path: Path
    attributes: Attributes
    frames: int
    rows: int
    columns: int
    plane: ImagePlane | None = None


@dataclass(frozen=True)
class Series:
    """Instances in the order to show them. ``number`` is None where the file has none."""

    uid: str
    number: int | None
    description: str
    modality: str
    instances: tuple[Instance, ...]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The number (from 0) of each instance's first frame in the series, and at the end the
        number of all frames."""
        return tuple(accumulate((instance.frames for instance in self.instances), initial=0))

    @cached_property
    def depths(self) -> tuple[float, ...]:
        """mm of each image along their common normal, growing; () where they do not lie one behind
        the other."""
        first = self.instances[0].plane
        if first is None or not first.is_sound:
            return ()
        planes = [instance.plane for instance in self.instances if instance.frames == 1]
        placed = [p for p in planes if p is not None and p.is_parallel(first)]
        found = tuple(plane.distance for plane in placed)
        if len(found) < len(self.instances):
            return ()
        finite = all(map(math.isfinite, found))
        return found if finite and all(b - a > _APART for a, b in pairwise(found)) else ()


@dataclass(frozen=True)
class Study:
    """Series of one visit of one patient; ``date`` is ISO or ""."""

    uid: str
    patient_name: str
    patient_id: str
    description: str
    date: str
    series: tuple[Series, ...]

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes it one study: patients are one only where name and ID agree."""
        return self.patient_name, self.patient_id, self.uid


@dataclass(frozen=True)
class Rejected:
    """A file that is not shown, and a sentence that says why. ``attributes`` are those of an
    object that is sound but has no image: a report, a presentation state, a plan."""

    path: Path
    reason: str
    attributes: Attributes | None = None

    def __post_init__(self) -> None:
        """A reason is one line, whatever the file is called."""
        object.__setattr__(self, "reason", one_line(self.reason))

    @property
    def kind(self) -> str:
        """What the standard calls such an object, "Comprehensive SR"; "" where it is none."""
        return "" if self.attributes is None else kind_name(self.attributes)

    @property
    def study_key(self) -> tuple[str, str, str]:
        """That of the study that such an object belongs to."""
        told = self.attributes or Attributes()
        return told.patient_name, told.patient_id, told.study_instance_uid


@dataclass(frozen=True)
class Scan:
    """All that was found; every file is in ``studies`` or in ``rejected``. ``headers`` are what
    the studies were made from, so that two scans can be merged without reading again."""

    studies: tuple[Study, ...]
    rejected: tuple[Rejected, ...]
    headers: tuple[Header, ...] = ()
