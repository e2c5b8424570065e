"""Overlay planes: which bits of a file lie where over which frame."""

from __future__ import annotations

import pickle
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.filewriter import dcmwrite
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRBigEndian

from tests.factories.dicom_files import DATA, make_dataset
from viewer.dicom.display import make_frame
from viewer.dicom.pixel_data import find_pixel_data
from viewer.dicom.planes import Plane, read_planes

NASTY = DATA / "dicom" / "nasty"
IMAGE = np.zeros((6, 10), np.uint16)


def pattern(rows: int, columns: int, seed: int = 0) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random((rows, columns)) < 0.4


def packed(bits: NDArray[Any]) -> bytes:
    """Bits one after another, the first in the lowest bit of the first byte, to an even length."""
    flat = bits.reshape(-1).tolist()
    data = bytearray((len(flat) + 15) // 16 * 2)
    for number, bit in enumerate(flat):
        data[number // 8] |= int(bit) << number % 8
    return bytes(data)


def add_plane(
    dataset: Dataset,
    bits: NDArray[Any] | None,
    group: int = 0x6000,
    origin: tuple[int, int] = (1, 1),
    vr: str = "OW",
    **more: Any,
) -> None:
    """A group of one plane; ``more`` are elements that replace or join the usual ones."""
    values: dict[int, tuple[str, Any]] = {
        0x0040: ("CS", "G"),
        0x0050: ("SS", list(origin)),
        0x0100: ("US", 1),
        0x0102: ("US", 0),
    }
    if bits is not None:
        values[0x0010], values[0x0011] = ("US", bits.shape[-2]), ("US", bits.shape[-1])
        values[0x3000] = (vr, packed(bits))
    extra = {"rows": (0x0010, "US"), "columns": (0x0011, "US"), "frames": (0x0015, "IS")}
    extra |= {"description": (0x0022, "LO"), "kind": (0x0040, "CS"), "first": (0x0051, "US")}
    extra |= {"allocated": (0x0100, "US"), "position": (0x0102, "US"), "label": (0x1500, "LO")}
    extra |= {"data": (0x3000, vr)}
    for name, value in more.items():
        element, its_vr = extra[name]
        values[element] = (its_vr, value)
    for element, (its_vr, value) in values.items():
        dataset.add_new((group, element), its_vr, value)


def written(dataset: FileDataset, big: bool = False) -> BytesIO:
    """The data set as a file; its words must be in the order of that file already."""
    if big:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRBigEndian
    file = BytesIO()
    dcmwrite(file, dataset, enforce_file_format=True)
    file.seek(0)
    return file


def planes_of(file: BytesIO | Path, index: int = 0) -> tuple[tuple[Plane, ...], tuple[str, ...]]:
    """The planes of a file that is read as the program does it, the pixels left where they are."""
    if isinstance(file, Path):
        file = BytesIO(file.read_bytes())
    dataset = dcmread(file, stop_before_pixels=True)
    return read_planes(dataset, index, find_pixel_data(file, dataset))


@pytest.mark.parametrize("size", [(6, 10), (3, 3), (1, 1), (5, 8)])
def test_bits_lie_row_by_row_the_lowest_first(size: tuple[int, int]) -> None:
    bits = pattern(*size)
    dataset = make_dataset(IMAGE)
    add_plane(dataset, bits, label="marks", description="of a viewer", kind="R")
    (plane,), notes = read_planes(dataset)
    assert np.array_equal(plane.bitmap, bits)
    assert (plane.size, plane.origin, plane.kind) == (size, (0, 0), "R")
    assert (plane.label, plane.description) == ("marks", "of a viewer")
    assert notes == ()


def test_one_known_byte_is_what_the_standard_draws() -> None:
    dataset = make_dataset(IMAGE)
    add_plane(dataset, None, rows=2, columns=4, data=bytes([0b0100_0011, 0]))
    (plane,), _ = read_planes(dataset)
    assert plane.bitmap.astype(int).tolist() == [[1, 1, 0, 0], [0, 0, 1, 0]]


def test_every_group_is_a_plane() -> None:
    dataset = make_dataset(IMAGE)
    for number in range(16):
        add_plane(dataset, pattern(4, 4, number), group=0x6000 + 2 * number)
    planes, _ = read_planes(dataset)
    assert len(planes) == 16
    assert np.array_equal(planes[15].bitmap, pattern(4, 4, 15))


@pytest.mark.parametrize(
    ("origin", "plane_size"),
    [
        *(((1, 1), (6, 10)), ((3, 4), (2, 2)), ((-1, -2), (4, 9)), ((0, 1), (20, 30))),
        *(((7, 1), (2, 2)), ((1, 11), (2, 2)), ((-9, -9), (3, 3)), ((5, 9), (30, 30))),
        ((-32768, 32767), (2, 2)),
    ],
)
def test_origin_counts_from_one_and_what_is_outside_is_cut_off(
    origin: tuple[int, int], plane_size: tuple[int, int]
) -> None:
    bits = pattern(*plane_size)
    dataset = make_dataset(IMAGE)
    add_plane(dataset, bits, origin=origin)
    (plane,), _ = read_planes(dataset)
    assert plane.origin == (origin[1] - 1, origin[0] - 1)
    expected = np.zeros(IMAGE.shape, bool)
    for row, column in np.argwhere(bits).tolist():
        y, x = row + origin[0] - 1, column + origin[1] - 1
        if 0 <= y < 6 and 0 <= x < 10:
            expected[y, x] = True
    assert np.array_equal(plane.on(IMAGE.shape), expected)


def test_a_plane_without_origin_begins_at_the_first_pixel() -> None:
    dataset = make_dataset(IMAGE)
    add_plane(dataset, pattern(6, 10))
    del dataset[0x6000, 0x0050]
    assert read_planes(dataset)[0][0].origin == (0, 0)


def test_frames_of_a_plane_lie_over_the_frames_from_its_first_on() -> None:
    bits = np.stack([pattern(3, 5, seed) for seed in range(3)])  # 15 bits: no frame is whole bytes
    dataset = make_dataset(np.zeros((5, 3, 5), np.uint16))
    add_plane(dataset, bits, frames=3, first=2)
    found = [read_planes(dataset, index)[0] for index in range(5)]
    assert [len(planes) for planes in found] == [0, 1, 1, 1, 0]
    for number in range(3):
        assert np.array_equal(found[number + 1][0].bitmap, bits[number])


def test_a_plane_that_says_nothing_of_frames_lies_over_all() -> None:
    dataset = make_dataset(np.zeros((3, 3, 5), np.uint16))
    add_plane(dataset, pattern(3, 5))
    add_plane(dataset, pattern(3, 5), group=0x6002, first=2)
    assert [len(read_planes(dataset, index)[0]) for index in range(3)] == [1, 2, 1]


def test_frames_before_the_data_end_are_shown() -> None:
    bits = np.stack([pattern(4, 4, seed) for seed in range(2)])
    dataset = make_dataset(np.zeros((3, 4, 4), np.uint16))
    add_plane(dataset, bits, frames=3, first=1)
    assert [len(read_planes(dataset, index)[0]) for index in range(3)] == [1, 1, 0]
    assert "6000" in read_planes(dataset, 2)[1][0]


@pytest.mark.parametrize("vr", ["OW", "OB"])
@pytest.mark.parametrize("columns", [3, 8, 10, 21])
def test_words_of_big_endian_files_are_turned_and_bytes_are_not(vr: str, columns: int) -> None:
    bits = np.stack([pattern(5, columns, seed) for seed in range(3)])
    dataset = make_dataset(np.zeros((3, 5, columns), np.uint8))
    add_plane(dataset, bits, vr=vr, frames=3, first=1)
    if vr == "OW":
        words = np.frombuffer(packed(bits), "<u2")
        dataset[0x6000, 0x3000].value = words.astype(">u2").tobytes()
    for index in range(3):
        (plane,), _ = planes_of(written(dataset, big=True), index)
        assert np.array_equal(plane.bitmap, bits[index])


@pytest.mark.parametrize(
    "broken",
    [
        {"data": packed(pattern(6, 10))[:6]},
        {"rows": 65535, "columns": 65535},
        {"rows": 0},
        {"allocated": 16, "data": b"\0" * 120},
    ],
    ids=["too short", "lying header", "no size", "not one bit"],
)
def test_a_broken_plane_is_left_out_and_told(broken: dict[str, Any]) -> None:
    dataset = make_dataset(IMAGE)
    add_plane(dataset, pattern(6, 10), **broken)
    add_plane(dataset, pattern(6, 10), group=0x6002, label="DOE^JANE")
    planes, notes = read_planes(dataset)
    assert len(planes) == 1
    assert len(notes) == 1
    assert "6000" in notes[0]
    assert notes[0].endswith("is not shown.")


def test_an_announced_plane_without_data_is_told_and_an_empty_group_is_not() -> None:
    dataset = make_dataset(IMAGE)
    add_plane(dataset, None, rows=6, columns=10)
    dataset.add_new((0x6002, 0x0010), "US", None)
    dataset.add_new((0x6002, 0x3000), "OW", None)
    planes, notes = read_planes(dataset)
    assert planes == ()
    assert notes == ("The overlay plane 6000 of the file is announced, but is not there.",)


def test_notes_do_not_quote_the_file() -> None:
    dataset = make_dataset(IMAGE)
    add_plane(dataset, pattern(6, 10), data=b"\0\0", label="DOE^JANE", description="DOE^JANE")
    assert "DOE" not in " ".join(read_planes(dataset)[1])


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_element_can_make_it_raise() -> None:
    for element in (0x10, 0x11, 0x15, 0x22, 0x40, 0x50, 0x51, 0x100, 0x102, 0x1500, 0x3000):
        for vr in ("IS", "US", "SS", "SQ", "UN", "FD", "CS", "OW"):
            dataset = make_dataset(IMAGE)
            add_plane(dataset, pattern(6, 10), frames=1, first=1, label="a", description="b")
            tag = Tag(0x6000, element)
            dataset[tag] = RawDataElement(tag, vr, 3, b"x\xff\1", 0, False, True)
            planes, notes = read_planes(dataset)
            assert len(planes) + len(notes) <= 1


def embedded(bits: NDArray[Any], dtype: str, stored: int, position: int, high: int) -> FileDataset:
    """Pixels with stored values all over their used bits, and a plane in another."""
    values = np.random.default_rng(5).integers(0, 2**stored, bits.shape).astype(np.uint16)
    whole = (values << (high + 1 - stored) | bits.astype(np.uint16) << position).astype(dtype)
    dataset = make_dataset(whole)
    dataset.BitsStored, dataset.HighBit = stored, high
    shape = {"rows": bits.shape[-2], "columns": bits.shape[-1]}
    add_plane(dataset, None, allocated=whole.itemsize * 8, position=position, **shape)
    return dataset


@pytest.mark.parametrize(
    ("dtype", "stored", "position", "high"),
    [("u2", 12, 12, 11), ("u2", 12, 15, 11), ("u2", 10, 3, 15), ("u1", 7, 7, 6), ("u2", 8, 8, 7)],
)
@pytest.mark.parametrize("big", [False, True])
def test_a_plane_in_unused_bits_of_the_pixels_is_found(
    dtype: str, stored: int, position: int, high: int, big: bool
) -> None:
    bits = np.stack([pattern(3, 5, seed) for seed in range(3)])  # frames of odd length in bytes
    dataset = embedded(bits, dtype, stored, position, high)
    if big:
        words = np.frombuffer(dataset.PixelData, "<u2")
        dataset.PixelData = words.astype(">u2").tobytes()
    for index in range(3):
        planes, notes = planes_of(written(dataset, big), index)
        assert notes == ()
        assert np.array_equal(planes[0].bitmap, bits[index])


def test_bits_that_are_not_at_hand_or_in_use_are_no_plane() -> None:
    bits = pattern(6, 10)
    kept = embedded(bits, "u2", 12, 15, 11)
    planes, notes = read_planes(kept)
    assert (planes, len(notes)) == ((), 1), "without the pixels of the file"
    in_use = embedded(bits, "u2", 12, 11, 11)
    planes, notes = planes_of(written(in_use))
    assert (planes, len(notes)) == ((), 1), "the bit belongs to the stored value"
    other_size = embedded(bits, "u2", 12, 15, 11)
    other_size[0x6000, 0x0010].value = 5
    assert planes_of(written(other_size))[0] == ()
    short = embedded(bits, "u2", 12, 15, 11)
    short.PixelData = short.PixelData[:-2]
    assert planes_of(written(short))[0] == ()


def test_frames_carry_their_planes_and_notes() -> None:
    for pixels in (IMAGE, np.zeros((6, 10, 3), np.uint8)):
        dataset = make_dataset(pixels)
        add_plane(dataset, pattern(6, 10))
        add_plane(dataset, pattern(6, 10), group=0x601E, data=b"")
        frame = make_frame(dataset, pixels, 0, ("mended",))
        assert np.array_equal(frame.planes[0].bitmap, pattern(6, 10))
        assert frame.notes[0] == "mended"
        assert "601E" in frame.notes[1]


def test_a_plane_travels_between_processes_as_bits() -> None:
    dataset = make_dataset(np.zeros((1000, 800), np.uint8))
    add_plane(dataset, pattern(1000, 800))
    plane = read_planes(dataset)[0][0]
    sent = pickle.dumps(plane)
    assert len(sent) < 1000 * 800 / 8 + 1000
    assert np.array_equal(pickle.loads(sent).bitmap, plane.bitmap)


def test_frames_of_one_object_have_directions_of_their_own() -> None:
    def group(cosines: list[float] | None) -> Dataset:
        item = Dataset()
        if cosines is not None:
            place = Dataset()
            place.ImageOrientationPatient = cosines
            item.PlaneOrientationSequence = [place]
        return item

    dataset = make_dataset(np.zeros((3, 4, 4), np.uint16), PatientOrientation=["P", "H"])
    axial, sagittal = [1, 0, 0, 0, 1, 0], [0, 1, 0, 0, 0, -1]
    dataset.PerFrameFunctionalGroupsSequence = [group(axial), group(sagittal), group(None)]
    found = [make_frame(dataset, dataset.pixel_array[n], n).orientation for n in range(3)]
    assert found == [("L", "P"), ("P", "F"), ("P", "H")]
    in_frame = Dataset()
    in_frame.PatientOrientation = ["A", "F"]
    dataset.PerFrameFunctionalGroupsSequence[2].PatientOrientationInFrameSequence = [in_frame]
    assert make_frame(dataset, dataset.pixel_array[2], 2).orientation == ("A", "F")
    colour = make_dataset(np.zeros((2, 2, 3), np.uint8), PatientOrientation=["L", "F"])
    assert make_frame(colour, colour.pixel_array).orientation == ("L", "F")


def real(name: str) -> Path:
    path = NASTY / name
    if not path.is_file():
        pytest.skip(f"no real file {name}; set ATTENTIVE_VIEWER_DATA to the folder of them")
    return path


def test_a_real_file_with_planes_in_pixels_and_in_data() -> None:
    planes, notes = planes_of(real("dcm4che__resources_ovly_p01.dcm"))
    assert notes == ()
    assert [int(plane.bitmap.sum()) for plane in planes] == [532, 537, 603, 606]
    tops = [int(np.argwhere(plane.bitmap)[0, 0]) for plane in planes]
    assert tops == sorted(tops), "four lines of text, one below the other"


def test_a_real_file_with_a_drawing() -> None:
    (plane,), notes = planes_of(real("robyoung__pydicom_MR-SIEMENS-DICOM-WithOverlays.dcm"))
    assert notes == ()
    assert (plane.size, plane.kind) == ((484, 484), "G")
    dataset = dcmread(real("robyoung__pydicom_MR-SIEMENS-DICOM-WithOverlays.dcm"))
    assert np.array_equal(plane.bitmap, dataset.overlay_array(0x6000))


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("fo-dicom__Test_Data_IM-0001-0001-0001.dcm", 1),
        ("ivmartel__data_leadtools-8BitsJpegLossyGrayScale.dcm", 0),
    ],
)
def test_real_files_whose_groups_hold_no_data(name: str, told: int) -> None:
    planes, notes = planes_of(real(name))
    assert planes == ()
    assert len(notes) == told
