"""The viewport: paints the session's scenes and turns mouse gestures into session changes."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCursor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from viewer.canvas import curtain, marks, placards, shown
from viewer.canvas.board import Board
from viewer.canvas.compose import marks_of
from viewer.canvas.cursors import cursor_of
from viewer.canvas.drawing import width_of
from viewer.canvas.framing import Framing
from viewer.canvas.hand import Hand
from viewer.canvas.looking import Looking
from viewer.canvas.magnifier import Magnifier
from viewer.canvas.scene import Scene
from viewer.canvas.view import View
from viewer.render.overlay import Overlay
from viewer.scaling import pixels_per_mm
from viewer.state.audit import Purpose
from viewer.state.session import Session
from viewer.state.settings import SCREEN_DOTS

_KEYS = (
    Qt.Key.Key_Escape,
    Qt.Key.Key_Return,
    Qt.Key.Key_Enter,
    Qt.Key.Key_Backspace,
    Qt.Key.Key_Delete,
)


_ELSEWHERE = (
    "Shapes belong to the main picture; use Audit > Swap with the other image to draw on this one."
)


class ImageView(QWidget):
    """Left drag: the tool in hand, window and level at first. Middle drag: pan. Right drag: zoom.
    Wheel: images; with Ctrl zoom at the cursor, with Shift the overlay's opacity. Double click:
    this picture alone, or all of them; of a single one fit, or what was seen before. What is drawn
    over the scan is taken hold of by its line or corners."""

    imageWheeled = Signal(int)
    paneWheeled = Signal(int, int)
    """Of the session's pane with this number, which shows another image: that many further."""
    paneWindowed = Signal(int, object)
    """The same with a window for it."""
    menuAsked = Signal(QPointF)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._board = Board(ThreadPoolExecutor(1, "painting"))
        self.framing = Framing(session, self)
        self._looking = Looking(
            session,
            self.framing,
            self.imageWheeled.emit,
            self.paneWheeled.emit,
            self.paneWindowed.emit,
        )
        self._magnifier = Magnifier()
        self._hand = Hand(session.audit)
        self._mouse: QPointF | None = None  # while it is over the viewport
        self._drag_from: QPointF | None = None
        self._dragged = False
        self._drags_curtain = False
        self._hand_pressed = False  # the hand knows of the press
        self._next = QTimer(self)  # once a picture is on the screen
        self._next.setSingleShot(True)
        self._next.timeout.connect(self._foresee)
        self._stepped: Callable[[], Overlay | None] = lambda: None  # the last one that was shown
        self._cursors: dict[tuple[Purpose, float], QCursor] = {}
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
            session.key_images.changed,
            audit.documentChanged,
            audit.selectedChanged,
            audit.regionChanged,
            audit.proposalsChanged,
            audit.draftChanged,
            audit.measuredChanged,
            session.settings.changed,
            self.framing.changed,
        ):
            changed.connect(self.update)
        audit.toolChanged.connect(self._take_tool)
        session.frameChanged.connect(self._take_frame)
        self._take_screen()
        self._take_frame()
        self._show_cursor()

    def sizeHint(self) -> QSize:
        return QSize(820, 760)

    @property
    def view(self) -> View:
        return self.framing.view

    @property
    def viewports(self) -> list[QRectF]:
        """Where the frame is seen in each of the panes."""
        return self.framing.viewports

    @property
    def scale(self) -> float:
        """Screen pixels per frame column, 0 without a frame."""
        return self.framing.scale

    def _take_frame(self) -> None:
        if self._session.open is not None:
            self.framing.take_frame(self._session.open)
        if self._hand.busy:
            self._hand.drop()
        self.update()

    def _take_tool(self) -> None:
        self._hand.take_tool()
        self._show_cursor()
        self.update()

    def _show_cursor(self, held: bool = False) -> None:
        """That of the tool in hand, closed while it is ``held`` and drags the picture."""
        purpose = self._session.audit.tool.purpose
        if held:
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            return
        key = purpose, self.devicePixelRatioF()
        if key not in self._cursors:
            self._cursors[key] = cursor_of(*key)
        self.setCursor(self._cursors[key])

    def fit(self) -> None:
        self.framing.fit()

    def set_view(self, view: View) -> None:
        self.framing.set_view(view)

    def zoom_by(self, factor: float) -> None:
        """Zoom about the middle of the viewport."""
        self.framing.zoom(factor, self.framing.viewport.center())

    def one_to_one(self) -> None:
        """One frame pixel on one screen pixel."""
        self._take_screen()
        self.framing.one_to_one()

    def true_size(self) -> str:
        """As large as in the body or on the detector; a sentence why that cannot be, or ""."""
        self._take_screen()
        return self.framing.true_size()

    def centre_on(self, x: float, y: float) -> None:
        """Put a frame point into the middle, at the zoom that is set."""
        self.framing.centre_on(x, y)

    def frame_point(self, at: QPointF) -> tuple[float, float] | None:
        """Widget point → frame point (x, y), None outside the frame; over another image the
        one that belongs to it."""
        return self.framing.point(at)

    def _take_screen(self) -> None:
        """The window may have come to another screen."""
        self.framing.ratio = self.devicePixelRatioF()
        measured = self._session.settings.get(SCREEN_DOTS)
        self.framing.per_mm = pixels_per_mm(self.screen(), measured)
        self.framing.check_kind()

    def current_scene(self) -> Scene | None:
        """The main scene as it stands, with the zoom and the value under the cursor."""
        return shown.main_scene(self._session, self.framing)

    def current_scenes(self) -> tuple[Scene, ...]:
        """All that are shown; none without a frame."""
        return shown.scenes(self._session, self.framing)

    # painting
    def paintEvent(self, event: QPaintEvent) -> None:
        self._take_screen()
        painter = QPainter(self)
        try:
            scenes = self.current_scenes()
            size = QRectF(self.rect())
            if not scenes:
                placards.paint(painter, size, self._session)
                self.framing.take_painted([size], [])
                return
            drawn = self._with_drawing(scenes)
            self.framing.take_painted(self._board.paint(painter, size, drawn, self.view), drawn)
            self._paint_drawing(painter)
            self._paint_lens(painter, scenes)
            self._next.start()
        finally:  # one that is left open takes the program with it
            painter.end()

    def _foresee(self) -> None:
        """While nothing is to be painted, work on what will be wanted if one goes on so; once for
        each response that is shown."""
        shown = self._session.overlay
        if shown is None or shown is self._stepped() or self.framing.alone:
            return
        self._stepped = weakref.ref(shown)  # which keeps no answer
        overlay = self._session.upcoming
        if overlay is not None:
            self._board.foresee(overlay)

    def _with_drawing(self, scenes: tuple[Scene, ...]) -> list[Scene]:
        """The scenes with what is being drawn, and the cursor in the panes that it is not over."""
        draft, cursor = self._hand.marks(), self._session.cursor
        several, drawn = len(scenes) > 1, []
        for number, scene in enumerate(scenes):
            pointer = cursor if several and number != self.framing.pane else None
            if scene.linked is None and draft:
                scene = replace(scene, marks=(*scene.marks, *draft))
            if pointer is not None:
                if scene.linked is not None:
                    pointer = scene.linked.point(pointer)
                scene = replace(scene, pointer=pointer)
            drawn.append(scene)
        return drawn

    def _paint_drawing(self, painter: QPainter) -> None:
        """The open polygon, and the rim of the brush."""
        drawing, cursor = self._hand.drawing, self._session.cursor
        if self.framing.elsewhere is not None or (drawing is None and not self._hand.draws):
            return
        transform = self.framing.transform()
        painter.setClipRect(self.framing.viewport)
        if drawing is not None and drawing.kind == "polygon" and len(drawing.path) > 1:
            marks.paint_path(painter, drawing.path, transform, 1.0)
        tool, opened = self._session.audit.tool, self._session.open
        if self._hand.draws and cursor is not None and opened is not None:
            width = width_of(tool, opened.frame.size)
            if width:
                marks.paint_brush(painter, cursor, width, transform, 1.0)

    def _paint_lens(self, painter: QPainter, scenes: tuple[Scene, ...]) -> None:
        at, port = self._mouse, self.framing.viewport
        if self._session.audit.tool.purpose != "magnify" or at is None or not port.contains(at):
            return
        scene = scenes[min(self.framing.pane, len(scenes) - 1)]
        if scene.placard is not None:
            return
        transform = self.framing.transform()
        self._magnifier.paint(painter, scene, transform, at, port, self._looking.lens)

    # gestures
    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        self._drag_from, self._dragged = at, False
        self.framing.take_pane(at)
        self._looking.press(at)
        if self._session.open is None:
            return
        self._hand_pressed = False
        if event.button() == Qt.MouseButton.LeftButton:
            self._drags_curtain = not self._hand.draws and curtain.is_on(
                self._session, self.framing.viewport, at
            )
            if self.framing.elsewhere is not None:
                if self._hand.draws:
                    self._session.say(_ELSEWHERE)
            elif not self._drags_curtain:
                self._hand.take_size(self._session.open.frame.size)
                point = self.framing.unbound_point(at)
                transform = self.framing.transform()
                self._hand.press(at, point, transform, marks_of(self._session.audit))
                self._hand_pressed = True
        if self._does(event.buttons()) == "pan":
            self._show_cursor(held=True)
        self.update()

    def _does(self, buttons: Qt.MouseButton) -> Purpose | None:
        """What a drag with these buttons does; None for what is not one of looking."""
        if buttons & Qt.MouseButton.LeftButton:
            drawing = self._hand.busy or self._hand.draws or self._drags_curtain
            return None if drawing else self._session.audit.tool.purpose
        if buttons & Qt.MouseButton.MiddleButton:
            return "pan"
        return "zoom" if buttons & Qt.MouseButton.RightButton else None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, buttons = event.position(), event.buttons()
        self._mouse = at
        if not buttons:
            self.framing.take_pane(at)
        self._session.set_cursor(self.framing.look(at))
        self.update()
        if self._session.open is None:
            return
        left = bool(buttons & Qt.MouseButton.LeftButton)
        here = self.framing.elsewhere is None
        if here and (self._hand.busy or self._hand.draws):
            self._hand.move(self.framing.unbound_point(at), left)
        if not buttons:
            self._show_grip(at)
        if self._drag_from is None or not buttons:
            return
        moved, self._drag_from = at - self._drag_from, at
        self._dragged = self._dragged or moved.manhattanLength() > 2
        purpose = self._does(buttons)
        if left and self._drags_curtain:
            curtain.drag(self._session, self.framing.viewport, at)
        elif purpose is not None:
            self._looking.drag(purpose, moved)

    def _show_grip(self, at: QPointF) -> None:
        """The cursor says what a press would take hold of."""
        if self._hand.draws:
            return
        if self.framing.elsewhere is not None:
            self._show_cursor()
        elif curtain.is_on(self._session, self.framing.viewport, at):
            self.setCursor(Qt.CursorShape.SplitHCursor)
        elif self._hand.grips(at, self.framing.transform(), marks_of(self._session.audit)):
            self.setCursor(Qt.CursorShape.SizeAllCursor)
        else:
            self._show_cursor()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        alone = not event.buttons() & Qt.MouseButton.LeftButton
        if event.button() == Qt.MouseButton.RightButton and not self._dragged and alone:
            self.menuAsked.emit(event.globalPosition())
        if event.button() == Qt.MouseButton.LeftButton:
            if self._hand_pressed:
                self._hand.release(self.scale, self._kept(event))
            self._hand_pressed = False
            self._drags_curtain = False
        self._looking.release()
        self._drag_from = None
        if not event.buttons():
            self._show_cursor()
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.framing.take_pane(event.position())
        if self.framing.elsewhere is None and self._hand.close(self.scale, self._kept(event)):
            self.update()
        elif not self._hand.draws:
            if self._session.panes:
                self.framing.toggle_alone()
            else:
                self.framing.fit_or_back()

    @staticmethod
    def _kept(event: QMouseEvent) -> bool:
        """Whether the tool stays in hand after this shape."""
        return bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)

    def leaveEvent(self, event: QEvent) -> None:
        self._mouse = None
        self._session.set_cursor(self.framing.look(None))
        self.update()

    def wheelEvent(self, event: QWheelEvent) -> None:
        angle = event.angleDelta().y() or event.angleDelta().x()
        self._looking.wheel(angle, event.modifiers(), event.position())
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
