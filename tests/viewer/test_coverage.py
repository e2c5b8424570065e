"""Contours and what they enclose, as shares of pixels: where they are, how wide, and no darker
where they meet."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath
from pytestqt.qtbot import QtBot

from engine.contours import contours
from engine.smoothing import smooth
from viewer.canvas.coverage import Coverage, Rings, cut_out, lay, softened, stroked, widened
from viewer.canvas.scratch import Scratch

AS_IT_IS = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
SIZE = (240, 300)


def ring(x: float, y: float, radius: float, count: int = 90) -> NDArray[np.float64]:
    turn = np.linspace(0, 2 * np.pi, count + 1)
    return np.stack((x + radius * np.cos(turn), y + radius * np.sin(turn)), 1)


def straight(angle: float, length: float = 140.0) -> NDArray[np.float64]:
    way = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))]) * length / 2
    return np.array([150.3, 120.7]) + np.linspace(-1, 1, 40)[:, None] * way


def area(found: Coverage) -> float:
    return float(found.sum(dtype=np.float64)) / 255


def middle(found: Coverage) -> tuple[float, float]:
    """The point (x, y) that it balances on."""
    rows, columns = np.nonzero(found)
    weights = found[rows, columns].astype(float)
    return (
        float(np.average(columns, weights=weights)) + 0.5,
        float(np.average(rows, weights=weights)) + 0.5,
    )


def enclosed(*rings: NDArray[np.float64]) -> Coverage:
    found = Rings.placed(rings, AS_IT_IS)
    return softened(found.inside(SIZE, Scratch()), found.thin(SIZE, Scratch()), Scratch())


def drawn(line: NDArray[np.float64], width: float) -> Coverage:
    return stroked(Rings.placed([line], AS_IT_IS).thin(SIZE, Scratch()), width, Scratch())


def test_lines_go_where_an_affine_map_takes_them() -> None:
    found = Rings.placed(
        [np.array([[1.0, 2.0], [3.0, 5.0], [0.0, 0.0]]), np.array([[10.0, 10.0]])],
        (0.0, -2.0, 7.5, 1.5, 0.0, 0.25),
    )
    first, second = found.each
    assert first.tolist() == [[3.5, 1.75], [-2.5, 4.75], [7.5, 0.25]]
    assert second.tolist() == [[-12.5, 15.25]]
    assert Rings.placed([], AS_IT_IS).each == []


@pytest.mark.parametrize("radius", [3.0, 11.4, 60.0])
def test_what_is_enclosed_is_neither_larger_nor_smaller(radius: float) -> None:
    for x, y in itertools.product((120.0, 120.4), (110.0, 110.7)):
        too_much = area(enclosed(ring(x, y, radius))) - np.pi * radius**2
        assert abs(too_much) / (2 * np.pi * radius) < 0.15, "pixels along the line"
        assert middle(enclosed(ring(x, y, radius))) == pytest.approx((x, y), abs=0.12)


def test_a_pixel_is_inside_if_its_middle_is() -> None:
    corners = np.array([[10.6, 20.4], [30.4, 20.4], [30.4, 40.6], [10.6, 40.6], [10.6, 20.4]])
    found = Rings.placed([corners], AS_IT_IS).inside(SIZE, Scratch())
    wanted = np.zeros(SIZE, np.uint32)
    wanted[20:41, 11:30] = 0xFFFFFFFF
    assert np.array_equal(found, wanted)


def test_holes_are_open_and_nothing_is_nothing() -> None:
    found = enclosed(ring(150, 120, 80), ring(150, 120, 40))
    assert found[120, 150] == 0
    assert found[120, 90] == 255
    assert area(found) == pytest.approx(np.pi * (80**2 - 40**2), rel=0.01)
    assert not enclosed().any()
    assert not stroked(Rings.placed([], AS_IT_IS).thin(SIZE, Scratch()), 4.0, Scratch()).any()


def test_qt_encloses_the_same(qtbot: QtBot) -> None:
    """Of a real map's contours, but for the softness of an edge."""
    grain = np.random.default_rng(4).normal(size=(60, 75)).astype(np.float32)
    lines = contours(smooth(grain, 4.0), 0.02)
    assert len(lines) > 3
    rings = Rings.placed(lines, (4.0, 0, 0, 0, 4.0, 0))
    found = softened(rings.inside(SIZE, Scratch()), rings.thin(SIZE, Scratch()), Scratch()).astype(
        int
    )
    image = QImage(SIZE[1], SIZE[0], QImage.Format.Format_Grayscale8)
    image.fill(0)
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.OddEvenFill)
    for line in lines:
        first, *rest = (line * 4).tolist()
        path.moveTo(*first)
        for point in rest:
            path.lineTo(*point)
        path.closeSubpath()
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.fillPath(path, QColor(255, 255, 255))
    painter.end()
    wanted = np.frombuffer(image.constBits(), np.uint8).reshape(SIZE[0], -1)[:, : SIZE[1]]
    assert abs((found - wanted).mean()) < 0.6, "of 255: no bias"
    off = np.abs(found - wanted) > 150
    assert off.mean() < 0.002


@pytest.mark.parametrize("width", [1.0, 1.5, 2.25, 3.2, 4.8, 9.6])
def test_lines_are_as_wide_as_they_are_to_be(width: float) -> None:
    for angle in (0, 12, 45, 71, 90):
        found = area(drawn(straight(angle), width)) / 140
        assert found == pytest.approx(width, rel=0.16, abs=0.25), angle
        assert middle(drawn(straight(angle), width)) == pytest.approx((150.3, 120.7), abs=0.2)


def test_widening_goes_on_between_whole_pixels() -> None:
    line = Rings.placed([straight(20)], AS_IT_IS).thin(SIZE, Scratch())
    areas = [area(widened(line, by, Scratch())) for by in np.arange(0, 3.01, 0.25)]
    steps = np.diff(areas) / 140
    assert (steps > 0.2).all()
    assert (steps < 0.8).all()
    assert widened(line, 0.0, Scratch()) is line


def test_dashes_cover_their_share_of_a_line() -> None:
    around = Rings.placed([ring(150, 120, 90, 400)], AS_IT_IS)
    pieces = around.dashed(6.0, 4.5, SIZE).each
    assert len(pieces) == np.ceil(2 * np.pi * 90 / 10.5)
    lengths = [float(np.hypot(*np.diff(piece, axis=0).T).sum()) for piece in pieces]
    assert np.allclose(lengths[:-1], 6.0, atol=1e-6)
    gaps = [np.hypot(*(b[0] - a[-1])) for a, b in itertools.pairwise(pieces)]
    assert np.allclose(gaps, 4.5, atol=0.05)
    assert Rings.placed([np.zeros((1, 2))], AS_IT_IS).dashed(6.0, 4.5, SIZE).each == [], "no length"


def test_dashes_far_outside_of_the_picture_are_not_made() -> None:
    around = Rings.placed([ring(-5000, 100, 5100, 4000)], AS_IT_IS)
    pieces = around.dashed(6.0, 4.5, SIZE).each
    assert 20 < len(pieces) < 60
    whole = around.dashed(6.0, 4.5, (20_000, 20_000))
    shown = around.dashed(6.0, 4.5, SIZE).thin(SIZE, Scratch())
    assert np.array_equal(shown, whole.thin(SIZE, Scratch())), "what is seen is the same"


def test_colours_are_laid_over_one_another() -> None:
    random = np.random.default_rng(1)
    below: Coverage = random.integers(0, 256, (40, 50)).astype(np.uint8)
    above: Coverage = np.minimum(below, random.integers(0, 256, (40, 50))).astype(np.uint8)
    below[:20], above[:20] = 0, 0
    pixels = np.full((40, 50), 77, np.uint32)
    lay(pixels, [(below, (0, 0, 0, 170)), (above, (10, 200, 250, 255))], Scratch())
    share = above[..., None] / 255
    wanted = np.array([0, 0, 0, 170]) * (below[..., None] / 255) * (1 - share)
    wanted = wanted + np.array([10, 200, 250, 255]) * share
    found = pixels.view(np.uint8).reshape(40, 50, 4).astype(float)
    assert np.abs(found - wanted).max() <= 1.01
    assert not pixels[:20].any()


def test_halos_are_no_darker_where_they_meet() -> None:
    one, other = drawn(straight(10), 6.0), drawn(straight(40), 6.0)
    pixels = np.empty(SIZE, np.uint32)
    lay(pixels, [(np.maximum(one, other), (0, 0, 0, 170))], Scratch())
    assert pixels.max() == 170 << 24


def test_colours_are_cut_out() -> None:
    colours = np.zeros((2, 3, 4), np.uint8)
    colours[:] = (200, 100, 50, 255)
    pixels = np.empty((2, 3), np.uint32)
    cut_out(pixels, colours, np.array([[0, 128, 255], [255, 0, 1]], np.uint8), Scratch())
    found = pixels.view(np.uint8).reshape(2, 3, 4)
    assert found[0].tolist() == [[0, 0, 0, 0], [100, 50, 25, 128], [200, 100, 50, 255]]
    assert found[1, 2].tolist() == [1, 0, 0, 1]
