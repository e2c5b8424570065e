"""``attentive-viewer explain``: the main job without a window.

Writes one annotated PNG a layer and ``explain.json`` for every image; a single file's go straight
into the output folder, those of several images into a folder each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import resources
from engine.files import write_atomically
from engine.presets import DEFAULT_PRESET, PRESETS
from engine.process import EngineProcess, ProcessDied
from engine.results import Explanation, Method, Refusal, Request
from viewer.dicom.errors import DicomError
from viewer.dicom.frame import default_window, to_grey
from viewer.dicom.study import Scan
from viewer.exporters.names import safe
from viewer.messages import UserError, sentence
from viewer.reading.process import ReaderProcess
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.session import Place

_LEAST, _MOST = 1000, 1600  # long side of the pictures in pixels


@dataclass(frozen=True)
class Job:
    """What was asked for on the command line."""

    paths: tuple[Path, ...]
    out: Path
    model: str
    method: Method
    target: str | None
    style: OverlayStyle
    device: str


def _parse(arguments: Sequence[str]) -> Job:
    parser = argparse.ArgumentParser(prog="attentive-viewer explain", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="DICOM files or folders")
    parser.add_argument("--out", type=Path, default=Path("attentive-viewer-output"))
    parser.add_argument("--model", choices=resources.MODEL_NAMES, default="deep")
    parser.add_argument("--preset", choices=list(PRESETS), default=DEFAULT_PRESET)
    parser.add_argument("--rule", choices=("linear", "gradient", "deconvnet", "guided"))
    parser.add_argument("--seed", choices=("full", "peak", "class"))
    parser.add_argument("--class", dest="target", metavar="NAME", help="default: the predicted")
    parser.add_argument("--threshold", type=float, default=OverlayStyle().threshold)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    chosen = parser.parse_args(arguments)
    if not 0 <= chosen.threshold <= 1:
        parser.error("--threshold is a share of the range, from 0 to 1")
    preset = PRESETS[chosen.preset]
    method = replace(preset, rule=chosen.rule or preset.rule, seed=chosen.seed or preset.seed)
    return Job(
        paths=tuple(chosen.paths),
        out=chosen.out,
        model=chosen.model,
        method=method,
        target=chosen.target,
        style=OverlayStyle(visible=True, threshold=chosen.threshold),
        device=chosen.device,
    )


def _places(found: Scan) -> Iterator[Place]:
    """Every instance's first frame; what cannot be read is told on standard error."""
    for row in found.rejected:
        print(f"not opened: {row.reason}", file=sys.stderr)
    for study in found.studies:
        for series in study.series:
            for position in range(len(series.instances)):
                yield Place(series, position)


def run(arguments: Sequence[str]) -> int:
    """Do the job; returns the exit status and prints what was made and where."""
    job = _parse(arguments)
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtWidgets import QApplication

    from viewer.theme import load_fonts

    application = QApplication.instance() or QApplication([])
    load_fonts()
    engine, reader = EngineProcess(), ReaderProcess()
    try:
        return _run(job, engine, reader)
    except ProcessDied as error:
        print(f"error: {error}; try again, or with --device cpu", file=sys.stderr)
        return 1
    except (UserError, DicomError, OSError) as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 1
    finally:
        engine.stop()
        reader.process.stop()
        del application


def _run(job: Job, engine: EngineProcess, reader: ReaderProcess) -> int:
    single = len(job.paths) == 1 and job.paths[0].is_file()
    found = reader.scan(job.paths)
    if single and found.rejected:
        raise UserError(found.rejected[0].reason)
    done = 0
    for number, place in enumerate(_places(found), start=1):
        try:
            folder = job.out if single else job.out / _folder_name(number, place)
            pyramid = reader.read(place.instance.path, place.frame)
            print(_explain_one(job, engine, place, pyramid, folder), flush=True)
            done += 1
        except DicomError as error:
            if single:
                raise
            print(f"not explained: {sentence(error)}", file=sys.stderr)
    if not done:
        raise UserError("Nothing there could be explained; give DICOM files with images.")
    return 0


def _folder_name(number: int, place: Place) -> str:
    facts = place.instance.attributes
    parts = (f"{number:02d}", facts.modality.lower(), safe(facts.body_part.lower()))
    return "-".join(part for part in parts if part)


def _explain_one(
    job: Job, engine: EngineProcess, place: Place, pyramid: Pyramid, folder: Path
) -> str:
    """Explain one image and write its files; returns a line that says what came out."""
    frame = pyramid.source
    request = Request(
        image=to_grey(frame),
        model=resources.model_folder(job.model),
        method=job.method,
        target=job.target,
        device=job.device,
        modality=place.instance.attributes.modality,
    )
    answer = engine.ask(request)
    if isinstance(answer, Refusal):
        raise UserError(answer.message)
    assert isinstance(answer, Explanation)
    pictures = _write_pictures(job, place, pyramid, answer, folder)
    report = _report(place, frame.size, answer, pictures)
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / "explain.json", text.encode())
    name = place.instance.path.name
    if answer.withheld:
        return f"{name}: no output, because {answer.withheld_because} → {folder}"
    best = answer.predictions[0]
    return f"{name}: {best.name} {best.probability:.3f}, {len(pictures)} layers → {folder}"


def _write_pictures(
    job: Job, place: Place, pyramid: Pyramid, answer: Explanation, folder: Path
) -> list[str]:
    """One PNG a layer (one of the bare scan when there is none); returns the file names."""
    from viewer.canvas.compose import compose
    from viewer.exporters.picture import fitted, png_bytes

    maker = OverlayMaker(answer)
    longest = min(_MOST, max(_LEAST, *pyramid.frame.size))
    window = default_window(pyramid.frame)
    names = []
    for index, layer in enumerate(answer.layers):
        overlay = maker.overlay(index, job.style)
        scene = compose(place, pyramid, window, answer, overlay)
        names.append(f"layer-{layer.depth:02d}-{safe(layer.name)}.png")
        write_atomically(folder / names[-1], png_bytes(fitted(scene, longest), {}))
    if not answer.layers:
        scene = compose(place, pyramid, window, answer, None)
        write_atomically(folder / "scan.png", png_bytes(fitted(scene, longest), {}))
    return names


def _report(
    place: Place, size: tuple[int, int], answer: Explanation, pictures: list[str]
) -> dict[str, Any]:
    """The content of ``explain.json``; it names the file and the image, never the patient."""
    facts = place.instance.attributes
    return {
        "input": {
            "file": place.instance.path.name,
            "sop_instance_uid": facts.sop_instance_uid,
            "frame": place.frame,
            "modality": facts.modality,
            "body_part": facts.body_part,
            "height": size[0],
            "width": size[1],
        },
        "model": {
            "name": answer.model.name,
            "version": answer.model.version,
            "weights_sha256": answer.model.sha256,
        },
        "device": answer.device,
        "rule": answer.method.rule,
        "seed": answer.method.seed,
        "unpooling": answer.method.unpooling,
        "target": answer.target or None,
        "output": "withheld" if answer.withheld else "ok",
        "withheld_because": answer.withheld_because or None,
        "predictions": [
            {"class": item.name, "probability": item.probability} for item in answer.predictions
        ],
        "layers": [
            {
                "name": layer.name,
                "depth": layer.depth,
                "native_shape": list(layer.native_shape),
                "png": png,
            }
            for layer, png in zip(answer.layers, pictures, strict=True)
        ],
    }
