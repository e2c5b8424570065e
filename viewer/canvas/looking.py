"""What the mouse does that draws nothing: window, scroll, zoom, pan, magnify; and the wheel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt

from viewer.canvas.framing import Framing
from viewer.canvas.magnifier import Lens
from viewer.dicom.window import Window
from viewer.state.audit import Purpose
from viewer.state.session import Pane, Session
from viewer.state.settings import (
    LEVEL_DIRECTION,
    MAGNIFIER_FACTOR,
    MAGNIFIER_OVERLAY,
    MAGNIFIER_SHAPE,
    WHEEL_DIRECTION,
)

_ZOOM_PER_PIXEL = 1.006
_ZOOM_PER_NOTCH = 1.2
_OPACITY_PER_NOTCH = 0.05
_NOTCH = 120.0  # eighths of a degree
_WINDOW_PIXELS = 300.0  # that double a window
_IMAGE_PIXELS = 4.0, 28.0  # least and most that go to the next image
_LENS_PIXELS = 80.0  # that magnify once more


class Looking:
    """One drag at a time; ``step`` goes that many images further. Over another image, in a pane of
    the session, that one is meant: ``step_pane(pane, images)`` and ``window_pane(pane, window)``.
    """

    def __init__(
        self,
        session: Session,
        framing: Framing,
        step: Callable[[int], None],
        step_pane: Callable[[int, int], None],
        window_pane: Callable[[int, Window], None],
    ) -> None:
        self._session, self._framing = session, framing
        self._step_main, self._step_pane, self._window_pane = step, step_pane, window_pane
        self._pressed = QPointF()
        self._images = 0.0
        self._factor: float | None = None  # of the lens, while it is dragged
        self._wheeled = 0.0  # notches that made no step yet

    def press(self, at: QPointF) -> None:
        self._pressed, self._images = at, 0.0

    def release(self) -> None:
        """The drag has ended: what it made of the lens is kept."""
        if self._factor is not None:
            self._session.settings.set(MAGNIFIER_FACTOR, self._factor)
            self._factor = None

    @property
    def lens(self) -> Lens:
        """The magnifier as it is wanted."""
        settings = self._session.settings
        return Lens(
            self._factor or settings.get(MAGNIFIER_FACTOR),
            settings.get(MAGNIFIER_SHAPE) == "square",
            settings.get(MAGNIFIER_OVERLAY),
        )

    def drag(self, purpose: Purpose, moved: QPointF) -> None:
        """The mouse moved by a screen step with a button down."""
        if purpose == "window":
            self._window(moved)
        elif purpose == "scroll":
            self._scroll(moved.y())
        elif purpose == "zoom":
            self._framing.zoom(_ZOOM_PER_PIXEL ** -moved.y(), self._pressed)
        elif purpose == "pan":
            self._framing.pan(moved)
        elif purpose == "magnify":
            self._magnify(moved.y())

    def _window(self, moved: QPointF) -> None:
        """Right: wider. Down: higher level, so darker (the convention of most workstations), or up
        if that is preferred."""
        pane = self._pane
        opened, window = self._session.open, self._session.window
        pyramid = None if opened is None else opened.pyramid
        if pane is not None:
            pyramid, window = pane.pyramid, pane.window
        if pyramid is None or pyramid.source.is_colour:
            return
        if not isinstance(window, Window):
            window = pyramid.full_window()
        step = max(window.width, 1.0) / _WINDOW_PIXELS
        higher = moved.y() if self._session.settings.get(LEVEL_DIRECTION) == "down" else -moved.y()
        moved_window = window.moved(window.center + higher * step, window.width + moved.x() * step)
        where = self._framing.elsewhere
        if where is None:
            self._session.set_window(moved_window)
        else:
            self._window_pane(where, moved_window)

    @property
    def _pane(self) -> Pane | None:
        """The other image that the mouse is over."""
        where = self._framing.elsewhere
        panes = self._session.panes
        return None if where is None or where >= len(panes) else panes[where]

    def _step(self, by: int) -> None:
        where = self._framing.elsewhere
        if where is None:
            self._step_main(by)
        else:
            self._step_pane(where, by)

    def _scroll(self, down: float) -> None:
        """Down: the next images; a long series moves faster."""
        pane = self._pane
        place = self._session.place if pane is None else pane.place
        if place is None:
            return
        least, most = _IMAGE_PIXELS
        pixels = self._framing.viewport.height() / place.series.starts[-1]
        self._images += down / min(most, max(least, pixels))
        steps = int(self._images)
        self._images -= steps
        if steps:
            self._step(steps)

    def _magnify(self, down: float) -> None:
        least, most = MAGNIFIER_FACTOR.choices
        self._factor = min(most, max(least, self.lens.factor - down / _LENS_PIXELS))

    def wheel(self, angle: int, held: Qt.KeyboardModifier, at: QPointF) -> None:
        """The wheel was turned by eighths of a degree, away from the hand if above 0."""
        notches = angle / _NOTCH
        if held & Qt.KeyboardModifier.ControlModifier:
            self._framing.take_pane(at)
            self._framing.zoom(_ZOOM_PER_NOTCH**notches, at)
        elif held & Qt.KeyboardModifier.ShiftModifier:
            opacity = self._session.style.opacity + _OPACITY_PER_NOTCH * notches
            self._session.change_style(opacity=round(min(1.0, max(0.0, opacity)), 3))
        else:
            self._framing.take_pane(at)
            down = self._session.settings.get(WHEEL_DIRECTION) == "down"
            self._wheeled += -notches if down else notches
            steps = int(self._wheeled)
            self._wheeled -= steps
            if steps:
                self._step(steps)
