"""From line integrals to a stored radiograph: Beer-Lambert, scatter, blur, noise, log, look.

Linear attenuation coefficients are in 1/mm at 60 keV effective, from the mass attenuation
coefficients of NIST (Hubbell and Seltzer, tables for ICRU-44 media): soft tissue 0.2048 cm2/g at
1.06 g/cm3, cortical bone 0.3148 cm2/g at 1.92 g/cm3. Spongiosa is taken as one fifth bone in
marrow, inflated lung as soft tissue of a quarter of the density, fat as 0.95 g/cm3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

SOFT = 0.0217
CORTICAL = 0.0604
SPONGIOSA = 0.0294
LUNG = 0.0054
FAT = 0.0188
AIR = 0.0
LEAD = 5.7


@dataclass(frozen=True)
class Exposure:
    """How the picture is taken and printed; lengths in mm."""

    quanta: float = 4.0e5  # detected per pixel without a patient
    scatter: float = 0.25  # scatter to primary ratio behind the whole patient
    scatter_sigma: float = 14.0
    focus_sigma: float = 0.12  # focal spot and scintillator, before the quanta are counted
    detector_sigma: float = 0.09  # light spread, after they are counted
    electronic: float = 60.0  # sigma, in quanta
    gain: float = 2200.0  # stored values per unit of line integral
    offset: float = 60.0
    flatten: float = 0.35  # share of the slow variation above ``level`` taken away
    flatten_sigma: float = 18.0
    level: float = 0.4
    sharpen: float = 0.6
    sharpen_sigma: float = 0.55


def transmission(line_integral: Array) -> Array:
    """Beer-Lambert: the share of the beam, exp(-sum of mu t), behind a line integral."""
    return np.exp(-line_integral)


def blur(image: Array, sigma: float) -> Array:
    """Gaussian of compact support (3 sigma; ``sigma`` in pixels), edges continued."""
    if sigma <= 0:
        return image
    radius = max(1, round(3 * sigma))
    kernel = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    kernel /= kernel.sum()
    out = image
    for axis in (0, 1):
        pad = [(radius, radius) if k == axis else (0, 0) for k in (0, 1)]
        wide, size = np.pad(out, pad, mode="edge"), out.shape[axis]
        out = np.zeros_like(out)
        for shift, weight in enumerate(kernel):
            out += weight * wide.take(range(shift, shift + size), axis)
    return out


def slow_blur(image: Array, sigma: float) -> Array:
    """Wide Gaussian (``sigma`` in pixels), worked out on blocks and interpolated back."""
    block = max(1, int(sigma / 6))
    height, width = image.shape
    rows, cols = -(-height // block), -(-width // block)
    wide = np.pad(image, ((0, rows * block - height), (0, cols * block - width)), mode="edge")
    small = blur(wide.reshape(rows, block, cols, block).mean((1, 3)), sigma / block)
    for axis, (size, count) in enumerate(((height, rows), (width, cols))):
        at = np.clip((np.arange(size) + 0.5) / block - 0.5, 0, count - 1)
        low = np.minimum(at.astype(int), max(count - 2, 0))
        part = (at - low).reshape([-1, 1] if axis == 0 else [1, -1])
        high = np.minimum(low + 1, count - 1)
        small = small.take(low, axis) * (1 - part) + small.take(high, axis) * part
    return small


def texture(
    shape: tuple[int, int],
    spacing: float,
    band: tuple[float, float],
    stretch: float,
    rng: np.random.Generator,
) -> Array:
    """Band-limited noise (H, W), mean 0 and sigma 1; ``band`` in mm of wavelength.

    ``stretch`` above 1 draws the grain out along y by about that factor (trabeculae).
    """
    fy = np.fft.fftfreq(shape[0], spacing)[:, None] * stretch
    fx = np.fft.rfftfreq(shape[1], spacing)[None, :]
    f = np.hypot(fx, fy)
    keep = np.exp(-((f * band[0]) ** 2)) * (1 - np.exp(-((f * band[1]) ** 2)))
    field = np.fft.irfft2(np.fft.rfft2(rng.standard_normal(shape)) * keep, shape)
    return np.asarray(field / field.std(), np.float64)


def expose(line_integral: Array, spacing: float, exposure: Exposure) -> Array:
    """Mean signal, in quanta, at the detector cover (H, W): primary plus scatter.

    The scatter is a wide blur of the primary photons that the patient took out of the beam.
    """
    primary = transmission(line_integral)
    if exposure.scatter > 0:
        sigma = exposure.scatter_sigma / spacing
        thick = 1.0 - transmission(line_integral)
        primary = primary + exposure.scatter * slow_blur(primary * thick, sigma)
    return exposure.quanta * primary


def detect(
    signal: Array, spacing: float, exposure: Exposure, rng: np.random.Generator | None
) -> Array:
    """The signal as read out (H, W): unsharp, with quantum and electronic noise if ``rng``.

    Quantum noise is Poisson, drawn in its normal limit (hundreds of quanta and more a pixel), so
    that what lies in one place does not shift the random numbers of another.
    """
    mean = blur(signal, exposure.focus_sigma / spacing)
    if rng is None:
        return blur(mean, exposure.detector_sigma / spacing)
    counts = np.maximum(mean + np.sqrt(mean) * rng.standard_normal(mean.shape), 0.0)
    read = blur(counts, exposure.detector_sigma / spacing)
    return read + exposure.electronic * rng.standard_normal(mean.shape)


def present(signal: Array, slow: Array, spacing: float, exposure: Exposure) -> NDArray[np.uint16]:
    """Log transform and the look of a vendor's console: 12-bit, bone white (H, W).

    ``slow`` is the slow variation of the line integral, which is partly taken away.
    """
    line = -np.log(np.maximum(signal, 1.0) / exposure.quanta)
    detail = line - blur(line, exposure.sharpen_sigma / spacing)
    line = (
        line - exposure.flatten * np.maximum(slow - exposure.level, 0.0) + exposure.sharpen * detail
    )
    return np.clip(np.rint(exposure.offset + exposure.gain * line), 1, 4095).astype(np.uint16)


def reach(mask: NDArray[np.bool_], spacing: float, exposure: Exposure) -> NDArray[np.bool_]:
    """Every pixel (H, W) that a change of the signal within ``mask`` can change in the picture."""
    out = mask.astype(np.float64)
    for sigma in (exposure.focus_sigma, exposure.detector_sigma, exposure.sharpen_sigma):
        out = blur(out, sigma / spacing)
    return out > 0


def shutter(
    shape: tuple[int, int], spacing: float, edges: tuple[float, float, float, float]
) -> Array:
    """How open the collimator is (H, W), 0..1 with a soft edge, left/top/right/bottom in mm."""
    left, top, right, bottom = edges
    x = (np.arange(shape[1]) + 0.5) * spacing
    y = (np.arange(shape[0]) + 0.5) * spacing
    soft = 0.5
    open_x = np.clip(np.minimum(x - left, shape[1] * spacing - right - x) / soft, 0, 1)
    open_y = np.clip(np.minimum(y - top, shape[0] * spacing - bottom - y) / soft, 0, 1)
    return np.asarray(np.outer(open_y, open_x), np.float64)
