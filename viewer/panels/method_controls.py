"""Who answers and how: the model, a named method, or one put together by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import get_args

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QWidget

from engine.presets import PRESETS, preset_name
from engine.results import Method, RuleName, SeedName, UnpoolingName
from resources import MODEL_NAMES
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
CUSTOM = "custom"
_CUSTOM_HINT = "rule, seed and un-pooling one by one; nothing was measured about such maps"
_RULE_HINTS = {
    "linear": "what passes a rectifier on the way back: everything",
    "gradient": "what passes a rectifier on the way back: what was active on the way in",
    "frozen": "what passes a rectifier on the way back: what was active, gates held as they were",
    "deconvnet": "what passes a rectifier on the way back: positive signals",
    "guided": "what passes a rectifier on the way back: positive signals where it was active",
}
_SEED_HINTS = {
    "full": "what is fed in at the layer: its whole activation",
    "peak": "what is fed in at the layer: the four strongest kernels, each at its peak alone",
    "top_k": "what is fed in at the layer: the four strongest kernels, whole",
    "uniform": "what is fed in at the layer: every position alike",
    "class": "what is fed in at the layer: the activation times the signal of the class",
}
_UNPOOLING_HINTS = {
    "switch": "max pooling is undone to the positions it took the values from",
    "nearest": "max pooling is undone to every position of its window",
    "average": "max pooling is undone to every position, in equal shares",
}


class Combo(QComboBox):
    """A list to choose from that the wheel scrolls past, so that nothing is changed by accident."""

    def __init__(
        self,
        name: str,
        items: Sequence[str],
        changed: Callable[[str], None],
        hints: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__()
        self.addItems(list(items))
        self.setAccessibleName(name)
        self.setMinimumContentsLength(4)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        for row, item in enumerate(items):
            self.setItemData(row, (hints or {}).get(item, ""), Qt.ItemDataRole.ToolTipRole)
        self.textActivated.connect(changed)

    def show_text(self, text: str) -> None:
        """Show a choice without making it."""
        blocker = QSignalBlocker(self)
        self.setCurrentText(text)
        del blocker
        hint = self.itemData(self.currentIndex(), Qt.ItemDataRole.ToolTipRole)
        self.setToolTip(str(hint or ""))

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


class MethodControls:
    """Rows of a form that set the session's model and method."""

    def __init__(self, session: Session, form: QFormLayout) -> None:
        self._session = session
        self._form = form
        self._by_hand = False
        self.model = Combo("Model", list(reversed(MODEL_NAMES)), session.set_model)
        hints = {**PRESET_HINTS, CUSTOM: _CUSTOM_HINT}
        self.preset = Combo("Method", list(hints), self._set_preset, hints)
        self.rule = Combo("Rule", get_args(RuleName), self._compose, _RULE_HINTS)
        self.seed = Combo("Seed", get_args(SeedName), self._compose, _SEED_HINTS)
        self.unpooling = Combo(
            "Un-pooling", get_args(UnpoolingName), self._compose, _UNPOOLING_HINTS
        )
        self._way = _side_by_side(self.rule, self.seed)
        form.addRow("Model", self.model)
        form.addRow("Method", self.preset)
        form.addRow("Rule, seed", self._way)
        form.addRow("Un-pooling", self.unpooling)
        session.requestChanged.connect(self.read)
        self.read()

    def _set_preset(self, name: str) -> None:
        self._by_hand = name == CUSTOM
        if name in PRESETS:
            self._session.set_method(PRESETS[name])
        self.read()

    def _compose(self, chosen: str) -> None:
        """The method of the three lists; what else a preset sets is its own, or as usual."""
        chosen_method = Method(
            self.rule.currentText(),  # type: ignore[arg-type]
            self.seed.currentText(),  # type: ignore[arg-type]
            self.unpooling.currentText(),  # type: ignore[arg-type]
        )
        known = (
            method
            for method in PRESETS.values()
            if replace(method, kernels=4, positive=False, per_weight=False) == chosen_method
        )
        self._session.set_method(next(known, chosen_method))

    def read(self) -> None:
        method = self._session.method
        name = preset_name(method)
        by_hand = self._by_hand or name not in PRESETS
        self.model.show_text(self._session.model)
        self.preset.show_text(CUSTOM if by_hand else name)
        self.rule.show_text(method.rule)
        self.seed.show_text(method.seed)
        self.unpooling.show_text(method.unpooling)
        for row in (self._way, self.unpooling):
            self._form.setRowVisible(row, by_hand)


def _side_by_side(*widgets: QWidget) -> QWidget:
    box = QWidget()
    layout = QHBoxLayout(box)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(4)
    for widget in widgets:
        layout.addWidget(widget, 1)
    return box
