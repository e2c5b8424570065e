"""What a data set says about showing its stored values: LUTs, windows, padding, spacing, planes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from viewer.dicom.attributes import orientation
from viewer.dicom.elements import holder, items, numbers, text, value, values
from viewer.dicom.frame import Frame
from viewer.dicom.planes import read_planes
from viewer.dicom.timing import frame_rate
from viewer.dicom.window import Function, LookupTable, Window, table_entries

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from viewer.dicom.pixel_data import PixelData

_IN_PATIENT = ("CT", "MR", "PT", "NM")
_TINIEST, _LARGEST = 1e-6, 1e6  # of a spacing in mm
_LONGEST = 100.0  # of a pixel, height : width, for something still to be seen
_HUGE = 1e30  # as no measured value is
_PROJECTION = ("CR", "DX", "MG", "RG", "XA", "RF", "IO", "PX")


def make_frame(
    dataset: Dataset,
    pixels: NDArray[Any],
    index: int = 0,
    notes: tuple[str, ...] = (),
    stored: PixelData | None = None,
) -> Frame:
    """The frame of decoded ``pixels`` with what the data set says about frame ``index``.

    ``stored`` is where the pixels are in the open file, for planes in their unused bits.
    """
    spacing, kind = _spacing(dataset, index)
    planes, left_out = read_planes(dataset, index, stored)
    if pixels.ndim == 3:
        return Frame(
            pixels,
            spacing=spacing,
            spacing_kind=kind,
            aspect_ratio=_aspect(dataset, spacing),
            notes=notes + left_out,
            planes=planes,
            orientation=orientation(dataset, index),
            frame_rate=frame_rate(dataset),
        )
    slope, intercept = _rescale(dataset, index)
    signed = pixels.dtype.kind == "i"
    modality_luts = _tables(dataset, dataset, "ModalityLUTSequence", signed)
    voi_signed = not modality_luts and _may_be_negative(pixels.dtype, slope, intercept)
    voi_place = holder(dataset, "FrameVOILUTSequence", index, "VOILUTSequence")
    return Frame(
        pixels,
        slope=slope,
        intercept=intercept,
        modality_lut=next(iter(modality_luts), None),
        windows=_windows(dataset, index),
        voi_luts=_tables(dataset, voi_place, "VOILUTSequence", voi_signed),
        inverted=_inverted(dataset),
        padding=_padding(dataset, pixels.dtype),
        spacing=spacing,
        spacing_kind=kind,
        aspect_ratio=_aspect(dataset, spacing),
        units=_units(dataset, index),
        notes=notes + left_out + _left_grey(dataset),
        planes=planes,
        orientation=orientation(dataset, index),
        frame_rate=frame_rate(dataset),
    )


def _left_grey(dataset: Dataset) -> tuple[str, ...]:
    """A note where some values of a grey image have colours (C.7.6.19), which are not shown."""
    if text(dataset, "PixelPresentation") not in ("COLOR", "MIXED"):
        return ()
    if not numbers(dataset, "RedPaletteColorLookupTableDescriptor"):
        return ()
    return ("Values that the file has colours for (a supplemental palette) are shown as grey.",)


def _inverted(dataset: Dataset) -> bool:
    """Whether low values are white (C.7.6.3.1.2, C.11.6.1.2); both said mean it once."""
    shape = text(dataset, "PresentationLUTShape")
    return text(dataset, "PhotometricInterpretation") == "MONOCHROME1" or shape == "INVERSE"


def _rescale(dataset: Dataset, index: int) -> tuple[float, float]:
    """Slope and intercept (C.11.1.1.2), 1 and 0 where they are missing or useless."""
    place = holder(dataset, "PixelValueTransformationSequence", index, "RescaleSlope")
    slope, intercept = numbers(place, "RescaleSlope"), numbers(place, "RescaleIntercept")
    if len(slope) != 1 or not 1 / _HUGE < abs(slope[0]) < _HUGE:
        slope = (1.0,)
    if len(intercept) != 1 or not abs(intercept[0]) < _HUGE:
        intercept = (0.0,)
    return slope[0], intercept[0]


def _may_be_negative(dtype: np.dtype[Any], slope: float, intercept: float) -> bool:
    """Whether rescaled values can be below 0: then a VOI LUT's first input is signed."""
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return min(float(end) * slope + intercept for end in (limits.min, limits.max)) < 0


def _units(dataset: Dataset, index: int) -> str:
    """Rescale Type; "HU" for a rescaled CT that says none (C.11.1.1.2), "" for unspecified."""
    place = holder(dataset, "PixelValueTransformationSequence", index, "RescaleSlope")
    luts = items(dataset, "ModalityLUTSequence")
    said = text(luts[0], "ModalityLUTType") if luts else text(place, "RescaleType")
    if not said and not luts and text(dataset, "Modality") == "CT":
        return "HU" if numbers(place, "RescaleSlope") else ""
    return "" if said == "US" else said


def _windows(dataset: Dataset, index: int) -> tuple[Window, ...]:
    """The windows of the file that have a meaning (C.11.2.1.2), in its order."""
    place = holder(dataset, "FrameVOILUTSequence", index, "WindowCenter")
    centers, widths = numbers(place, "WindowCenter"), numbers(place, "WindowWidth")
    names = [str(name).strip() for name in values(place, "WindowCenterWidthExplanation")]
    function = _function(text(place, "VOILUTFunction"))
    names += [""] * len(centers)
    return tuple(
        # Narrower than LINEAR can be: written by software that means the exact function.
        Window(c, w, "LINEAR_EXACT" if function == "LINEAR" and w < 1 else function, name)
        for c, w, name in zip(centers, widths, names, strict=False)
        if 1 / _HUGE < w < _HUGE and abs(c) < _HUGE
    )


def _function(said: str) -> Function:
    """VOI LUT Function; LINEAR is the default (C.11.2.1.3)."""
    if said == "SIGMOID":
        return "SIGMOID"
    return "LINEAR_EXACT" if said == "LINEAR_EXACT" else "LINEAR"


def _tables(
    dataset: Dataset, place: Dataset, keyword: str, signed: bool
) -> tuple[LookupTable, ...]:
    """The tables of a LUT sequence at ``place`` that can be read; ``signed`` are their inputs."""
    implicit, little = getattr(dataset, "original_encoding", (True, True))
    encoding = bool(implicit), little is not False
    found = (_table(item, signed, *encoding) for item in items(place, keyword))
    return tuple(table for table in found if table is not None)


def _table(item: Dataset, signed: bool, implicit: bool, little: bool) -> LookupTable | None:
    """One LUT: descriptor (entries or 0 for 65,536; first input; bits) and data (C.11.1.1.1)."""
    descriptor = numbers(item, "LUTDescriptor")
    if len(descriptor) != 3:
        return None
    count, first, bits = (int(n) for n in descriptor)
    count = count if count > 0 else 65536
    if signed and first > 32767:
        first -= 65536
    elif implicit and not signed and first < 0:  # pydicom has guessed the VR by the pixels'
        first += 65536
    data = value(item, "LUTData")
    words = data if isinstance(data, bytes) else numbers(item, "LUTData")
    entries = table_entries(words, count, bits, little)
    if not entries.size:
        return None
    bits = bits if 1 <= bits <= 16 else 16
    bits = max(bits, int(entries.max()).bit_length())
    name = text(item, "LUTExplanation") or text(item, "ModalityLUTType")
    return LookupTable(first, entries, bits, name)


def _padding(dataset: Dataset, dtype: np.dtype[Any]) -> tuple[float, float] | None:
    """The range of stored values that are padding (C.7.5.1.1.2), read in the pixels' own type."""
    prefix = {4: "Float", 8: "DoubleFloat"}[dtype.itemsize] if dtype.kind == "f" else ""
    first = numbers(dataset, f"{prefix}PixelPaddingValue")
    if len(first) != 1:
        return None
    last = numbers(dataset, f"{prefix}PixelPaddingRangeLimit")[:1] or first
    if dtype.kind == "f":
        return min(first[0], last[0]), max(first[0], last[0])
    bits = 8 * dtype.itemsize
    if not all(-(2 ** (bits - 1)) <= n < 2**bits for n in (first[0], last[0])):
        return None  # no pixel can have it
    ends = [np.array([int(n) & (2**bits - 1)]) for n in (first[0], last[0])]
    low, high = sorted(float(end.astype(f"u{dtype.itemsize}").view(dtype)[0]) for end in ends)
    return low, high


def _spacing(dataset: Dataset, index: int) -> tuple[tuple[float, float] | None, str]:
    """Spacing in mm and what it is true of (PS3.3 10.7.1.3): the patient, or the detector."""
    place = holder(dataset, "PixelMeasuresSequence", index, "PixelSpacing")
    in_file = _pair(place, "PixelSpacing")
    detector = _pair(dataset, "ImagerPixelSpacing") or _pair(dataset, "NominalScannedPixelSpacing")
    if in_file is None:
        return detector, "at detector" if detector else ""
    modality = text(dataset, "Modality")
    differs = detector is not None and not np.allclose(in_file, detector, rtol=1e-3, atol=0)
    in_patient = modality in _IN_PATIENT or place is not dataset
    if in_patient or differs or text(dataset, "PixelSpacingCalibrationType"):
        return in_file, "calibrated"
    return in_file, "at detector" if detector or modality in _PROJECTION else ""


def _pair(dataset: Dataset, keyword: str) -> tuple[float, float] | None:
    """Two positive numbers of a size that something in the world has, or None."""
    found = numbers(dataset, keyword)
    sane = len(found) == 2 and all(_TINIEST < number < _LARGEST for number in found)
    return (found[0], found[1]) if sane else None


def _aspect(dataset: Dataset, spacing: tuple[float, float] | None) -> float:
    """Pixel height / width, from the spacing, else from Pixel Aspect Ratio (C.7.6.3.1.7)."""
    height, width = spacing or _pair(dataset, "PixelAspectRatio") or (1.0, 1.0)
    ratio = height / width
    return ratio if 1 / _LONGEST <= ratio <= _LONGEST else 1.0
