"""The position in a stack as a slider: what is at hand, and where the key images are."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from viewer import palette
from viewer.panels.study_paint import paint_star
from viewer.state.place import Place
from viewer.state.workbench import Workbench

_END = 8.0  # logical pixels at both ends, where half of the handle goes
_HANDLE = 6.0  # its radius
_STAR = 11.0
_NOTCH = 120
_PAGES = 10  # of Page Up and Page Down in a whole stack


class StackSlider(QWidget):
    """Drag it, click into it, or use the arrow keys, Page Up and Down, Home and End. Stars above
    the line are key images."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = workbench.session
        self._place: Place | None = None
        self._wheel = 0
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Position in the stack")
        self.setMouseTracking(True)

    def sizeHint(self) -> QSize:
        return QSize(240, 28)

    def minimumSizeHint(self) -> QSize:
        return QSize(80, 28)

    def show_place(self, place: Place) -> None:
        self._place = place
        self.setAccessibleDescription(f"image {place.number + 1} of {place.series.starts[-1]}")
        self.update()

    # numbers ↔ points
    def x_of(self, number: float) -> float:
        """Where the image of a number (from 0) is, in logical pixels."""
        last = 1 if self._place is None else max(1, self._place.series.starts[-1] - 1)
        return _END + (self.width() - 2 * _END) * number / last

    def number_at(self, x: float) -> int:
        """The number of the image at a point."""
        if self._place is None:
            return 0
        last = self._place.series.starts[-1] - 1
        share = (x - _END) / max(1.0, self.width() - 2 * _END)
        return round(min(1.0, max(0.0, share)) * last)

    # painting
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._place is None:
            return
        painter = QPainter(self)
        try:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            y, here = self.height() / 2 + 3, self.x_of(self._place.number)
            for colour, end in (("line", self.width() - _END), ("accent", here)):
                painter.setPen(QPen(palette.colour(colour), 4, c=Qt.PenCapStyle.RoundCap))
                painter.drawLine(QPointF(_END, y), QPointF(end, y))
            self._paint_stars(painter)
            painter.setBrush(palette.colour("text"))
            focused = self.hasFocus()
            edge = palette.colour("focus" if focused else "panel")
            painter.setPen(QPen(edge, 2.5 if focused else 1.5))
            painter.drawEllipse(QPointF(here, y), _HANDLE, _HANDLE)
        finally:
            painter.end()

    def _paint_stars(self, painter: QPainter) -> None:
        """One for each place that can be told from its neighbours."""
        assert self._place is not None
        last = -_STAR
        for number in self._session.key_images.numbers(self._place.series):
            x = self.x_of(number)
            if x - last >= 3.0:
                last = x
                box = QRectF(x - _STAR / 2, 0.0, _STAR, _STAR)
                paint_star(painter, box, palette.colour("accent"))

    # hand
    def _go(self, number: int) -> None:
        place = self._session.place
        if place is not None:
            self._session.set_place(place.moved(number - place.number))

    def _step(self, by: int) -> None:
        if self._session.place is not None:
            self._go(self._session.place.number + by)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._go(self.number_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        number = self.number_at(event.position().x())
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(number)
        if self._place is not None:
            starred = number in self._session.key_images.numbers(self._place.series)
            text = f"image {number + 1}{', key image' if starred else ''}"
            QToolTip.showText(event.globalPosition().toPoint(), text, self)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel += event.angleDelta().y() or event.angleDelta().x()
        steps = int(self._wheel / _NOTCH)
        self._wheel -= steps * _NOTCH
        if steps:
            self._step(-steps)
        event.accept()

    def event(self, event: QEvent) -> bool:
        """Pages are the slider's own while it has the focus, and no series."""
        keys = (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride:
            wanted = event.key() in keys and not event.modifiers()
            event.setAccepted(wanted)
            return wanted
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        count = 0 if self._place is None else self._place.series.starts[-1]
        page = max(1, count // _PAGES)
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_Home: -count,
            Qt.Key.Key_End: count,
        }
        by = steps.get(Qt.Key(event.key()))
        if by is None:
            super().keyPressEvent(event)
        else:
            self._step(by)

    def focusInEvent(self, event: object) -> None:
        self.update()

    def focusOutEvent(self, event: object) -> None:
        self.update()
