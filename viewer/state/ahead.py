"""Contours made before they are asked for."""

from __future__ import annotations

from PySide6.QtCore import QObject

from viewer.state.lane import Lane
from viewer.state.later import Later
from viewer.state.session import Session

_REST = 150  # milliseconds without a change: no hand is dragging
_TRIES = 10  # until the maps of all layers are there
_STRIDE = 8  # layers that one may step by before those around are others


class Ahead(QObject):
    """While the hand rests, the contours of the layers around the one on the scan are made in a
    thread, so that stepping through them is not held up."""

    def __init__(self, session: Session, parent: QObject) -> None:
        super().__init__(parent)
        self._session = session
        self._done: tuple[object, ...] = ()
        self._tried = 0
        self._lane = Lane("contours", self)
        self._lane.finished.connect(self._take)
        self._at_rest = Later(self._begin, self, rest=_REST, most=None)
        session.overlayChanged.connect(self._change)

    def _change(self) -> None:
        self._tried = 0
        self._at_rest.ask()

    def _begin(self) -> None:
        session, style = self._session, self._session.style
        maker, index = session.overlays, session.layer_index
        if self._done and self._done[0] is not maker:
            self._done = ()  # which would keep the answer before
        if maker is None or session.playing or not style.visible or style.shows != "layer":
            return
        look = (style.threshold, style.smoothing, style.signed, style.shared_range)
        wanted = (maker, index // _STRIDE, *look)
        if wanted != self._done:
            self._lane.submit(wanted, lambda: maker.cut_around(index, style))

    def _take(self, wanted: tuple[object, ...], complete: bool) -> None:
        self._tried += 1
        if complete:
            self._done = wanted
        elif self._tried < _TRIES:
            self._at_rest.ask()
