"""What is kept between two paintings makes no difference to any pixel."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QColor, QImage, QPainter, QTransform
from pytestqt.qtbot import QtBot

from engine.smoothing import smooth
from tests.viewer.test_planes_painted import place_of, plane_of
from tests.viewer.test_render import explanation
from viewer.canvas.compose import compose
from viewer.canvas.kept import Steady, device_area, strips
from viewer.canvas.overlay_paint import OverlayPainter
from viewer.canvas.paint import ScenePainter, turned
from viewer.canvas.sampling import sample
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.frame import Frame
from viewer.dicom.window import Window
from viewer.exporters.picture import as_on_screen
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid, looked_up
from viewer.render.resample import Affine, resampled
from viewer.render.style import OverlayStyle
from viewer.render.turn import Turn

SIZE = (520, 390)  # of the frame
TURNS = [Turn(quarters, mirrored) for mirrored in (False, True) for quarters in range(4)]


def response(seed: int = 3) -> NDArray[np.float32]:
    grain = np.random.default_rng(seed).normal(size=(64, 64)).astype(np.float32)
    return np.asarray(smooth(grain, 5.0) * 40, np.float32)


def grey_frame(aspect: float = 1.0, padding: tuple[int, int] | None = None) -> Frame:
    rows, columns = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    pixels = (rows * 5 + columns * 3 + (rows // 8 + columns // 8) % 2 * 300).astype(np.uint16)
    return Frame(pixels, aspect_ratio=aspect, spacing=(0.2, 0.2), padding=padding)


def scene_of(frame: Frame, style: OverlayStyle, maker: OverlayMaker | None = None) -> Scene:
    made = maker or OverlayMaker(explanation(response(), frame=frame.size))
    return compose(
        place_of(),
        Pyramid.of(frame),
        Window(1500, 3000),
        made.explanation,
        made.overlay(0, style),
        identity_shown=True,
    )


SHOWN = OverlayStyle(visible=True, signed=True, grid=True, mark_maximum=True)


def pixels_of(image: QImage) -> NDArray[np.uint8]:
    data = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1, 4)
    return data[:, : image.width(), :3].copy()


def painted(
    own: ScenePainter,
    scene: Scene,
    view: View,
    size: tuple[int, int] = (500, 420),
    ratio: float = 1,
) -> NDArray[np.uint8]:
    image = QImage(round(size[0] * ratio), round(size[1] * ratio), QImage.Format.Format_RGB32)
    image.setDevicePixelRatio(ratio)
    painter = QPainter(image)
    try:
        own.paint(painter, QRectF(0, 0, *size), scene, view)
    finally:
        painter.end()
    return pixels_of(image)


def steps(scene: Scene, maker: OverlayMaker) -> Iterator[tuple[str, Scene, View]]:
    """A reader at work: each step changes one thing of the one before."""
    style, view = SHOWN, View()
    yield "first", scene, view
    for width in (2000, 2400, 2800):
        scene = replace(scene, window=Window(1400, width))
        yield "window", scene, view
    for changes in (
        {"opacity": 0.7},
        {"threshold": 0.2},
        {"threshold": 0.35},
        {"contours": False},
        {"fill": False, "contours": True},
        {"fill": True, "diverging_map": "vik"},
        {"signed": False},
        {"opacity": 0.2},
    ):
        style = replace(style, **changes)
        scene = replace(scene, overlay=maker.overlay(0, style))
        yield str(changes), scene, view
    for zoom in (0.9, 1.7, 3.3, 7.1, 1.0):
        view = View(zoom, (170.3, 240.9))
        yield f"zoom {zoom}", scene, view
        for step in (1, 2, 37, 200):
            moved = replace(view, centre=(170.3 + step / zoom, 240.9 - 2 * step / zoom))
            yield f"pan {step} at {zoom}", scene, moved
    for turn in TURNS:
        yield f"{turn}", scene, replace(view, turn=turn)
    yield "curtain", replace(scene, curtain=0.4), view
    yield "off", replace(scene, overlay_visible=False), view
    yield "inverted", replace(scene, inverted=True), View()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_what_is_kept_is_what_would_be_painted_anew(qtbot: QtBot, ratio: float) -> None:
    frame = grey_frame()
    maker = OverlayMaker(explanation(response(), frame=frame.size))
    own = ScenePainter()
    for what, scene, view in steps(scene_of(frame, SHOWN, maker), maker):
        kept = painted(own, scene, view, ratio=ratio)
        fresh = painted(ScenePainter(), scene, view, ratio=ratio)
        assert np.array_equal(kept, fresh), what
        again = painted(own, scene, view, ratio=ratio)
        assert np.array_equal(again, fresh), f"{what}, painted twice"


def test_what_a_helper_paints_is_what_would_be_painted_without(qtbot: QtBot) -> None:
    frame = grey_frame()
    maker = OverlayMaker(explanation(response(), frame=frame.size))
    with ThreadPoolExecutor(1) as helper:
        own = ScenePainter(helper)
        for what, scene, view in steps(scene_of(frame, SHOWN, maker), maker):
            assert np.array_equal(
                painted(own, scene, view), painted(ScenePainter(), scene, view)
            ), what


@pytest.mark.qt_log_ignore("saved states", extend=True)
def test_what_a_helper_fails_at_is_made_anew(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scene_of(grey_frame(), SHOWN)
    with ThreadPoolExecutor(1) as helper:
        own = ScenePainter(helper)
        with monkeypatch.context() as broken:
            broken.setattr("viewer.canvas.overlay_paint.resampled", lambda *given: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                painted(own, scene, View())
        fresh = painted(ScenePainter(), scene, View())
        assert np.array_equal(painted(own, scene, View()), fresh)


def test_a_painter_may_change_its_size_and_its_screen(qtbot: QtBot) -> None:
    scene, own = scene_of(grey_frame(), SHOWN), ScenePainter()
    for size, ratio in itertools.product(((500, 420), (900, 420), (300, 600)), (1.0, 2.0, 1.25)):
        kept = painted(own, scene, View(), size, ratio)
        assert np.array_equal(kept, painted(ScenePainter(), scene, View(), size, ratio))


@pytest.mark.parametrize("turn", TURNS)
@pytest.mark.parametrize("aspect", [1.0, 0.6, 1.7])
def test_everything_turns_with_the_frame(qtbot: QtBot, turn: Turn, aspect: float) -> None:
    """The frame, its planes and the response lie where the turned view says, to a pixel."""
    bitmap = np.zeros(SIZE, bool)
    bitmap[100:110, 60:180] = True
    pixels = np.full(SIZE, 40, np.uint8)
    pixels[300:340, 200:320] = 220
    frame = Frame(pixels, aspect_ratio=aspect, planes=(plane_of(bitmap),))
    values = np.zeros((64, 64), np.float32)
    values[6:12, 40:50] = 1.0  # of the input, which the frame fills from top to bottom
    style = OverlayStyle(visible=True, smoothing=0.0, opacity=1.0, contours=False, threshold=0.5)
    scene = replace(
        scene_of(frame, style, OverlayMaker(explanation(values, frame=SIZE))),
        window=Window(128, 256),
        orientation=None,
        footer=(),
        corners=type(scene_of(frame, style).corners)(),
    )
    size, view = (640, 664), View(0.9, (195.0, 260.0), turn)
    shown = painted(ScenePainter(), scene, view, size).astype(int)
    viewport = QRectF(0, 0, 640, 640)
    transform = view.transform(viewport, SIZE, aspect)
    grey = (shown.max(2) - shown.min(2)) == 0
    _same_place(shown, grey & (shown[..., 0] > 180), transform, (200, 300, 320, 340))
    blue = shown[..., 0] - shown[..., 2] > 60
    _same_place(shown, blue & (shown[..., 1] > 120), transform, (60, 100, 180, 110))


def _same_place(
    shown: NDArray[np.int64],
    found: NDArray[np.bool_],
    transform: QTransform,
    box: tuple[int, int, int, int],
) -> None:
    wanted = transform.mapRect(QRectF(box[0], box[1], box[2] - box[0], box[3] - box[1]))
    inside = wanted.adjusted(2, 2, -2, -2).toRect()
    part = found[inside.top() : inside.bottom() + 1, inside.left() : inside.right() + 1]
    assert part.mean() > 0.98, "all of it is there"
    around = wanted.adjusted(-2, -2, 2, 2).toAlignedRect()
    outer = found[around.top() : around.bottom() + 1, around.left() : around.right() + 1]
    near = found[around.top() - 6 : around.bottom() + 7, around.left() - 6 : around.right() + 7]
    assert outer.sum() == near.sum(), "and nothing beside it"


@pytest.mark.parametrize("signed", [False, True])
def test_a_turned_response_is_the_response_turned(qtbot: QtBot, signed: bool) -> None:
    """Colours, contours, grid and cross, against the pixels of the straight one turned."""
    maker = OverlayMaker(explanation(response(), frame=(400, 400)))
    style = OverlayStyle(visible=True, opacity=1.0, mark_maximum=True, grid=True, signed=signed)
    scene = scene_of(Frame(np.zeros((400, 400), np.uint8)), style, maker)

    def shown(turn: Turn) -> NDArray[np.int64]:
        image = QImage(400, 400, QImage.Format.Format_RGB32)
        image.fill(QColor(90, 90, 90))
        painter = QPainter(image)
        transform = View(turn=turn).transform(QRectF(0, 0, 400, 400), (400, 400), 1.0)
        OverlayPainter().paint(painter, scene, transform, 1.0, QRectF(0, 0, 400, 400))
        painter.end()
        return pixels_of(image).astype(np.int64)

    straight = shown(Turn())
    for turn in TURNS:
        wanted = np.stack([turned(straight[..., part], turn) for part in range(3)], -1)
        assert (np.abs(shown(turn) - wanted).max(2) > 24).mean() < 0.004, turn


@pytest.mark.parametrize("turn", TURNS)
def test_arrays_turn_as_views_do(turn: Turn) -> None:
    pixels = np.arange(6, dtype=np.uint32).reshape(2, 3)
    transform = View(1.0, turn=turn).transform(QRectF(0, 0, 10, 10), (2, 3), 1.0)
    shown = turned(pixels, turn)
    corner = transform.mapRect(QRectF(0, 0, 3, 2)).topLeft()
    for (row, column), value in np.ndenumerate(pixels):
        at = transform.mapRect(QRectF(column, row, 1, 1)).topLeft() - corner
        assert shown[round(at.y()), round(at.x())] == value


def test_colour_tiny_and_padded_frames_are_painted(qtbot: QtBot) -> None:
    rgb = np.zeros((30, 20, 3), np.uint8)
    rgb[..., 0], rgb[..., 2] = 200, 60
    frames = (Frame(rgb), Frame(np.ones((1, 1), np.uint8)), grey_frame(padding=(0, 400)))
    for frame, turn, zoom in itertools.product(frames, TURNS, (None, 0.02, 9.0, 40.0)):
        scene = replace(scene_of(frame, SHOWN), window=Window(1500, 3000))
        view = View(zoom, turn=turn)
        kept = painted(ScenePainter(), scene, view)
        assert kept.shape == (420, 500, 3)
    scene = compose(place_of(), Pyramid.of(Frame(rgb)), Window(128, 256), None, None)
    shown = painted(ScenePainter(), scene, View())
    assert shown[150, 250].tolist() == [60, 0, 200], "blue, green, red"
    inverted = painted(ScenePainter(), replace(scene, inverted=True), View())
    assert inverted[150, 250].tolist() == [195, 255, 55]


def test_large_pictures_are_painted_in_strips_of_the_same_pixels(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan but for rounding; the interpolated colours begin anew with each strip."""
    scene = scene_of(grey_frame(), SHOWN)
    whole = painted(ScenePainter(), scene, View(2.2), (700, 640)).astype(int)
    monkeypatch.setattr("viewer.canvas.kept._MOST", 60_000)
    assert len(list(strips(QRectF(0, 0, 700, 600), 1.0))) > 5
    parts = painted(ScenePainter(), scene, View(2.2), (700, 640)).astype(int)
    assert np.abs(parts - whole).max() <= 3
    bare = replace(scene, overlay_visible=False)
    parts = painted(ScenePainter(), bare, View(2.2), (700, 640)).astype(int)
    monkeypatch.undo()
    whole = painted(ScenePainter(), bare, View(2.2), (700, 640)).astype(int)
    assert np.abs(parts - whole).max() <= 1


def test_strips_cover_an_area_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("viewer.canvas.kept._MOST", 4000)
    for ratio in (1.0, 2.0):
        area = QRectF(3.5, 10, 100, 233)
        found = [device_area(strip, ratio) for strip in strips(area, ratio)]
        whole = device_area(area, ratio)
        assert found[0].top() == whole.top()
        for before, after in itertools.pairwise(found):
            assert before.bottom() + 1 == after.top()
        assert found[-1].bottom() == whole.bottom()


def test_moving_by_whole_pixels_leaves_a_steady_transform_as_it_is() -> None:
    for ratio in (1.0, 2.0):
        view = View(0.37, (100.2, 80.9))
        first = Steady.of(view.transform(QRectF(0, 0, 500, 400), SIZE, 1.0), ratio)
        moved = view.panned(QRectF(0, 0, 13, -7).bottomRight(), QRectF(0, 0, 500, 400), SIZE, 1.0)
        second = Steady.of(moved.transform(QRectF(0, 0, 500, 400), SIZE, 1.0), ratio)
        assert first.transform == second.transform
        way = second.away - first.away
        assert (way.x(), way.y()) == (13 * ratio, -7 * ratio)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
def test_looking_up_is_indexing(dtype: type) -> None:
    random = np.random.default_rng(5)
    limits = np.iinfo(dtype)
    for low, high in ((limits.min, limits.max), (max(limits.min, -7), 9), (3, 3), (0, limits.max)):
        pixels: NDArray[np.generic] = random.integers(low, high, (37, 501), endpoint=True).astype(
            dtype
        )
        table = random.integers(0, 255, high - low + 1).astype(np.uint8)
        found = looked_up(pixels, int(low), table)
        assert np.array_equal(found, table[pixels.astype(int) - low])
        part = looked_up(pixels[3:9, 5:40], int(low), table)
        assert np.array_equal(part, found[3:9, 5:40])


@pytest.mark.parametrize("invert", [False, True])
def test_what_is_painted_is_what_is_shown(invert: bool) -> None:
    frame = grey_frame(padding=(0, 900))
    pyramid, window = Pyramid.of(frame), Window(1200, 900)
    grey = pyramid.shown(0, window, invert)[100:300, 20:260]
    packed = np.empty((200, 240), np.uint32)
    pyramid.paint(pyramid.levels[0][100:300, 20:260], window, invert, packed)
    assert np.array_equal(packed & 255, grey)
    assert np.array_equal(packed >> 8 & 255, packed & 255)


def seen(
    pixels: NDArray[Any], origin: Affine, size: tuple[int, int], smooth: bool = True
) -> NDArray[Any]:
    return resampled(pixels, origin, np.empty(size, pixels.dtype), smooth)


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16])
def test_what_is_sampled_where_pixels_meet_are_these(
    dtype: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewer.render.resample._MOST", 32)  # several pieces
    limits = np.iinfo(dtype)
    pixels = np.random.default_rng(7).integers(limits.min, limits.max, (50, 70)).astype(dtype)
    for softly in (True, False):
        same = seen(pixels, (1, 0, 0, 0, 1, 0), (50, 70), softly)
        assert np.array_equal(same, pixels)
        part = seen(pixels, (1, 0, 10, 0, 1, 7), (30, 36), softly)
        assert np.array_equal(part, pixels[7:37, 10:46])
        turned_right = seen(pixels, (0, 1, 0, -1, 0, 50), (70, 50), softly)
        assert np.array_equal(turned_right, np.rot90(pixels, -1))
    squares = seen(pixels, (0.25, 0, 0, 0, 0.25, 0), (200, 280), smooth=False)
    assert np.array_equal(squares, pixels.repeat(4, 0).repeat(4, 1))
    halfway = seen(pixels, (1, 0, 0.5, 0, 1, 0), (50, 69))
    middle = (pixels[:, :-1].astype(float) + pixels[:, 1:]) / 2
    assert np.abs(halfway - middle).max() <= 0.5 + 2**-5 * (float(limits.max) - limits.min)


def test_a_sample_covers_what_the_frame_covers() -> None:
    ramp = np.add.outer(np.zeros(40), np.arange(60)).astype(np.uint16) * 100
    pyramid = Pyramid.of(Frame(ramp))
    transform = QTransform(2.0, 0, 0, 2.0, 10.25, -4.0)
    found = sample(pyramid, transform, 1.5, QRect(0, 0, 400, 90))
    assert found is not None
    assert found.inside == QRect(15, 0, 180, 90)  # 10.25 × 1.5 = 15.375; its middle is beyond it
    wanted = ((np.arange(15, 195) + 0.5) / 1.5 - 10.25) / 2.0 * 100 - 50
    assert np.abs(found.values[20].astype(float) - np.clip(wanted, 0, 5900)).max() < 4
    assert sample(pyramid, transform, 1.5, QRect(300, 0, 50, 50)) is None
    thin = sample(pyramid, QTransform(0.001, 0, 0, 0.001, 5.3, 5.3), 1.0, QRect(0, 0, 20, 20))
    assert thin is not None
    assert thin.inside == QRect(5, 5, 1, 1), "what is there is never lost"


def test_cuts_are_kept_for_opacity_and_colours() -> None:
    maker = OverlayMaker(explanation(response(), frame=SIZE))
    style = OverlayStyle(threshold=0.4)
    first = maker.overlay(0, style)
    second = maker.overlay(0, replace(style, opacity=0.9, colour_map="viridis"))
    assert second.lines is first.lines
    assert second.values is first.values
    other = maker.overlay(0, replace(style, threshold=0.5))
    assert other.lines is not first.lines
    assert other.area < first.area
    fresh = OverlayMaker(maker.explanation).overlay(0, replace(style, threshold=0.5))
    assert all(map(np.array_equal, fresh.lines, other.lines))
    assert (fresh.area, fresh.mass) == (other.area, other.mass)


def test_screen_and_export_are_painted_alike(qtbot: QtBot) -> None:
    """A painter that has been at work for long paints what an export paints."""
    frame = grey_frame()
    maker = OverlayMaker(explanation(response(), frame=frame.size))
    own = ScenePainter()
    for _, scene, view in steps(scene_of(frame, SHOWN, maker), maker):
        painted(own, scene, view)
    exported = pixels_of(as_on_screen(scene, QRectF(0, 0, 500, 420).size(), view, 1.0))
    assert np.array_equal(painted(own, scene, view), exported)


@pytest.mark.parametrize("ratio", [1, 1.25, 1.5, 2])
@pytest.mark.parametrize("turn", TURNS[::3], ids=str)
def test_nothing_of_what_was_there_before_shines_through(
    qtbot: QtBot, turn: Turn, ratio: float
) -> None:
    scene = replace(scene_of(grey_frame(aspect=1.3), replace(SHOWN, visible=False)), overlay=None)
    views = (
        View(turn=turn),
        View(0.13, (20.4, 31.7), turn),
        View(1.31, (7.2, 500.9), turn),
        View(9.7, (200.3, 300.1), turn),
        View(2.0, (-4000.0, 9000.0), turn),  # out of sight
    )
    for view in views:
        image = QImage(round(500 * ratio), round(420 * ratio), QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        image.fill(QColor(255, 0, 255))
        painter = QPainter(image)
        try:
            ScenePainter().paint(painter, QRectF(0, 0, 500, 420), scene, view)
        finally:
            painter.end()
        blue, green, red = (pixels_of(image)[..., part].astype(int) for part in range(3))
        assert not ((red > 200) & (blue > 200) & (green < 60)).any(), view


@pytest.mark.parametrize("ratio", [1.25, 1.5, 1.75])
def test_no_line_where_scan_footer_and_strip_meet(qtbot: QtBot, ratio: float) -> None:
    """Wherever between two pixels of the screen that is."""
    scene, own = scene_of(grey_frame(), SHOWN), ScenePainter()
    for height in range(300, 330):
        pixels = painted(own, scene, View(3.0), (420, height), ratio)
        black = (pixels == 0).all(2).mean(1) > 0.3
        alone = black[1:-1] & ~black[:-2] & ~black[2:]
        assert not alone.any(), (height, np.flatnonzero(alone) + 1)
