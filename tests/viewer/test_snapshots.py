"""What the picture looks like, held against pictures that were looked at and kept.

A wanted change: ``ATTENTIVE_VIEWER_PIN=1 pytest tests/viewer/test_snapshots.py`` keeps them anew;
look at every one before it is committed. Where a comparison fails, what was painted lies beside
pytest's temporary files, and the message says where.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

import resources
from engine.shapes import box
from tests.factories.benches import opened
from viewer import theme
from viewer.canvas.board import Board
from viewer.canvas.compose import beside, scene_of
from viewer.canvas.view import View
from viewer.render.turn import Turn
from viewer.state.document import Landmark
from viewer.state.measurement import Measurement
from viewer.state.others import depths
from viewer.state.workbench import Workbench

PINNED = Path(__file__).with_name("snapshots")
_WIDTH, _HEIGHT = 720, 560
# Processors round differently, and font libraries hint differently: a contour may lie a part of a
# pixel aside, a letter be a shade heavier.
_FAR, _MOST_FAR, _MEAN = 40, 0.01, 1.2


def painted(workbench: Workbench, view: View, ratio: int) -> QImage:
    """The session's pictures as the window and exports paint them."""
    session = workbench.session
    image = QImage(_WIDTH * ratio, _HEIGHT * ratio, QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    scene = scene_of(session)
    assert scene is not None
    painter = QPainter(image)
    scenes = (scene, *beside(session, scene))
    Board().paint(painter, QRectF(0, 0, _WIDTH, _HEIGHT), scenes, view)
    painter.end()
    return image


def pixels_of(image: QImage) -> NDArray[np.int16]:
    rgb = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(rgb.constBits(), np.uint8).reshape(rgb.height(), rgb.bytesPerLine())
    return rows[:, : 3 * rgb.width()].reshape(rgb.height(), rgb.width(), 3).astype(np.int16)


def _scan(qtbot: QtBot, workbench: Workbench) -> View:
    return View()


def _layer(qtbot: QtBot, workbench: Workbench) -> View:
    workbench.session.show_layer(3)
    workbench.session.change_style(mark_maximum=True)
    return View()


def _signed(qtbot: QtBot, workbench: Workbench) -> View:
    workbench.session.show_layer(1)
    workbench.session.change_style(signed=True, grid=True, threshold=0.25)
    return View(0.5, (700.0, 800.0))


def _turned(qtbot: QtBot, workbench: Workbench) -> View:
    session = workbench.session
    document = session.audit.document
    session.audit.add_landmark(Landmark("one", "carpus", box(300, 900, 800, 1300)))
    length = Measurement("two", "length", ((200.0, 300.0), (900.0, 500.0)), 1)
    angle = Measurement("three", "angle", ((300.0, 700.0), (500.0, 400.0), (900.0, 650.0)), 2)
    document = session.audit.document
    for item in (length, angle):
        session.audit.add_measurement(item)
    assert session.audit.document != document
    session.audit.select("")
    return View(turn=Turn(1, mirrored=True))


def _several(qtbot: QtBot, workbench: Workbench) -> View:
    session = workbench.session
    session.show_layer(2)
    assert session.explanation is not None
    workbench.comparing.set_others(depths(session.explanation, 2))
    qtbot.waitUntil(lambda: len([p for p in session.panes if p.overlay]) == 3, timeout=60_000)
    return View()


def _classes(qtbot: QtBot, workbench: Workbench) -> View:
    session = workbench.session
    session.change_style(visible=True, shows="classes")
    qtbot.waitUntil(lambda: session.classes is not None, timeout=60_000)
    return View()


Setting = Callable[[QtBot, Workbench], View]
PICTURES: dict[str, tuple[Setting, int]] = {
    "scan": (_scan, 1),
    "layer": (_layer, 1),
    "layer-2x": (_layer, 2),
    "signed": (_signed, 1),
    "turned": (_turned, 1),
    "two-by-two": (_several, 1),
    "classes": (_classes, 1),
}


def difference(image: QImage, kept: Path) -> str:
    """How the picture differs from the one that was kept, "" if it does not."""
    if not kept.is_file():
        return "was never kept; see the top of this file"
    right, found = pixels_of(QImage(str(kept))), pixels_of(image)
    if found.shape != right.shape:
        return f"has the shape {found.shape}, not {right.shape}"
    apart = np.abs(found - right).max(axis=2)
    far, mean = float((apart > _FAR).mean()), float(apart.mean())
    if far > _MOST_FAR or mean > _MEAN:
        return f"{far:.2%} of the pixels are others; {mean:.2f} grey values apart on average"
    return ""


def test_pictures_are_those_that_were_looked_at(qtbot: QtBot, tmp_path: Path) -> None:
    theme.load_fonts()
    wrong = {}
    with opened(qtbot, resources.sample_files()[:1]) as workbench:
        session = workbench.session
        before = session.style, session.layer_index, session.audit.document
        for name, (make, ratio) in PICTURES.items():
            image = painted(workbench, make(qtbot, workbench), ratio)
            workbench.comparing.set_others(())
            session.audit.change("back", before[2])
            session.set_layer(before[1])
            session.set_style(before[0])
            if os.environ.get("ATTENTIVE_VIEWER_PIN"):
                image.save(str(PINNED / f"{name}.png"))
            wrong[name] = difference(image, PINNED / f"{name}.png")
            if wrong[name]:
                image.save(str(tmp_path / f"{name}.png"))
    assert not any(wrong.values()), f"{wrong}; what was painted: {tmp_path}"


def test_another_picture_is_told_from_the_one_that_was_kept(tmp_path: Path) -> None:
    kept = PINNED / "layer.png"
    image = QImage(str(kept))
    assert difference(image, kept) == ""
    painter = QPainter(image)
    painter.fillRect(300, 200, 80, 60, QColor(255, 200, 40))
    painter.end()
    assert "of the pixels are others" in difference(image, kept)
    assert "shape" in difference(image.copy(0, 0, 100, 100), kept)
    assert "never kept" in difference(image, tmp_path / "layer.png")
