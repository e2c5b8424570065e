"""Files with known truth → frames, and files that cannot be one → the right error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.filewriter import dcmwrite
from pydicom.pixels.utils import set_pixel_data
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from tests.factories.dicom_files import lut_item, make_dataset, save
from viewer.dicom.errors import DecodeError, DicomError, NoPixelsError, NotDicomError
from viewer.dicom.frame import Frame, to_grey
from viewer.dicom.reader import read_frame, read_header
from viewer.dicom.window import Window

RAMP = np.arange(12, dtype=np.uint16).reshape(3, 4) * 100


def frame_of(dataset: FileDataset, folder: Path, index: int = 0) -> Frame:
    """The frame of a data set that went through a file."""
    return read_frame(save(dataset, folder / "image.dcm"), index)


@pytest.mark.parametrize(
    "dtype", [np.uint8, np.int8, np.uint16, np.int16, np.uint32, np.int32, np.float32, np.float64]
)
def test_stored_values_come_back(dtype: type, tmp_path: Path) -> None:
    pixels: NDArray[Any] = (np.arange(15).reshape(3, 5) - 7 * (np.dtype(dtype).kind != "u")).astype(
        dtype
    )
    frame = frame_of(make_dataset(pixels), tmp_path)
    assert frame.pixels.dtype == dtype
    assert np.array_equal(frame.pixels, pixels)


def test_rescale_padding_and_units_of_a_signed_ct(tmp_path: Path) -> None:
    pixels = np.array([[-2000, 0, 1000]], np.int16)
    elements = {"RescaleSlope": 2, "RescaleIntercept": -1024, "PixelPaddingValue": -2000}
    frame = frame_of(make_dataset(pixels, Modality="CT", **elements), tmp_path)
    assert frame.modality_values().tolist() == [[-5024, -1024, 976]]
    assert (frame.units, frame.padding) == ("HU", (-2000, -2000))
    assert to_grey(frame, Window(0, 4000), invert=True)[0, 0] == 0


def test_padding_range_in_the_type_of_the_pixels(tmp_path: Path) -> None:
    dataset = make_dataset(RAMP.astype(np.int16), PixelPaddingRangeLimit=-100)
    dataset.add_new("PixelPaddingValue", "US", 63536)  # -2000 written as unsigned
    assert frame_of(dataset, tmp_path).padding == (-2000, -100)


def test_modality_and_voi_lut_sequences(tmp_path: Path) -> None:
    dataset = make_dataset(np.array([[0, 10, 11, 12, 99]], np.uint16))
    dataset.ModalityLUTSequence = [lut_item(10, [5, 500, 1000], 16)]
    dataset.VOILUTSequence = [lut_item(0, list(range(0, 4096, 4)), 12), lut_item(0, [1], 8)]
    frame = frame_of(dataset, tmp_path)
    assert frame.modality_values().tolist() == [[5, 5, 500, 1000, 1000]]
    assert [lut.bits for lut in frame.voi_luts] == [12, 8]
    # 5 → entry 20 of 4095 → 1.2; 500 → 2000 → 124.5; 1000 → 4000 → 249.1
    assert to_grey(frame).tolist() == [[1, 1, 125, 249, 249]]


def test_a_lut_deeper_than_it_says_or_packed_is_read(tmp_path: Path) -> None:
    deep = lut_item(0, [0, 4095], 8)
    packed = Dataset()
    packed.add_new("LUTDescriptor", "US", [4, 0, 8])
    packed.add_new("LUTData", "OW", bytes([1, 2, 3, 255]))
    broken = Dataset()
    broken.add_new("LUTDescriptor", "US", [4, 0])
    dataset = make_dataset(RAMP, VOILUTSequence=[deep, packed, broken])
    luts = frame_of(dataset, tmp_path).voi_luts
    assert [(lut.bits, lut.entries.tolist()) for lut in luts] == [
        (12, [0, 4095]),
        (8, [1, 2, 3, 255]),
    ]


def test_windows_of_the_file_without_the_meaningless(tmp_path: Path) -> None:
    dataset = make_dataset(
        RAMP,
        WindowCenter=[40, 50, 0.5],
        WindowWidth=[400, 0, 0.25],
        WindowCenterWidthExplanation=["soft", "none", "narrow"],
    )
    assert frame_of(dataset, tmp_path).windows == (
        Window(40, 400, "LINEAR", "soft"),
        Window(0.5, 0.25, "LINEAR_EXACT", "narrow"),
    )
    dataset = make_dataset(RAMP, WindowCenter=5, WindowWidth=9, VOILUTFunction="SIGMOID")
    assert frame_of(dataset, tmp_path).windows == (Window(5, 9, "SIGMOID"),)


@pytest.mark.parametrize(
    ("elements", "inverted"),
    [
        ({"PhotometricInterpretation": "MONOCHROME1"}, True),
        ({"PresentationLUTShape": "INVERSE"}, True),
        ({"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}, True),
        ({"PresentationLUTShape": "IDENTITY"}, False),
        ({}, False),
    ],
)
def test_low_values_are_white_where_the_file_says_so(
    elements: dict[str, str], inverted: bool, tmp_path: Path
) -> None:
    frame = frame_of(make_dataset(RAMP, **elements), tmp_path)
    assert frame.inverted is inverted
    grey = to_grey(frame)
    assert bool(grey[0, 0] > grey[-1, -1]) is inverted


@pytest.mark.parametrize(
    ("elements", "spacing", "kind"),
    [
        ({}, None, ""),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "at detector"),
        ({"NominalScannedPixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "at detector"),
        ({"PixelSpacing": [0.2, 0.1]}, (0.2, 0.1), "at detector"),
        ({"PixelSpacing": [0.2, 0.1], "Modality": "CT"}, (0.2, 0.1), "calibrated"),
        ({"PixelSpacing": [0.2, 0.1], "Modality": "OT"}, (0.2, 0.1), ""),
        (
            {"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.2, 0.1]},
            (0.2, 0.1),
            "at detector",
        ),
        (
            {"PixelSpacing": [0.18, 0.09], "ImagerPixelSpacing": [0.2, 0.1]},
            (0.18, 0.09),
            "calibrated",
        ),
        (
            {"PixelSpacing": [0.2, 0.1], "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.2, 0.1),
            "calibrated",
        ),
        ({"PixelSpacing": [0, 0]}, None, ""),
    ],
)
def test_spacing_and_its_kind(
    elements: dict[str, Any], spacing: tuple[float, float] | None, kind: str, tmp_path: Path
) -> None:
    frame = frame_of(make_dataset(RAMP, **elements), tmp_path)
    assert (frame.spacing, frame.spacing_kind) == (spacing, kind)
    assert frame.aspect_ratio == pytest.approx(2 if spacing else 1)


def test_aspect_ratio_without_spacing(tmp_path: Path) -> None:
    frame = frame_of(make_dataset(RAMP, PixelAspectRatio=[3, 2]), tmp_path)
    assert frame.aspect_ratio == 1.5


def test_frames_by_index_with_their_functional_groups(tmp_path: Path) -> None:
    pixels = np.stack([RAMP, RAMP + 1, RAMP + 2])
    dataset = make_dataset(pixels, Modality="CT")
    shared, measures = Dataset(), Dataset()
    measures.PixelSpacing = [0.5, 0.25]
    shared.PixelMeasuresSequence = [measures]
    dataset.SharedFunctionalGroupsSequence = [shared]
    groups = []
    for i in range(3):
        group, rescale = Dataset(), Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept, rescale.RescaleType = 1, i * 10, "HU"
        group.PixelValueTransformationSequence = [rescale]
        groups.append(group)
    dataset.PerFrameFunctionalGroupsSequence = groups
    path = save(dataset, tmp_path / "enhanced.dcm")
    assert read_header(path).frames == 3
    frame = read_frame(path, 2)
    assert np.array_equal(frame.modality_values(), RAMP + 22)
    assert (frame.spacing, frame.spacing_kind, frame.units) == ((0.5, 0.25), "calibrated", "HU")
    with pytest.raises(DecodeError, match="3 frames, but frame 4"):
        read_frame(path, 3)
    with pytest.raises(DecodeError):
        read_frame(path, -1)


@pytest.mark.parametrize("planar", [0, 1])
def test_rgb_in_either_planar_configuration(planar: int, tmp_path: Path) -> None:
    pixels = np.arange(36, dtype=np.uint8).reshape(3, 4, 3)
    dataset = make_dataset(pixels, PlanarConfiguration=planar)
    if planar:
        dataset.PixelData = pixels.transpose(2, 0, 1).tobytes()
    frame = frame_of(dataset, tmp_path)
    assert np.array_equal(frame.pixels, pixels)


def test_ybr_becomes_rgb(tmp_path: Path) -> None:
    # C.7.6.3.1.2 for Y 76, CB 85, CR 255: R = 76 + 1.402 * 127, G = 76 + ..., B = 76 - 76.2
    pixels = np.full((2, 2, 3), (76, 85, 255), np.uint8)
    dataset = make_dataset(pixels, PhotometricInterpretation="YBR_FULL")
    found = frame_of(dataset, tmp_path).pixels[0, 0].astype(int)
    assert np.abs(found - (254, 0, 0)).max() <= 1


@pytest.mark.parametrize(("bits", "scale"), [(8, 1), (16, 257)])
def test_palette_colour_becomes_rgb(bits: int, scale: int, tmp_path: Path) -> None:
    dataset = make_dataset(np.array([[0, 1], [2, 9]], np.uint8))
    dataset.PhotometricInterpretation = "PALETTE COLOR"
    for colour, entries in (("Red", [9, 0, 0]), ("Green", [0, 99, 0]), ("Blue", [0, 0, 200])):
        setattr(dataset, f"{colour}PaletteColorLookupTableDescriptor", [3, 0, bits])
        data = (np.array(entries) * scale).astype("<u2").tobytes()
        setattr(dataset, f"{colour}PaletteColorLookupTableData", data)
    expected = [[[9, 0, 0], [0, 99, 0]], [[0, 0, 200], [0, 0, 200]]]
    assert frame_of(dataset, tmp_path).pixels.tolist() == expected


def test_sixteen_bit_colour_becomes_eight(tmp_path: Path) -> None:
    dataset = make_dataset(np.zeros((1, 2, 3), np.uint8), BitsAllocated=16, BitsStored=12)
    dataset.HighBit = 11
    dataset.PixelData = np.array([0, 16, 4095, 2048, 255, 256], "<u2").tobytes()
    assert frame_of(dataset, tmp_path).pixels.tolist() == [[[0, 1, 255], [128, 15, 16]]]


@pytest.mark.parametrize(
    ("dtype", "high", "raw", "expected"),
    [
        (np.uint16, 11, [0xF123, 0x8FFF], [0x123, 0xFFF]),  # an overlay in the high bits
        (np.int16, 11, [0xF123, 0x0FFF], [0x123, -1]),
        (np.uint16, 15, [0x123F, 0xFFFF], [0x123, 0xFFF]),  # stored bits on the left
        (np.int16, 15, [0x123F, 0xFFF0], [0x123, -1]),
    ],
)
def test_only_the_stored_bits_count(
    dtype: type, high: int, raw: list[int], expected: list[int], tmp_path: Path
) -> None:
    dataset = make_dataset(np.array([raw], np.uint16).view(dtype), BitsStored=12, HighBit=high)
    assert frame_of(dataset, tmp_path).pixels.tolist() == [expected]


def test_one_bit_segmentation(tmp_path: Path) -> None:
    dataset = make_dataset(np.zeros((4, 4), np.uint8), BitsAllocated=1, BitsStored=1, HighBit=0)
    dataset.PixelData = bytes([0b00000001, 0b10000000])
    pixels = frame_of(dataset, tmp_path).pixels
    assert np.argwhere(pixels).tolist() == [[0, 0], [3, 3]]


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGLSLossless])
def test_lossless_compression_gives_the_same_values(syntax: Any, tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 4096, (32, 40)).astype(np.uint16)
    dataset = make_dataset(pixels)
    dataset.compress(syntax, generate_instance_uid=False)
    assert np.array_equal(frame_of(dataset, tmp_path).pixels, pixels)


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_uncompressed_syntaxes_and_what_their_headers_know(syntax: Any, tmp_path: Path) -> None:
    dataset = make_dataset(np.zeros((1, 1), np.uint8))
    set_pixel_data(dataset, RAMP, "MONOCHROME2", 16)
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        dataset.PixelData = RAMP.astype(">u2").tobytes()
    path = save(dataset, tmp_path / "image.dcm")
    frame = read_frame(path)
    assert np.array_equal(frame.pixels, RAMP)
    assert frame.pixels.dtype.isnative
    header = read_header(path)
    assert header.has_pixels
    assert (header.rows, header.columns, header.frames) == (3, 4, 1)


def test_a_file_without_preamble_and_syntax_is_read_with_a_note(tmp_path: Path) -> None:
    path = tmp_path / "old.ima"
    dcmwrite(path, Dataset(make_dataset(RAMP)), implicit_vr=True, little_endian=True)
    frame = read_frame(path)
    assert np.array_equal(frame.pixels, RAMP)
    assert "transfer syntax is missing" in frame.notes[0]


def test_pixels_that_are_not_compressed_as_said_are_read_with_a_note(tmp_path: Path) -> None:
    path = save(make_dataset(RAMP), tmp_path / "image.dcm")
    native, claimed = b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.5\0"  # the latter is RLE
    path.write_bytes(path.read_bytes().replace(native, claimed, 1))
    frame = read_frame(path)
    assert np.array_equal(frame.pixels, RAMP)
    assert "RLE Lossless" in frame.notes[0]


@pytest.mark.parametrize("content", [b"", b"hello", b"just some text\n" * 200, bytes(range(256))])
def test_other_files_are_not_dicom(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    for read in (read_header, read_frame):
        with pytest.raises(NotDicomError, match=r"notes\.txt is not a DICOM file .*; open a DICOM"):
            read(path)


def test_something_that_merely_starts_like_dicom_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "data.bin"
    path.write_bytes(b"\x08\0\x05\0" + b"\xff" * 400)
    with pytest.raises(NotDicomError):
        read_header(path)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match=r"gone\.dcm cannot be read \(No such file"):
        read_frame(tmp_path / "gone.dcm")
    with pytest.raises(DicomError, match="cannot be read"):
        read_header(tmp_path)


def test_a_report_has_no_pixels_and_is_named(tmp_path: Path) -> None:
    path = save(make_dataset(PatientName="DOE^JANE"), tmp_path / "report.dcm")
    assert not read_header(path).has_pixels
    with pytest.raises(NoPixelsError, match=r"report\.dcm is a DICOM Basic Text SR without pixels"):
        read_frame(path)


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"Rows": None}, "Rows"),
        ({"Rows": 60000, "Columns": 60000}, "hostile"),
        ({"Rows": 100}, "is cut off: 24 of 800 bytes"),
        ({"BitsAllocated": 24}, "24 bits for a value; only 1, 8, 12, 16, 32, 64 are read"),
        ({"SamplesPerPixel": 2, "Rows": 1, "PlanarConfiguration": 0}, "samples|cannot be decoded"),
        ({"PhotometricInterpretation": "PALETTE COLOR"}, "palette"),
    ],
)
def test_headers_that_lie_about_the_pixels(
    elements: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    dataset = make_dataset(RAMP, PatientName="DOE^JANE", **elements)
    with pytest.raises(DecodeError, match=reason) as caught:
        frame_of(dataset, tmp_path)
    assert "DOE" not in str(caught.value)


def test_of_frames_that_are_not_all_there_those_that_are_come_with_a_note(tmp_path: Path) -> None:
    path = save(make_dataset(np.stack([RAMP, RAMP + 1]), NumberOfFrames=5), tmp_path / "image.dcm")
    assert read_header(path).frames == 2
    frame = read_frame(path, 1)
    assert np.array_equal(frame.pixels, RAMP + 1)
    assert frame.notes == ("The file is cut off: 2 of its 5 frames are there.",)
    with pytest.raises(DecodeError, match=r"is cut off: 48 of 120 bytes of pixels are there"):
        read_frame(path, 2)


def test_a_truncated_file_is_cut_off(tmp_path: Path) -> None:
    path = save(make_dataset(RAMP), tmp_path / "image.dcm")
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DecodeError, match="cut off"):
        read_frame(path)


def test_damaged_compression_names_its_syntax(tmp_path: Path) -> None:
    dataset = make_dataset(np.zeros((32, 40), np.uint16))
    dataset.compress(JPEG2000Lossless, generate_instance_uid=False)
    path = save(dataset, tmp_path / "image.dcm")
    content = path.read_bytes()
    start = content.index(b"\xff\x4f\xff\x51")
    damage = b"\xaa" * (len(content) - start - 28)
    path.write_bytes(content[: start + 20] + damage + content[-8:])
    with pytest.raises(DecodeError, match="JPEG 2000"):
        read_frame(path)


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_gives_a_frame_or_a_dicom_error(seed: int, tmp_path: Path) -> None:
    dataset = make_dataset(RAMP, WindowCenter=[1, 2], WindowWidth=[3, 4], PatientName="DOE^JANE")
    dataset.VOILUTSequence = [lut_item(0, [1, 2, 3], 8)]
    path = save(dataset, tmp_path / "image.dcm")
    content = bytearray(path.read_bytes())
    rng = np.random.default_rng(seed)
    for at in rng.integers(132, len(content), 6):
        content[at] = rng.integers(256)
    path.write_bytes(content)
    shown: list[bool] = []
    messages: list[str] = []
    for read in (read_header, read_frame):
        try:
            found: Any = read(path)
        except DicomError as error:
            messages.append(str(error))
        else:
            shown.append(to_grey(found).ndim == 2 if isinstance(found, Frame) else found.frames > 0)
    assert all(shown)
    assert len(shown) + len(messages) == 2
    assert "DOE" not in "".join(messages)


def test_text_of_errors_is_one_sentence(tmp_path: Path) -> None:
    path = save(make_dataset(), tmp_path / "report.dcm")
    with pytest.raises(NoPixelsError) as caught:
        read_frame(path)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
