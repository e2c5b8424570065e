"""The overlay planes of a file in the picture, and the letters of the frame that is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSizeF
from PySide6.QtGui import QImage, QPainter
from pytestqt.qtbot import QtBot

from viewer.actions import ACTIONS
from viewer.canvas import paint
from viewer.canvas.compose import compose, scene_of
from viewer.canvas.paint import ScenePainter
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.attributes import Attributes
from viewer.dicom.frame import Frame
from viewer.dicom.planes import Plane
from viewer.dicom.study import Instance, Series
from viewer.dicom.window import Window
from viewer.exporters.picture import as_on_screen, full_resolution
from viewer.render.planes import FULL, TINT, ink, level_for, reduced
from viewer.render.pyramid import Pyramid
from viewer.state.place import OpenFrame, Place
from viewer.state.session import Session

SIZE = (400, 600)  # of the frame


def plane_of(bitmap: NDArray[np.bool_], origin: tuple[int, int] = (0, 0), kind: str = "G") -> Plane:
    bits = np.packbits(bitmap, bitorder="little")
    return Plane(bits, bitmap.shape, origin, kind)  # type: ignore[arg-type]


def dots(size: tuple[int, int] = SIZE) -> NDArray[np.bool_]:
    """Single pixels, far from each other and from text and edges."""
    marks = np.zeros(size, bool)
    marks[100 : size[0] - 60 : 20, 100 : size[1] - 60 : 30] = True
    return marks


def place_of(frames: int = 1, **facts: object) -> Place:
    instance = Instance(Path("none.dcm"), Attributes(**facts), frames, *SIZE)  # type: ignore[arg-type]
    return Place(Series("1", None, "", "CR", (instance,)), 0)


def scene_with(*planes: Plane, level: int = 128, size: tuple[int, int] = SIZE) -> Scene:
    frame = Frame(np.full(size, level, np.uint8), planes=planes)
    return compose(
        place_of(),
        Pyramid.of(frame),
        Window(128, 256),
        None,
        None,
        corner_text=False,
        identity_shown=True,
    )


def pixels_of(image: QImage) -> NDArray[np.int64]:
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return data[:, : image.width(), 2::-1].astype(np.int64)


def coloured(picture: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where a picture of a grey frame is blue."""
    return picture[..., 2] - picture[..., 0] > 60


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_pixel_of_a_plane_is_a_pixel_of_the_frame(qtbot: QtBot, level: int) -> None:
    size = (640, 640)  # the least that an export is made at, so that its scale is one
    scene = scene_with(plane_of(dots(size)), level=level, size=size)
    picture = pixels_of(full_resolution(scene))
    assert np.array_equal(coloured(picture)[:640, :640], dots(size))


def test_planes_follow_zoom_and_origin_and_are_cut_off_at_the_frame(qtbot: QtBot) -> None:
    square = np.ones((10, 20), bool)
    shown = scene_with(plane_of(square, (-5, 395)), plane_of(square, (300, 200)))
    picture = pixels_of(as_on_screen(shown, QSizeF(800, 824), View(4.0, (310, 205)), 1.0))
    rows, columns = np.nonzero(coloured(picture))
    assert (rows.min(), rows.max() + 1) == (400 - 20, 400 + 20)
    assert (columns.min(), columns.max() + 1) == (400 - 40, 400 + 40)
    corner = pixels_of(as_on_screen(shown, QSizeF(800, 824), View(4.0, (0, 400)), 1.0))
    rows, columns = np.nonzero(coloured(corner))
    assert (rows.min(), rows.max() + 1) == (400 - 20, 400), "nothing below the frame"
    assert (columns.min(), columns.max() + 1) == (400, 400 + 60), "nothing left of it"


@pytest.mark.parametrize("scale", [0.9, 0.55, 0.3, 0.11])
def test_no_line_is_lost_where_the_frame_is_made_smaller(qtbot: QtBot, scale: float) -> None:
    size = (1600, 1600)
    for offset in range(7):
        lines = np.zeros(size, bool)
        lines[800 + offset], lines[:, 700 + offset] = True, True
        shown = scene_with(plane_of(lines), size=size)
        ports = QSizeF(300, 324)
        blue = coloured(pixels_of(as_on_screen(shown, ports, View(scale, (750, 750)), 1.0)))[:300]
        inside = slice(70, 230)
        assert blue[:, inside].any(0).all(), "the row crosses every column of the screen"
        assert blue[inside].any(1).all(), "and the column every row"


def test_a_region_is_tinted_inside_its_edge() -> None:
    region = np.zeros((9, 9), bool)
    region[2:7, 2:7] = True
    layer = ink((plane_of(region, kind="R"),), (9, 9))
    assert (layer[3:6, 3:6] == TINT).all()
    assert (layer[2, 2:7] == FULL).all()
    assert (layer[~region] == 0).all()
    crossing = ink((plane_of(region, kind="R"), plane_of(np.eye(9, dtype=bool))), (9, 9))
    assert crossing[4, 4] == FULL
    assert (
        ink((plane_of(np.eye(9, dtype=bool)), plane_of(region, kind="R")), (9, 9)) == crossing
    ).all()


def test_reducing_keeps_the_most_ink_of_each_block() -> None:
    layer = np.random.default_rng(1).integers(0, 256, (13, 10)).astype(np.uint8)
    small = reduced(layer, 2)
    assert small.shape == (4, 3)
    for row in range(4):
        for column in range(3):
            block = layer[4 * row : 4 * row + 4, 4 * column : 4 * column + 4]
            assert small[row, column] == block.max()
    assert [level_for(scale) for scale in (8, 1, 0.99, 0.5, 0.49, 0.2)] == [0, 0, 1, 1, 2, 3]


def test_planes_are_prepared_once_for_a_frame(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    original = paint.inked
    monkeypatch.setattr(paint, "inked", lambda *args: made.append(1) or original(*args))
    shown = scene_with(plane_of(dots()))
    image, painter = QImage(500, 400, QImage.Format.Format_RGB32), ScenePainter()
    for pan in range(5):
        qt = QPainter(image)
        moved = replace(shown, window=Window(100 + pan, 256))
        painter.paint(qt, QRectF(0, 0, 500, 400), moved, View(2.0, (200.0 + pan, 200.0)))
        qt.end()
    assert len(made) == 2, "the colour and the halo"


def test_the_action_takes_graphics_away_and_brings_them_back(qtbot: QtBot) -> None:
    session = Session()
    pyramid = scene_with(plane_of(dots())).pyramid
    session.place = place_of()
    session.set_frame(OpenFrame(session.place, pyramid))
    changes: list[int] = []
    session.overlayChanged.connect(lambda: changes.append(1))
    (row,) = (row for row in ACTIONS if row.id == "planes")
    blue = []
    for _ in range(3):
        scene = scene_of(session)
        assert scene is not None
        blue.append(bool(coloured(pixels_of(full_resolution(scene))).any()))
        row.command(SimpleNamespace(session=session))  # type: ignore[arg-type]
    assert blue == [True, False, True]
    assert len(changes) == 3
    session.set_planes_shown(session.planes_shown)
    assert len(changes) == 3
    assert "G" in row.shortcuts


def test_letters_are_those_of_the_frame(qtbot: QtBot) -> None:
    facts = {"patient_orientation": ("L", "P")}
    for orientation, frames, expected in [
        (("P", "F"), 3, ("A", "P", "H", "F")),
        (("L", "F"), 3, ("R", "L", "H", "F")),
        ((), 1, ("R", "L", "A", "P")),
        ((), 3, None),
    ]:
        frame = Frame(np.zeros(SIZE, np.uint8), orientation=orientation)  # type: ignore[arg-type]
        place = place_of(frames, **facts)
        scene = compose(place, Pyramid.of(frame), Window(128, 256), None, None, identity_shown=True)
        assert scene.orientation == expected
