"""Frame ↔ model input: the one mapping between the two pixel grids, for points and for images.

Coordinates are ``(x, y)`` in pixels measured from the top-left CORNER of the first pixel (the
centre of the first pixel is ``(0.5, 0.5)``), the convention of DICOM's PIXEL units (PS3.3
C.10.5.1.2) and of Qt scenes. Sizes are ``(height, width)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class InputGeometry:
    """How a frame was fitted into the square model input: aspect kept, centred, padded.

    ``fitted_size`` is the (height, width) in input pixels of the resized frame, ``offset`` the
    (x, y) of its top-left corner within the input, ``input_size`` the side of the input.
    """

    frame_size: tuple[int, int]
    input_size: int
    fitted_size: tuple[int, int]
    offset: tuple[int, int]

    @classmethod
    def fit(
        cls, frame_size: tuple[int, int], input_size: int, aspect_ratio: float = 1.0
    ) -> InputGeometry:
        """The centred fit of a frame of ``frame_size`` (height, width) that keeps the aspect of
        what is shown; ``aspect_ratio`` is the height of a frame pixel over its width."""
        height, width = frame_size
        tall = height * aspect_ratio
        if height < 1 or width < 1 or input_size < 1 or not 0 < tall < math.inf:
            raise ValueError(f"sizes must be positive: frame {frame_size}, input {input_size}")
        scale = input_size / max(tall, width)
        fitted_height = max(1, round(tall * scale))
        fitted_width = max(1, round(width * scale))
        offset = ((input_size - fitted_width) // 2, (input_size - fitted_height) // 2)
        return cls((height, width), input_size, (fitted_height, fitted_width), offset)

    @property
    def scale(self) -> tuple[float, float]:
        """Input pixels per frame pixel, (x, y)."""
        return (
            self.fitted_size[1] / self.frame_size[1],
            self.fitted_size[0] / self.frame_size[0],
        )

    def to_input(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Frame points (..., 2) as (x, y) → input points, same shape."""
        return np.asarray(points, np.float64) * self.scale + self.offset

    def to_frame(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Input points (..., 2) as (x, y) → frame points, same shape."""
        return (np.asarray(points, np.float64) - self.offset) / self.scale

    def crop(self, input_image: NDArray[np.float32]) -> NDArray[np.float32]:
        """The part of an input-sized image (..., S, S) that shows the frame, without padding."""
        (x, y), (height, width) = self.offset, self.fitted_size
        return input_image[..., y : y + height, x : x + width]

    def frame_rect(self) -> tuple[float, float, float, float]:
        """Where the whole input (padding included) lies on the frame: (x, y, width, height)."""
        (x0, y0), (x1, y1) = self.to_frame(
            np.array([[0.0, 0.0], [self.input_size, self.input_size]])
        )
        return (float(x0), float(y0), float(x1 - x0), float(y1 - y0))
