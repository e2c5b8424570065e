"""Which other image a reader would look for beside this one, and what images are called without
telling whose they are. Pure functions."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from viewer.dicom.study import Series, Study
from viewer.state.linking import as_deep
from viewer.state.others import Other
from viewer.state.place import Place, is_film
from viewer.state.session import Session

_STRANGERS = 200  # studies of other patients that are looked through


def image_words(session: Session, place: Place) -> str:
    """``Study 2 · DX Hand L PA``, ``Study 1, series 3 · CT Chest · image 12 / 40``: the numbers are
    those of the list of studies."""
    first = place.instance.attributes
    what = (place.series.modality, first.body_part.title(), first.laterality, first.view_position)
    count = place.series.starts[-1]
    position = f"image {place.number + 1} / {count}" if count > 1 else ""
    parts = where_words(session, place.series), " ".join(filter(None, what)), position
    return " · ".join(filter(None, parts))


def where_words(session: Session, series: Series) -> str:
    """``Study 2``, ``Study 1, series 3``."""
    for number, study in enumerate(session.studies, 1):
        for position, one in enumerate(study.series, 1):
            if one.uid == series.uid:
                several = len(study.series) > 1
                return f"Study {number}, series {position}" if several else f"Study {number}"
    return ""


def other_of(place: Place) -> Other:
    """An image as something to compare with."""
    return Other("image", str(place.instance.path), place.frame)


def others_like(session: Session, place: Place) -> list[Place]:
    """What may be shown beside an image, the likeliest first: the same view of the same part in
    another study of the same patient, the latest before this one above all; then the others."""
    own = _study_of(session, place.series)
    found = sorted(
        _candidates(session, place, own), key=lambda one: _strangeness(one[0], one[1], own, place)
    )
    return [there for _, there in found]


def patient_words(session: Session, here: Place, there: Place) -> str:
    """ "another patient" or "patient not known", as far as name and ID tell; "" for the same."""
    ours, theirs = (_study_of(session, place.series) for place in (here, there))
    if ours is None or theirs is None or ours.key == theirs.key or _is_same(ours, theirs):
        return ""
    known = _patient(ours) is not None and _patient(theirs) is not None
    return "another patient" if known else "patient not known"


def _patient(study: Study) -> tuple[str, str] | None:
    """None for a study that does not say whose it is."""
    told = study.patient_name, study.patient_id
    return told if any(told) else None


def _is_same(ours: Study | None, theirs: Study) -> bool:
    """Whether both are of one patient, for certain."""
    patient = None if ours is None else _patient(ours)
    return patient is not None and patient == _patient(theirs)


def _study_of(session: Session, series: Series) -> Study | None:
    mine = (s for s in session.studies if any(one.uid == series.uid for one in s.series))
    return next(mine, None)


def _candidates(session: Session, place: Place, own: Study | None) -> Iterator[tuple[Study, Place]]:
    """An image of every other series, of the first strangers alone; of the same one its other
    films."""
    mine = [s for s in session.studies if s is own or _is_same(own, s)]
    strangers = (s for s in session.studies if s is not own and not _is_same(own, s))
    for study in (*mine, *islice(strangers, _STRANGERS)):
        for series in study.series:
            if series.uid != place.series.uid:
                yield study, as_deep(series, place)
            elif is_film(place.instance):
                for position, instance in enumerate(series.instances):
                    if position != place.position and is_film(instance):
                        yield study, Place(series, position)


def _strangeness(study: Study, there: Place, own: Study | None, place: Place) -> tuple[object, ...]:
    """The least for what belongs beside an image most."""
    here, other = place.instance.attributes, there.instance.attributes
    patient = study is own or _is_same(own, study)
    date = "" if own is None else own.date
    return (
        other.body_part != here.body_part,
        not patient,
        is_film(there.instance) != is_film(place.instance),
        own is not None and study.key == own.key,
        other.laterality != here.laterality,
        other.view_position != here.view_position,
        not study.date or study.date > date,
        not study.date,
        tuple(-ord(letter) for letter in study.date),  # the latest first
        there.series.modality != place.series.modality,
    )
