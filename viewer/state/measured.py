"""What a measurement comes to on a frame, in numbers and in words; regions are worked out in the
background."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject

from viewer.dicom.frame import Frame
from viewer.render.measure import (
    Region,
    Ruler,
    Statistics,
    angle,
    area,
    length,
    ruler_of,
    statistics,
)
from viewer.render.pyramid import Pyramid
from viewer.state.document import Document, Landmark
from viewer.state.lane import Lane
from viewer.state.measurement import Measurement
from viewer.state.session import Session
from viewer.state.words import several

WAITING = "…"
_SQUARE_CENTIMETRE = 100.0  # mm²


def region_of(measurement: Measurement) -> Region | None:
    """What its statistics are of; None for lengths and angles."""
    kind = measurement.kind
    if kind == "rectangle" or kind == "ellipse":
        return kind, measurement.bounds
    return None


@dataclass(frozen=True)
class Reading:
    """What a measurement comes to: ``value`` in ``unit``. ``statistics`` are those of a region,
    None while they are not known; ``units`` those of the values."""

    measurement: Measurement
    ruler: Ruler
    value: float
    statistics: Statistics | None
    units: str

    @property
    def unit(self) -> str:
        kind = self.measurement.kind
        if kind == "angle":
            return "°"
        return f"{self.ruler.unit}²" if self.measurement.is_region else self.ruler.unit

    @property
    def headline(self) -> str:
        """``24.3 mm``, ``34.5°``, ``412 mm²``; "" where there is nothing yet."""
        if math.isnan(self.value):
            return ""
        if self.measurement.kind == "angle":
            return f"{self.value:.1f}°"
        if self.measurement.is_region:
            return area_text(self.value, self.unit)
        return f"{self.value:.{1 if self.value >= 10 or self.unit == 'px' else 2}f} {self.unit}"

    @property
    def proviso(self) -> str:
        """What a size is true of: "at detector", "calibrated", "spacing unknown", or ""."""
        return "" if self.measurement.kind == "angle" else self.ruler.kind

    @property
    def is_waiting(self) -> bool:
        """Whether the values inside are still being looked at."""
        return self.measurement.is_region and self.statistics is None

    @property
    def value_lines(self) -> tuple[str, ...]:
        """The statistics of a region, a line each."""
        found = self.statistics
        if not self.measurement.is_region:
            return ()
        if found is None:
            return (WAITING,)
        if not found.count:
            return (" · ".join(["no values inside", *_left_out(found)]),)
        units = f" {self.units}" if self.units else ""
        counted = several(found.count, "pixel")
        return (
            f"mean {figure(found.mean)}{units} · SD {figure(found.sd)}",
            f"{figure(found.least)} to {figure(found.most)} · median {figure(found.median)}",
            " · ".join([counted, *_left_out(found)]),
        )

    @property
    def text(self) -> str:
        """All of it in one line."""
        first = " ".join(part for part in (self.headline, self.proviso) if part)
        return "; ".join([f"{self.measurement.title}: {first}", *self.value_lines])

    def facts(self) -> dict[str, Any]:
        """For tables: plain values with full precision, None where there is no number."""
        measurement, found = self.measurement, self.statistics
        row: dict[str, Any] = {
            "number": measurement.number,
            "kind": measurement.kind,
            "value": self.value,
            "unit": self.unit,
            "true_of": self.proviso,
        }
        if measurement.is_region:
            values = found or Statistics(0)
            row |= {
                "pixels": values.count,
                "mean": values.mean,
                "sd": values.sd,
                "min": values.least,
                "median": values.median,
                "max": values.most,
                "value_units": self.units,
                "padding_left_out": values.padding,
                "not_finite_left_out": values.void,
            }
        row["points"] = [list(point) for point in measurement.points]
        return {key: _known(value) for key, value in row.items()}


def read(measurement: Measurement, frame: Frame, known: Mapping[Region, Statistics]) -> Reading:
    """What a measurement comes to on a frame, with the statistics that are ``known``."""
    ruler, points, region = ruler_of(frame), measurement.points, region_of(measurement)
    if region is not None:
        units = "luma" if frame.is_colour else frame.units
        return Reading(measurement, ruler, area(region, ruler), known.get(region), units)
    if measurement.kind == "angle":
        first, vertex, second = points
        return Reading(measurement, ruler, angle(first, vertex, second, ruler), None, "")
    start, end = points
    return Reading(measurement, ruler, length(start, end, ruler), None, "")


def read_all(measurements: Iterable[Measurement], frame: Frame) -> tuple[Reading, ...]:
    """With all statistics, however long that takes."""
    rows = tuple(measurements)
    regions = {region for region in map(region_of, rows) if region is not None}
    known = {region: statistics(frame, region) for region in regions}
    return tuple(read(item, frame, known) for item in rows)


@dataclass(frozen=True)
class Notes:
    """What was drawn over an image that is only looked at."""

    landmarks: tuple[Landmark, ...]
    readings: tuple[Reading, ...]
    has_impression: bool = False


def notes_of(document: Document, frame: Frame) -> Notes:
    """Its landmarks, what everything measured comes to, and whether the reader has said what is
    seen. For a thread."""
    readings = read_all(document.measurements, frame)
    return Notes(document.landmarks, readings, document.impression is not None)


def figure(value: float) -> str:
    """A number as short as it is useful: ``−812``, ``40.3``, ``0.0123``."""
    size = abs(value)
    if size < 1e7 and value == round(value):
        return f"{round(value)}".replace("-", "−")
    text = f"{value:.1f}" if 100 <= size < 1e7 else f"{value:.4g}"
    return text.replace("-", "−")


def area_text(value: float, unit: str) -> str:
    """Square centimetres for what is large."""
    if unit == "mm²" and value >= 10 * _SQUARE_CENTIMETRE:
        return f"{value / _SQUARE_CENTIMETRE:.4g} cm²"
    return f"{value:,.0f} {unit}" if value >= 1000 else f"{value:.3g} {unit}"


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _left_out(found: Statistics) -> list[str]:
    padding = [f"{found.padding:,} of padding left out"] if found.padding else []
    return padding + ([f"{found.void:,} without a number left out"] if found.void else [])


class Measuring(QObject):
    """Works out the statistics of what is measured on the open image, into ``audit.measured``; of
    several states of a region that is being dragged, the newest counts."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._lane = Lane("measuring", self)
        self._lane.finished.connect(self._take)
        self._of: Pyramid | None = None
        self._asked: frozenset[Region] = frozenset()
        session.frameChanged.connect(self._follow)
        session.audit.documentChanged.connect(self._follow)
        session.audit.draftChanged.connect(self._follow)

    def lanes(self) -> tuple[Lane, ...]:
        return (self._lane,)

    def _follow(self) -> None:
        """Ask for what is not known yet."""
        opened, audit = self._session.open, self._session.audit
        pyramid = None if opened is None else opened.pyramid
        if pyramid is not self._of:
            self._of, self._asked = pyramid, frozenset()
            if audit.measured:
                audit.set_measured({})
        if pyramid is None:
            return
        missing = frozenset(self._regions() - audit.measured.keys())
        if not missing or missing == self._asked:
            return
        self._asked, frame = missing, pyramid.source
        self._lane.submit(
            pyramid, lambda: {region: statistics(frame, region) for region in missing}
        )

    def _take(self, pyramid: object, found: dict[Region, Statistics]) -> None:
        if pyramid is not self._of:
            return
        known, wanted = {**self._session.audit.measured, **found}, self._regions()
        kept = {region: item for region, item in known.items() if region in wanted}
        self._session.audit.set_measured(kept)

    def _regions(self) -> set[Region]:
        """Those that are drawn now."""
        audit = self._session.audit
        drawn = [*audit.document.measurements, *([audit.draft] if audit.draft else [])]
        return {region for region in map(region_of, drawn) if region is not None}
