"""Every stored value of the real files, held against decoders that are not the viewer's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.viewer.dicom.exactness import FOLDER, MANIFEST, Compared, compared, difference, files
from tests.viewer.dicom.references import reference
from viewer.dicom.reader import read_frame

_JPEG = "1.2.840.10008.1.2.4."
BOUNDS = {
    _JPEG + "50": 2,  # a grey value by the inverse cosine transform, one by YBR to RGB
    _JPEG + "51": 1,  # the inverse cosine transform, of 4096 grey values
    _JPEG + "53": 1,
    _JPEG + "91": 1,  # the inverse wavelet transform in floating point
    _JPEG + "203": 1,
}
"""The largest difference allowed, in stored values; 0 for what is not here: lossless syntaxes, and
JPEG-LS near-lossless, whose decoding is exact."""

pytestmark = pytest.mark.skipif(
    not MANIFEST.is_file(), reason="no real files; set ATTENTIVE_VIEWER_DATA to their folder"
)


@pytest.fixture(scope="module")
def results() -> dict[str, list[Compared]]:
    return {file: list(compared(file)) for file in files()}


@pytest.mark.parametrize("file", files())
def test_stored_values_are_those_of_another_decoder(
    file: str, results: dict[str, list[Compared]]
) -> None:
    for one in results[file]:
        assert one.by, f"no reference decodes frame {one.index}: find one, or say here why not"
        assert one.difference <= BOUNDS.get(one.syntax, 0), one


@pytest.mark.parametrize("index", [0, 13, 126, 139])
def test_tiles_smaller_than_the_file_says_are_black_beyond_what_is_there(index: int) -> None:
    path = FOLDER / "nasty/fo-dicom__Data_multiframe.dcm"
    frame = read_frame(path, index)
    other, _ = reference(path, index) or (np.zeros(0), "")
    assert difference(frame.pixels, other) <= BOUNDS[_JPEG + "50"]
    narrow, low = index % 14 == 13, index >= 126
    assert bool(frame.pixels[:, 55:].max()) is not narrow
    assert bool(frame.pixels[121:].max()) is not low
    size = f"{55 if narrow else 240} by {121 if low else 240} pixels"
    assert any(size in note for note in frame.notes) is (narrow or low)


def test_most_files_are_compared_and_most_of_them_with_gdcm(
    results: dict[str, list[Compared]],
) -> None:
    found = [one for frames in results.values() for one in frames]
    assert len({one.file for one in found}) >= 150
    assert len([one for one in found if one.by == "GDCM"]) > 0.8 * len(found)


def test_a_single_value_that_is_off_by_one_is_seen() -> None:
    path = FOLDER / "radiographs/robyoung__JPLL_RG3_JPLL"
    pixels = read_frame(path).pixels.copy()
    other, _ = reference(path, 0) or (np.zeros(0), "")
    assert difference(pixels, other) == 0
    pixels[7, 9] ^= 1
    assert difference(pixels, other) == 1
    assert difference(pixels[1:], other) == np.inf


def test_nan_equals_nan_alone() -> None:
    values = np.array([1, np.nan], np.float32)
    assert difference(values, values) == 0
    assert difference(values, np.array([1, 2], np.float32)) == np.inf
