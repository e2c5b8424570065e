"""Headers → studies, series and instances in order (PS3.3 A.1, DICOM's real world)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from viewer.dicom.study import Header, Instance, Scan, Series, Study
from viewer.dicom.walk import natural


def merge(first: Scan, second: Scan) -> Scan:
    """Both scans as one; of a file that is in both, the second reading counts."""
    again = {header.path for header in second.headers} | {row.path for row in second.rejected}
    headers = [header for header in first.headers if header.path not in again]
    headers += second.headers
    rejected = [row for row in first.rejected if row.path not in again]
    return Scan(studies_of(headers), (*rejected, *second.rejected), tuple(headers))


def _grouped(
    headers: Iterable[Header], key: Callable[[Header], tuple[str, ...]]
) -> list[list[Header]]:
    """Headers with the same key together, in the order of first appearance."""
    groups: defaultdict[tuple[str, ...], list[Header]] = defaultdict(list)
    for header in headers:
        groups[key(header)].append(header)
    return list(groups.values())


def _study_uid(header: Header) -> str:
    """Study Instance UID, or the folder in its place."""
    return header.attributes.study_instance_uid or f"folder {header.path.parent}"


def _series_uid(header: Header) -> str:
    """Series Instance UID, or folder and modality in its place."""
    a = header.attributes
    return a.series_instance_uid or f"folder {header.path.parent} {a.modality}"


def _stack(header: Header) -> tuple[str, ...]:
    """What is scrolled through together: the images of a series, but every multi-frame one by
    itself, since its frames are a loop or a volume of their own."""
    alone = header.attributes.sop_instance_uid or str(header.path)
    return (_series_uid(header), alone) if header.frames > 1 else (_series_uid(header),)


def studies_of(headers: Sequence[Header]) -> tuple[Study, ...]:
    """Studies by date, the undated last; patients are one only where name AND ID agree."""
    groups = _grouped(
        headers,
        lambda h: (h.attributes.patient_name, h.attributes.patient_id, _study_uid(h)),
    )
    studies = (_study(group) for group in groups)
    return tuple(sorted(studies, key=lambda study: (not study.date, study.date)))


def _study(headers: Sequence[Header]) -> Study:
    """One study with its series by number, those without last."""
    first = headers[0].attributes
    series = [_series(group) for group in _grouped(headers, _stack)]
    series.sort(key=lambda s: (s.number is None, s.number or 0))
    return Study(
        uid=_study_uid(headers[0]),
        patient_name=first.patient_name,
        patient_id=first.patient_id,
        description=first.study_description,
        date=first.study_date,
        series=tuple(series),
    )


def _series(headers: Sequence[Header]) -> Series:
    """One series with its instances in order."""
    first = headers[0].attributes
    instances = (
        Instance(h.path, h.attributes, h.frames, h.rows, h.columns, h.plane)
        for h in _in_order(headers)
    )
    return Series(
        uid=" ".join(_stack(headers[0])),
        number=_whole(first.series_number),
        description=first.series_description,
        modality=first.modality,
        instances=tuple(instances),
    )


def _in_order(headers: Sequence[Header]) -> list[Header]:
    """By position along the slice normal if all share an orientation, else by number, name."""
    numbers = [_whole(h.attributes.instance_number) for h in headers]
    by_number = all(number is not None for number in numbers)
    first, planes = headers[0].plane, [header.plane for header in headers]
    parallel = first is not None and all(p is not None and p.is_parallel(first) for p in planes)

    def key(row: tuple[Header, int | None]) -> tuple[float, int, tuple[tuple[int, str], ...]]:
        header, number = row
        plane = header.plane if parallel else None
        distance = 0.0 if plane is None else round(plane.distance, 3)
        return distance, (number or 0) if by_number else 0, natural(header.path.name)

    return [header for header, _ in sorted(zip(headers, numbers, strict=True), key=key)]


def _whole(written: str) -> int | None:
    """A whole number as DICOM writes it (IS), or None."""
    return int(written) if re.fullmatch(r"[+-]?[0-9]{1,12}", written) else None
