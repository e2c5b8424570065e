"""How the response is computed and how it is shown."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFormLayout,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from viewer.panels.method_controls import Combo, MethodControls
from viewer.panels.threshold_plot import ThresholdPlot
from viewer.render.class_view import ClassOverlay
from viewer.render.colour_maps import COLOUR_MAPS, DIVERGING_MAPS
from viewer.render.overlay import Overlay
from viewer.state.session import Session

_LAYER, _CLASSES = "this layer", "dominant class"
_OWN, _SHARED = "this layer", "all layers"
# label, field of the style, hint
_SWITCHES = (
    ("Overlay", "visible", "The response over the scan"),
    ("Colour", "fill", "Colour above the threshold"),
    ("Contours", "contours", "A line where the threshold runs"),
    ("Grid", "grid", "The layer's own grid: how coarse is what its map says"),
    ("Maximum", "mark_maximum", "A crosshair at the strongest point"),
    ("Signed", "signed", "What speaks against as well: dashed contours, the lower half of the bar"),
)


class _Track(QSlider):
    """A slider that the wheel scrolls past, so that nothing is changed by accident."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class _Slider(QWidget):
    """A slider over 0…1 (times ``top``) with its number beside it."""

    def __init__(self, name: str, top: float, changed: Callable[[float], None]) -> None:
        super().__init__()
        self._top = top
        self.slider = _Track(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, 100)
        self.slider.setAccessibleName(name)
        self.number = QLabel(self)
        self.number.setMinimumWidth(58)
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.number)
        self.slider.valueChanged.connect(lambda value: changed(value * top / 100))

    def show_value(self, value: float, text: str) -> None:
        blocker = QSignalBlocker(self.slider)
        self.slider.setValue(round(value / self._top * 100))
        del blocker
        self.number.setText(text)


class OverlayControls(QWidget):
    """Sets the session's request (model, method) and style; shows what it holds."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        change = session.change_style
        self.switches = {field: self._switch(*row) for row in _SWITCHES for field in row[1:2]}
        self.shows = Combo("Shows", [_LAYER, _CLASSES], self._set_shows)
        self.opacity = _Slider("Opacity", 1, lambda value: change(opacity=value))
        self.threshold = _Slider("Threshold", 1, lambda value: change(threshold=value))
        self.smoothing = _Slider("Smoothing", 2, lambda value: change(smoothing=value))
        self.smoothing.setToolTip("Display only: the raw map stays as it is (Gaussian, σ)")
        self.colour_map = Combo("Colour map", list(COLOUR_MAPS), self._set_colours)
        self.range = Combo(
            "Range",
            [_OWN, _SHARED],
            lambda name: change(shared_range=name == _SHARED),
            {
                _OWN: "Rescaled per layer: colours of two layers cannot be compared",
                _SHARED: "One range for all layers: weak layers look weak",
            },
        )
        self.reading = QLabel()
        self.reading.setWordWrap(True)
        self.reading.setProperty("quiet", True)
        self.plot = ThresholdPlot(session)
        self.form = QFormLayout()
        self.form.addRow("Shows", self.shows)
        self.method = MethodControls(session, self.form)
        self._lay_out()
        session.overlayChanged.connect(self._read)
        self._read()

    def _switch(self, label: str, field: str, hint: str) -> QCheckBox:
        box = QCheckBox(label)
        box.setToolTip(hint)
        box.toggled.connect(lambda on: self._session.change_style(**{field: on}))
        return box

    def _lay_out(self) -> None:
        switches = QGridLayout()
        for number, box in enumerate(self.switches.values()):
            switches.addWidget(box, number // 3, number % 3)
        self.form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self.form.setVerticalSpacing(5)
        for label, widget in (
            ("Threshold", self.threshold),
            ("Opacity", self.opacity),
            ("Smoothing", self.smoothing),
            ("Colours", self.colour_map),
            ("Range", self.range),
        ):
            self.form.addRow(label, widget)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(10, 6, 10, 6)
        column.addLayout(switches)
        column.addLayout(self.form)
        column.addWidget(self.reading)
        column.addWidget(self.plot, 1)
        column.addStretch()
        area = QScrollArea()
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(area)

    def _set_shows(self, name: str) -> None:
        """Asking for something switches the overlay on."""
        shows = "classes" if name == _CLASSES else "layer"
        self._session.change_style(visible=True, shows=shows)

    def _set_colours(self, name: str) -> None:
        field = "diverging_map" if self._session.style.signed else "colour_map"
        self._session.change_style(**{field: name})

    def _read(self) -> None:
        session, style = self._session, self._session.style
        for field, box in self.switches.items():
            blocker = QSignalBlocker(box)
            box.setChecked(bool(getattr(style, field)))
            del blocker
        layer = style.shows == "layer"
        for widget in (self.switches["grid"], self.switches["signed"], self.colour_map, self.range):
            widget.setEnabled(layer)
        self.shows.show_text(_LAYER if layer else _CLASSES)
        self.opacity.show_value(style.opacity, f"{style.opacity:.0%}")
        sign = "± " if style.signed and layer else ""
        self.threshold.show_value(style.threshold, f"{sign}{style.threshold:.0%}")
        self.smoothing.show_value(style.smoothing, self._width())
        self._offer(list(DIVERGING_MAPS if style.signed else COLOUR_MAPS))
        self.colour_map.show_text(style.colours)
        self.range.show_text(_SHARED if style.shared_range else _OWN)
        if layer:
            self.reading.setText("" if session.overlay is None else in_words(session.overlay))
        else:
            self.reading.setText(classes_in_words(session.classes))

    def _width(self) -> str:
        """The smoothing of what is shown in pixels of the model input, or the factor without."""
        session = self._session
        if session.style.shows == "classes" and session.classes is not None:
            return f"{session.classes.maps.sigma:.1f} px"
        if session.overlay is not None:
            return f"{session.overlay.sigma:.1f} px"
        return f"× {session.style.smoothing:.1f}"

    def _offer(self, names: list[str]) -> None:
        """Colour maps that fit the sign."""
        if self.colour_map.itemText(0) != names[0]:
            self.colour_map.clear()
            self.colour_map.addItems(names)


def in_words(overlay: Overlay) -> str:
    """How much of a layer's response lies above the threshold."""
    signed = overlay.style.signed
    if overlay.maximum <= 0:
        kind = "" if signed else "positive "
        return f"This layer has no {kind}response to this image. Choose another layer or class."
    if overlay.area <= 0:
        return "Nothing lies above the threshold. Lower it, or choose another layer."
    what = "response, signs left out" if signed else "positive response"
    return f"Above the threshold: {overlay.area:.1%} of the area, {overlay.mass:.1%} of the {what}."


def classes_in_words(classes: ClassOverlay | None) -> str:
    """How much of the area each class has above the threshold."""
    if classes is None:
        return "Asking which class dominates where …"
    if not classes.regions:
        return "No class dominates above the threshold."
    shares = (f"{item.name.replace('_', ' ')} {item.area:.1%}" for item in classes.regions)
    return f"Dominant above the threshold, of the area: {', '.join(shares)}."
