"""The viewport: paints the session's scenes and turns mouse gestures into session changes."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QTransform,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.canvas import marks, placards
from viewer.canvas.board import Board
from viewer.canvas.compose import beside, marks_of, scene_of
from viewer.canvas.drawing import width_of
from viewer.canvas.hand import Hand
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.dicom.window import Window
from viewer.state.session import Session

_ZOOM_PER_PIXEL = 1.006
_ZOOM_PER_NOTCH = 1.2
_NOTCH = 120
_CURTAIN_GRIP = 7.0  # logical pixels
_KEYS = (
    Qt.Key.Key_Escape,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Backspace,
    Qt.Key.Key_Delete,
)


class ImageView(QWidget):
    """Left drag: the tool in hand, window and level without one. Middle drag: pan. Right drag:
    zoom. Wheel: images; with Ctrl zoom at the cursor, with Shift the overlay's opacity. Double
    click: fit. What is drawn over the scan is taken hold of by its line or corners."""

    imageWheeled = Signal(int)
    menuAsked = Signal(QPointF)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._board = Board()
        self._view = View()
        self._viewports: list[QRectF] = [QRectF()]
        self._pane = 0  # the one that the mouse is over
        self._hand = Hand(session.audit)
        self._drag_from: QPointF | None = None
        self._dragged = False
        self._drags_curtain = False
        self._wheel = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Scan")
        self.setMinimumSize(320, 240)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        audit = session.audit
        for changed in (
            session.windowChanged,
            session.overlayChanged,
            session.explanationChanged,
            session.messageChanged,
            session.scanChanged,
            session.panesChanged,
            audit.documentChanged,
            audit.selectedChanged,
            audit.regionChanged,
            audit.proposalsChanged,
        ):
            changed.connect(self.update)
        audit.toolChanged.connect(self._take_tool)
        self._fitted: tuple[str, tuple[int, int]] | None = None
        session.frameChanged.connect(self._take_frame)

    def sizeHint(self) -> QSize:
        return QSize(820, 760)

    @property
    def view(self) -> View:
        return self._view

    @property
    def _viewport(self) -> QRectF:
        """That of the main scene."""
        return self._viewports[0]

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
        if self._hand.busy:
            self._hand.drop()
        self.update()

    def _take_tool(self) -> None:
        self._hand.take_tool()
        shape = Qt.CursorShape.CrossCursor if self._hand.draws else Qt.CursorShape.ArrowCursor
        self.setCursor(shape)
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

    def centre_on(self, x: float, y: float) -> None:
        """Put a frame point into the middle, at the zoom that is set."""
        if self._session.open is not None:
            self.set_view(View(self.scale, (x, y)))

    def current_scene(self) -> Scene | None:
        """The main scene as it stands, with the zoom and the value under the cursor."""
        scale = self.scale * self.devicePixelRatioF()
        return scene_of(self._session, scale, self._session.cursor)

    def current_scenes(self) -> tuple[Scene, ...]:
        """The main scene and those beside it; none without a frame."""
        main = self.current_scene()
        return () if main is None else (main, *beside(self._session, main))

    def _transform(self, pane: int = 0) -> QTransform:
        """Frame points → widget points in a pane."""
        opened = self._session.open
        assert opened is not None
        viewport = self._viewports[min(pane, len(self._viewports) - 1)]
        return self._view.transform(viewport, opened.frame.size, opened.frame.aspect_ratio)

    def _pane_at(self, at: QPointF) -> int:
        for number, viewport in enumerate(self._viewports):
            if viewport.contains(at):
                return number
        return 0

    def _unbound_point(self, at: QPointF) -> tuple[float, float]:
        """Widget point → frame point, also outside the frame."""
        inverse, _ = self._transform(self._pane).inverted()
        point = inverse.map(at)
        return point.x(), point.y()

    def frame_point(self, at: QPointF) -> tuple[float, float] | None:
        """Widget point → frame point (x, y), None outside the frame."""
        opened = self._session.open
        if opened is None:
            return None
        x, y = self._unbound_point(at)
        height, width = opened.frame.size
        return (x, y) if 0 <= x < width and 0 <= y < height else None

    # painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        try:
            scenes = self.current_scenes()
            size = QRectF(self.rect())
            if not scenes:
                placards.paint(painter, size, self._session)
                return
            shown = self._with_drawing(scenes)
            self._viewports = self._board.paint(painter, size, shown, self._view)
            self._paint_drawing(painter)
        finally:  # one that is left open takes the program with it
            painter.end()

    def _with_drawing(self, scenes: tuple[Scene, ...]) -> list[Scene]:
        """The scenes with what is being drawn, and the cursor in the panes that it is not over."""
        draft, cursor = self._hand.marks(), self._session.cursor
        several = len(scenes) > 1
        return [
            replace(
                scene,
                marks=(*scene.marks, *draft),
                pointer=cursor if several and number != self._pane else None,
            )
            for number, scene in enumerate(scenes)
        ]

    def _paint_drawing(self, painter: QPainter) -> None:
        """The open polygon, and the rim of the brush."""
        drawing, cursor = self._hand.drawing, self._session.cursor
        transform = self._transform(self._pane)
        painter.setClipRect(self._viewports[min(self._pane, len(self._viewports) - 1)])
        if drawing is not None and drawing.kind == "polygon" and len(drawing.path) > 1:
            marks.paint_path(painter, drawing.path, transform, 1.0)
        tool, opened = self._session.audit.tool, self._session.open
        if self._hand.draws and cursor is not None and opened is not None:
            width = width_of(tool, opened.frame.size)
            if width:
                marks.paint_brush(painter, cursor, width, transform, 1.0)

    # gestures
    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._drag_from, self._dragged = at, False
        self._pane = self._pane_at(at)
        if self._session.open is None or event.button() != Qt.MouseButton.LeftButton:
            return
        self._drags_curtain = not self._hand.draws and self._on_curtain(at)
        if not self._drags_curtain:
            self._hand.take_size(self._session.open.frame.size)
            point = self._unbound_point(at)
            transform = self._transform(self._pane)
            self._hand.press(at, point, transform, marks_of(self._session.audit))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, buttons = event.position(), event.buttons()
        if not buttons:
            self._pane = self._pane_at(at)
        self._session.set_cursor(self.frame_point(at))
        self.update()
        if self._session.open is None:
            return
        left = bool(buttons & Qt.MouseButton.LeftButton)
        if self._hand.busy or self._hand.draws:
            self._hand.move(self._unbound_point(at), left)
        if not buttons:
            self._show_grip(at)
        if self._drag_from is None or not buttons:
            return
        moved, self._drag_from = at - self._drag_from, at
        self._dragged = self._dragged or moved.manhattanLength() > 2
        if left and self._drags_curtain:
            self._drag_curtain(at)
        elif left and not self._hand.busy and not self._hand.draws:
            self._drag_window(moved)
        elif buttons & Qt.MouseButton.MiddleButton:
            self._pan(moved)
        elif buttons & Qt.MouseButton.RightButton:
            self._zoom(_ZOOM_PER_PIXEL ** -moved.y(), self._viewport.center())

    def _show_grip(self, at: QPointF) -> None:
        """The cursor says what a press would take hold of."""
        if self._hand.draws:
            return
        shape = Qt.CursorShape.ArrowCursor
        if self._on_curtain(at):
            shape = Qt.CursorShape.SplitHCursor
        elif marks.taken(marks_of(self._session.audit), at, self._transform(self._pane)):
            shape = Qt.CursorShape.SizeAllCursor
        if self.cursor().shape() != shape:
            self.setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        alone = not event.buttons() & Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.RightButton and not self._dragged and alone:
            self.menuAsked.emit(event.globalPosition())
        if event.button() == Qt.MouseButton.LeftButton:
            self._hand.release(self.scale, self._kept(event))
            self._drags_curtain = False
        self._drag_from = None
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._hand.close(self.scale, self._kept(event)):
            self.update()
        elif not self._hand.draws:
            self.fit()

    @staticmethod
    def _kept(event: QMouseEvent) -> bool:
        """Whether the tool stays in hand after this shape."""
        return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)

    def leaveEvent(self, event: QEvent) -> None:
        self._session.set_cursor(None)
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        turn = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._pane = self._pane_at(event.position())
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

    # keys that mean something while a shape is drawn or selected come before the shortcuts
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            wanted = event.key() in _KEYS and not event.modifiers()
            if wanted and (self._hand.draws or self._hand.busy or self._session.audit.selected):
                event.accept()
                return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and not self._hand.draws and not self._hand.busy:
            self._session.audit.select("")
        elif not self._hand.key(event.key(), self.scale):
            super().keyPressEvent(event)
            return
        self.update()

    def _on_curtain(self, at: QPointF) -> bool:
        share, viewport = self._session.curtain, self._viewports[self._pane_at(at)]
        if share is None or not viewport.contains(at) or not self._session.style.visible:
            return False
        return abs(at.x() - viewport.left() - share * viewport.width()) <= _CURTAIN_GRIP

    def _drag_curtain(self, at: QPointF) -> None:
        viewport = self._viewports[min(self._pane, len(self._viewports) - 1)]
        share = (at.x() - viewport.left()) / max(1.0, viewport.width())
        self._session.set_curtain(min(1.0, max(0.0, share)))

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
        """Zoom about a widget point; in every pane about the same frame point."""
        opened = self._session.open
        if opened is not None:
            frame = opened.frame
            viewport = self._viewports[min(self._pane_at(at), len(self._viewports) - 1)]
            self.set_view(self._view.zoomed(factor, at, viewport, frame.size, frame.aspect_ratio))
