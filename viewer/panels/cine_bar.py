"""Below the picture: where it is in its stack, and playing it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSignalBlocker, QSize, Qt, QTimer
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSpinBox, QToolButton, QWidget

from viewer import icons, palette
from viewer.panels.stack_slider import StackSlider
from viewer.state.cine import FASTEST, SLOWEST
from viewer.state.settings import CINE_ORDER
from viewer.state.workbench import Workbench

_ICON = 18  # logical pixels
_SOURCES = {
    "chosen": "The speed that you chose",
    "file": "The speed that the file asks for",
    "preference": "The file asks for no speed: this is the one from the preferences",
}


class CineBar(QWidget):
    """Hidden while there is one image only. Its buttons leave the keyboard to the picture when
    they are clicked; Tab reaches them."""

    def __init__(self, workbench: Workbench, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._cine = workbench.session, workbench.cine
        self._icons: tuple[str, str, float] | None = None
        self.play = QToolButton()
        self.play.setAutoRaise(True)
        self.play.setIconSize(QSize(_ICON, _ICON))
        self.play.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.play.clicked.connect(self._cine.toggle)
        self.slider = StackSlider(workbench)
        self.position = self._number_label("image")
        self.rate = QSpinBox()
        self.rate.setRange(round(SLOWEST), round(FASTEST))
        self.rate.setSuffix(" /s")
        self.rate.setAccessibleName("Images a second")
        self.rate.setKeyboardTracking(False)
        self.rate.valueChanged.connect(self._cine.set_rate)
        self.order = QComboBox()
        self.order.addItems(CINE_ORDER.choices)
        self.order.setAccessibleName("What comes after the last image")
        self.order.setToolTip("What comes after the last image")
        self.order.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.order.textActivated.connect(lambda text: self._session.settings.set(CINE_ORDER, text))
        self.actual = self._number_label("actual rate")
        self._lay_out()
        for changed in (self._session.placeChanged, self._session.scanChanged):
            changed.connect(self._read_place)
        self._cine.changed.connect(self._read)
        self._cine.measured.connect(self._read_actual)
        self._session.key_images.changed.connect(self.slider.update)
        self._read()
        self._read_place()
        QTimer.singleShot(0, self, self._prepare)

    def _prepare(self) -> None:
        """Styles and icons, before the first stack has to be on screen at once."""
        for widget in self.findChildren(QWidget):
            widget.ensurePolished()
        self._set_icon()

    @staticmethod
    def _number_label(name: str) -> QLabel:
        label = QLabel()
        label.setProperty("quiet", True)
        label.setAccessibleName(name)
        return label

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 3, 10, 3)
        layout.setSpacing(8)
        layout.addWidget(self.play)
        layout.addWidget(self.slider, 1)
        for widget in (self.position, self.rate, self.order, self.actual):
            layout.addWidget(widget)

    def _read_place(self) -> None:
        place = self._session.place
        count = 0 if place is None else place.series.starts[-1]
        self.setVisible(count > 1)
        if place is None or count < 2:
            return
        self._give_room(self.position, f"{count} / {count}")
        self.position.setText(f"{place.number + 1} / {count}")
        self.slider.show_place(place)

    @staticmethod
    def _give_room(label: QLabel, longest: str) -> None:
        """As much as the longest text needs, so that nothing beside it jumps."""
        wide = QFontMetrics(label.font()).horizontalAdvance("0" * len(longest)) + 4
        label.setFixedWidth(wide)
        label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)

    def _read(self) -> None:
        """Playing or not, how fast, and who says so."""
        cine = self._cine
        if self.isVisible():
            self._set_icon()
        words = "Stop" if cine.playing else "Play the images"
        self.play.setToolTip(words)
        self.play.setAccessibleName("Stop" if cine.playing else "Play")
        blocker = QSignalBlocker(self.rate)
        self.rate.setValue(round(cine.rate))
        del blocker
        self.rate.setToolTip(_SOURCES[cine.source])
        self.order.setCurrentText(self._session.settings.get(CINE_ORDER))
        self._give_room(self.actual, "actual 60.0 /s")
        self._read_actual()

    def _read_actual(self) -> None:
        """The rate that is reached, while it plays."""
        actual = self._cine.actual
        text = f"actual {actual:.1f} /s" if actual is not None else ""
        if text != self.actual.text():
            self.actual.setText(text)

    def _set_icon(self) -> None:
        wanted = (
            "stop" if self._cine.playing else "play",
            palette.theme(),
            self.devicePixelRatioF(),
        )
        if wanted != self._icons:
            self._icons = wanted
            self.play.setIcon(icons.icon(wanted[0], _ICON, wanted[2]))

    def showEvent(self, event: object) -> None:
        self._set_icon()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._set_icon()
            self.slider.update()
