"""Studies and their series with thumbnails, and the files that could not be opened."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import (
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
)
from PySide6.QtWidgets import QMenu, QToolTip, QVBoxLayout, QWidget

from viewer import palette
from viewer.canvas.images import to_image
from viewer.panels.row_area import RowArea
from viewer.panels.study_head import StudyHead
from viewer.panels.study_paint import THUMBNAIL, Look, arrow_box, paint_row
from viewer.panels.study_rows import (
    StudyRow,
    Words,
    can_open,
    height_of,
    holds,
    is_beside,
    rows_of,
    words_of,
)
from viewer.state.frame_cache import Key
from viewer.state.linking import as_deep
from viewer.state.place import Place
from viewer.state.thumbnails import middle_of
from viewer.state.workbench import Workbench

_USUAL = 13.0  # pixels of the letters that the rows are laid out for
_MOST_PIXMAPS = 300
_NOTHING = "Nothing is open."
_NO_KEY_IMAGES = "No key images yet. The star in the toolbar marks the image that is shown."


class StudyList(QWidget):
    """The list below a line that says how much there is and what is read."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = StudyHead(workbench.session)
        self.rows = StudyRows(workbench)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.rows, 1)


class StudyRows(RowArea):
    """Rows: study → series → image. Only what is looked at is written, painted and decoded.

    A click or the arrow keys open a series or an image; the arrow of a row, or Left and Right,
    show and hide what is in it. With Ctrl it is shown beside the open image.
    """

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session = workbench.session
        self._thumbnails, self._comparing = workbench.thumbnails, workbench.comparing
        self._rows: list[StudyRow] = []
        self._closed: set[tuple[str, ...]] = set()
        self._opened: set[tuple[str, ...]] = set()
        self._at = -1  # the row that has the keyboard
        self._hovered = -1
        self._pixmaps: dict[Key, QPixmap] = {}
        self.setAccessibleName("Studies")
        self._thumbnails.arrived.connect(self._arrived)
        session.scanChanged.connect(self.fill)
        session.key_images.onlyChanged.connect(self.fill)
        session.key_images.changed.connect(self._stars_changed)
        session.placeChanged.connect(self._follow)
        session.panesChanged.connect(self.viewport().update)
        session.overlayChanged.connect(self._identity_changed)
        self._identity = session.identity_shown
        self.fill()

    def sizeHint(self) -> QSize:
        return QSize(230, 400)

    @property
    def unit(self) -> float:
        """How much larger than usual everything is."""
        return self.font().pixelSize() / _USUAL if self.font().pixelSize() > 0 else 1.0

    # what there is
    def fill(self) -> None:
        """All rows anew; what is open or closed, and what is in view, stays so."""
        above = self.row_at(0)
        top = self._rows[above] if above >= 0 else None
        offset = -self.box_of(above).top() if above >= 0 else 0
        kept = self._rows[self._at] if 0 <= self._at < len(self._rows) else None
        self._rows = rows_of(self._session, self._closed, self._opened)
        unit, shown = self.unit, self._session.identity_shown
        heights = (round(height_of(row, shown) * unit) for row in self._rows)
        self.set_heights(heights, round(28 * unit))
        self._hovered = -1
        again = self._find(top)
        if again >= 0:
            self.scroll_to(again, offset)
        self._at = self._find(kept)
        if self._at < 0:
            self._at = self._current_row()
        self.viewport().update()

    def _find(self, row: StudyRow | None) -> int:
        """Where the row of a study or series is now; -1 where it is not, and for others."""
        key = () if row is None else row.key
        if not key:
            return -1
        return next((n for n, other in enumerate(self._rows) if other.key == key), -1)

    def words(self) -> list[Words]:
        """What all rows say."""
        return [words_of(row, self._session) for row in self._rows]

    @property
    def listed(self) -> tuple[StudyRow, ...]:
        """All rows, from the top down."""
        return tuple(self._rows)

    def set_open(self, row: StudyRow, opened: bool) -> None:
        """Show or hide what is in a study or a series."""
        if self._is_open(row) in (None, opened):
            return
        if row.kind == "study":
            (self._closed.discard if opened else self._closed.add)(row.key)
        else:
            (self._opened.add if opened else self._opened.discard)(row.key)
        self.fill()

    def _is_open(self, row: StudyRow) -> bool | None:
        """None where there is nothing in it."""
        if row.kind == "study":
            return row.key not in self._closed
        if row.kind == "series" and can_open(row.of) and not self._session.key_images.only:
            return row.key in self._opened
        return None

    def _stars_changed(self) -> None:
        self.fill() if self._session.key_images.only else self.viewport().update()

    def _identity_changed(self) -> None:
        if self._session.identity_shown != self._identity:
            self._identity = self._session.identity_shown
            self.fill()

    # which row is which
    def _current_row(self) -> int:
        """That of the open image, else of its series, else -1."""
        place = self._session.place
        found = -1
        if place is None:
            return found
        for number, row in enumerate(self._rows):
            if row.of is place.series:
                if row.kind == "series":
                    found = number
                elif row.kind == "image" and row.number == self._image_number(place):
                    return number
            elif found >= 0:
                break
        return found

    def _image_number(self, place: Place) -> int:
        """The number that the row of an image has: that of its first frame, or of a key image."""
        return place.number if self._session.key_images.only else place.number - place.frame

    def _is_current(self, row: StudyRow) -> bool:
        place = self._session.place
        if place is None or row.of is not place.series:
            return False
        return row.kind == "series" or row.number == self._image_number(place)

    def _follow(self) -> None:
        """The open image has its row marked, and in view when another series was opened."""
        before, self._at = self._at, self._current_row()
        if self._at != before and self._at >= 0:
            self.reveal(self._at)
            self.viewport().update()
        elif self._at >= 0:
            self.viewport().update(self.box_of(self._at))
        else:
            self.viewport().update()

    # thumbnails
    def _arrived(self, key: Key) -> None:
        self._pixmaps.pop(key, None)
        self.viewport().update()

    def _pixmap(self, key: Key) -> QPixmap | None:
        """The thumbnail as large as it is shown."""
        found = self._pixmaps.get(key)
        pixels = None if found is not None else self._thumbnails.get(key)
        if pixels is None:
            return found
        ratio = self.devicePixelRatioF()
        side = round(THUMBNAIL * self.unit * ratio)
        keep, smooth = (
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        made = QPixmap.fromImage(to_image(pixels).scaled(side, side, keep, smooth))
        made.setDevicePixelRatio(ratio)
        if len(self._pixmaps) >= _MOST_PIXMAPS:
            self._pixmaps.clear()
        self._pixmaps[key] = made
        return made

    # painting
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        try:
            painter.fillRect(event.rect(), palette.colour("panel"))
            shown = list(self.in_view())
            for number in shown:
                if self.box_of(number).intersects(event.rect()):
                    self._paint_row(painter, number)
            if not self._rows:
                self._paint_empty(painter)
        finally:
            painter.end()
        series = (self._rows[n] for n in shown if self._rows[n].kind == "series")
        self._thumbnails.want([middle_of(row.of) for row in series])

    def _paint_row(self, painter: QPainter, number: int) -> None:
        row, key = self._rows[number], None
        if row.kind == "series":
            key = middle_of(row.of)
        look = Look(
            font=self.font(),
            unit=self.unit,
            current=self._is_current(row),
            focused=number == self._at and self.hasFocus(),
            hovered=number == self._hovered and row.kind not in ("note", "group"),
            opened=self._is_open(row),
            thumbnail=None if key is None else self._pixmap(key),
            missing=key is not None and self._thumbnails.is_missing(key),
        )
        paint_row(painter, row, words_of(row, self._session), QRectF(self.box_of(number)), look)

    def _paint_empty(self, painter: QPainter) -> None:
        text = _NO_KEY_IMAGES if self._session.key_images.only else _NOTHING
        painter.setPen(palette.colour("quiet"))
        painter.setFont(self.font())
        box = QRectF(self.viewport().rect()).adjusted(16, 16, -16, -16)
        flags = Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter
        painter.drawText(box, int(flags) | int(Qt.TextFlag.TextWordWrap), text)

    # mouse and keys
    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            number = self.row_at(event.pos().y())
            tip = words_of(self._rows[number], self._session).tip if number >= 0 else ""
            QToolTip.showText(event.globalPos(), tip, self.viewport())
            return True
        if event.type() == QEvent.Type.Leave:
            self._hover(-1)
        return super().viewportEvent(event)

    def _hover(self, number: int) -> None:
        if number != self._hovered:
            self._hovered = number
            self.viewport().update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self.row_at(event.position().y()))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        number = self.row_at(event.position().y())
        if event.button() != Qt.MouseButton.LeftButton or number < 0:
            return
        row = self._rows[number]
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.toggle_beside(row)
            return
        on_arrow = arrow_box(row, QRectF(self.box_of(number)), self.unit).contains(event.position())
        opened = self._is_open(row)
        if opened is not None and (row.kind == "study" or on_arrow):
            self.set_open(row, not opened)
        else:
            self._choose(number)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """The second press of a double click is one more press on an arrow, and nothing else."""
        number = self.row_at(event.position().y())
        if number >= 0 and self._rows[number].kind == "study":
            self.mousePressEvent(event)

    def toggle_beside(self, row: StudyRow) -> None:
        """Show what a row stands for beside the open image, or no more; as the open image where
        there is none."""
        there, place = row.place, self._session.place
        if there is None:
            return
        if is_beside(row, self._session):
            self._comparing.remove_images(lambda shown: holds(row, shown))
        elif place is None:
            self._session.set_place(there)
        else:
            self._comparing.toggle_image(as_deep(row.of, place) if row.kind == "series" else there)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """What can be done with a row, under the mouse or the one that has the keyboard."""
        by_mouse = event.reason() == QContextMenuEvent.Reason.Mouse
        number = self.row_at(event.pos().y()) if by_mouse else self._at
        if not 0 <= number < len(self._rows) or self._rows[number].place is None:
            return
        row, menu = self._rows[number], QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("Open").triggered.connect(lambda: self._session.set_place(row.place))
        beside = menu.addAction("Beside the open image")
        beside.setCheckable(True)
        beside.setChecked(is_beside(row, self._session))
        beside.setEnabled(self._session.place is not None)
        beside.triggered.connect(lambda: self.toggle_beside(row))
        under = self.box_of(number).center()
        menu.popup(event.globalPos() if by_mouse else self.viewport().mapToGlobal(under))

    def _choose(self, number: int) -> None:
        """Open what a row stands for; an open series stays at its image."""
        row, place = self._rows[number], self._session.place
        if row.kind == "series" and place is not None and place.series is row.of:
            return
        if row.place is not None:
            self._session.set_place(row.place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        steps = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}
        if key in steps:
            self._step(steps[Qt.Key(key)])
        elif key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self._turn_key(key == Qt.Key.Key_Right)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._at >= 0:
            row = self._rows[self._at]
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.toggle_beside(row)
            else:
                self.set_open(row, not self._is_open(row))
        else:
            super().keyPressEvent(event)

    def _step(self, by: int) -> None:
        """To the next row that can be opened or shows what is in it."""
        number = self._at + by
        while 0 <= number < len(self._rows):
            if self._rows[number].kind in ("study", "series", "image"):
                self._at = number
                self.reveal(number)
                self._choose(number)
                self.viewport().update()
                return
            number += by

    def _turn_key(self, opens: bool) -> None:
        if self._at < 0:
            return
        row = self._rows[self._at]
        if not opens and row.kind == "image":
            owner = next(n for n in range(self._at, -1, -1) if self._rows[n].kind == "series")
            self._at = owner
            self.reveal(owner)
            self.viewport().update()
        else:
            self.set_open(row, opens)

    def focusInEvent(self, event: object) -> None:
        self.viewport().update()

    def focusOutEvent(self, event: object) -> None:
        self.viewport().update()

    def changeEvent(self, event: QEvent) -> None:
        """Another theme, or larger letters."""
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self._pixmaps.clear()
            self.fill()
