"""Window and level as numbers to type; the image follows."""

from __future__ import annotations

from typing import get_args

from PySide6.QtCore import QLocale, Qt
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from viewer.dicom.frame import Frame
from viewer.dicom.window import SHORTEST_WIDTH, Function, Window, auto_window
from viewer.state.session import Session

_FURTHEST = 1e9
_NAMES: dict[Function, str] = {
    "LINEAR": "linear",
    "LINEAR_EXACT": "linear, exact",
    "SIGMOID": "sigmoid",
}


class WindowNumbers(QDialog):
    """Changes the image with every digit; Cancel brings back the window that was there before."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Window and level")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = session
        self._before, self._place = session.window, session.place
        self.width_field = self._number("Window width")
        self.level_field = self._number("Window level")
        self.function_field = QComboBox()
        self.function_field.setAccessibleName("Function")
        for function in get_args(Function):
            self.function_field.addItem(_NAMES[function], function)
        self.says = QLabel()
        self.says.setProperty("quiet", True)
        self._lay_out()
        self._take(self._start())
        for field in (self.width_field, self.level_field):
            field.valueChanged.connect(self._set)
        self.function_field.currentIndexChanged.connect(self._set)
        session.placeChanged.connect(self.reject)
        self.width_field.selectAll()

    def _number(self, name: str) -> QDoubleSpinBox:
        field = QDoubleSpinBox()
        field.setLocale(QLocale.c())
        field.setRange(-_FURTHEST, _FURTHEST)
        opened = self._session.open
        whole = opened is not None and _has_whole_values(opened.frame)
        field.setDecimals(2 if whole else 5)
        field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        units = opened.frame.units if opened is not None else ""
        field.setSuffix(f" {units}" if units else "")
        field.setAccessibleName(name)
        field.setMinimumWidth(160)
        return field

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("&Window (width)", self.width_field)
        form.addRow("&Level (centre)", self.level_field)
        form.addRow("&Function", self.function_field)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addLayout(form)
        layout.addWidget(self.says)
        layout.addWidget(buttons)

    def _start(self) -> Window:
        """The window in use; in the place of a table the automatic one."""
        if isinstance(self._before, Window):
            return self._before
        opened = self._session.open
        return Window(0.5, 1.0) if opened is None else auto_window(opened.frame)

    def _take(self, window: Window) -> None:
        self.function_field.setCurrentIndex(self.function_field.findData(window.function))
        self._limit()
        self.width_field.setValue(window.width)
        self.level_field.setValue(window.center)
        self._say(window)

    def _limit(self) -> None:
        """A linear window is at least 1 wide (PS3.3 C.11.2.1.2.1)."""
        linear = self.function_field.currentData() == "LINEAR"
        least = 1.0 if linear else max(SHORTEST_WIDTH, 10.0 ** -self.width_field.decimals())
        self.width_field.setMinimum(least)

    def _set(self) -> None:
        self._limit()
        function: Function = self.function_field.currentData()
        window = Window(self.level_field.value(), self.width_field.value(), function)
        self._session.set_window(window)
        self._say(window)

    def _say(self, window: Window) -> None:
        low, high = window.center - window.width / 2, window.center + window.width / 2
        if window.function == "LINEAR":  # PS3.3 C.11.2.1.2.1
            high -= 1
        if window.function == "SIGMOID":
            says = f"Mid-grey at {window.center:.6g}, smooth towards black and white."
        else:
            says = f"Black up to {low:.6g}, white from {high:.6g}."
        self.says.setText(says.replace("-", "−"))

    def done(self, result: int) -> None:
        """From now on no other image brings anything back."""
        self._session.placeChanged.disconnect(self.reject)
        super().done(result)

    def reject(self) -> None:
        """As it was before; another image that came meanwhile keeps its own window."""
        same = self._session.place == self._place
        if same and self._before is not None:
            self._session.set_window(self._before)
        super().reject()


def _has_whole_values(frame: Frame) -> bool:
    stored = frame.pixels.dtype.kind in "iu"
    return stored and float(frame.slope).is_integer() and float(frame.intercept).is_integer()
