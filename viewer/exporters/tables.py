"""All numbers of an image as JSON, and as one long CSV (table, row, column, value)."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from engine.files import write_atomically
from viewer.exporters import words
from viewer.exporters.picture import provenance
from viewer.exporters.snapshot import Snapshot
from viewer.render.overlay import Overlay
from viewer.state.progress import Progress

Row = dict[str, Any]
COLUMNS = ("table", "row", "column", "value")


def numbers(snapshot: Snapshot, progress: Progress | None = None) -> dict[str, Any]:
    """Everything as plain values, NaN as None: each table a list of rows. Nothing tells whose image
    it is unless the snapshot says so; what the reader wrote is kept as written."""
    progress = progress or Progress()
    progress.step(0.0)
    explanation = snapshot.explanation
    found = {
        "provenance": {
            **provenance(explanation, snapshot.overlay),
            "input": snapshot.input(),
            "taken": snapshot.taken,
            "image": _image(snapshot),
        },
        "predictions": [
            {"class": item.name, "probability": item.probability}
            for item in (explanation.predictions if explanation else ())
        ],
        "layers": list(_layers(snapshot, progress)),
        "landmarks": list(_landmarks(snapshot)),
        "landmark_layers": list(_landmark_layers(snapshot)),
        "interventions": list(_interventions(snapshot)),
        "what_if": _what_if(snapshot),
        "evidence": [
            {key: value for key, value in asdict(item).items() if key != "numbers"}
            | dict(item.numbers)
            for item in (explanation.evidence if explanation else ())
        ],
        "measurements": [item.facts() for item in snapshot.readings],
        "judgements": [asdict(item) for item in snapshot.document.judgements],
        "reader": _reader(snapshot),
    }
    progress.step(0.9)
    plain: dict[str, Any] = _plain(found)
    return plain


def json_bytes(found: Mapping[str, Any]) -> bytes:
    return (json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()


def csv_bytes(found: Mapping[str, Any]) -> bytes:
    """A value a line; ``row`` counts from 1 in each table, names inside a value are joined by
    dots. UTF-8 with a mark that spreadsheets know it by; what they would take for a formula begins
    with an apostrophe."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for table, content in found.items():
        rows = content if isinstance(content, list) else [content]
        for number, row in enumerate(rows, 1):
            for column, value in _flat(row):
                writer.writerow((table, number, column, _shown(value)))
    return text.getvalue().encode("utf-8-sig")


def write_json(snapshot: Snapshot, path: Path, progress: Progress) -> None:
    data = json_bytes(numbers(snapshot, progress))
    progress.step(1.0)
    write_atomically(path, data)


def write_csv(snapshot: Snapshot, path: Path, progress: Progress) -> None:
    data = csv_bytes(numbers(snapshot, progress))
    progress.step(1.0)
    write_atomically(path, data)


def _image(snapshot: Snapshot) -> Row:
    facts, (height, width) = snapshot.facts, snapshot.pyramid.source.size
    row: Row = {
        "modality": facts.modality,
        "body_part": facts.body_part,
        "laterality": facts.laterality,
        "view_position": facts.view_position,
        "height": height,
        "width": width,
    }
    if snapshot.identity:
        row |= {
            "patient_name": facts.patient_name,
            "patient_id": facts.patient_id,
            "sex": facts.sex,
            "birth_date": facts.birth_date,
            "institution": facts.institution,
            "study_date": facts.study_date,
            "study_description": facts.study_description,
            "series_description": facts.series_description,
            "sop_instance_uid": facts.sop_instance_uid,
        }
    return row


def _layers(snapshot: Snapshot, progress: Progress) -> Iterator[Row]:
    maker = snapshot.maker()
    for index in range(snapshot.layers if maker else 0):
        progress.step(0.1 + 0.8 * index / snapshot.layers)
        assert maker is not None
        yield _layer(maker.overlay(index, snapshot.style))


def _layer(overlay: Overlay) -> Row:
    raw = overlay.layer.values
    kernels, rows, columns = overlay.layer.native_shape
    return {
        "layer": overlay.layer.name,
        "depth": overlay.layer.depth,
        "kernels": kernels,
        "native_rows": rows,
        "native_columns": columns,
        "raw_min": float(raw.min()),
        "raw_max": float(raw.max()),
        "sum_positive": float(raw.clip(min=0).sum(dtype="float64")),
        "range_low": overlay.minimum,
        "range_high": overlay.maximum,
        "threshold_value": overlay.level,
        "area_above_threshold": overlay.area,
        "response_above_threshold": overlay.mass,
        "smoothing_sigma_input_px": overlay.sigma,
    }


def _landmarks(snapshot: Snapshot) -> Iterator[Row]:
    areas = {row.landmark.id: row.area for row in snapshot.figures}
    for item in snapshot.document.landmarks:
        yield {
            "id": item.id,
            "name": item.name,
            "source": item.source,
            "area": areas.get(item.id),
            "shape": item.shape.to_facts(),
        }


def _landmark_layers(snapshot: Snapshot) -> Iterator[Row]:
    for row in snapshot.figures:
        for cell in row.layers:
            yield {
                "id": row.landmark.id,
                "landmark": row.landmark.name,
                "area": row.area,
                **asdict(cell),
            }


def _interventions(snapshot: Snapshot) -> Iterator[Row]:
    what_if, answer = snapshot.what_if, snapshot.what_if.answer
    for item in snapshot.document.interventions:
        effect, alone = what_if.effects.get(item.id), what_if.alone.get(item.id)
        row: Row = {
            "id": item.id,
            "name": item.name,
            "kind": item.kind,
            "way": item.edit.way,
            "on": item.on,
            "shape": item.edit.shape.to_facts(),
            "verdict": words.verdict(effect),
            "alone": dict(zip(answer.classes, alone, strict=True)) if answer and alone else None,
        }
        if effect is not None:
            low, high = effect.span
            row |= {
                "target": effect.target,
                "before": effect.before,
                "after": effect.before + effect.change,
                "change": effect.change,
                "elsewhere_low": low,
                "elsewhere_high": high,
                "elsewhere_places": len(effect.elsewhere),
                "elsewhere": list(effect.elsewhere),
                "moved": list(effect.moved),
            }
        yield row


def _what_if(snapshot: Snapshot) -> list[Row]:
    """Classes before and after all interventions that are on."""
    answer = snapshot.what_if.answer
    if answer is None:
        return []
    rows = zip(answer.classes, answer.before, answer.after, strict=True)
    return [{"class": name, "before": before, "after": after} for name, before, after in rows]


def _reader(snapshot: Snapshot) -> Row:
    said = snapshot.document.impression
    return {
        "impression": None if said is None else said.text,
        "impression_when": None if said is None else said.when,
        "comment": snapshot.document.comment,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield from _flat(item, f"{name}.{number}")
    else:
        yield name, value


def _shown(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return repr(value)  # every digit
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
