"""Above the list of studies: how much there is, what is read, and the filter for key images."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from viewer import palette
from viewer.dicom.study import Study
from viewer.panels.quiet_line import QuietLine
from viewer.panels.study_paint import paint_star
from viewer.state.session import Session
from viewer.state.words import several

_STAR = 16  # logical pixels


def _star_icon(on: bool, ratio: float) -> QIcon:
    """The sign of a key image, an outline while the filter is off."""
    pixmap = QPixmap(round(_STAR * ratio), round(_STAR * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    colour = palette.colour("accent" if on else "quiet")
    paint_star(painter, QRectF(1, 1, _STAR - 2, _STAR - 2), colour, filled=on)
    painter.end()
    return QIcon(pixmap)


class StudyHead(QWidget):
    """A line of text and a button."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._star: tuple[bool, float, str] | None = None
        self.summary = QuietLine()
        self.only = QToolButton()
        self.only.setCheckable(True)
        self.only.setAutoRaise(True)
        self.only.setIconSize(QSize(_STAR, _STAR))
        self.only.setAccessibleName("Only key images")
        self.only.setToolTip("Only key images: lists nothing else")
        self.only.toggled.connect(session.key_images.set_only)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(10, 3, 6, 3)
        layout.addWidget(self.summary, 1)
        layout.addWidget(self.only)
        for changed in (session.scanChanged, session.readingChanged):
            changed.connect(self._read)
        session.key_images.onlyChanged.connect(self._read)
        session.key_images.changed.connect(self._read)
        self._read()

    def _read(self) -> None:
        session = self._session
        self.only.setChecked(session.key_images.only)
        star = session.key_images.only, self.devicePixelRatioF(), palette.theme()
        if star != self._star:  # an icon asks for a layout
            self._star = star
            self.only.setIcon(_star_icon(*star[:2]))
        self.summary.set_text(self._words())

    def _words(self) -> str:
        session = self._session
        if session.reading is not None:
            return f"reading … {session.reading:,} files"
        if session.key_images.only:
            return several(sum(map(self._marked, session.studies)), "key image")
        images = sum(header.frames for header in session.scan.headers)
        series = sum(len(study.series) for study in session.studies)
        both = several(series, "series", "series"), several(images, "image")
        return " · ".join(both) if images else ""

    def _marked(self, study: Study) -> int:
        return sum(len(self._session.key_images.numbers(series)) for series in study.series)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._read()
