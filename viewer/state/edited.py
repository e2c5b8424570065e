"""The edited image to look at: its maps, and the scan itself with the changes in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from engine.questions import Edit, Explain, WhatIfAnswer
from engine.results import Explanation, Method
from engine.shapes import Shape
from viewer.dicom.frame import Frame, to_grey
from viewer.dicom.window import Window
from viewer.render.overlay import OverlayMaker, smoothed
from viewer.render.pyramid import Pyramid
from viewer.state.pictures import Picture
from viewer.state.trials import Case

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

_WINDOW = Window(128, 256)


@dataclass(frozen=True)
class Edited:
    """Which image: the case, the changes, and the way its maps are computed."""

    case: Case
    edits: tuple[Edit, ...]
    method: Method


class EditedImage(QObject):
    """Follows the answer at a distance: made when the changes rest, and kept until others are
    made in its place. ``maker`` holds the maps, ``pyramid`` the scan, of the frame's size, in the
    window of its file."""

    changed = Signal()

    def __init__(self, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._workbench = workbench
        self._explaining = workbench.inquiry("what if")
        self._explaining.answered.connect(self._take_maps)
        self._explaining.refused.connect(lambda message: self._take_maps(None))
        self._painting = workbench.inquiry("what if")
        self._painting.answered.connect(self._take_scan)
        self._painting.refused.connect(lambda message: self._take_scan(None))
        self._explained: Edited | None = None
        self._painted: WhatIfAnswer | None = None
        self.maker: OverlayMaker | None = None
        self.pyramid: Pyramid | None = None

    @property
    def busy(self) -> bool:
        """Whether the engine is being asked for the maps."""
        return self._explaining.busy

    def follow(self, picture: Picture, frame: Frame, edited: Edited, answer: WhatIfAnswer) -> None:
        """Make what is not there yet. ``answer`` is that about these changes of this frame."""
        if edited != self._explained:
            self._explained = edited
            smoothing = self._workbench.session.style.smoothing
            asked = Explain(edited.method, edited.case.target, edits=edited.edits)

            def ready(explanation: Explanation) -> OverlayMaker:
                return smoothed(explanation, smoothing)

            network = self._workbench.network(edited.case.model)
            self._explaining.ask(picture, network, asked, ready)
        if answer is not self._painted:
            self._painted = answer
            regions = tuple(edit.shape for edit in edited.edits)

            def paint() -> Pyramid:
                return Pyramid.of(edited_frame(frame, answer.edited, regions))

            self._painting.run(paint)

    def maps_of(self, edited: Edited) -> OverlayMaker | None:
        """The maps, if they are of these changes."""
        fresh = edited == self._explained and not self._explaining.busy
        return self.maker if fresh else None

    def scan_of(self, answer: WhatIfAnswer) -> Pyramid | None:
        """The scan, if it is that of this answer."""
        return self.pyramid if answer is self._painted and not self._painting.busy else None

    def clear(self) -> None:
        """Nothing is changed in the image."""
        self._explaining.cancel()
        self._painting.cancel()
        self._explained = self._painted = self.maker = self.pyramid = None

    def _take_maps(self, maker: OverlayMaker | None) -> None:
        self.maker = maker
        self.changed.emit()

    def _take_scan(self, pyramid: Pyramid | None) -> None:
        self.pyramid = pyramid
        self.changed.emit()


def edited_frame(frame: Frame, edited: NDArray[np.float32], regions: tuple[Shape, ...]) -> Frame:
    """The grey of ``frame`` in the window of its file, uint8 (H, W), with what ``edited``, the
    same image with at most 1024 pixels a side, has in ``regions``. Outside of them nothing is
    changed, sharpness included."""
    import cv2  # slow to import

    from engine.rasters import mask

    grey = to_grey(frame)
    height, width = grey.shape
    after = cv2.resize(edited, (width, height), interpolation=cv2.INTER_LINEAR)
    after = cv2.convertScaleAbs(after)
    for region in regions:
        cv2.copyTo(after, mask(region, (height, width)).view(np.uint8), grey)
    return Frame(
        grey,
        windows=(_WINDOW,),
        spacing=frame.spacing,
        spacing_kind=frame.spacing_kind,
        aspect_ratio=frame.aspect_ratio,
        orientation=frame.orientation,
    )
