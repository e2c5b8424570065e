"""Interventions on one image: what is changed, what is not, and what the network then reads."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from engine import rasters
from engine.errors import RequestError
from engine.evidence.interventions import WAYS, Workpiece
from engine.evidence.reliance import PLACES
from engine.explainer import Explainer
from engine.explanation import explain
from engine.geometry import InputGeometry
from engine.phantoms import Phantom, make
from engine.preprocess import fit_to_square
from engine.questions import Control, Edit, EditWay
from engine.shapes import Shape, box
from tests.engine.lettered import SIDE, Reader, letter_explainer, letter_picture
from tests.engine.small_networks import grey_image, small_explainer

EVERY_WAY: tuple[EditWay, ...] = ("in-paint", "blur", "mean")
SIZES = [(90, 60), (31, 200), (1, 1), (1, 500), (500, 1), (1100, 700), (2300, 1)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("aspect", [1.0, 0.5, 2.0])
def test_without_edits_the_network_reads_exactly_what_it_always_reads(
    size: tuple[int, int], aspect: float
) -> None:
    grey = grey_image(*size)
    piece = Workpiece(grey, 48, aspect)
    square, geometry = fit_to_square(grey, 48, aspect)
    assert piece.geometry == geometry
    np.testing.assert_array_equal(piece.square, square)
    np.testing.assert_array_equal(piece.read(piece.edited(())), square)
    assert max(piece.copy.shape) <= 1024


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float64])
def test_of_any_type_and_the_image_is_left_alone(dtype: type) -> None:
    grey = np.clip(grey_image(90, 60) / 8, 0, 255).astype(dtype)
    grey.flags.writeable = False
    before = grey.copy()
    piece = Workpiece(grey, 48)
    edited = piece.edited([Edit(box(5, 5, 40, 30), way) for way in EVERY_WAY])
    assert edited.dtype == np.float32
    assert not np.array_equal(edited, piece.copy)
    np.testing.assert_array_equal(grey, before)
    np.testing.assert_array_equal(piece.copy, before.astype(np.float32))


@pytest.mark.parametrize("name", ["pooled", "residual"])
def test_without_edits_the_answer_is_that_of_the_program(name: str) -> None:
    explainer, grey = small_explainer(name), grey_image(120, 80)
    piece = Workpiece(grey, 40)
    (found,) = piece.answers(explainer, [piece.copy])
    said = {item.name: item.probability for item in explain(explainer, grey).predictions}
    expected = [said[name] for name in explainer.identity.classes]
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert piece.answers(explainer, []).shape == (0, 3)


def test_a_network_with_colours_that_ends_in_probabilities_is_asked_the_same() -> None:
    from torch import nn

    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
    network.extend([nn.Flatten(), nn.Linear(4, 2), nn.Sigmoid()])
    explainer = Explainer.of(
        network, ("a", "b"), 32, channels=3, mean=(0.2, 0.4, 0.5), std=(0.2, 0.3, 0.2)
    )
    grey = grey_image(90, 60)
    piece = Workpiece(grey, 32)
    found = piece.answers(explainer, [piece.copy, piece.edited((Edit(box(0, 0, 60, 40)),))])
    said = {item.name: item.probability for item in explain(explainer, grey).predictions}
    np.testing.assert_allclose(found[0], [said["a"], said["b"]], atol=1e-6)
    assert abs(found[1] - found[0]).max() > 1e-6
    assert network.training  # as it was found


OUTSIDE = [box(-90, 5, -3, 30), box(700, 700, 900, 900), Shape("point", ((-50, 20),), 9)]


@pytest.mark.parametrize("shape", OUTSIDE)
@pytest.mark.parametrize("way", EVERY_WAY)
def test_an_edit_outside_of_the_frame_changes_nothing(shape: Shape, way: EditWay) -> None:
    piece = Workpiece(grey_image(90, 60), 48)
    np.testing.assert_array_equal(piece.edited((Edit(shape, way),)), piece.copy)


@pytest.mark.parametrize("way", EVERY_WAY)
def test_only_the_region_changes(way: EditWay) -> None:
    piece = Workpiece(grey_image(300, 200), 48)
    for shape in (box(-20, 50, 40, 80), Shape("stroke", ((120, 30), (180, 90)), 9.0)):
        edited, mask = piece.edited((Edit(shape, way),)), piece.mask(shape)
        np.testing.assert_array_equal(edited[~mask], piece.copy[~mask])
        assert (edited[mask] != piece.copy[mask]).mean() > 0.9


@pytest.mark.parametrize("way", EVERY_WAY)
def test_the_network_reads_a_change_within_reach_of_the_region_alone(way: EditWay) -> None:
    """Black and white bars, so that the stretch stays what it was."""
    grey = grey_image(1500, 1200)
    grey[:, :60], grey[:, -60:] = -1000, 3000
    piece, shape = Workpiece(grey, 64), box(500, 600, 700, 800)
    changed = np.abs(piece.read(piece.edited((Edit(shape, way),))) - piece.square) > 1e-6
    rows, columns = np.nonzero(changed)
    (left, top), (right, bottom) = piece.geometry.to_input(np.array([[500, 600], [700, 800.0]]))
    assert rows.min() >= top - 2
    assert rows.max() + 1 <= bottom + 2
    assert columns.min() >= left - 2
    assert columns.max() + 1 <= right + 2
    assert changed.sum() > 0.5 * (right - left) * (bottom - top)


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize("size", [(120, 80), (1, 40), (40, 1), (1, 1)])
def test_the_whole_image_can_be_edited(way: EditWay, size: tuple[int, int]) -> None:
    explainer, piece = small_explainer("pooled"), Workpiece(grey_image(*size), 40)
    edited = piece.edited((Edit(box(-5, -5, 900, 900), way),))
    assert np.isfinite(edited).all()
    assert np.isfinite(piece.answers(explainer, [edited])).all()
    if way == "mean":
        assert not piece.read(edited).any()  # one grey is black


def test_what_is_too_much_to_paint_over_becomes_one_grey() -> None:
    piece = Workpiece(grey_image(200, 200), 48)
    small, large = box(20, 20, 59, 59), box(20, 20, 61, 61)  # the twenty-fifth part is 40 × 40
    assert len(np.unique(piece.edited((Edit(small),))[piece.mask(small)])) > 100
    assert len(np.unique(piece.edited((Edit(large),))[piece.mask(large)])) == 1


def test_edits_are_made_one_after_another() -> None:
    piece = Workpiece(grey_image(200, 200), 48)
    first, second = Edit(box(20, 20, 80, 80), "mean"), Edit(box(60, 60, 120, 120), "blur")
    expected = piece.copy
    for edit in (first, second):
        random = np.random.default_rng(0)
        expected = WAYS[edit.way](expected, piece.mask(edit.shape), random)
    np.testing.assert_array_equal(piece.edited((first, second)), expected)
    assert not np.array_equal(piece.edited((second, first)), expected)


def test_the_same_edits_give_the_same_image() -> None:
    grey, edits = grey_image(300, 200), (Edit(box(20, 20, 60, 50)), Edit(box(90, 90, 110, 99)))
    one, other = Workpiece(grey, 48), Workpiece(grey, 48)
    np.testing.assert_array_equal(one.edited(edits), one.edited(edits))
    np.testing.assert_array_equal(one.edited(edits), other.edited(edits))
    assert not np.array_equal(one.edited(edits), one.edited(edits, seed=1))


def test_a_shape_lies_where_it_was_drawn_whatever_the_shape_of_the_pixels() -> None:
    """Pixels twice as high as wide: the mask is of pixels, the fit of what is shown."""
    grey = grey_image(1200, 2400)
    piece = Workpiece(grey, 64, 2.0)
    assert piece.geometry.fitted_size == (64, 64)
    mask = piece.mask(box(600, 300, 1200, 900))
    assert mask.shape == (512, 1024)
    expected = np.zeros((512, 1024), bool)
    expected[128:384, 256:512] = True
    np.testing.assert_array_equal(mask, expected)
    disc = piece.mask(Shape("point", ((1200, 600),), 480.0))
    assert disc.sum() == pytest.approx(np.pi * 240**2 * (512 / 1200) ** 2, rel=0.01)


@cache
def _film() -> NDArray[np.uint16]:
    """A synthetic film of 3000 pixels."""
    image = make("foot").image.astype(np.float32)
    scale = 3000 / max(image.shape)
    return cv2.resize(image, None, fx=scale, fy=scale).astype(np.uint16)


@pytest.mark.parametrize("way", EVERY_WAY)
@pytest.mark.parametrize(
    "shape",
    [
        box(506, 1200, 1006, 1600),
        Shape("polygon", ((340, 600), (840, 900), (510, 1200))),
        Shape("stroke", ((680, 1500), (1010, 2700)), 80.0),
    ],
)
def test_edits_on_the_copy_are_as_good_as_edits_of_the_whole(shape: Shape, way: EditWay) -> None:
    """Of 0…1, the network reads 0.0001 or less of difference, on average, and 0.07 at most, where
    one grain was drawn or another; without grain 0.013."""
    film = _film()
    region = rasters.mask(shape, (film.shape[0], film.shape[1]))
    whole = WAYS[way](film.astype(np.float32), region, np.random.default_rng(0))
    piece = Workpiece(film, 256)
    expected, _ = fit_to_square(whole, 256)
    difference = np.abs(piece.read(piece.edited((Edit(shape, way),))) - expected)
    assert difference.mean() < 3e-4
    assert difference.max() < (0.1 if way == "in-paint" else 0.02)
    assert np.abs(expected - piece.square).max() > 0.1  # what was to be read


@pytest.mark.parametrize(
    ("grey", "said"),
    [
        (np.ones(5), r"\(5,\)"),
        (np.zeros((0, 4)), "a grey image"),
        (np.full((5, 5), np.nan), "not finite"),
        (np.full((5, 5), 1e300), "not finite"),
    ],
)
@pytest.mark.filterwarnings("ignore:overflow")
def test_what_is_no_image_is_refused(grey: NDArray[np.float64], said: str) -> None:
    with pytest.raises(RequestError, match=said):
        Workpiece(grey, 48)


@pytest.mark.parametrize("aspect", [0.0, -1.0, float("nan"), float("inf")])
def test_pixels_of_no_shape_are_refused(aspect: float) -> None:
    with pytest.raises(RequestError, match="times as high as wide"):
        Workpiece(grey_image(), 48, aspect)


def test_an_unknown_way_is_refused() -> None:
    piece = Workpiece(grey_image(), 48)
    with pytest.raises(RequestError, match="'smear' to edit is not known; known are in-paint"):
        piece.edited((Edit(box(3, 3, 9, 9), "smear"),))  # type: ignore[arg-type]


# held against as much elsewhere


def _letter(seed: int) -> tuple[Workpiece, Shape]:
    """A picture with a letter, and the candidate about it."""
    piece = Workpiece(letter_picture(True, seed), SIDE)
    (letter,) = [item.shape for item in piece.candidates() if item.kind == "marker"]
    return piece, letter


def test_a_letter_that_decides_is_used() -> None:
    piece, letter = _letter(3)
    asked = Control(Edit(letter), "lettered", moves=5)
    effect = piece.control(letter_explainer(), asked)
    assert effect.target == "lettered"
    assert effect.before > 0.9
    assert effect.change < -0.5
    assert (len(effect.elsewhere), len(effect.moved)) == (PLACES, 5)
    assert effect.uses is True
    (before, after) = piece.answers(
        letter_explainer(), [piece.copy, piece.edited((Edit(letter),))]
    )[:, 1]
    assert effect.before == pytest.approx(before, abs=1e-6)
    assert effect.change == pytest.approx(after - before, abs=0.02)  # but for the grain


@pytest.mark.parametrize("way", EVERY_WAY)
def test_a_letter_that_decides_nothing_is_not_used(way: EditWay) -> None:
    piece, letter = _letter(3)
    effect = piece.control(letter_explainer(honest=True), Control(Edit(letter, way), "lettered"))
    assert abs(effect.change) < 1e-6
    assert effect.uses is False


def test_other_seeds_draw_other_places() -> None:
    piece, letter = _letter(4)
    explainer = letter_explainer()

    def elsewhere(seed: int) -> tuple[float, ...]:
        asked = Control(Edit(letter, "mean"), "lettered", places=6, seed=seed)
        return piece.control(explainer, asked).elsewhere

    assert elsewhere(1) == elsewhere(1)
    assert len(set(elsewhere(1)) & set(elsewhere(2))) < 3


def test_places_to_compare_with_avoid_what_they_are_told_to() -> None:
    """The body kept out, and with it all that as much elsewhere could change."""
    piece, letter = _letter(3)
    asked = Control(Edit(letter, "mean"), "lettered", avoid=(box(60, 45, 200, 200), letter))
    effect = piece.control(letter_explainer(), asked)
    assert len(effect.elsewhere) == PLACES
    assert max(map(abs, effect.elsewhere)) < 0.2
    open_field = Control(Edit(box(100, 105, 150, 155), "mean"), "lettered", places=20)
    assert min(piece.control(letter_explainer(), open_field).elsewhere) < -0.5  # over the letter


def test_an_edit_outside_of_the_frame_uses_nothing() -> None:
    piece, _ = _letter(3)
    effect = piece.control(letter_explainer(), Control(Edit(box(900, 0, 950, 50)), "lettered"))
    assert (effect.change, effect.elsewhere, effect.uses) == (0.0, (), False)


def test_an_unknown_class_is_refused() -> None:
    piece, letter = _letter(3)
    with pytest.raises(RequestError, match="no class 'nothing'"):
        piece.control(letter_explainer(), Control(Edit(letter), "nothing"))


# candidates


@cache
def _hand() -> Phantom:
    return make("hand")


def test_a_letter_is_a_candidate_and_lies_on_the_letter() -> None:
    phantom = _hand()
    piece = Workpiece(phantom.image, 64)
    found = piece.candidates()
    assert {"marker", "border"} <= {item.kind for item in found}
    (marker,) = [item for item in found if item.kind == "marker"]
    outline = rasters.mask(marker.shape, piece.frame_size)
    truth = phantom.regions["marker"]
    assert (outline & truth).sum() / (outline | truth).sum() > 0.8
    assert marker.share == pytest.approx(outline.mean(), rel=0.05)


def test_without_a_letter_there_is_no_such_candidate() -> None:
    piece = Workpiece(make("hand", marker=False).image, 64)
    assert "marker" not in {item.kind for item in piece.candidates()}


@pytest.mark.parametrize("size", [(25, 20), (1, 50), (1, 1)])
def test_an_image_of_few_pixels_has_a_border_only(size: tuple[int, int]) -> None:
    found = Workpiece(grey_image(*size), 48).candidates()
    assert {item.kind for item in found} == {"border"}
    assert all(0 < item.share <= 1 for item in found)


def test_one_piece_serves_every_network_of_its_size() -> None:
    piece = Workpiece(letter_picture(True, 3), SIDE)
    expected = InputGeometry.fit((200, 200), SIDE)
    assert piece.geometry == expected
    reading, honest = (letter_explainer(honest) for honest in (False, True))
    assert piece.answers(reading, [piece.copy])[0, 1] > 0.9
    assert piece.answers(honest, [piece.copy])[0, 1] == pytest.approx(0.5)
    assert isinstance(reading.model.network, Reader)
