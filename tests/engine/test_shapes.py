"""Regions as a person draws them: what is one, where it lies, and how it is kept."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.shapes import MOST_POINTS, Point, Shape, box

_PLACES = st.floats(-500, 500, allow_nan=False).map(lambda value: round(value, 3))
_POINTS = st.tuples(_PLACES, _PLACES)
_WIDTHS = st.floats(0.5, 60).map(lambda value: round(value, 3))


def _rings(least: int) -> st.SearchStrategy[tuple[Point, ...]]:
    return st.lists(_POINTS, min_size=least, max_size=7).map(tuple)


SHAPES = st.one_of(
    st.builds(box, _PLACES, _PLACES, _PLACES, _PLACES),
    st.builds(lambda ring: Shape("polygon", ring), _rings(3)),
    st.builds(
        lambda ring, holes: Shape("polygon", ring, holes=tuple(holes)),
        _rings(3),
        st.lists(_rings(3), max_size=2),
    ),
    st.builds(lambda path, width: Shape("stroke", path, width), _rings(1), _WIDTHS),
    st.builds(lambda point, width: Shape("point", (point,), width), _POINTS, _WIDTHS),
)


@given(SHAPES)
def test_a_shape_comes_back_from_a_file_as_it_was(shape: Shape) -> None:
    assert Shape.from_facts(json.loads(json.dumps(shape.to_facts()))) == shape


@given(SHAPES, _POINTS, _POINTS)
def test_what_is_moved_holds_what_it_held(shape: Shape, by: Point, point: Point) -> None:
    whole = (float(round(by[0])), float(round(by[1])))
    moved = shape.moved(*whole)
    expected = [side + by for side, by in zip(shape.bounds, whole * 2, strict=True)]
    assert moved.bounds == pytest.approx(expected)
    assert moved.centre == pytest.approx((shape.centre[0] + whole[0], shape.centre[1] + whole[1]))
    back = moved.moved(-whole[0], -whole[1])
    assert [x for p in back.points for x in p] == pytest.approx(
        [x for p in shape.points for x in p]
    )
    near = [(point[0] + x, point[1] + y) for x in (-1e-6, 1e-6) for y in (-1e-6, 1e-6)]
    inside = {shape.holds(*place) for place in near}
    assume(len(inside) == 1)  # not on the outline, where rounding decides
    assert {moved.holds(x + whole[0], y + whole[1]) for x, y in near} == inside


@given(SHAPES, st.sampled_from([0.25, 0.5, 2.0, 8.0]), _POINTS)
def test_on_a_finer_grid_it_is_the_same_region(shape: Shape, factor: float, point: Point) -> None:
    scaled = shape.scaled(factor, factor)
    assert scaled.bounds == pytest.approx([side * factor for side in shape.bounds])
    assert scaled.scaled(1 / factor, 1 / factor) == shape  # powers of two are exact
    if shape.kind != "stroke" and shape.kind != "point":
        assert scaled.holds(point[0] * factor, point[1] * factor) == shape.holds(*point)


def test_a_stroke_on_a_grid_of_other_pixels_keeps_its_area() -> None:
    stroke = Shape("stroke", ((0.0, 0.0), (10.0, 0.0)), 6.0).scaled(4.0, 1.0)
    assert stroke.points == ((0.0, 0.0), (40.0, 0.0))
    assert stroke.width == pytest.approx(12.0)


@given(SHAPES, _POINTS)
def test_nothing_is_held_outside_of_the_bounds(shape: Shape, point: Point) -> None:
    left, top, right, bottom = shape.bounds
    assert left <= right
    assert top <= bottom
    if shape.holds(*point):
        assert left <= point[0] <= right
        assert top <= point[1] <= bottom


@given(SHAPES)
def test_the_corners_lie_within_the_bounds(shape: Shape) -> None:
    left, top, right, bottom = shape.bounds
    assert shape.corners
    for x, y in shape.corners:
        assert left <= x <= right
        assert top <= y <= bottom


def test_what_each_kind_holds() -> None:
    rectangle = box(8, 9, 2, 3)  # corners in any order
    assert rectangle.bounds == (2, 3, 8, 9)
    assert rectangle.holds(2.1, 8.9)
    assert not rectangle.holds(1.9, 5)
    ring = Shape(
        "polygon", ((0, 0), (10, 0), (10, 10), (0, 10)), holes=(((4, 4), (6, 4), (6, 6), (4, 6)),)
    )
    assert ring.holds(2, 2)
    assert not ring.holds(5, 5)
    assert not ring.holds(11, 5)
    stroke = Shape("stroke", ((0, 0), (10, 0)), 4)
    assert stroke.holds(5, 1.9)
    assert stroke.holds(-1.3, -1.3)  # its ends are round
    assert not stroke.holds(-1.5, -1.5)
    assert not stroke.holds(5, 2.1)
    point = Shape("point", ((5, 5),), 4)
    assert point.holds(6.4, 6.4)
    assert not point.holds(6.5, 6.5)
    bow = Shape("polygon", ((0, 0), (10, 10), (10, 0), (0, 10)))
    assert bow.holds(1, 5)
    assert bow.holds(9, 5)
    assert not bow.holds(5, 1)
    twice = Shape("polygon", ((0, 0), (9, 0), (9, 9), (3, 9), (3, 3), (6, 3), (6, 6), (0, 6)))
    assert twice.holds(1, 1)
    assert not twice.holds(4.5, 4.5)  # odd-even: what the outline runs around twice is out


@given(st.builds(box, *[_PLACES] * 4), st.integers(0, 3), _POINTS)
def test_the_opposite_corner_of_a_box_stays(shape: Shape, number: int, to: Point) -> None:
    changed = shape.with_corner(number, to)
    assert changed.kind == "box"
    assert to in changed.corners
    assert shape.corners[(number + 2) % 4] in changed.corners
    assert shape.with_corner(number, shape.corners[number]).bounds == shape.bounds


@given(_rings(3), st.data())
def test_one_corner_of_a_polygon_moves_alone(ring: tuple[Point, ...], data: Any) -> None:
    number = data.draw(st.integers(0, len(ring) - 1))
    changed = Shape("polygon", ring).with_corner(number, (1000.0, 1000.0))
    assert changed.points[number] == (1000.0, 1000.0)
    assert changed.points[:number] + changed.points[number + 1 :] == (
        ring[:number] + ring[number + 1 :]
    )


_SQUARE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"kind": "circle", "points": [[0, 0]]}, "no shape is called 'circle'"),
        ({"kind": ["box"], "points": [[0, 0], [1, 1]]}, "no shape is called"),
        ({"kind": "box", "points": [[0, 0]]}, "a box has 2 points, not 1"),
        ({"kind": "box", "points": [[0, 0]] * 3}, "a box has 2 points, not 3"),
        ({"kind": "polygon", "points": [[0, 0], [1, 1]]}, "a polygon has 3 points"),
        ({"kind": "stroke", "points": [], "width": 3}, "a stroke has 1 points"),
        ({"kind": "stroke", "points": [[0, 0]]}, "needs a width"),
        ({"kind": "point", "points": [[0, 0]], "width": -1}, "needs a width"),
        ({"kind": "point", "points": [[0, 0]], "width": math.nan}, "needs a width"),
        ({"kind": "box", "points": [[0, 0], [1, 1]], "width": 3}, "a box has no width"),
        ({"kind": "polygon", "points": _SQUARE, "width": math.nan}, "a polygon has no width"),
        ({"kind": "polygon", "points": _SQUARE, "holes": [[]]}, "a hole is"),
        ({"kind": "stroke", "points": [[0, 0]], "width": 1, "holes": [_SQUARE]}, "a hole is"),
        ({"kind": "polygon", "points": _SQUARE, "holes": [[[0, math.nan]] * 3]}, "no place"),
        ({"kind": "box", "points": [[0, 0], [math.inf, 1]]}, "no place"),
        ({"kind": "box", "points": [[0, 0], [1e8, 1]]}, "no place"),
        ({"kind": "box", "points": [[0, 0], [10**400, 1]]}, "OverflowError"),
        ({"kind": "box", "points": [[0, 0], [1, 2, 3]]}, "too many values"),
        ({"kind": "box", "points": [[0, 0], ["a", 1]]}, "could not convert"),
        ({"kind": "box", "points": [[0, 0], None]}, "TypeError"),
        ({"kind": "box"}, "KeyError"),
        ({"kind": "polygon", "points": [[0, 0]] * (MOST_POINTS + 1)}, "at most 20000"),
        ([], "TypeError"),
        (None, "TypeError"),
    ],
)
def test_what_is_no_shape_is_refused(facts: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Shape.from_facts(facts)


def test_a_shape_cannot_be_made_wrong_afterwards() -> None:
    with pytest.raises(ValueError, match="needs a width"):
        replace(Shape("point", ((1.0, 1.0),), 2.0), width=0.0)
