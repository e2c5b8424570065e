"""Grey on the screen against the formulas of PS3.3 C.11, worked out here without our own code."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.frame import Frame, default_window, to_grey
from viewer.dicom.reader import read_frame
from viewer.dicom.window import LookupTable, Window
from viewer.render.pyramid import Pyramid

SYNTAXES = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian]
BYTES = np.arange(256, dtype=np.uint8).reshape(16, 16)
SIGNED = np.arange(-2048, 2048, dtype=np.int16).reshape(64, 64)


def standard(x: Any, center: float, width: float, function: str = "LINEAR") -> Any:
    """C.11.2.1.2.1, C.11.2.1.3.1 and C.11.2.1.3.2, word by word, for output 0 to 1."""
    if function == "SIGMOID":
        return 1 / (1 + math.exp(min(-4 * (float(x) - center) / width, 700)))
    x, c, w = Fraction(x), Fraction(center), Fraction(width)
    if function == "LINEAR":
        c, w = c - Fraction(1, 2), w - 1
    if x <= c - w / 2:
        return 0
    return 1 if x > c + w / 2 else (x - c) / w + Fraction(1, 2)


def read(dataset: FileDataset, folder: Path, syntax: Any = ExplicitVRLittleEndian) -> Frame:
    """Frame 0 of the data set, written in a transfer syntax."""
    dataset.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        stored = np.frombuffer(dataset.PixelData, f"<u{dataset.BitsAllocated // 8}")
        dataset.PixelData = stored.astype(stored.dtype.newbyteorder(">")).tobytes()
        dataset["PixelData"].VR = "OB" if dataset.BitsAllocated == 8 else "OW"
    return read_frame(save(dataset, folder / "image.dcm"))


def grey(frame: Frame, voi: Window | LookupTable | None = None) -> NDArray[np.uint8]:
    """What is shown by both paths: for the model and exports, and on the screen."""
    voi = voi or default_window(frame)
    shown = to_grey(frame, voi)
    assert np.array_equal(Pyramid.of(frame).shown(0, voi), shown)
    return shown


def assert_nearest(shown: NDArray[np.uint8], exact: list[Any]) -> None:
    """Every grey is a whole number nearest to 255 times the exact share of white."""
    wanted = np.array([255 * float(share) for share in exact]).reshape(shown.shape)
    assert np.abs(shown - wanted).max() <= 0.5 + 1e-9


def table(descriptor: list[int], data: bytes | list[int], vr: str = "US") -> Dataset:
    """An item of a LUT sequence; bytes are written as they are (OW)."""
    item = Dataset()
    item.add_new("LUTDescriptor", vr, descriptor)
    item.add_new("LUTData", "OW" if isinstance(data, bytes) else "US", data)
    return item


def words(entries: list[int], syntax: Any) -> bytes:
    """Entries as 16-bit words in the byte order of a transfer syntax."""
    return np.array(entries).astype(">u2" if syntax == ExplicitVRBigEndian else "<u2").tobytes()


def group(**macros: dict[str, Any]) -> Dataset:
    """An item of functional groups: macro keyword → elements of its one item."""
    found = Dataset()
    for macro, elements in macros.items():
        item = Dataset()
        for keyword, value in elements.items():
            setattr(item, keyword, value)
        setattr(found, macro, [item])
    return found


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(
    ("stored", "slope", "intercept", "center", "width"),
    [
        (BYTES, 1, 0, 128, 256),
        (BYTES, 1, 0, 127.5, 1),
        (BYTES, 1, 0, 100, 2),
        (BYTES, 0.5, -100, -50.25, 1.5),
        (BYTES, -2, 1000, 740, 400),
        (SIGNED, 1, 0, 0, 100),
        (SIGNED, 1, -1024, 40, 400),
        (SIGNED, -0.25, 3, -17.5, 333.25),
        (SIGNED.view(np.uint16), 1, 0, 32768, 65536),
    ],
)
def test_every_stored_value_has_the_grey_of_rescale_and_window(
    stored: NDArray[Any],
    slope: float,
    intercept: float,
    center: float,
    width: float,
    function: str,
    tmp_path: Path,
) -> None:
    dataset = make_dataset(stored, RescaleSlope=slope, RescaleIntercept=intercept)
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = center, width, function
    values = [Fraction(slope) * int(s) + Fraction(intercept) for s in stored.ravel()]
    frame = read(dataset, tmp_path)
    assert frame.modality_values().ravel().tolist() == [float(v) for v in values]
    assert_nearest(grey(frame), [standard(v, center, width, function) for v in values])


@pytest.mark.parametrize(
    ("center", "width", "function", "black", "white"),
    [  # the last value that is black and the last that is not yet beyond white, by hand
        (100, 51, "LINEAR", 74.5, 124.5),  # 100 - 0.5 - 25, 100 - 0.5 + 25
        (100, 2, "LINEAR", 99, 100),
        (100, 50, "LINEAR_EXACT", 75, 125),
        (100, 1, "LINEAR_EXACT", 99.5, 100.5),
    ],
)
def test_the_ends_of_a_window_are_where_the_standard_has_them(
    center: float, width: float, function: str, black: float, white: float, tmp_path: Path
) -> None:
    halves = np.array([[2 * black, 2 * white, 2 * white + 1]], np.uint16)  # in steps of 0.5
    dataset = make_dataset(halves, RescaleSlope=0.5, RescaleIntercept=0)
    dataset.WindowCenter, dataset.WindowWidth, dataset.VOILUTFunction = center, width, function
    assert grey(read(dataset, tmp_path)).tolist() == [[0, 255, 255]]
    inside = make_dataset(np.array([[8 * black + 1, 8 * white - 1]], np.uint16))  # of 0.125
    inside.RescaleSlope, inside.RescaleIntercept = 0.125, 0
    inside.WindowCenter, inside.WindowWidth, inside.VOILUTFunction = center, width, function
    share = 0.125 / (white - black)
    assert_nearest(grey(read(inside, tmp_path)), [share, 1 - share])


def test_a_window_of_width_one_is_a_step_after_its_center_less_a_half(tmp_path: Path) -> None:
    stored = np.array([[198, 199, 200]], np.uint8)  # 99, 99.5, 100
    dataset = make_dataset(stored, RescaleSlope=0.5, RescaleIntercept=0)
    dataset.WindowCenter, dataset.WindowWidth = 100, 1
    assert grey(read(dataset, tmp_path)).tolist() == [[0, 0, 255]]


def test_each_of_several_windows_is_its_own(tmp_path: Path) -> None:
    centers, widths = [128, 40, 200], [256, 20, 7]
    dataset = make_dataset(BYTES, WindowCenter=centers, WindowWidth=widths)
    dataset.WindowCenterWidthExplanation = ["all", "", "bone"]
    frame = read(dataset, tmp_path)
    assert [w.explanation for w in frame.windows] == ["all", "", "bone"]
    for window, center, width in zip(frame.windows, centers, widths, strict=True):
        assert_nearest(grey(frame, window), [standard(x, center, width) for x in range(256)])


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("stored", "vr", "first", "bits", "entries"),
    [
        ([0, 9, 10, 11, 12, 99], "US", 10, 16, [5, 500, 40000]),
        ([-9, -3, -2, -1, 5], "SS", -3, 16, [65535, 7, 300]),
        ([0, 255], "US", 300, 16, [1234, 9]),
        ([0, 1, 2, 3, 9], "US", 0, 8, [10, 20, 30, 255]),
        ([0, 1, 2, 9], "US", 0, 8, [10, 20, 30]),
        ([0, 5], "US", 0, 16, [513]),
        ([0, 5], "US", 0, 8, [200]),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_modality_table_is_looked_up_and_its_ends_hold_beyond(
    stored: list[int],
    vr: str,
    first: int,
    bits: int,
    entries: list[int],
    packed: bool,
    syntax: Any,
    tmp_path: Path,
) -> None:
    pixels = np.array([stored], np.int16 if vr == "SS" else np.uint16)
    padded = entries + [0] * (len(entries) % 2)  # two 8-bit entries a word, the first one lowest
    pairs = [low | high << 8 for low, high in zip(padded[::2], padded[1::2], strict=True)]
    data = words(pairs if packed and bits == 8 else entries, syntax)
    dataset = make_dataset(pixels, RescaleSlope=3, RescaleIntercept=1)  # which the table replaces
    dataset.ModalityLUTSequence = [table([len(entries), first, bits], data, vr)]
    frame = read(dataset, tmp_path, syntax)
    wanted = [entries[min(max(s - first, 0), len(entries) - 1)] for s in stored]
    assert frame.modality_values().tolist() == [wanted]
    assert_nearest(grey(frame, Window(300, 600)), [standard(v, 300, 600) for v in wanted])


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(("vr", "first"), [("US", 0), ("SS", -32768)])
def test_no_entries_mean_65536_of_them(vr: str, first: int, syntax: Any, tmp_path: Path) -> None:
    stored = np.arange(first, first + 65536).astype(np.int16 if vr == "SS" else np.uint16)
    entries = [i * 7919 % 65536 for i in range(65536)]
    dataset = make_dataset(stored.reshape(256, 256))
    dataset.ModalityLUTSequence = [table([0, first, 16], words(entries, syntax), vr)]
    frame = read(dataset, tmp_path, syntax)
    assert frame.modality_values().ravel().tolist() == entries
    shares = np.clip((np.array(entries) - 19999.5) / 29999 + 0.5, 0, 1)
    assert_nearest(grey(frame, Window(20000, 30000)), shares.tolist())


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    ("dtype", "intercept", "first", "vr"),
    [
        (np.uint16, 0, 100, "US"),
        (np.int16, 0, -100, "SS"),
        (np.uint16, -1024, -924, "SS"),  # SS, as rescaled values may be negative (C.11.2.1.1)
        (np.int16, 40000, 39900, "US"),  # US, as they may not, though stored values may
        (np.uint16, 0, 40000, "US"),
    ],
)
def test_a_voi_table_begins_at_its_first_modality_value(
    dtype: type, intercept: int, first: int, vr: str, syntax: Any, tmp_path: Path
) -> None:
    inputs = [first - 5, first - 1, first, first + 1, first + 2, first + 3, first + 90]
    stored = (np.array([inputs]) - intercept).astype(dtype)
    dataset = make_dataset(stored, RescaleSlope=1, RescaleIntercept=intercept)
    data = words([0, 16384, 32768, 65535], syntax)
    dataset.VOILUTSequence = [table([4, first, 16], data, vr)]
    exact = [0, 0, 0, 16384 / 65535, 32768 / 65535, 1, 1]
    assert_nearest(grey(read(dataset, tmp_path, syntax)), exact)


def test_a_window_and_every_table_can_be_chosen_and_the_window_is_first(tmp_path: Path) -> None:
    dataset = make_dataset(np.array([[0, 1, 2]], np.uint8), WindowCenter=1.5, WindowWidth=3)
    tables = [table([3, 0, 8], [9, 0, 255]), table([3, 0, 12], [0, 4095, 2048])]
    dataset.VOILUTSequence = tables
    frame = read(dataset, tmp_path)
    assert grey(frame).tolist() == [[0, 128, 255]]
    assert grey(frame, frame.voi_luts[0]).tolist() == [[9, 0, 255]]
    assert_nearest(grey(frame, frame.voi_luts[1]), [0, 1, 2048 / 4095])
    del dataset.WindowCenter, dataset.WindowWidth
    assert grey(read(dataset, tmp_path)).tolist() == [[9, 0, 255]]


@pytest.mark.parametrize(
    ("photometric", "shape", "inverted"),
    [
        ("MONOCHROME2", "IDENTITY", False),
        ("MONOCHROME2", "INVERSE", True),
        ("MONOCHROME1", "INVERSE", True),
        ("MONOCHROME1", "", True),
    ],
)
def test_everything_at_once_in_the_order_of_the_standard(
    photometric: str, shape: str, inverted: bool, tmp_path: Path
) -> None:
    stored = np.array([[-2001, -2000, -1990, -1989, -4, -3, -2, 0, 7]], np.int16)
    dataset = make_dataset(stored, PixelPaddingValue=-2000, PixelPaddingRangeLimit=-1990)
    dataset.PhotometricInterpretation, dataset.PresentationLUTShape = photometric, shape
    dataset.RescaleSlope, dataset.RescaleIntercept = -2, 10

    def turned(share: float) -> float:
        return 1 - share if inverted else share

    # Rescale: 4012, padding twice, 3988, 18, 16, 14, 10, -4; window from 9.5 - 6 to 9.5 + 6
    dataset.WindowCenter, dataset.WindowWidth = 10, 13
    shares = [1, None, None, 1, 1, 1, 10.5 / 12, 6.5 / 12, 0]
    exact = [0 if share is None else turned(share) for share in shares]
    assert_nearest(grey(read(dataset, tmp_path)), exact)

    # Modality LUT: -4 and below 40000, -3 → 50000, -2 and above 7; VOI LUT of 49999 and 50000
    dataset.ModalityLUTSequence = [table([3, -4, 16], [40000, 50000, 7], "SS")]
    dataset.VOILUTSequence = [table([2, 49999, 8], [30, 200])]
    low, high = turned(30 / 255), turned(200 / 255)
    exact = [low, 0, 0, low, low, high, low, low, low]
    for syntax in SYNTAXES[:2]:
        frame = read(dataset, tmp_path, syntax)
        assert_nearest(grey(frame, frame.voi_luts[0]), exact)


@pytest.mark.parametrize(
    ("stored", "vr", "padding", "limit", "black"),
    [
        ([0, 1, 2, 3], "US", 2, None, [2]),
        ([0, 1, 2, 3], "US", 3, 1, [1, 2, 3]),  # the limit on either side
        ([-3, -2, -1, 0], "SS", -3, -2, [-3, -2]),
        ([-3, -2, -1, 0], "US", 65533, 65534, [-3, -2]),
        ([0, 65535], "US", 65535, None, [65535]),
        ([0, 65535], "SS", -1, None, [65535]),
    ],
)
def test_padding_is_black_and_nothing_else_is(
    stored: list[int],
    vr: str,
    padding: int,
    limit: int | None,
    black: list[int],
    tmp_path: Path,
) -> None:
    dataset = make_dataset(np.array([stored]).astype(np.int16 if min(stored) < 0 else np.uint16))
    dataset.PhotometricInterpretation = "MONOCHROME1"
    dataset.add_new("PixelPaddingValue", vr, padding)
    if limit is not None:
        dataset.add_new("PixelPaddingRangeLimit", vr, limit)
    everything = Window(200000, 10)  # the rest is below it, and white
    wanted = [[0 if value in black else 255 for value in stored]]
    assert grey(read(dataset, tmp_path), everything).tolist() == wanted


def test_padding_that_no_pixel_can_have_blackens_nothing(tmp_path: Path) -> None:
    dataset = make_dataset(np.array([[48, 47]], np.uint8), PhotometricInterpretation="MONOCHROME1")
    dataset.add_new("PixelPaddingValue", "SS", -2000)  # 48 in its low byte
    assert grey(read(dataset, tmp_path), Window(1000, 1)).tolist() == [[255, 255]]


@pytest.mark.parametrize(("dtype", "name"), [(np.float32, "Float"), (np.float64, "DoubleFloat")])
def test_float_pixels_have_the_grey_of_the_formula(dtype: type, name: str, tmp_path: Path) -> None:
    stored = np.array([[-1e30, -0.75, 0.1, 0.3, 1e30, np.inf, np.nan, -1000, -999]], dtype)
    dataset = make_dataset(stored, WindowCenter=0.25, WindowWidth=2, VOILUTFunction="LINEAR_EXACT")
    setattr(dataset, f"{name}PixelPaddingValue", -1000.0)
    setattr(dataset, f"{name}PixelPaddingRangeLimit", -999.0)
    frame = read(dataset, tmp_path)
    exact = [0, 0, (0.1 - 0.25) / 2 + 0.5, (0.3 - 0.25) / 2 + 0.5, 1, 1, 0, 0, 0]
    assert_nearest(to_grey(frame), exact)
    assert_nearest(to_grey(frame, invert=True), [1, 1, 1 - exact[2], 1 - exact[3], 0, 0, 0, 0, 0])
    halves = LookupTable(0, np.array([128, 255], np.uint16), 8)
    assert to_grey(frame, halves)[0].tolist() == [128, 128, 128, 128, 255, 255, 0, 0, 0]


def macros(k: int) -> dict[str, dict[str, Any]]:
    """Functional groups that tell frame ``k`` from the others; -1 is the shared one."""
    return {
        "PixelValueTransformationSequence": {"RescaleSlope": k + 2, "RescaleIntercept": -10 * k},
        "FrameVOILUTSequence": {"WindowCenter": 50 + k, "WindowWidth": 20 + 5 * k},
        "PixelMeasuresSequence": {"PixelSpacing": [1 + k / 4, 2 + k / 4]},
    }


@pytest.mark.parametrize("index", [0, 1, 2])
@pytest.mark.parametrize("own", [(), *((name,) for name in macros(0)), tuple(macros(0))])
def test_each_frame_is_shown_by_its_own_functional_groups_else_the_shared(
    own: tuple[str, ...], index: int, tmp_path: Path
) -> None:
    stored = np.arange(48, dtype=np.int16).reshape(3, 4, 4)
    dataset = make_dataset(stored, Modality="CT", RescaleSlope=99, WindowCenter=0, WindowWidth=1)
    dataset.SharedFunctionalGroupsSequence = [group(**macros(-1))]
    dataset.PerFrameFunctionalGroupsSequence = [
        group(**{name: macros(k)[name] for name in own}) for k in range(3)
    ]
    frame = read_frame(save(dataset, tmp_path / "image.dcm"), index)
    rescale, voi, measures = (macros(index if name in own else -1)[name] for name in macros(0))
    values = [
        int(s) * rescale["RescaleSlope"] + rescale["RescaleIntercept"] for s in stored[index].flat
    ]
    assert frame.modality_values().ravel().tolist() == values
    center, width = voi["WindowCenter"], voi["WindowWidth"]
    assert_nearest(grey(frame), [standard(v, center, width) for v in values])
    height, across = measures["PixelSpacing"]
    assert (frame.spacing, frame.aspect_ratio) == ((height, across), height / across)


def test_a_table_of_a_frames_functional_group_is_that_frames(tmp_path: Path) -> None:
    dataset = make_dataset(np.array([[[0, 1]], [[0, 1]]], np.uint8))
    dataset.PerFrameFunctionalGroupsSequence = [
        group(FrameVOILUTSequence={"VOILUTSequence": [table([2, 0, 8], entries)]})
        for entries in ([10, 20], [30, 40])
    ]
    path = save(dataset, tmp_path / "image.dcm")
    assert [grey(read_frame(path, k)).tolist() for k in (0, 1)] == [[[10, 20]], [[30, 40]]]


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize(
    ("dtype", "low", "high", "width"),
    [
        (np.int32, -(2**31), 2**31 - 1, 1e6),
        (np.uint32, 0, 2**32 - 1, 3e9),
        (np.uint32, 4_000_000_000, 4_000_001_000, 40),
        (np.int32, -500, 500, 1),
        (np.float32, -2, 2, 1.5),
        (np.float64, 1e9, 1e9 + 3000, 250.5),
    ],
)
def test_deep_pixels_are_on_the_screen_within_half_a_step_of_65534(
    dtype: type, low: float, high: float, width: float, function: str, inverted: bool
) -> None:
    """The bound: the grey on the screen is that of a value at most half a step away, where 65,534
    steps span the frame and the file's windows. ``to_grey`` is exact."""
    rng = np.random.default_rng(5)
    pixels = (rng.random((50, 60)) * (high - low) + low).astype(dtype)
    window = Window((low + high) / 2, width, function)  # type: ignore[arg-type]
    frame = Frame(pixels, windows=(window,), inverted=inverted)
    span = [pixels.min(), pixels.max(), window.center - width / 2, window.center + width / 2]
    half = (float(max(span)) - float(min(span))) / 65534 / 2 * (1 + 1e-6)
    values = [float(v) for v in pixels.flat]

    def greys(shift: float) -> NDArray[np.float64]:
        shares = [float(standard(v + shift, window.center, width, function)) for v in values]
        return 255 * (1 - np.array(shares) if inverted else np.array(shares)).reshape(50, 60)

    shown = Pyramid.of(frame).shown(0, window).astype(float)
    ends = greys(-half), greys(half)
    assert (shown >= np.minimum(*ends) - 0.5 - 1e-6).all()
    assert (shown <= np.maximum(*ends) + 0.5 + 1e-6).all()
    assert np.abs(to_grey(frame, window) - greys(0)).max() <= 0.5 + 1e-6


def test_padding_and_not_a_number_are_black_on_the_screen_of_deep_pixels() -> None:
    pixels = np.array([[-9, np.nan, 0, 1]])
    frame = Frame(pixels, windows=(Window(0.5, 1, "LINEAR_EXACT"),), padding=(-9, -9))
    for invert, wanted in ((False, [0, 0, 0, 255]), (True, [0, 0, 255, 0])):
        assert Pyramid.of(frame).shown(0, frame.windows[0], invert).tolist() == [wanted]
