"""A group of settings, made from their rows: each takes effect as soon as it is changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from viewer.state.settings import Setting, Settings
from viewer.state.words import as_sentence

_EDITOR = 170  # pixels
_WIDEST = 1_000_000  # of a number without limits
_FEW = 10.0  # the most of a number that goes in halves


class SettingRow(QWidget):
    """What it is called, what it is about, what it is set to, and the way back to the default."""

    def __init__(self, settings: Settings, setting: Setting[Any]) -> None:
        super().__init__()
        self.setting, self._settings = setting, settings
        self.editor = self._make_editor()
        self.editor.setAccessibleName(setting.title)
        self.editor.setAccessibleDescription(as_sentence(setting.about))
        self.back = QPushButton("Default")
        self.back.setProperty("small", True)
        self.back.setAutoDefault(False)
        self.back.setAccessibleName(f"{setting.title}: back to the default")
        self.back.setToolTip(f"Back to {told(setting, setting.default)}")
        self.back.clicked.connect(lambda: settings.set(setting, setting.default))
        policy = self.back.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.back.setSizePolicy(policy)
        self._lay_out()
        settings.changed.connect(self._changed)
        self._read()

    def _make_editor(self) -> QWidget:
        setting = self.setting
        if isinstance(setting.default, bool):
            box = QCheckBox(setting.title)
            box.toggled.connect(self._write)
            return box
        if isinstance(setting.default, str):
            combo = QComboBox()
            combo.addItems([str(choice) for choice in setting.choices])
            combo.currentTextChanged.connect(self._write)
            return combo
        return self._make_spin()

    def _make_spin(self) -> QSpinBox | QDoubleSpinBox:
        setting = self.setting
        least, most = (setting.choices[0], setting.choices[-1]) if setting.choices else (0, _WIDEST)
        if isinstance(setting.default, int):
            whole = QSpinBox()
            whole.setRange(least, most)
            whole.valueChanged.connect(self._write)
            spin: QSpinBox | QDoubleSpinBox = whole
        else:
            spin = QDoubleSpinBox()
            spin.setDecimals(1)
            spin.setSingleStep(0.5 if most <= _FEW else 1.0)
            spin.setRange(least, most)
            spin.valueChanged.connect(self._write)
        spin.setSuffix(f" {setting.unit}" if setting.unit else "")
        spin.setKeyboardTracking(False)
        return spin

    def _lay_out(self) -> None:
        about = QLabel(as_sentence(self.setting.about))
        about.setWordWrap(True)
        about.setProperty("quiet", True)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 10, 0, 10)
        layout.setHorizontalSpacing(14)
        layout.setVerticalSpacing(3)
        layout.setColumnStretch(0, 1)
        if isinstance(self.editor, QCheckBox):
            about.setContentsMargins(21, 0, 0, 0)
            layout.addWidget(self.editor, 0, 0)
        else:
            title = QLabel(self.setting.title)
            title.setBuddy(self.editor)
            self.editor.setFixedWidth(_EDITOR)
            layout.addWidget(title, 0, 0)
            layout.addWidget(self.editor, 0, 1, 2, 1, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(about, 1, 0)
        layout.addWidget(self.back, 0, 2, 2, 1, Qt.AlignmentFlag.AlignTop)

    def _write(self, value: object) -> None:
        self._settings.set(self.setting, value)

    def _changed(self, setting: Setting[Any]) -> None:
        if setting.name == self.setting.name:
            self._read()

    def _read(self) -> None:
        value, editor = self._settings.get(self.setting), self.editor
        blocker = QSignalBlocker(editor)
        if isinstance(editor, QCheckBox):
            editor.setChecked(value)
        elif isinstance(editor, QComboBox):
            editor.setCurrentText(value)
        elif isinstance(editor, QSpinBox | QDoubleSpinBox):
            editor.setValue(value)
        del blocker
        if self.back.hasFocus() and value == self.setting.default:
            editor.setFocus()
        self.back.setVisible(value != self.setting.default)

    def matches(self, words: Sequence[str]) -> bool:
        """Whether all words occur in what it says."""
        setting = self.setting
        text = (
            f"{setting.group} {setting.title} {setting.about} {' '.join(map(str, setting.choices))}"
        )
        return all(word in text.casefold() for word in words)


class SettingsPage(QScrollArea):
    """The rows of one group."""

    def __init__(self, settings: Settings, group: str, rows: Sequence[Setting[Any]]) -> None:
        super().__init__()
        self._settings = settings
        self.rows = [SettingRow(settings, setting) for setting in rows]
        heading = QLabel(group)
        heading.setProperty("heading", True)
        inside = QWidget()
        layout = QVBoxLayout(inside)
        layout.setContentsMargins(22, 16, 22, 16)
        layout.setSpacing(0)
        layout.addWidget(heading)
        for row in self.rows:
            layout.addWidget(row)
        layout.addStretch(1)
        self.setWidget(inside)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def filter(self, words: Sequence[str]) -> int:
        """Show the rows in which all words occur; how many those are."""
        found = [row.matches(words) for row in self.rows]
        for row, shown in zip(self.rows, found, strict=True):
            row.setVisible(shown)
        return sum(found)

    def restore(self) -> list[tuple[Setting[Any], Any]]:
        """Set all rows to their defaults; what was changed, with the values before."""
        before = [(row.setting, self._settings.get(row.setting)) for row in self.rows]
        changed = [(setting, value) for setting, value in before if value != setting.default]
        for setting, _ in changed:
            self._settings.set(setting, setting.default)
        return changed


def told(setting: Setting[Any], value: Any) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value} {setting.unit}".strip()
