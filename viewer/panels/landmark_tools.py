"""What is drawn next, and what it is called."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from engine.shapes import Kind
from viewer.panels.buttons import small_button
from viewer.state.audit import Audit, Tool
from viewer.state.document import Landmark
from viewer.state.landmark_names import LandmarkName, names_for
from viewer.state.session import Session
from viewer.state.words import readable

_TOOLS: tuple[tuple[Kind, str, str], ...] = (
    ("box", "Box", "Drag from one corner to the opposite one"),
    ("polygon", "Polygon", "Click corners; double click or Enter closes it"),
    ("point", "Point", "Click the place"),
)


class LandmarkTools(QWidget):
    """Three tools, and the names of the class on screen. With a tool in hand the name is for the
    next landmark; otherwise for the selected one, if there is one."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session, self._audit = session, session.audit
        self._target: str | None = None
        self.buttons = {kind: self._button(kind, text, how) for kind, text, how in _TOOLS}
        self.label = QLabel(self)
        self.names = QComboBox(self)
        self.names.setEditable(True)
        self.names.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.names.setSizeAdjustPolicy(
            QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        )
        self.names.setMinimumContentsLength(16)
        self.names.setAccessibleName("Name of the landmark")
        self.source = QLabel(self)
        self.source.setWordWrap(True)
        self.source.setProperty("quiet", True)
        line = self.names.lineEdit()
        assert line is not None
        self._line = line
        self._line.setPlaceholderText("landmark")
        self._line.editingFinished.connect(self._named)
        self.names.activated.connect(lambda row: self._named())
        self._lay_out()
        for changed in (
            self._audit.toolChanged,
            self._audit.selectedChanged,
            self._audit.documentChanged,
            session.explanationChanged,
        ):
            changed.connect(self._read)
        self._read()

    def _button(self, kind: Kind, text: str, how: str) -> QPushButton:
        button = small_button(text, lambda: self._take(kind), how, checkable=True)
        button.setAccessibleName(f"Draw a {text.lower()}")
        return button

    def _lay_out(self) -> None:
        tools, name = QHBoxLayout(), QHBoxLayout()
        for button in self.buttons.values():
            tools.addWidget(button, 1)
        name.addWidget(self.label)
        name.addWidget(self.names, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addLayout(tools)
        layout.addLayout(name)
        layout.addWidget(self.source)

    def _take(self, kind: Kind) -> None:
        """Take a tool, or put it down."""
        taken = self.buttons[kind].isChecked()
        self._audit.set_tool(Tool("landmark", kind) if taken else Tool())

    @property
    def _renamed(self) -> Landmark | None:
        """The landmark that a name is for; None while it is for the next one."""
        return None if self._audit.tool.purpose == "landmark" else selected_landmark(self._audit)

    def _read(self) -> None:
        """Show what the session holds."""
        audit, renamed = self._audit, self._renamed
        for kind, button in self.buttons.items():
            button.setEnabled(bool(audit.image))
            button.setChecked((audit.tool.purpose, audit.tool.kind) == ("landmark", kind))
        self.names.setEnabled(bool(audit.image))
        explanation = self._session.explanation
        self._offer("" if explanation is None else explanation.target)
        name = audit.next_name if renamed is None else renamed.name
        if name != self.names.currentText():
            blocker = QSignalBlocker(self.names)
            self.names.setCurrentIndex(self.names.findText(name))
            self.names.setEditText(name)
            del blocker
        self.label.setText("Next is called" if renamed is None else "Rename")
        source = audit.next_source if renamed is None else renamed.source
        self.source.setText(source or ("named by the reader" if name else _hint(self._target)))
        self.source.setToolTip(source)

    def _offer(self, target: str) -> None:
        """The names of a class first, then all others. A name of another class is not kept for
        the next landmark."""
        if target == self._target:
            return
        self._target = target
        own, others = names_for(target)
        if target and self._audit.next_name in {item.name for item in others}:
            self._audit.next_name = self._audit.next_source = ""
        blocker = QSignalBlocker(self.names)
        text = self.names.currentText()
        self.names.clear()
        for group in (own, others):
            if self.names.count():
                self.names.insertSeparator(self.names.count())
            for item in group:
                self.names.addItem(item.name, item)
                tip = f"{readable(item.target)} · {item.kind} · {item.source}"
                self.names.setItemData(self.names.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.names.setCurrentIndex(self.names.findText(text))
        self.names.setEditText(text)
        del blocker

    def _named(self) -> None:
        name = self.names.currentText().strip()
        row = self.names.findText(name, Qt.MatchFlag.MatchFixedString)
        known = self.names.itemData(row) if name and row >= 0 else None
        source = ""
        if isinstance(known, LandmarkName):
            name, source = known.name, known.source
        renamed = self._renamed
        if renamed is None:
            self._audit.next_name, self._audit.next_source = name, source
        elif name and name != renamed.name:
            self._audit.put_landmark(replace(renamed, name=name, source=source))
        self._read()


def selected_landmark(audit: Audit) -> Landmark | None:
    """None where nothing, or something else, is selected."""
    rows = (item for item in audit.document.landmarks if item.id == audit.selected)
    return next(rows, None)


def _hint(target: str | None) -> str:
    return (
        f"The names for {readable(target)} come first; any other can be typed."
        if target
        else "Choose a name, or type one."
    )
