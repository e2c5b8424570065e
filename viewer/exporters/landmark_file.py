"""Landmarks as a JSON file that can be handed on: names, sources and shapes, no identity."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from engine.files import read_regular, write_atomically
from viewer.dicom.study import Instance
from viewer.dicom.walk import LANDMARKS_ENDING
from viewer.messages import UserError
from viewer.state.document import Landmark, landmark_facts, landmark_from, unlike

_WHAT = "landmarks on a radiograph"
_FORM = 1
_LARGEST = 16 << 20  # bytes
_SAME_ASPECT = 0.01


@dataclass(frozen=True)
class LandmarkFile:
    """``frame_size`` (height, width) is that of the image they were drawn on; shapes are in its
    pixels. Raises :class:`ValueError` for a size that is none."""

    frame_size: tuple[int, int]
    landmarks: tuple[Landmark, ...]

    def __post_init__(self) -> None:
        if not all(0 < side < 1_000_000 for side in self.frame_size):
            raise ValueError("its frame has no size")

    def on(self, frame_size: tuple[int, int]) -> tuple[Landmark, ...]:
        """The landmarks on a frame of another size and the same aspect. Raises
        :class:`UserError` where the aspects differ by more than a hundredth."""
        (height, width), (new_height, new_width) = self.frame_size, frame_size
        down, across = new_height / height, new_width / width
        if abs(across / down - 1) > _SAME_ASPECT:
            raise UserError(
                f"These landmarks were drawn on an image of {width} × {height} pixels; this one "
                f"has {new_width} × {new_height}, which is not the same shape. Nothing was taken."
            )
        if (down, across) == (1, 1):
            return self.landmarks
        return tuple(
            replace(item, shape=item.shape.scaled(across, down)) for item in self.landmarks
        )


def to_text(file: LandmarkFile) -> str:
    facts = {
        "what": _WHAT,
        "form": _FORM,
        "frame_size": list(file.frame_size),
        "landmarks": [landmark_facts(item) for item in file.landmarks],
    }
    return json.dumps(facts, indent=1) + "\n"


def from_text(text: str) -> LandmarkFile:
    """Raises :class:`ValueError` for what is no such file. An id that comes twice is made new."""
    try:
        facts = json.loads(text)
        if facts["what"] != _WHAT or facts["form"] != _FORM:
            raise ValueError("it is no file of landmarks")
        height, width = (int(side) for side in facts["frame_size"])
        landmarks = [landmark_from(row) for row in facts["landmarks"]]
        return LandmarkFile((height, width), unlike(landmarks, set()))
    except (LookupError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError(f"a part of it is missing or wrong ({type(error).__name__})") from error


def write_landmarks(path: Path, file: LandmarkFile) -> None:
    """Whole or not at all. Raises :class:`OSError`."""
    write_atomically(path, to_text(file).encode())


def read_landmarks(path: Path, frame_size: tuple[int, int]) -> tuple[Landmark, ...]:
    """Of a file, for a frame of ``frame_size`` (height, width). Raises :class:`UserError`,
    :class:`OSError`."""
    try:
        file = from_text(read_regular(path, _LARGEST).decode("utf-8"))
    except ValueError as error:
        raise UserError(f"{path.name} could not be read as landmarks: {error}") from error
    return file.on(frame_size)


def file_beside(instance: Instance, frame: int) -> Path | None:
    """Where the landmarks of an image lie beside its file: ``NAME.landmarks.json``, with the number
    of the frame if there are several; None for a member of an archive."""
    path = instance.path
    if not path.parent.is_dir():
        return None
    number = f".{frame + 1}" if instance.frames > 1 else ""
    return path.with_name(f"{path.name}{number}{LANDMARKS_ENDING}")


def merged(present: tuple[Landmark, ...], new: tuple[Landmark, ...]) -> tuple[Landmark, ...]:
    """``new`` ones added; one with the id of a present one takes its place."""
    found = {item.id: item for item in (*present, *new)}
    return tuple(found.values())
