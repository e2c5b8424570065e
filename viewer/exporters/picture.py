"""The scene as a PNG with its legend and provenance burned in, and a JSON file beside it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSizeF
from PySide6.QtGui import QImage, QImageWriter, QPainter

from engine.files import write_atomically
from engine.presets import in_facts
from engine.results import Explanation
from viewer import __version__
from viewer.canvas import decorations
from viewer.canvas.board import Board
from viewer.canvas.scene import NOT_FOR_DIAGNOSIS, Scene
from viewer.canvas.view import View
from viewer.dicom.sources import sha256
from viewer.messages import UserError
from viewer.render.overlay import Overlay
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.measured import read_all

_UNIT_PER_PIXEL = 1 / 900  # text and lines keep their size relative to the picture
_LARGEST = 16_000  # pixels a side
_SMALLEST = 640


def _painted(
    size: QSizeF, scenes: Sequence[Scene], view: View, unit: float, ratio: float
) -> QImage:
    width, height = round(size.width() * ratio), round(size.height() * ratio)
    if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
        raise UserError(f"A picture of {width} × {height} pixels is more than can be written.")
    image = QImage(width, height, QImage.Format.Format_RGB32)
    if image.isNull():
        raise UserError("There is not enough memory for a picture of this size.")
    image.setDevicePixelRatio(ratio)
    scenes = [measured(scene) for scene in scenes]
    painter = QPainter(image)
    try:
        Board().paint(painter, QRectF(0, 0, size.width(), size.height()), scenes, view, unit)
    finally:  # an image that goes while it is painted takes the program with it
        painter.end()
    return image


def measured(scene: Scene) -> Scene:
    """With the statistics that were still being worked out."""
    if not any(mark.reading.is_waiting for mark in scene.measures):
        return scene
    readings = read_all((mark.measurement for mark in scene.measures), scene.pyramid.source)
    marks = zip(scene.measures, readings, strict=True)
    return replace(scene, measures=tuple(replace(mark, reading=item) for mark, item in marks))


def as_on_screen(
    scene: Scene, size: QSizeF, view: View, ratio: float, beside: Sequence[Scene] = ()
) -> QImage:
    """The viewport as it stands: ``size`` in logical pixels, ``ratio`` device pixels for each."""
    return _painted(size, (scene, *beside), view, 1.0, ratio)


def fitted(scene: Scene, longest: int, turn: Turn = AS_IT_IS) -> QImage:
    """The whole frame, its long side ``longest`` pixels, with footer and strip below it."""
    height, width = scene.frame.size
    sides = float(width), height * scene.frame.aspect_ratio
    wide, tall = sides[::-1] if turn.sideways else sides
    scale = longest / max(wide, tall)
    unit = max(1.0, longest * _UNIT_PER_PIXEL)
    shown = QSizeF(max(wide * scale, 520 * unit), max(tall * scale, 260 * unit))
    whole = QRectF(0, 0, shown.width(), shown.height())
    below = whole.height() - decorations.viewport(whole, scene, unit).height()
    size = QSizeF(shown.width(), shown.height() + below)
    return _painted(size, (scene,), View(turn=turn), unit, 1.0)


def full_resolution(scene: Scene, turn: Turn = AS_IT_IS) -> QImage:
    """Every pixel of the frame is at least one pixel of the picture."""
    height, width = scene.frame.size
    aspect = scene.frame.aspect_ratio
    longest = max(width, height * aspect) * max(1.0, 1 / aspect)
    return fitted(scene, max(_SMALLEST, math.ceil(longest)), turn)


def png_bytes(image: QImage, texts: dict[str, str]) -> bytes:
    """PNG data; ``texts`` go into its text chunks."""
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QImageWriter(buffer, QByteArray(b"png"))
    writer.setQuality(75)  # lossless all the same: three times as fast for a sixth more bytes
    for key, text in texts.items():
        writer.setText(key, text)
    if not writer.write(image):
        raise UserError(f"The picture could not be encoded ({writer.errorString()}).")
    return bytes(data.data())


def provenance(explanation: Explanation | None, overlay: Overlay | None) -> dict[str, Any]:
    """What the JSON beside a picture says: how it was computed and how it is shown."""
    facts: dict[str, Any] = {
        "program": f"Attentive Viewer {__version__}",
        "notice": NOT_FOR_DIAGNOSIS,
    }
    if explanation is not None:
        facts["model"] = {
            "name": explanation.model.name,
            "version": explanation.model.version,
            "weights_sha256": explanation.model.sha256,
            "licence": explanation.model.licence,
        }
        facts["device"] = explanation.device
        facts["method"] = in_facts(explanation.method)
        facts["target"] = explanation.target
        facts["withheld_because"] = explanation.withheld_because or None
        facts["evidence"] = [
            {"test": item.test, "outcome": item.outcome, "finding": item.sentence}
            for item in explanation.evidence
        ]
        facts["predictions"] = [
            {"class": item.name, "probability": item.probability}
            for item in explanation.predictions
        ]
        facts["frame_size"] = explanation.geometry.frame_size
        facts["model_input_size"] = explanation.geometry.input_size
    if overlay is not None and overlay.style.shows == "layer":
        facts["layer"] = {
            "name": overlay.layer.name,
            "depth": overlay.layer.depth,
            "native_shape": overlay.layer.native_shape,
        }
        facts["shown"] = {
            **asdict(overlay.style),
            "range": [overlay.minimum, overlay.maximum],
            "threshold_value": overlay.level,
            "smoothing_sigma_input_px": overlay.sigma,
            "area_above_threshold": overlay.area,
            "response_above_threshold": overlay.mass,
        }
    return facts


def input_facts(path: Path, frame: int) -> dict[str, Any]:
    """What identifies the input to whoever has it, and tells nobody else anything."""
    return {"sha256": sha256(path), "frame": frame}


def write_picture(path: Path, image: QImage, facts: dict[str, Any]) -> None:
    """Write ``path`` (PNG) and, beside it, ``path`` + ``.json``; both atomically."""
    text = json.dumps(facts, indent=2, ensure_ascii=False)
    texts = {"Software": str(facts["program"]), "Comment": NOT_FOR_DIAGNOSIS}
    write_atomically(path, png_bytes(image, texts))
    write_atomically(path.with_name(f"{path.name}.json"), (text + "\n").encode())
