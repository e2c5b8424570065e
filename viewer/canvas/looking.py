"""What the mouse does that draws nothing: window, scroll, zoom, pan, magnify; and the wheel."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPointF, Qt

from viewer.canvas.framing import Framing
from viewer.canvas.magnifier import Lens
from viewer.dicom.window import Window
from viewer.state.audit import Purpose
from viewer.state.session import Session
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
    """One drag at a time; ``step`` goes that many images further."""

    def __init__(self, session: Session, framing: Framing, step: Callable[[int], None]) -> None:
        self._session, self._framing, self._step = session, framing, step
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
        window, opened = self._session.window, self._session.open
        if opened is None or opened.frame.is_colour:
            return
        if not isinstance(window, Window):
            window = opened.pyramid.full_window()
        step = max(window.width, 1.0) / _WINDOW_PIXELS
        higher = moved.y() if self._session.settings.get(LEVEL_DIRECTION) == "down" else -moved.y()
        self._session.set_window(
            window.moved(window.center + higher * step, window.width + moved.x() * step)
        )

    def _scroll(self, down: float) -> None:
        """Down: the next images; a long series moves faster."""
        place = self._session.place
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
            down = self._session.settings.get(WHEEL_DIRECTION) == "down"
            self._wheeled += -notches if down else notches
            steps = int(self._wheeled)
            self._wheeled -= steps
            if steps:
                self._step(steps)
