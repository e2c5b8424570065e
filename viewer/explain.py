"""``attentive-viewer explain``: the main job without a window.

Writes one annotated PNG a layer and ``explain.json`` for every image; a single file's go straight
into the output folder, those of several images into a folder each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import resources
from engine.files import write_atomically
from engine.presets import DEFAULT_PRESET, PRESETS
from engine.process import EngineProcess, ProcessDied
from engine.questions import Explain, Network, Subject
from engine.results import Explanation, Method, Refusal, RuleName, SeedName
from viewer.canvas.compose import compose
from viewer.dicom.errors import DicomError
from viewer.dicom.frame import default_window, to_grey
from viewer.dicom.study import Scan
from viewer.dicom.walk import is_container
from viewer.exporters.names import safe
from viewer.exporters.picture import fitted, input_facts, png_bytes
from viewer.messages import UserError, sentence
from viewer.reading.index import Index
from viewer.reading.process import ReaderProcess
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.place import Place

_REPORT, _SCAN = "explain.json", "scan.png"
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
    identity: bool


def _parse(arguments: Sequence[str]) -> Job:
    parser = argparse.ArgumentParser(prog="attentive-viewer explain", description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="DICOM files or folders")
    parser.add_argument("--out", type=Path, default=Path("attentive-viewer-output"))
    parser.add_argument(
        "--model",
        metavar="NAME_OR_PATH",
        default="deep",
        help=f"{', '.join(resources.MODEL_NAMES)}, a model folder or an ONNX file; default: deep",
    )
    parser.add_argument("--preset", choices=list(PRESETS), default=DEFAULT_PRESET)
    parser.add_argument("--rule", choices=get_args(RuleName))
    parser.add_argument("--seed", choices=get_args(SeedName))
    parser.add_argument("--class", dest="target", metavar="NAME", help="default: the predicted")
    parser.add_argument("--threshold", type=float, default=OverlayStyle().threshold)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--identity", action="store_true", help="write names, IDs and descriptions, too"
    )
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
        identity=chosen.identity,
    )


def _places(found: Scan) -> Iterator[Place]:
    """Every instance's first frame."""
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
    except Exception as error:
        print(f"error: {sentence(error)}", file=sys.stderr)
        return 1
    finally:
        engine.stop()
        reader.process.stop()
        del application


def _run(job: Job, engine: EngineProcess, reader: ReaderProcess) -> int:
    """Explain every image; one that fails is told and does not end the rest."""
    model = _model(job.model)
    only = job.paths[0]
    single = len(job.paths) == 1 and not only.is_dir() and not is_container(only, given=True)
    found = Index(job.paths, [reader]).run().scan
    if single and found.rejected:
        raise UserError(found.rejected[0].reason)
    for row in found.rejected:
        print(f"not opened: {row.reason}", file=sys.stderr)
    places = list(_places(found))
    if not places:
        raise UserError("Nothing there can be explained; give DICOM files with images.")
    _answer(
        lambda: engine.warm(Network(model, job.device))
    )  # a model that cannot be read is told once
    failed = 0
    for number, place in enumerate(places, start=1):
        folder = job.out if single else job.out / _folder_name(number, place)
        try:
            pyramid = reader.read(place.instance.path, place.frame)
            answer = _ask(job, model, engine, place, pyramid)
            print(_write(job, place, pyramid, answer, folder), flush=True)
        except (DicomError, UserError) as error:
            if single:
                raise
            failed += 1
            print(f"not explained: {place.instance.path.name}: {sentence(error)}", file=sys.stderr)
    return 1 if failed else 0


def _model(name: str) -> Path:
    """Where a bundled model, a model folder or a model's file is."""
    if name in resources.MODEL_NAMES:
        return resources.model_folder(name)
    path = Path(name)
    if not path.exists():
        known = ", ".join(resources.MODEL_NAMES)
        raise UserError(
            f"There is no model {name!r}; give {known}, a folder with model.json or an ONNX file."
        )
    return path.absolute()


def _ask(
    job: Job, model: Path, engine: EngineProcess, place: Place, pyramid: Pyramid
) -> Explanation:
    frame, modality = pyramid.source, place.instance.attributes.modality
    subject = Subject(to_grey(frame), modality, frame.aspect_ratio)
    network, asked = Network(model, job.device), Explain(job.method, job.target)
    key = f"{place.instance.path} {place.frame}"
    answer = _answer(lambda: engine.answer(key, lambda: subject, network, asked))
    if not isinstance(answer, Explanation):
        raise UserError("No answer came.")
    return answer


def _answer(ask: Callable[[], Any]) -> Any:
    """What the engine answers; a process that dies is started again, once."""
    try:
        answer = ask()
    except ProcessDied:
        print("The engine stopped and is started again.", file=sys.stderr)
        try:
            answer = ask()
        except ProcessDied as error:
            raise UserError("The engine stopped twice; try again with --device cpu.") from error
    if isinstance(answer, Refusal):
        raise UserError(answer.message)
    return answer


def _folder_name(number: int, place: Place) -> str:
    facts = place.instance.attributes
    parts = (f"{number:02d}", facts.modality.lower(), safe(facts.body_part.lower()))
    return "-".join(part for part in parts if part)


def _write(job: Job, place: Place, pyramid: Pyramid, answer: Explanation, folder: Path) -> str:
    """Write one image's files; returns a line that says what came out."""
    _remove_earlier(folder)
    pictures = _write_pictures(job, place, pyramid, answer, folder)
    report = _report(job, place, pyramid.source.size, answer, pictures)
    text = json.dumps(report, indent=2, ensure_ascii=False) + "\n"
    write_atomically(folder / _REPORT, text.encode())
    frames = place.instance.frames
    name = place.instance.path.name + (f" (frame 1 of {frames})" if frames > 1 else "")
    if answer.withheld:
        return f"{name}: no output, because {answer.withheld_because} → {folder}"
    best = answer.predictions[0]
    return f"{name}: {best.name} {best.probability:.3f}, {len(pictures)} layers → {folder}"


def _remove_earlier(folder: Path) -> None:
    """Take away what an earlier run wrote here, so that pictures of two runs never mix."""
    try:
        earlier = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
        names = [str(layer["png"]) for layer in earlier["layers"]]
    except (OSError, ValueError, TypeError, KeyError):
        return
    for name in (*names, _SCAN, _REPORT):
        if Path(name).name == name:
            (folder / name).unlink(missing_ok=True)


def _write_pictures(
    job: Job, place: Place, pyramid: Pyramid, answer: Explanation, folder: Path
) -> list[str]:
    """One PNG a layer (one of the bare scan when there is none); returns the file names."""

    maker = OverlayMaker(answer)
    longest = min(_MOST, max(_LEAST, *pyramid.frame.size))
    window = default_window(pyramid.frame)
    names = []
    for index, layer in enumerate(answer.layers):
        overlay = maker.overlay(index, job.style)
        scene = compose(place, pyramid, window, answer, overlay, identity_shown=job.identity)
        names.append(f"layer-{layer.depth:02d}-{safe(layer.name)}.png")
        write_atomically(folder / names[-1], png_bytes(fitted(scene, longest), {}))
    if not answer.layers:
        scene = compose(place, pyramid, window, answer, None, identity_shown=job.identity)
        write_atomically(folder / _SCAN, png_bytes(fitted(scene, longest), {}))
    return names


def _report(
    job: Job,
    place: Place,
    size: tuple[int, int],
    answer: Explanation,
    pictures: list[str],
) -> dict[str, Any]:
    """The content of ``explain.json``; what may tell who it is stands there only if asked for."""
    facts = place.instance.attributes
    identity = {
        "file": place.instance.path.name,
        "sop_instance_uid": facts.sop_instance_uid,
        "patient_name": facts.patient_name,
        "patient_id": facts.patient_id,
    }
    return {
        "input": {
            **input_facts(place.instance.path, place.frame),
            "frames": place.instance.frames,
            "modality": facts.modality,
            "body_part": facts.body_part,
            "height": size[0],
            "width": size[1],
            **(identity if job.identity else {}),
        },
        "model": {
            "name": answer.model.name,
            "version": answer.model.version,
            "weights_sha256": answer.model.sha256,
        },
        "device": answer.device,
        "rule": job.method.rule,
        "seed": job.method.seed,
        "unpooling": job.method.unpooling,
        "target": answer.target or None,
        "evidence": [
            {"test": item.test, "outcome": item.outcome, "finding": item.sentence}
            for item in answer.evidence
        ],
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
