"""Files → studies, series and instances, from headers alone (PS3.3 A.1, DICOM's real world)."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from viewer.dicom.decode import no_pixels
from viewer.dicom.errors import DicomError
from viewer.dicom.reader import Header, read_header
from viewer.dicom.study import Instance, Rejected, Scan, Series, Study


def find_files(paths: Sequence[Path]) -> Iterator[Path]:
    """The files of folders, recursively in natural order, and single files as given; each once.

    Hidden entries, links to folders and links that leave the opened folder are passed over. What
    cannot be listed is given as it is, so that reading it tells why.
    """
    seen: set[Path] = set()
    for path in paths:
        for file in _walk(path, path.resolve()) if path.is_dir() else (path,):
            if (real := file.resolve()) not in seen:
                seen.add(real)
                yield file


def scan(
    paths: Sequence[Path],
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Scan:
    """Read the headers of all files under ``paths``; no file makes it fail.

    ``progress`` is told the number of files done after each one; when ``cancelled`` says so, what
    was read so far is returned.
    """
    headers: list[Header] = []
    rejected: list[Rejected] = []
    for done, path in enumerate(find_files(paths), 1):
        if cancelled is not None and cancelled():
            break
        try:
            headers.append(_with_image(read_header(path)))
        except DicomError as error:
            rejected.append(Rejected(path, str(error)))
        if progress is not None:
            progress(done)
    return Scan(_studies(headers), tuple(rejected), tuple(headers))


def merge(first: Scan, second: Scan) -> Scan:
    """Both scans as one; of a file that is in both, the second reading counts."""
    again = {header.path for header in second.headers} | {row.path for row in second.rejected}
    headers = [header for header in first.headers if header.path not in again]
    headers += second.headers
    rejected = [row for row in first.rejected if row.path not in again]
    return Scan(_studies(headers), (*rejected, *second.rejected), tuple(headers))


def _walk(folder: Path, root: Path) -> Iterator[Path]:
    """The files under a folder, those of each level before its subfolders."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: _natural(entry.name))
    except OSError:
        yield folder
        return
    visible = [entry for entry in entries if not entry.name.startswith(".")]
    for entry in visible:
        inside = not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root)
        if entry.is_file() and inside:
            yield Path(entry.path)
    for entry in visible:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), root)


def _natural(name: str) -> tuple[tuple[int, str], ...]:
    """A key that puts "IM2" before "IM10"."""
    parts = re.findall(r"[0-9]+|[^0-9]+", name.casefold())
    return (*((int(p), "") if p[0] in "0123456789" else (10**30, p) for p in parts), (0, name))


def _with_image(header: Header) -> Header:
    """The header, if there is something to show; raises ``DicomError`` if not."""
    name = header.path.name
    if not header.has_pixels:
        raise no_pixels(name, header.attributes.sop_class_uid)
    if not header.rows or not header.columns:
        raise DicomError(
            f"{name} does not say how many rows or columns of pixels it has; open another copy."
        )
    return header


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


def _studies(headers: Sequence[Header]) -> tuple[Study, ...]:
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
    series = [_series(group) for group in _grouped(headers, lambda h: (_series_uid(h),))]
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
        Instance(h.path, h.attributes, h.frames, h.rows, h.columns) for h in _in_order(headers)
    )
    return Series(
        uid=_series_uid(headers[0]),
        number=_whole(first.series_number),
        description=first.series_description,
        modality=first.modality,
        instances=tuple(instances),
    )


def _in_order(headers: Sequence[Header]) -> list[Header]:
    """By position along the slice normal if all share an orientation, else by number, name."""
    numbers = [_whole(h.attributes.instance_number) for h in headers]
    by_number = all(number is not None for number in numbers)
    parallel = all(_parallel(h.orientation, headers[0].orientation) for h in headers)

    def key(row: tuple[Header, int | None]) -> tuple[float, int, tuple[tuple[int, str], ...]]:
        header, number = row
        distance = round(_distance(header), 3) if parallel else 0.0
        return distance, (number or 0) if by_number else 0, _natural(header.path.name)

    return [header for header, _ in sorted(zip(headers, numbers, strict=True), key=key)]


def _parallel(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """Whether both orientations are there and the same."""
    return len(a) == len(b) == 6 and all(abs(p - q) < 1e-3 for p, q in zip(a, b, strict=True))


def _distance(header: Header) -> float:
    """mm along the slice normal, row direction cross column direction (PS3.3 C.7.6.2.1.1)."""
    (rx, ry, rz, cx, cy, cz), (x, y, z) = header.orientation, header.position
    return (ry * cz - rz * cy) * x + (rz * cx - rx * cz) * y + (rx * cy - ry * cx) * z


def _whole(written: str) -> int | None:
    """A whole number as DICOM writes it (IS), or None."""
    return int(written) if re.fullmatch(r"[+-]?[0-9]{1,12}", written) else None
