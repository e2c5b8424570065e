"""Kinds of zoom: fit, one to one, and as large as in the body (or on the detector)."""

from __future__ import annotations

import math

from viewer.canvas.view import View
from viewer.dicom.frame import Frame

_SAME = 1e-6


def why_no_true_size(frame: Frame, per_mm: float) -> str:
    """A sentence why a frame cannot be shown in true size; "" if it can."""
    if frame.spacing is None or min(frame.spacing) <= 0:
        return "True size needs to know how large a pixel is, and this file does not say it."
    if per_mm <= 0:
        return (
            "True size needs to know how large this screen is, and it does not say it. "
            "Measure it and enter its dots per inch in the preferences."
        )
    return ""


def true_zoom(frame: Frame, per_mm: float) -> float:
    """The zoom at which a millimetre is one, for a frame that can be shown so, else 0."""
    if why_no_true_size(frame, per_mm) or frame.spacing is None:
        return 0.0
    return frame.spacing[1] * per_mm


def zoom_kind(view: View, frame: Frame, ratio: float, per_mm: float) -> str:
    """ "fit", "1:1", "true size, …" with the kind of the spacing, or "" for any other zoom.

    ``ratio`` is device pixels per logical pixel."""
    if view.zoom is None:
        return "fit"
    true = true_zoom(frame, per_mm)
    if true and math.isclose(view.zoom, true, rel_tol=_SAME):
        return ", ".join(filter(None, ("true size", frame.spacing_kind)))
    return "1:1" if math.isclose(view.zoom * ratio, 1.0, rel_tol=_SAME) else ""
