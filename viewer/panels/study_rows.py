"""What the list of studies holds, row by row, and what each row says.

Rows are light and made for all; their words only for those that are looked at, since there may be
tens of thousands.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from viewer.dicom.study import Rejected, Series, Study
from viewer.state.place import Place
from viewer.state.session import Session
from viewer.state.words import several

MOST_ROWS = 100
"""Images of a series that get rows of their own (longer ones are scrolled); files of a group."""

_HEIGHTS = {"series": 86, "image": 26, "group": 34, "note": 42}
_STUDY, _DESCRIBED = 48, 66


class StudyRow(NamedTuple):
    """``kind`` is study, series, image, group or note; ``of`` a study, a series (also of an image),
    or a refused file; ``number`` that of the study from 1 or of the frame in its series from 0;
    ``key`` names a study or a series; ``text`` is that of a group or a note about nothing else."""

    kind: str
    of: Any = None
    number: int = 0
    key: tuple[str, ...] = ()
    text: str = ""

    @property
    def place(self) -> Place | None:
        """What is opened by choosing it."""
        if self.kind == "series":
            return Place(self.of, 0)
        return Place(self.of, 0).moved(self.number) if self.kind == "image" else None


@dataclass(frozen=True)
class Words:
    """What a row says: ``badge`` is the modality, ``count`` stands apart; ``stars`` are its key
    images."""

    title: str
    detail: str = ""
    date: str = ""
    count: str = ""
    badge: str = ""
    stars: int = 0
    tip: str = ""


def height_of(row: StudyRow, identity_shown: bool) -> int:
    """Logical pixels, at the usual size of letters."""
    if row.kind == "study":
        return _DESCRIBED if identity_shown and row.of.description else _STUDY
    return _HEIGHTS[row.kind]


def rows_of(
    session: Session, closed: Collection[tuple[str, ...]], opened: Collection[tuple[str, ...]]
) -> list[StudyRow]:
    """All rows, without the series of the studies that are ``closed``, with the images of the
    series that are ``opened``. With only key images, nothing else."""
    only = session.key_images.only
    objects: defaultdict[tuple[str, str, str], list[Rejected]] = defaultdict(list)
    for refused in session.rejected:
        if refused.kind:
            objects[refused.study_key].append(refused)
    rows: list[StudyRow] = []
    for number, study in enumerate(session.studies, 1):
        own = objects.pop(study.key, [])
        series = list(_starred(session, study)) if only else study.series
        if only and not series:
            continue
        rows.append(StudyRow("study", study, number, study.key))
        if study.key not in closed:
            for one in series:
                rows += _of_series(session, study, one, opened)
            rows += [] if only else _notes(own)
    return rows if only else rows + _apart(session, objects.values())


def _starred(session: Session, study: Study) -> Iterator[Series]:
    return (series for series in study.series if session.key_images.numbers(series))


def _of_series(
    session: Session, study: Study, series: Series, opened: Collection[tuple[str, ...]]
) -> Iterator[StudyRow]:
    key = (*study.key, series.uid)
    yield StudyRow("series", series, 0, key)
    if session.key_images.only:
        numbers: Sequence[int] = session.key_images.numbers(series)
    else:
        numbers = series.starts[:-1] if key in opened and can_open(series) else ()
    for number in numbers:
        yield StudyRow("image", series, number)


def can_open(series: Series) -> bool:
    """Whether its images can have rows of their own."""
    return 2 <= len(series.instances) <= MOST_ROWS


def _notes(refused: Sequence[Rejected]) -> Iterator[StudyRow]:
    yield from (StudyRow("note", one) for one in refused[:MOST_ROWS])
    if len(refused) > MOST_ROWS:
        yield StudyRow("note", text=f"and {len(refused) - MOST_ROWS} more")


def _apart(session: Session, objects: Collection[list[Rejected]]) -> list[StudyRow]:
    """What belongs to no study: objects without images, and files that were not opened."""
    alone = [one for group in objects for one in group]
    faulty = [one for one in session.rejected if not one.kind]
    rows: list[StudyRow] = []
    for title, group in (("Without images", alone), ("Not opened", faulty)):
        if group:
            rows += [StudyRow("group", text=f"{title} ({len(group)})"), *_notes(group)]
    return rows


def is_beside(row: StudyRow, session: Session) -> bool:
    """Whether an image of it is shown beside the main one."""
    return any(holds(row, pane.place) for pane in session.panes if pane.place is not None)


def holds(row: StudyRow, place: Place) -> bool:
    """Whether an image is what the row of a series or of one of its images stands for."""
    if row.kind == "series":
        return bool(place.series.uid == row.of.uid)
    there = row.place
    if there is None:
        return False
    alone = len(row.of.instances) == 1  # then rows are frames of it
    return place.key == there.key if alone else place.instance.path == there.instance.path


def words_of(row: StudyRow, session: Session) -> Words:
    """What a row says now; nothing that tells who it is while the identity is hidden."""
    if row.kind == "study":
        return _study_words(row.of, row.number, session.identity_shown)
    if row.kind == "series":
        return _series_words(row.of, session)
    if row.kind == "image":
        return _image_words(row.of, row.number, session)
    if row.of is None:
        return Words(row.text)
    return _refused_words(row.of, session.identity_shown)


def _study_words(study: Study, number: int, identity_shown: bool) -> Words:
    """Who, and below it what and when; a number while the identity is hidden."""
    count = several(len(study.series), "series", "series")
    if not identity_shown:
        return Words(f"Study {number}", date="identity hidden", count=count)
    name = study.patient_name or "no name"
    tip = "\n".join(part for part in (name, study.description, study.date) if part)
    return Words(name, study.description, study.date, count, tip=tip)


def _series_words(series: Series, session: Session) -> Words:
    first = series.instances[0].attributes
    described = series.description if session.identity_shown else ""
    title = described or first.body_part.title() or "series without a description"
    detail = " · ".join(part for part in (first.laterality, first.view_position) if part)
    images = several(series.starts[-1], "image")
    place = session.place
    if place is not None and place.series is series and series.starts[-1] > 1:
        images = f"{place.number + 1} / {images}"
    if is_beside(StudyRow("series", series), session):
        images += " · beside"
    stars = len(session.key_images.numbers(series))
    marked = f"\n{several(stars, 'key image')}" if stars else ""
    whole = " · ".join(part for part in (series.modality, title, detail) if part)
    tip = f"{whole}\n{images}{marked}"
    return Words(title, detail, "", images, series.modality, stars, tip)


def _image_words(series: Series, number: int, session: Session) -> Words:
    place = Place(series, 0).moved(number)
    assert place is not None
    alone = len(series.instances) == 1  # then the row is one of its frames
    word = "frame" if alone else "image"
    frames = f"{place.instance.frames} frames" if place.instance.frames > 1 and not alone else ""
    beside = "beside" if is_beside(StudyRow("image", series, number), session) else ""
    count = " · ".join(filter(None, (frames, beside)))
    marked = session.key_images.has(place.instance, place.frame)
    return Words(f"{word} {number + 1}", count=count, stars=int(marked))


def _refused_words(refused: Rejected, identity_shown: bool) -> Words:
    """Why a file is not shown; the names of files may be those of patients."""
    reason = refused.reason
    if not identity_shown:
        reason = reason.replace(refused.path.name, "A file")
    if not refused.kind:
        return Words(reason, tip=reason)
    modality = "" if refused.attributes is None else refused.attributes.modality
    what = " · ".join(part for part in (modality, refused.kind) if part)
    return Words(f"{what}, no image", tip=reason)
