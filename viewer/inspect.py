"""``attentive-viewer inspect``: what is on a disc, and whether all of it can be read.

Every image is decoded, first and last frame, as the window would; what cannot be shown is told with
the reason. What files say of a patient (names, IDs, UIDs, descriptions, dates) is written only with
``--identity``; their paths are written as they are.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from tqdm import tqdm

from viewer.dicom.errors import DicomError
from viewer.dicom.study import Instance, Rejected, Scan, Series, Study
from viewer.messages import sentence
from viewer.reading.index import Index
from viewer.reading.limits import SCANNERS
from viewer.reading.process import FrameFacts, ReaderProcess

Checked = dict[Path, list[FrameFacts] | str]
"""What the frames of a file turned out to be, or why they cannot be shown."""


def run(arguments: Sequence[str]) -> int:
    """Print what there is; 1 if there is no image at all."""
    parser = argparse.ArgumentParser(prog="attentive-viewer inspect", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH", help="files or folders")
    parser.add_argument("--json", action="store_true", help="for programs to read")
    parser.add_argument("--headers-only", action="store_true", help="do not decode the images")
    parser.add_argument("--all-frames", action="store_true", help="decode every frame")
    parser.add_argument("--identity", action="store_true", help="names, IDs, UIDs and dates, too")
    options = parser.parse_args(arguments)
    readers = [ReaderProcess() for _ in range(SCANNERS)]
    try:
        found = Index(options.paths, readers).run().scan
        checked = {} if options.headers_only else _check(found, readers, options.all_frames)
    except Exception as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 1
    finally:
        for reader in readers:
            reader.process.stop()
    report = _report(found, checked, options.identity)
    print(json.dumps(report, indent=2) if options.json else _printable(_text(report)))
    return 0 if report["studies"] else 1


def _instances(found: Scan) -> Iterator[Instance]:
    for study in found.studies:
        for series in study.series:
            yield from series.instances


def _check(found: Scan, readers: Sequence[ReaderProcess], every: bool) -> Checked:
    """Decode frames of every instance, by several readers at once."""
    free: SimpleQueue[ReaderProcess] = SimpleQueue()
    for reader in readers:
        free.put(reader)

    def check(instance: Instance) -> list[FrameFacts] | str:
        reader = free.get()
        last = instance.frames - 1
        frames = range(instance.frames) if every else sorted({0, last})
        try:
            return [reader.describe(instance.path, frame) for frame in frames]
        except DicomError as error:
            return str(error)
        finally:
            free.put(reader)

    instances = list(_instances(found))
    with ThreadPoolExecutor(len(readers)) as pool:
        answers = tqdm(
            pool.map(check, instances), "decoding", len(instances), leave=False, disable=None
        )
        return dict(zip((instance.path for instance in instances), answers, strict=True))


def _report(found: Scan, checked: Checked, identity: bool) -> dict[str, Any]:
    """The JSON: studies with what can be shown, and everything else with the reason."""
    rejected = [
        *found.rejected,
        *(Rejected(path, why) for path, why in checked.items() if isinstance(why, str)),
    ]
    studies = [_study(study, checked, found.rejected, identity) for study in found.studies]
    return {
        "studies": [study for study in studies if study["series"]],
        "rejected": [
            {
                "path": str(row.path),
                "reason": row.reason,
                **({"kind": row.kind} if row.kind else {}),
            }
            for row in rejected
        ],
    }


def _study(
    study: Study, checked: Checked, rejected: Sequence[Rejected], identity: bool
) -> dict[str, Any]:
    series = [_series(one, checked, identity) for one in study.series]
    objects = [row.kind for row in rejected if row.kind and row.study_key == study.key]
    who = {
        "patient_name": study.patient_name,
        "patient_id": study.patient_id,
        "date": study.date,
        "description": study.description,
        "uid": study.uid,
    }
    return {
        **(who if identity else {}),
        "series": [one for one in series if one["instances"]],
        "objects_without_image": objects,
    }


def _series(series: Series, checked: Checked, identity: bool) -> dict[str, Any]:
    shown = [one for one in series.instances if not isinstance(checked.get(one.path), str)]
    first = (shown or series.instances)[0].attributes
    who = {"uid": series.uid, "description": series.description, "number": series.number}
    return {
        "modality": series.modality,
        "body_part": first.body_part,
        "instances": len(shown),
        "frames": sum(instance.frames for instance in shown),
        **(who if identity else {}),
        "files": [_file(instance, checked) for instance in shown],
    }


def _file(instance: Instance, checked: Checked) -> dict[str, Any]:
    told = checked.get(instance.path)
    facts = told if isinstance(told, list) else []
    return {
        "path": str(instance.path),
        "frames": instance.frames,
        "rows": instance.rows,
        "columns": instance.columns,
        "transfer_syntax": instance.attributes.transfer_syntax,
        "photometric": instance.attributes.photometric,
        "decoded": [
            {
                "colour": one.colour,
                "dtype": one.dtype,
                "min": one.least,
                "max": one.largest,
                "sha256": one.sha256,
            }
            for one in facts
        ],
        "notes": sorted({note for one in facts for note in one.notes}),
    }


def _printable(text: str) -> str:
    """Without what the name of a file may do to a terminal, or what this one cannot show."""
    encoding = sys.stdout.encoding or "utf-8"
    shown = (
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )
    return "".join(shown).encode(encoding, "backslashreplace").decode(encoding)


def _text(report: dict[str, Any]) -> str:
    """The same for people."""
    lines: list[str] = []
    for number, study in enumerate(report["studies"], 1):
        who = " · ".join(str(study[k]) for k in ("patient_name", "date") if study.get(k))
        lines.append(f"Study {number}{f': {who}' if who else ''}")
        for series in study["series"]:
            what = " ".join(part for part in (series["modality"], series["body_part"]) if part)
            lines.append(
                f"  {what or 'images'}: {series['instances']} instances, {series['frames']} frames"
            )
            notes = sorted({note for file in series["files"] for note in file["notes"]})
            lines += [f"    {note}" for note in notes]
        lines += [f"  {kind}, no image" for kind in study["objects_without_image"]]
    if report["rejected"]:
        lines.append(f"Not shown ({len(report['rejected'])}):")
        lines += [f"  {row['reason']}" for row in report["rejected"]]
    return "\n".join(lines) or "Nothing was found there."
