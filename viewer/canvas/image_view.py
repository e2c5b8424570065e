"""The viewport: paints the session's scene and turns mouse gestures into session changes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.canvas import decorations
from viewer.canvas.compose import scene_of
from viewer.canvas.paint import ScenePainter
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.window import Window
from viewer.state.session import Session

_ZOOM_PER_PIXEL = 1.006
_ZOOM_PER_NOTCH = 1.2
_NOTCH = 120


class ImageView(QWidget):
    """Left drag: window and level. Middle drag: pan. Right drag: zoom. Wheel: images; with Ctrl
    zoom at the cursor, with Shift the overlay's opacity. Double click: fit."""

    imageWheeled = Signal(int)
    menuAsked = Signal(QPointF)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._painter = ScenePainter()
        self._view = View()
        self._viewport = QRectF()
        self._drag_from: QPointF | None = None
        self._dragged = False
        self._cursor: tuple[float, float] | None = None
        self._wheel = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Scan")
        self.setMinimumSize(320, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        for changed in (
            session.windowChanged,
            session.overlayChanged,
            session.explanationChanged,
            session.messageChanged,
            session.scanChanged,
        ):
            changed.connect(self.update)
        self._fitted: tuple[str, tuple[int, int]] | None = None
        session.frameChanged.connect(self._take_frame)

    def sizeHint(self) -> QSize:
        return QSize(820, 760)

    @property
    def view(self) -> View:
        return self._view

    @property
    def scale(self) -> float:
        """Screen pixels per frame column, 0 without a frame."""
        opened = self._session.open
        if opened is None:
            return 0.0
        frame = opened.frame
        return self._view.scale(self._viewport, frame.size, frame.aspect_ratio)

    def _take_frame(self) -> None:
        """Fit what is shown first; the next images of a series stay moved and zoomed as it is."""
        opened = self._session.open
        if opened is not None:
            what = opened.place.series.uid, opened.frame.size
            if what != self._fitted:
                self._fitted = what
                self.fit()
        self.update()

    def fit(self) -> None:
        self.set_view(View())

    def set_view(self, view: View) -> None:
        self._view = view
        self.update()

    def zoom_by(self, factor: float) -> None:
        """Zoom about the middle of the viewport."""
        self._zoom(factor, self._viewport.center())

    def one_to_one(self) -> None:
        """One frame pixel on one screen pixel."""
        self.set_view(View(1.0 / self.devicePixelRatioF(), self._view.centre))

    def current_scene(self) -> Scene | None:
        """The scene as it stands, with the zoom and the value under the cursor."""
        return scene_of(self._session, self.scale * self.devicePixelRatioF(), self._cursor)

    def frame_point(self, at: QPointF) -> tuple[float, float] | None:
        """Widget point → frame point (x, y), None outside the frame."""
        opened = self._session.open
        if opened is None:
            return None
        frame = opened.frame
        transform = self._view.transform(self._viewport, frame.size, frame.aspect_ratio)
        inverse, _ = transform.inverted()
        point = inverse.map(at)
        height, width = frame.size
        inside = 0 <= point.x() < width and 0 <= point.y() < height
        return (point.x(), point.y()) if inside else None

    # painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            scene = self.current_scene()
            size = QRectF(self.rect())
            if scene is None:
                self._paint_loading(painter, size)
            else:
                self._viewport = self._painter.paint(painter, size, scene, self._view)
        finally:  # one that is left open takes the program with it
            painter.end()

    def _paint_loading(self, painter: QPainter, size: QRectF) -> None:
        painter.fillRect(size, QColor(0, 0, 0))
        painter.setPen(QColor(148, 163, 184))
        painter.setFont(decorations.font(1.0, 17))
        message = self._session.message or "Reading the image …"
        painter.drawText(size, Qt.AlignmentFlag.AlignCenter, message)

    # gestures
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._drag_from = event.position()
        self._dragged = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._cursor = self.frame_point(event.position())
        if self._drag_from is None or not event.buttons():
            self.update()
            return
        moved = event.position() - self._drag_from
        self._dragged = self._dragged or moved.manhattanLength() > 2
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag_window(moved)
        elif event.buttons() & Qt.MouseButton.MiddleButton:
            self._pan(moved)
        elif event.buttons() & Qt.MouseButton.RightButton:
            self._zoom(_ZOOM_PER_PIXEL ** -moved.y(), self._viewport.center())
        self._drag_from = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.RightButton and not self._dragged:
            self.menuAsked.emit(event.globalPosition())
        self._drag_from = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.fit()

    def leaveEvent(self, event: QEvent) -> None:
        self._cursor = None
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom(_ZOOM_PER_NOTCH ** (turn / _NOTCH), event.position())
        elif event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            opacity = self._session.style.opacity + 0.05 * turn / _NOTCH
            self._session.change_style(opacity=round(min(1.0, max(0.0, opacity)), 3))
        else:
            self._wheel += turn
            steps = int(self._wheel / _NOTCH)
            self._wheel -= steps * _NOTCH
            if steps:
                self.imageWheeled.emit(-steps)
        event.accept()

    def _drag_window(self, moved: QPointF) -> None:
        """Right: wider. Down: higher level, so darker (the convention of most workstations)."""
        window = self._session.window
        opened = self._session.open
        if opened is None or opened.frame.is_colour:
            return
        if not isinstance(window, Window):
            window = opened.pyramid.full_window()
        step = max(window.width, 1.0) / 300
        self._session.set_window(
            window.moved(window.center + moved.y() * step, window.width + moved.x() * step)
        )

    def _pan(self, moved: QPointF) -> None:
        opened = self._session.open
        if opened is not None:
            frame = opened.frame
            self.set_view(self._view.panned(moved, self._viewport, frame.size, frame.aspect_ratio))

    def _zoom(self, factor: float, at: QPointF) -> None:
        opened = self._session.open
        if opened is not None:
            frame = opened.frame
            self.set_view(
                self._view.zoomed(factor, at, self._viewport, frame.size, frame.aspect_ratio)
            )
