"""How two images lie to each other: which place of one belongs to a place of the other."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from typing import Literal

from engine.shapes import Point
from viewer.dicom.frame import Frame
from viewer.dicom.study import Instance, Series
from viewer.state.place import Place
from viewer.state.session import Pane, Session
from viewer.state.settings import ONE_SCALE

_LARGER = 20  # times, and the smaller one would hardly be seen in one scale
Extent = tuple[tuple[int, int], float]
"""The size (height, width) of a frame and its aspect ratio."""
By = Literal["place", "millimetres", "share"]
"""The same place of the patient, as many millimetres from the middle, the same shares of the
sides."""


@dataclass(frozen=True)
class Link:
    """From the frame ``here`` to another one, ``there``: the point (x, y) of the one, in pixels
    from the corner of the first one, belongs to (x · ``per`` + ``shift``) of the other."""

    here: Extent
    there: Extent
    per: tuple[float, float]
    shift: tuple[float, float] = (0.0, 0.0)
    by: By = "share"

    def point(self, at: Point) -> Point:
        """Here → there."""
        (x, y), (across, down), (right, below) = at, self.per, self.shift
        return x * across + right, y * down + below

    @property
    def back(self) -> Link:
        """From there to here."""
        (across, down), (right, below) = self.per, self.shift
        shift = -right / across, -below / down
        return Link(self.there, self.here, (1 / across, 1 / down), shift, self.by)

    @property
    def one_scale(self) -> bool:
        """Whether both are to be shown in one scale."""
        return self.by != "share"

    @property
    def meets(self) -> bool:
        """Whether the middle of this frame lies in the other one."""
        (height, width), (rows, columns) = self.here[0], self.there[0]
        x, y = self.point((width / 2, height / 2))
        return 0 <= x <= columns and 0 <= y <= rows

    @property
    def room(self) -> tuple[float, float]:
        """How much room (across, down) the other frame needs around the middle of this one, in
        columns of this one."""
        (height, width), aspect = self.here
        rows, columns = self.there[0]
        left, top = self.back.point((0.0, 0.0))
        right, bottom = self.back.point((columns, rows))
        middle = width / 2, height / 2
        across = 2 * max(middle[0] - left, right - middle[0])
        return across, 2 * max(middle[1] - top, bottom - middle[1]) * aspect


def shares(here: Extent, there: Extent) -> Link:
    """The same shares of the sides."""
    (height, width), (rows, columns) = here[0], there[0]
    return Link(here, there, (columns / width, rows / height))


def link(
    main: Place, frame: Frame, other: Place, other_frame: Frame, one_scale: bool = True
) -> Link:
    """From the main frame to another one: by place where both say where they lie in the same
    patient, and that is not far apart; else by millimetres where those of both are known, and known
    alike; by shares without that, or without ``one_scale``, or where one is much larger."""
    here, there = (frame.size, frame.aspect_ratio), (other_frame.size, other_frame.aspect_ratio)
    mine, its = frame.spacing, other_frame.spacing
    alike = frame.spacing_kind == other_frame.spacing_kind
    if not (one_scale and alike and mine and its and min(*mine, *its) > 0):
        return shares(here, there)
    lengths = [
        max(size[0] * mm[0], size[1] * mm[1]) for size, mm in ((here[0], mine), (there[0], its))
    ]
    if max(lengths) > _LARGER * min(lengths):
        return shares(here, there)
    per = mine[1] / its[1], mine[0] / its[0]
    plane, its_plane = main.instance.plane, other.instance.plane
    if plane is not None and its_plane is not None and _share_places(main.instance, other.instance):
        # of the middle of the first pixel, which is half a pixel from its corner
        right, down = its_plane.from_first_pixel(plane.position)
        first = right / its[1] + 0.5, down / its[0] + 0.5
        shift = first[0] - per[0] / 2, first[1] - per[1] / 2
        found = Link(here, there, per, shift, "place")
        if found.meets or found.back.meets:
            return found
    (height, width), (rows, columns) = here[0], there[0]
    shift = (columns - per[0] * width) / 2, (rows - per[1] * height) / 2
    return Link(here, there, per, shift, "millimetres")


def _share_places(one: Instance, other: Instance) -> bool:
    """Whether the same millimetres are the same place of one patient, and the images are parallel.
    Frames of reference alone do not tell: those of files without names are often all the same."""
    mine, its = one.attributes, other.attributes
    patient = mine.patient_name, mine.patient_id
    if patient != (its.patient_name, its.patient_id):
        return False
    if not any(patient) and mine.study_instance_uid != its.study_instance_uid:
        return False
    first, second = one.plane, other.plane
    if first is None or second is None or first.frame_of_reference != second.frame_of_reference:
        return False
    sound = first.is_sound and second.is_sound and first.frame_of_reference != ""
    return sound and first.is_parallel(second)


def link_beside(session: Session, pane: Pane) -> Link | None:
    """From the open image to that of a pane; None where that shows none of its own."""
    opened, place, pyramid = session.open, pane.place, pane.pyramid
    if opened is None or place is None or pyramid is None:
        return None
    one_scale = session.settings.get(ONE_SCALE)
    return link(opened.place, opened.frame, place, pyramid.source, one_scale)


# depth
@dataclass(frozen=True)
class Ahead:
    """How far an image lies ahead of what belongs beside another one, in mm or in images."""

    by: float = 0.0
    in_mm: bool = False


def as_deep(series: Series, main: Place, ahead: Ahead | None = None) -> Place:
    """The image of another stack that belongs beside one, or lies ``ahead`` of that: where it lies
    in the same patient, else as far from its first one as the other is in its own."""
    own = None
    if ahead is None or ahead.in_mm:
        own = _depth(series, main, same_patient=ahead is None)
    if own is not None:
        return Place(series, _nearest(series.depths, own + (0.0 if ahead is None else ahead.by)))
    last, here = series.starts[-1] - 1, max(1, main.series.starts[-1] - 1)
    images = 0 if ahead is None or ahead.in_mm else round(ahead.by)
    found = Place(series, 0).moved(round(main.number / here * last) + images)
    assert found is not None
    return found


def ahead_of(place: Place, main: Place) -> Ahead:
    """In mm where both stacks say where they lie, and are parallel; in one patient from the image
    that lies nearest, so that this one is not ahead."""
    series, depths = place.series, place.series.depths
    own = _depth(series, main)
    if own is None:
        return Ahead(place.number - as_deep(series, main, Ahead()).number)
    if _depth(series, main, same_patient=True) is not None:
        own = depths[_nearest(depths, own)]
    return Ahead(depths[place.number] - own, in_mm=True)


def _depth(series: Series, main: Place, same_patient: bool = False) -> float | None:
    """How deep an image lies, in mm; None where that says nothing of another stack."""
    first, other = main.series.instances[0], series.instances[0]
    if first.plane is None or other.plane is None or not first.plane.is_parallel(other.plane):
        return None
    if same_patient and not _share_places(first, other):
        return None
    return main.series.depths[main.number] if main.series.depths and series.depths else None


def _nearest(depths: tuple[float, ...], wanted: float) -> int:
    behind = bisect_left(depths, wanted)
    around = range(max(0, behind - 1), min(len(depths), behind + 1))
    return min(around, key=lambda number: abs(depths[number] - wanted))
