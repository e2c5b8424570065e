"""The search for markers, edges, padding and background: on exact regions, and where there are
none."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.errors import RequestError
from engine.evidence.artefacts import KINDS, Artefact, find_artefacts
from engine.phantoms import make
from engine.planted.pictures import synthetic, views


def _of(kind: str, found: tuple[Artefact, ...]) -> list[Artefact]:
    return [item for item in found if item.kind == kind]


def _noisy(height: int, width: int, level: float = 300, seed: int = 0) -> NDArray[np.float64]:
    return level + 4 * np.random.default_rng(seed).standard_normal((height, width))


@pytest.mark.parametrize("name", ["hand", "knee", "chest", "foot"])
def test_the_lead_marker_of_a_radiograph_is_found_where_it_is(name: str) -> None:
    phantom = make(name)
    (marker,) = _of("marker", find_artefacts(phantom.image))
    exact = phantom.regions["marker"]
    assert (marker.mask & exact).sum() > 0.9 * marker.mask.sum()  # the letter lies on its plate
    assert marker.mask.sum() > 0.25 * exact.sum()


@pytest.mark.parametrize("name", ["hand", "knee", "chest", "foot"])
def test_a_radiograph_without_marker_has_none(name: str) -> None:
    assert not _of("marker", find_artefacts(make(name, marker=False).image))


def test_letters_on_any_anatomy_are_found_and_their_absence_is_seen() -> None:
    """Views of the planted benchmark: turned, noisy, cropped, the letter often on the body."""
    seen = views(synthetic(False), 80, 0.0, 0, seed=5)
    found = np.array([bool(_of("marker", find_artefacts(image))) for image in seen.images])
    assert found[seen.marked].mean() > 0.85
    assert found[~seen.marked].mean() < 0.2
    for image, bare in zip(seen.images[seen.marked][:12], seen.bare[seen.marked], strict=False):
        letter = np.abs(image - bare) > 0.05
        masks = [item.mask for item in _of("marker", find_artefacts(image))]
        if masks:
            assert (np.logical_or.reduce(masks) & letter).sum() > 0.7 * letter.sum()


def test_letters_that_stand_together_are_one_marker() -> None:
    image = _noisy(400, 300)
    for row in (40, 70):
        for column in (40, 62):
            image[row : row + 20, column : column + 5] = 4000
            image[row + 15 : row + 20, column : column + 14] = 4000
    (marker,) = _of("marker", find_artefacts(image))
    assert marker.mask[40:90, 40:76].mean() > 0.9
    x0, y0, x1, y1 = marker.box
    assert x0 <= 40 <= 76 <= x1
    assert y0 <= 40 <= 90 <= y1
    assert marker.share == pytest.approx(marker.mask.mean())


def test_an_inverted_image_has_dark_letters() -> None:
    phantom = make("hand")
    plain, turned = (
        find_artefacts(image) for image in (phantom.image, 4095 - phantom.image.astype(np.int32))
    )
    (one,), (other,) = _of("marker", plain), _of("marker", turned)
    assert (one.mask & other.mask).sum() > 0.8 * (one.mask | other.mask).sum()


def test_padding_is_exact() -> None:
    image = _noisy(200, 320, 900)
    image[:, :37] = 0
    image[180:] = 0
    (padding,) = _of("padding", find_artefacts(image))
    exact = np.zeros(image.shape, bool)
    exact[:, :37] = True
    exact[180:] = True
    assert (padding.mask ^ exact).mean() < 0.01


def test_an_image_without_padding_has_none() -> None:
    assert not _of("padding", find_artefacts(_noisy(200, 320, 900)))
    assert not _of("padding", find_artefacts(np.full((200, 320), 7)))  # nothing but one value


def test_the_edge_of_the_field_is_a_line_along_it() -> None:
    image = _noisy(300, 300, 20)
    image[:, 60:] += 2000
    (edge,) = _of("field edge", find_artefacts(image))
    assert edge.mask[:, 60].all()
    assert not edge.mask[:, 70:].any()
    assert not edge.mask[:, :50].any()


def test_the_closed_collimator_and_the_background_of_a_hand_are_found() -> None:
    phantom = make("hand")
    found = find_artefacts(phantom.image)
    closed, body = phantom.regions["collimation"], phantom.regions["body"]
    dark = np.logical_or.reduce(
        [item.mask for item in found if item.kind in ("padding", "background")]
    )
    assert dark[closed].mean() > 0.97
    air = ~body & ~closed & ~phantom.regions["marker"]
    assert dark[air].mean() > 0.9
    assert dark[body].mean() < 0.1


def test_every_image_has_a_border_of_a_fiftieth() -> None:
    (border,) = _of("border", find_artefacts(_noisy(100, 50)))
    assert border.mask[:2].all()
    assert border.mask[:, -2:].all()
    assert not border.mask[2:-2, 2:-2].any()


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.float64])
def test_any_type_of_pixel_and_any_size(kind: type) -> None:
    phantom = make("foot")
    small = (phantom.image[::3, ::3] // 17).astype(kind)
    found = find_artefacts(small)
    assert {item.kind for item in found} <= set(KINDS)
    assert all(item.mask.shape == small.shape for item in found)
    assert _of("marker", found)
    assert [KINDS.index(item.kind) for item in found] == sorted(
        KINDS.index(item.kind) for item in found
    )


@pytest.mark.parametrize("shape", [(9, 9), (32, 4000), (600, 33), (100, 20_000)])
def test_tiny_and_very_long_images_have_a_border_only(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(0).random(shape)
    assert [item.kind for item in find_artefacts(image)] == ["border"]


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((4, 4, 3)), "a grey image"),
        (np.zeros((0, 4)), "a grey image"),
        (np.full((40, 40), np.nan), "not finite"),
    ],
)
def test_what_is_no_grey_image_is_refused(image: NDArray[np.float64], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        find_artefacts(image)
