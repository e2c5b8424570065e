"""How the response is computed and how it is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from engine.presets import PRESETS, preset_name
from resources import MODEL_NAMES
from viewer.panels.threshold_plot import ThresholdPlot
from viewer.render.colour_maps import COLOUR_MAPS
from viewer.state.session import Session

PRESET_HINTS = {
    "class gradient": "what speaks for the class: activation × gradient of the class, taken back "
    "with the gradient rule",
    "gradient": "the layer's whole activation, taken back where the forward pass was active",
    "CLEAR": "the layer's whole activation, taken back through everything (linear)",
    "deconvnet": "the layer's whole activation; only positive signals pass a rectifier",
    "published ARM": "the four strongest kernels from their peaks, guided: crisp edges, weakly "
    "tied to the decision",
}


class _Slider(QWidget):
    """A slider over 0…1 (times ``top``) with its number beside it."""

    def __init__(self, name: str, top: float, changed: Callable[[float], None]) -> None:
        super().__init__()
        self._top = top
        self.slider = QSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(name)
        self.number = QLabel(self)
        self.number.setMinimumWidth(38)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.number)
        self.slider.valueChanged.connect(lambda value: changed(value * top / 100))

    def show_value(self, value: float) -> None:
        blocker = QSignalBlocker(self.slider)
        self.slider.setValue(round(value / self._top * 100))
        del blocker
        self.number.setText(f"{value:.0%}" if self._top == 1 else f"× {value:.1f}")


def _combo(name: str, items: list[str], changed: Callable[[str], None]) -> QComboBox:
    combo = QComboBox()
    combo.addItems(items)
    combo.setAccessibleName(name)
    combo.textActivated.connect(changed)
    return combo


class OverlayControls(QWidget):
    """Sets the session's request (model, method) and style; shows what it holds."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        change = session.change_style
        self.model = _combo("Model", list(reversed(MODEL_NAMES)), session.set_model)
        self.preset = _combo("Method", list(PRESET_HINTS), self._set_preset)
        for row, hint in enumerate(PRESET_HINTS.values()):
            self.preset.setItemData(row, hint, Qt.ItemDataRole.ToolTipRole)
        self.opacity = _Slider("Opacity", 1, lambda value: change(opacity=value))
        self.threshold = _Slider("Threshold", 1, lambda value: change(threshold=value))
        self.smoothing = _Slider("Smoothing", 2, lambda value: change(smoothing=value))
        self.colour_map = _combo(
            "Colour map", list(COLOUR_MAPS), lambda name: change(colour_map=name)
        )
        self.range = _combo(
            "Range",
            ["this layer", "all layers"],
            lambda name: change(shared_range=name == "all layers"),
        )
        self.visible = QCheckBox("Overlay")
        self.fill = QCheckBox("Colour")
        self.contours = QCheckBox("Contours")
        self.visible.toggled.connect(lambda on: change(visible=on))
        self.fill.toggled.connect(lambda on: change(fill=on))
        self.contours.toggled.connect(lambda on: change(contours=on))
        self.reading = QLabel()
        self.reading.setWordWrap(True)
        self.reading.setProperty("quiet", True)
        self.plot = ThresholdPlot(session)
        self._lay_out()
        session.overlayChanged.connect(self._read)
        session.requestChanged.connect(self._read)
        self._read()

    def _lay_out(self) -> None:
        shows = QHBoxLayout()
        for box in (self.visible, self.fill, self.contours):
            shows.addWidget(box)
        shows.addStretch()
        form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        form.setVerticalSpacing(7)
        for label, widget in (
            ("Model", self.model),
            ("Method", self.preset),
            ("Opacity", self.opacity),
            ("Threshold", self.threshold),
            ("Smoothing", self.smoothing),
            ("Colours", self.colour_map),
            ("Range", self.range),
        ):
            form.addRow(label, widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 8, 10, 8)
        layout.addLayout(shows)
        layout.addLayout(form)
        layout.addWidget(self.reading)
        layout.addWidget(self.plot, 1)

    def _set_preset(self, name: str) -> None:
        self._session.set_method(PRESETS[name])

    def _read(self) -> None:
        session, style = self._session, self._session.style
        boxes = ((self.visible, style.visible), (self.fill, style.fill))
        for box, on in (*boxes, (self.contours, style.contours)):
            blocker = QSignalBlocker(box)
            box.setChecked(on)
            del blocker
        self.opacity.show_value(style.opacity)
        self.threshold.show_value(style.threshold)
        self.smoothing.show_value(style.smoothing)
        self.model.setCurrentText(session.model)
        self.preset.setCurrentText(preset_name(session.method))
        self.preset.setToolTip(PRESET_HINTS.get(preset_name(session.method), ""))
        self.colour_map.setCurrentText(style.colour_map)
        self.range.setCurrentText("all layers" if style.shared_range else "this layer")
        overlay = session.overlay
        if overlay is None:
            self.reading.setText("")
        elif overlay.maximum <= 0:
            self.reading.setText("This layer has no positive response on this image.")
        else:
            self.reading.setText(
                f"Above the threshold: {overlay.area:.1%} of the area, "
                f"{overlay.mass:.1%} of the positive response."
            )
