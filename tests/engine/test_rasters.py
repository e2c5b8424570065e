"""Shapes as pixels, held against asking of every middle whether the shape holds it; and back."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine.rasters import coverage, mask, outlined
from engine.shapes import MOST_POINTS, Shape, box

Mask = NDArray[np.bool_]
SIZE = (33, 47)
RING = Shape(
    "polygon",
    ((3.3, 2.1), (40.2, 5.0), (44.9, 30.3), (20.0, 22.2), (6.1, 31.0)),
    holes=(((15.1, 9.2), (30.3, 10.1), (24.4, 19.7)),),
)
SHAPES = {
    "box": box(4.3, 5.6, 30.2, 20.9),
    "triangle": Shape("polygon", ((3.2, 4.1), (41.7, 9.9), (12.2, 30.6))),
    "ring": RING,
    "crossing itself": Shape("polygon", ((5, 5), (40, 28), (41, 6), (4, 27))),
    "beyond the frame": Shape("polygon", ((-30, -9), (60, 12), (25, 80))),
    "far beyond": Shape("polygon", ((-9e6, -9e6), (9e6, -8e6), (8e6, 9e6))),
    "stroke": Shape("stroke", ((5, 5), (33, 14), (12.5, 27.3)), 5.3),
    "stroke over itself": Shape("stroke", ((5, 5), (30, 20), (5, 5), (30, 8), (30, 8)), 7),
    "stroke beyond the frame": Shape("stroke", ((-20, 10), (70, 40)), 12),
    "spot": Shape("stroke", ((20.2, 11.7),), 9.1),
    "point": Shape("point", ((30.4, 17.1),), 11.8),
}


def _held(shape: Shape, rows: int, columns: int, across: float = 1.0, down: float = 1.0) -> Mask:
    """The slow oracle: of each pixel of a grid, whether the shape holds its middle."""
    return np.array(
        [
            [shape.holds((x + 0.5) / across, (y + 0.5) / down) for x in range(columns)]
            for y in range(rows)
        ]
    )


@pytest.mark.parametrize("name", SHAPES)
def test_a_pixel_is_marked_if_its_middle_is_held(name: str) -> None:
    np.testing.assert_array_equal(mask(SHAPES[name], SIZE), _held(SHAPES[name], *SIZE))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("grid", [(11, 94), (66, 20)])
def test_on_another_grid_too(name: str, grid: tuple[int, int]) -> None:
    """Also where its pixels are not square: a disc is then an ellipse."""
    down, across = grid[0] / SIZE[0], grid[1] / SIZE[1]
    expected = _held(SHAPES[name], *grid, across, down)
    np.testing.assert_array_equal(mask(SHAPES[name], SIZE, grid), expected)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("grid", [SIZE, (11, 16)])
def test_shares_are_those_of_many_points(name: str, grid: tuple[int, int]) -> None:
    fine, (rows, columns) = 8, grid
    down, across = rows * fine / SIZE[0], columns * fine / SIZE[1]
    held = _held(SHAPES[name], rows * fine, columns * fine, across, down)
    expected = held.reshape(rows, fine, columns, fine).mean((1, 3))
    found = coverage(SHAPES[name], SIZE, grid)
    assert found.dtype == np.float64
    if name == "box":  # exact, where the oracle counts
        np.testing.assert_allclose(found, expected, atol=0.13)
    else:
        np.testing.assert_array_equal(found, expected)


def test_a_box_marks_exactly_its_pixels() -> None:
    found = mask(box(2, 3, 5, 7), (10, 10))
    assert found.sum() == 12
    assert found[3:7, 2:5].all()
    np.testing.assert_array_equal(coverage(box(2, 3, 5, 7), (10, 10), (10, 10)), found)


def test_a_polygon_marks_the_same_pixels_as_the_box() -> None:
    corners = box(2, 3, 5, 7).corners
    for ring in (corners, corners[::-1], corners[2:] + corners[:2]):
        polygon = Shape("polygon", ring)
        np.testing.assert_array_equal(mask(polygon, (10, 10)), mask(box(2, 3, 5, 7), (10, 10)))
        np.testing.assert_array_equal(
            coverage(polygon, (10, 10), (10, 10)), mask(polygon, (10, 10))
        )


def test_half_a_pixel_counts_from_its_middle() -> None:
    assert mask(box(2.4, 0, 5.4, 1), (1, 8)).tolist() == [[0, 0, 1, 1, 1, 0, 0, 0]]
    assert mask(box(2.6, 0, 5.6, 1), (1, 8)).tolist() == [[0, 0, 0, 1, 1, 1, 0, 0]]
    shares = coverage(box(2.4, 0, 5.1, 0.5), (1, 8), (1, 8))
    np.testing.assert_allclose(shares, [[0, 0, 0.3, 0.5, 0.5, 0.05, 0, 0]], atol=1e-12)


def test_the_shares_of_a_box_are_exact() -> None:
    shape = box(4.25, 5.5, 30.125, 20.75)
    for grid in (SIZE, (7, 9), (100, 3)):
        pixel = SIZE[0] / grid[0] * SIZE[1] / grid[1]
        assert coverage(shape, SIZE, grid).sum() * pixel == pytest.approx(25.875 * 15.25)


@pytest.mark.parametrize(
    ("shape", "area"),
    [
        (RING, None),
        (Shape("point", ((20, 15),), 20.0), np.pi * 100),
        (Shape("stroke", ((10, 15), (35, 15)), 8.0), 25 * 8 + np.pi * 16),
    ],
)
def test_shares_add_up_to_the_area(shape: Shape, area: float | None) -> None:
    rings = [np.array(ring, np.float32) for ring in (shape.points, *shape.holes)]
    exact = area or 2 * cv2.contourArea(rings[0]) - sum(cv2.contourArea(ring) for ring in rings)
    assert coverage(shape, SIZE, SIZE).sum() == pytest.approx(exact, rel=5e-3)


@pytest.mark.parametrize("name", SHAPES)
def test_on_a_coarser_grid_shares_are_the_means_of_blocks(name: str) -> None:
    frame = (32, 48)
    fine = coverage(SHAPES[name], frame, frame)
    blocks = fine.reshape(8, 4, 12, 4).mean((1, 3))
    coarse = coverage(SHAPES[name], frame, (8, 12))
    np.testing.assert_allclose(coarse, blocks, atol=1e-12 if name == "box" else 0.05)


@pytest.mark.parametrize(
    "shape",
    [
        box(50, 5, 60, 9),
        box(-9, -9, 0, 0),
        Shape("polygon", ((50, 40), (60, 40), (55, 60))),
        Shape("point", ((-20, 5),), 9.0),
        Shape("stroke", ((60, 3), (90, 3)), 9.0),
    ],
)
def test_outside_of_the_frame_is_nothing(shape: Shape) -> None:
    assert not mask(shape, SIZE).any()
    assert not coverage(shape, SIZE, SIZE).any()


@pytest.mark.parametrize(
    "shape",
    [
        box(20.6, 11.6, 20.9, 11.9),
        box(20.1, 11.7, 20.1, 11.7),
        Shape("polygon", ((20.6, 11.6), (20.9, 11.6), (20.7, 11.9))),
        Shape("point", ((20.9, 11.95),), 0.01),
    ],
)
def test_what_misses_every_middle_marks_the_pixel_that_it_is_in(shape: Shape) -> None:
    assert np.argwhere(mask(shape, SIZE)).tolist() == [[11, 20]]
    assert np.argwhere(mask(shape, SIZE, (66, 94))).tolist() == [[23, 41]] or shape.kind == "box"


def test_a_thin_stroke_is_not_interrupted() -> None:
    found = mask(Shape("stroke", ((2, 3), (44, 29)), 0.05), SIZE)
    count, _ = cv2.connectedComponents(found.astype(np.uint8), connectivity=8)
    assert count == 2
    assert found.any(0).sum() >= 41
    assert coverage(Shape("stroke", ((2, 3), (44, 29)), 0.3), SIZE, SIZE).sum() < 25


def test_a_frame_of_one_column() -> None:
    assert mask(box(0, 2, 1, 4), (6, 1))[:, 0].tolist() == [0, 0, 1, 1, 0, 0]
    disc = Shape("point", ((0.5, 3.0),), 2.0)
    assert mask(disc, (6, 1))[:, 0].tolist() == [0, 0, 1, 1, 0, 0]
    assert coverage(disc, (6, 1), (3, 1)).shape == (3, 1)


def test_many_points_and_a_large_frame_come_in_bands() -> None:
    """More crossings and pixels than are looked at at once: the same answer."""
    around = np.linspace(0, 2 * np.pi, MOST_POINTS, endpoint=False)
    radius = 900 + 80 * np.sin(300 * around)
    points = np.stack([1500 + radius * np.cos(around), 1100 + radius * np.sin(around)], 1)
    star = Shape("polygon", tuple((x, y) for x, y in points.tolist()))
    found = mask(star, (2200, 3000))
    rows, columns = np.nonzero(found)
    assert abs(rows.mean() + 0.5 - 1100) < 0.5
    assert abs(columns.mean() + 0.5 - 1500) < 0.5
    assert found.sum() == pytest.approx(cv2.contourArea(points.astype(np.float32)), rel=1e-3)
    random = np.random.default_rng(0)
    for y, x in zip(random.integers(0, 2200, 40), random.integers(0, 3000, 40), strict=True):
        assert found[y, x] == star.holds(x + 0.5, y + 0.5)


def _blobs(seed: int) -> Mask:
    """Random parts with random holes."""
    random = np.random.default_rng(seed)
    height, width = (int(side) for side in random.integers(40, 300, 2))
    field = random.standard_normal((height, width)).astype(np.float32)
    soft = cv2.GaussianBlur(field, (0, 0), float(random.uniform(1.5, 8)))
    return np.asarray(soft > np.quantile(soft, 0.5))


def _together(shapes: tuple[Shape, ...], size: tuple[int, int]) -> Mask:
    return np.logical_or.reduce([mask(shape, size) for shape in shapes])


@pytest.mark.parametrize("seed", range(12))
def test_a_mask_comes_back_from_its_outlines(seed: int) -> None:
    region = _blobs(seed)
    shapes = outlined(region, region.shape)
    found = _together(shapes, region.shape)
    assert (found & region).sum() / (found | region).sum() >= 0.98
    sizes = [mask(shape, region.shape).sum() for shape in shapes]
    assert sizes[0] == max(sizes)


def test_holes_stay_holes_and_the_border_is_the_frame() -> None:
    region = np.zeros((40, 60), bool)
    region[:25, 10:50] = True
    region[8:16, 20:35] = False
    (shape,) = outlined(region, region.shape)
    assert len(shape.holes) == 1
    assert shape.bounds == pytest.approx((10, 0, 50, 25), abs=0.51)
    assert not shape.holds(27, 12)
    (whole,) = outlined(np.ones((40, 60), bool), (40, 60))
    assert whole.bounds == (0, 0, 60, 40)


def test_outlines_lie_on_the_frame_that_the_mask_covers() -> None:
    region = np.zeros((20, 30), bool)
    region[5:15, 6:21] = True
    (shape,) = outlined(region, (200, 120))  # pixels of the mask are 4 × 10 pixels of the frame
    assert shape.bounds == pytest.approx((24, 50, 84, 150), abs=1e-6)


def test_small_parts_and_holes_are_left_out() -> None:
    region = np.zeros((200, 200), bool)
    region[:100] = True
    region[150, 150] = True
    region[50, 50] = False
    (shape,) = outlined(region, region.shape)
    assert not shape.holes
    assert outlined(np.zeros((5, 5), bool), (5, 5)) == ()
    (pixel,) = outlined(np.pad([[True]], 2), (5, 5))
    assert np.argwhere(mask(pixel, (5, 5))).tolist() == [[2, 2]]


def test_an_outline_of_too_many_points_becomes_coarser() -> None:
    comb = np.zeros((420, 840), bool)
    comb[::2] = True
    comb[:, ::40] = True
    comb[1::4, 20::40] = True
    (shape, *_) = outlined(np.kron(comb, np.ones((3, 3), bool)), (1260, 2520))
    count = len(shape.points) + sum(map(len, shape.holes))
    assert 0 < count <= MOST_POINTS
