"""Window presets: those of the file, then those of the modality, and what they are called."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from tests.factories.dicom_files import lut_item, make_dataset, save
from viewer.dicom.frame import Frame, default_window
from viewer.dicom.presets import (
    OUR_NAMES,
    full_range,
    name_of,
    presets_of,
    region_window,
    same_voi,
)
from viewer.dicom.reader import read_frame
from viewer.dicom.window import LookupTable, Window, apply_window

_RAMP = np.arange(4096, dtype=np.int16).reshape(64, 64)
_HU = {"slope": 1.0, "intercept": -1024.0, "units": "HU"}


def _names(frame: Frame, modality: str) -> list[str]:
    return [preset.name for preset in presets_of(frame, modality)]


def test_windows_and_tables_of_the_file_come_first_and_none_twice() -> None:
    tables = (LookupTable(0, np.arange(4, dtype=np.uint16), 2, "warm"),)
    windows = (Window(100, 50, "SIGMOID", "bone"), Window(7, 3), Window(100, 50, "SIGMOID", "bone"))
    frame = Frame(_RAMP, windows=windows, voi_luts=tables)
    found = presets_of(frame, "DX")
    assert [preset.origin for preset in found[:4]] == ["image", "file", "file", "file"]
    names = ["automatic", "bone", "window 2 of the file", "warm"]
    assert [preset.name for preset in found[:4]] == names
    assert found[1].voi == windows[0]  # with its function
    assert found[3].voi is tables[0]
    assert {preset.origin for preset in found[4:]} == {"modality"}


def test_key_1_is_the_first_window_also_where_the_file_has_none() -> None:
    frame = Frame(_RAMP)
    found = presets_of(frame, "CR")
    assert same_voi(found[1].voi, default_window(frame))
    assert "file has none" in found[1].name


def test_presets_of_ct_are_offered_in_hounsfield_units_only() -> None:
    assert _names(Frame(_RAMP, **_HU), "CT")[2:] == [  # type: ignore[arg-type]
        *("lung", "mediastinum", "soft tissue", "bone", "brain", "liver", "full range")
    ]
    assert _names(Frame(_RAMP), "CT")[2:] == ["full range"]
    assert _names(Frame(_RAMP, **_HU), "MR")[2] != "lung"  # type: ignore[arg-type]


@pytest.mark.parametrize("modality", ["CT", "MR", "CR", "DX", "MG", "PT", "XA", "OT", ""])
@pytest.mark.parametrize(
    "pixels",
    [_RAMP, np.zeros((3, 3), np.uint8), np.full((4, 4), np.nan, np.float32)],
    ids=["ramp", "one value", "no number"],
)
def test_every_preset_is_a_window_with_a_name(modality: str, pixels: NDArray[np.float32]) -> None:
    found = presets_of(Frame(pixels), modality)
    assert all(preset.name and preset.voi is not None for preset in found)
    assert len({preset.name for preset in found}) == len(found)
    assert {p.name for p in found if p.origin == "modality"} <= OUR_NAMES


def test_colours_have_no_presets() -> None:
    assert presets_of(Frame(np.zeros((2, 2, 3), np.uint8)), "US") == ()


def _frames() -> dict[str, Frame]:
    random = np.random.default_rng(5)
    wide = random.integers(-(2**31), 2**31 - 1, (40, 30), np.int32)
    deep = random.integers(0, 4096, (90, 80)).astype(np.uint16)
    signed = (deep.astype(np.int16) - 2000)[::2, 1:]
    floats = random.normal(size=(9, 9)).astype(np.float32)
    floats[0, 0], floats[1, 1] = np.nan, np.inf
    jagged = LookupTable(0, random.integers(0, 900, 4096).astype(np.uint16), 10)
    return {
        "plain": Frame(deep),
        "padding at the bottom": Frame(signed, padding=(-2000, -1500)),
        "padding at the top": Frame(deep, padding=(4000, 4095), slope=-0.5, intercept=3),
        "padding between": Frame(signed, padding=(-5, 5)),
        "nothing but padding": Frame(deep, padding=(0, 65535)),
        "a table that does not rise": Frame(deep, modality_lut=jagged),
        "bytes": Frame((deep % 200).astype(np.uint8), padding=(0, 3)),
        "32 bits": Frame(wide),
        "32 bits with padding": Frame(wide, padding=(-(2**31), 0)),
        "fractions": Frame(floats),
    }


@pytest.mark.parametrize("name", _frames())
def test_full_range_is_from_the_least_to_the_greatest_value(name: str) -> None:
    frame = _frames()[name]
    values = np.array(
        [
            value
            for (row, column), stored in np.ndenumerate(frame.pixels)
            if (value := frame.value_at(column, row)) is not None
            and not (frame.padding and frame.padding[0] <= stored <= frame.padding[1])
        ]
    )
    window = full_range(frame)
    if not values.size:
        assert window.width == 1
        return
    shown = apply_window(np.array([values.min(), np.median(values), values.max()]), window)
    assert shown[0] == 0
    assert 0 < shown[1] < 1
    assert shown[2] == pytest.approx(1)
    inside = (values > values.min()) & (values < values.max())
    middle = apply_window(values[inside], window)
    assert np.all((middle > 0) & (middle < 1))


@pytest.mark.parametrize("inverted", [False, True])
def test_a_breast_is_windowed_without_the_air(inverted: bool) -> None:
    random = np.random.default_rng(1)
    pixels = random.normal(50, 5, (200, 200))
    pixels[:, :60] = random.normal(2000, 100, (200, 60))
    pixels = 4000 - pixels if inverted else pixels
    frame = Frame(pixels.clip(0, 4095).astype(np.uint16), inverted=inverted)
    voi = next(p for p in presets_of(frame, "MG") if p.name == "within the breast").voi
    assert isinstance(voi, Window)
    assert voi.center == pytest.approx(2000, abs=40)
    assert voi.width == pytest.approx(2 * 2.576 * 100, rel=0.1)


def test_what_surrounds_a_round_field_is_no_part_of_the_automatic_window() -> None:
    pixels = np.full((100, 100), -3024, np.int16)
    pixels[20:80, 20:80] = np.linspace(-1000, 1000, 3600).reshape(60, 60)
    voi = presets_of(Frame(pixels), "CT")[0].voi
    assert isinstance(voi, Window)
    assert voi.center - voi.width / 2 > -1001
    pixels[0, 0] = -3025  # one value more, not a good part of the frame: nothing is left out
    voi = presets_of(Frame(pixels), "CT")[0].voi
    assert isinstance(voi, Window)
    assert voi.center - voi.width / 2 < -3000


def test_uptake_is_seen_from_zero() -> None:
    voi = presets_of(Frame(_RAMP), "PT")[2].voi
    assert isinstance(voi, Window)
    assert voi.center - voi.width / 2 == 0


def test_the_window_of_a_region_is_that_of_its_values() -> None:
    frame = Frame(_RAMP, slope=2.0, intercept=-10, padding=(0, 63))
    window = region_window(frame, (10.2, 19.6, 20.4, 22.4))  # columns 10 to 19, rows 20 and 21
    assert window is not None
    expected = Frame(_RAMP[20:22, 10:20], slope=2.0, intercept=-10)
    assert same_voi(window, default_window(expected))
    assert region_window(frame, (0, 0, 64, 1)) is None  # padding alone
    assert region_window(frame, (-9, -9, -1, -1)) is None
    assert region_window(frame, (-9, -9, 90, 90)) is not None


def test_tables_are_equal_by_what_is_in_them() -> None:
    one, other = (LookupTable(0, np.array([1, 2], np.uint16), 8, "warm") for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    assert one != LookupTable(0, np.array([1, 3], np.uint16), 8, "warm")
    assert one != LookupTable(1, np.array([1, 2], np.uint16), 8, "warm")
    assert one != Window(1, 2)


def test_names_that_somebody_wrote_are_kept_back_with_the_identity() -> None:
    mine, table = (
        Window(5, 5, explanation="JANE DOE"),
        LookupTable(0, _RAMP[0].view("u2"), 6, "Doe"),
    )
    frame = Frame(_RAMP, windows=(mine, Window(6, 6)), voi_luts=(table,))
    assert name_of(frame, mine) == "JANE DOE"
    assert name_of(frame, mine, free_text=False) == "window 1 of the file"
    assert name_of(frame, table, free_text=False) == "table of the file"
    assert name_of(frame, Window(6, 6)) == "window 2 of the file"
    assert name_of(frame, Window(1, 2, explanation="Doe's"), free_text=False) == ""
    assert name_of(frame, Window(1, 2, explanation="Doe's")) == "Doe's"
    assert name_of(frame, Window(1, 2, explanation="lung"), free_text=False) == "lung"
    assert name_of(frame, Window(1, 2)) == ""


def test_names_from_a_file_are_short_and_plain() -> None:
    frame = Frame(_RAMP, windows=(Window(5, 5, explanation="a\nb\x07 " + "x" * 99),))
    assert name_of(frame, frame.windows[0]) == "a b " + "x" * 28


def test_presets_of_a_real_file_with_everything(tmp_path: Path) -> None:
    pixels = np.arange(64, dtype=np.uint16).reshape(8, 8)
    tables: list[Dataset] = []
    for name in ("HARD", "SOFT"):
        item = lut_item(0, list(range(64)), 6)
        item.LUTExplanation = name
        tables.append(item)
    dataset = make_dataset(
        pixels,
        WindowCenter=[10, 20],
        WindowWidth=[30, 40],
        WindowCenterWidthExplanation=["NORMAL", "HARDER"],
        VOILUTFunction="SIGMOID",
        VOILUTSequence=tables,
    )
    frame = read_frame(save(dataset, tmp_path / "image"))
    found = presets_of(frame, "DX")
    assert [p.name for p in found[1:5]] == ["NORMAL", "HARDER", "HARD", "SOFT"]
    assert found[2].voi == Window(20, 40, "SIGMOID", "HARDER")
