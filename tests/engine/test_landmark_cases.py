"""Annotated images: reading them, and how much of each pixel of the fitted frame a landmark has."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.errors import EngineError
from engine.evidence.cases import CHEST, HAND, Case, coverages, read_cases, union
from engine.geometry import InputGeometry


def hand_folder(folder: Path, boxes: list[dict[str, object]], size: tuple[int, int]) -> Path:
    """A folder with one annotated hand of ``size`` (width, height) pixels."""
    (folder / "hand").mkdir(parents=True)
    Image.new("L", size, 90).save(folder / "hand" / "7.png")
    table = {"7.png": {"width": size[0], "height": size[1], "boxes": boxes}}
    (folder / "hand_boxes.json").write_text(json.dumps(table))
    return folder


def chest_folder(folder: Path, image: np.ndarray, mask: np.ndarray, name: str = "film") -> Path:
    """A folder with an annotated chest film, uint8 [H, W] and bool [H, W]."""
    (folder / "chest").mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(folder / "chest" / f"{name}.png")
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "chest" / f"{name}.mask.png")
    return folder


def test_boxes_of_one_name_are_one_landmark_and_overlaps_count_once(tmp_path: Path) -> None:
    boxes = [
        {"label": "PIP", "box": [0, 0, 8, 4]},
        {"label": "PIP", "box": [4, 0, 12, 4]},
        {"label": "Ulna", "box": [30, 12, 32, 20]},
    ]
    (case,) = read_cases(hand_folder(tmp_path, boxes, (40, 20)))
    assert (case.target, case.names) == (HAND, ("PIP", "Ulna"))
    found = coverages(case, InputGeometry.fit((20, 40), 20))  # every second pixel
    assert found["PIP"].shape == (10, 20)
    assert found["PIP"].sum() == pytest.approx(12 * 4 / 4)
    assert found["Ulna"].sum() == pytest.approx(2 * 8 / 4)
    assert union(found).sum() == pytest.approx(16)
    np.testing.assert_allclose(found["PIP"][:2, :6], 1)


def test_a_box_between_pixels_keeps_its_area(tmp_path: Path) -> None:
    boxes = [{"label": "DIP", "box": [10.5, 4.25, 13.5, 6.75]}]
    (case,) = read_cases(hand_folder(tmp_path, boxes, (40, 20)))
    geometry = InputGeometry.fit((20, 40), 20)
    region = coverages(case, geometry)["DIP"]
    assert region.sum() == pytest.approx(3 * 2.5 / 4)
    assert (region[region > 0] < 1).any()
    centre = (region.sum(0) @ (np.arange(20) + 0.5)) / region.sum()
    assert centre == pytest.approx(12 / 2)  # in the middle of the box, from the corner


def test_a_mask_is_fitted_as_its_image_is(tmp_path: Path) -> None:
    mask = np.zeros((60, 90), bool)
    mask[15:45, 30:60] = True
    folder = chest_folder(tmp_path, np.full((60, 90), 70, np.uint8), mask)
    (case,) = read_cases(folder)
    assert (case.target, case.names) == (CHEST, ("Lungs",))
    region = coverages(case, InputGeometry.fit((60, 90), 30))["Lungs"]
    assert region.shape == (20, 30)
    assert region.mean() == pytest.approx(mask.mean(), rel=0.02)
    np.testing.assert_allclose(region[7:13, 12:18], 1, atol=1e-6)
    np.testing.assert_allclose(region[:3], 0, atol=1e-6)


def test_hands_and_chests_are_read_together(tmp_path: Path) -> None:
    hand_folder(tmp_path, [{"label": "Wrist", "box": [1, 1, 5, 5]}], (9, 9))
    chest_folder(tmp_path, np.zeros((9, 9), np.uint8), np.eye(9, dtype=bool))
    assert [case.target for case in read_cases(tmp_path)] == [HAND, CHEST]


@pytest.mark.parametrize(
    ("box", "words"),
    [
        ([5, 5, 5, 9], "empty or outside"),
        ([30, 2, 41, 9], "empty or outside"),
        ([1, 2, 3], "boxes"),
    ],
)
def test_boxes_that_cannot_be_are_refused(tmp_path: Path, box: list[int], words: str) -> None:
    folder = hand_folder(tmp_path, [{"label": "PIP", "box": box}], (40, 20))
    with pytest.raises(EngineError, match=words):
        read_cases(folder)


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    folder = chest_folder(tmp_path, np.zeros((20, 30), np.uint8), np.ones((20, 31), bool))
    (case,) = read_cases(folder)
    with pytest.raises(EngineError, match="31 × 20 pixels, its image 30 × 20"):
        coverages(case, InputGeometry.fit((20, 30), 10))


def test_boxes_of_a_picture_of_another_size_are_refused(tmp_path: Path) -> None:
    folder = hand_folder(tmp_path, [{"label": "PIP", "box": [1, 1, 9, 9]}], (40, 20))
    (case,) = read_cases(folder)
    with pytest.raises(EngineError, match="boxes are for 40 × 20 pixels, the picture has 80 × 40"):
        coverages(case, InputGeometry.fit((40, 80), 20))


@pytest.mark.parametrize("value", [0, 1])
def test_an_image_without_a_landmark_is_refused(tmp_path: Path, value: int) -> None:
    hand = hand_folder(tmp_path / "hands", [], (40, 20))
    chest = chest_folder(tmp_path / "chests", np.zeros((20, 40), np.uint8), np.ones((20, 40), bool))
    Image.new("L", (40, 20), value).save(chest / "chest" / "film.mask.png")  # 1: coded 0 and 1
    for folder in (hand, chest):
        (case,) = read_cases(folder)
        with pytest.raises(EngineError, match="no landmark"):
            coverages(case, InputGeometry.fit((20, 40), 20))


def test_a_folder_without_annotations_says_what_is_needed(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"no annotated image: hand_boxes\.json"):
        read_cases(tmp_path)


def test_real_annotations_lie_where_they_should(data: Path) -> None:
    """Fingers' ends are above knuckles, knuckles above the wrist: hands are filed fingers up."""
    cases = read_cases(data / "landmarks")
    hands = [case for case in cases if case.target == HAND]
    assert len(hands) >= 19
    assert len(cases) - len(hands) >= 57
    for case in hands:
        heights = {name: _height(case, name) for name in ("DIP", "MCP", "Wrist")}
        assert heights["DIP"] < heights["MCP"] < heights["Wrist"], case.image.name


def _height(case: Case, name: str) -> float:
    return float(np.mean([box[1] + box[3] for label, box in case.boxes if label == name]))
