"""The audit log to read: newest first, filtered by a text, with whether it is unbroken."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
)
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from viewer.dialogs.fields import search_field
from viewer.state.audit import Audit
from viewer.state.log_file import LogReading
from viewer.state.log_writer import LogWriter
from viewer.state.words import KEPT_BACK

_HEADS = ("time (UTC)", "what", "image", "model", "details")
_SHORT = 8  # digits of an image's key that are shown
_ROW, _TIME = 24, 19  # pixels; characters down to the second
_APART = ("time", "what", "image", "model", "before", "seal")
Index = QModelIndex | QPersistentModelIndex


def cells(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """A line of the log as it is shown."""
    model = facts.get("model")
    named = f"{model.get('name')} {model.get('version')}" if isinstance(model, dict) else ""
    details = facts.get("details")
    rest = {key: value for key, value in facts.items() if key not in (*_APART, "details")}
    shown = {**(details if isinstance(details, dict) else {}), **rest}
    return (
        str(facts.get("time", ""))[:_TIME].replace("T", " "),
        str(facts.get("what", "")),
        str(facts.get("image", ""))[:_SHORT],
        named,
        " · ".join(f"{key} {_text(value)}" for key, value in shown.items()),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


class _Rows(QAbstractTableModel):
    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.shown: list[tuple[str, ...]] = []

    def show_rows(self, rows: list[tuple[str, ...]]) -> None:
        self.beginResetModel()
        self.shown = rows
        self.endResetModel()

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self.shown)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(_HEADS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self.shown[index.row()][index.column()]
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return _HEADS[section]
        return None


def _prepared(reading: LogReading) -> tuple[str, list[tuple[str, ...]]]:
    """Whether the log is unbroken, in words, and the cells of its newest lines."""
    words = reading.in_words
    if len(reading.rows) < reading.entries:
        words = f"{words}; the newest {len(reading.rows)} are shown"
    return words, [cells(facts) for facts in reading.rows]


class LogView(QDialog):
    """Read in the background when it is opened, and again when that is asked for. While an image
    is read first, what the log says of it is kept back, too."""

    def __init__(self, writer: LogWriter, audit: Audit, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._audit = audit
        self.setWindowTitle("Audit log")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(1080, 640)
        self._writer = writer
        self._rows: list[tuple[str, ...]] = []
        self.state = QLabel()
        self.state.setWordWrap(True)
        self.state.setAccessibleName("Whether the log is unbroken")
        self.filter = search_field("Show lines with this text", self._filter)
        audit.concealedChanged.connect(self._filter)
        audit.documentChanged.connect(self._filter)
        self.again = QPushButton("Read again")
        self.again.setAutoDefault(False)
        self.again.clicked.connect(self._ask)
        self.rows = _Rows(self)
        self.table = QTableView()
        self.table.setModel(self.rows)
        self.table.setAccessibleName("Lines of the audit log, newest first")
        self._lay_out()
        writer.read.connect(self._take)
        writer.failed.connect(self.state.setText)
        self._ask()

    def _lay_out(self) -> None:
        table = self.table
        table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        table.verticalHeader().setDefaultSectionSize(_ROW)
        table.horizontalHeader().setStretchLastSection(True)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        for column, width in enumerate((150, 190, 84, 110)):
            table.setColumnWidth(column, width)
        top = QHBoxLayout()
        top.addWidget(self.filter, 1)
        top.addWidget(self.again)
        layout = QVBoxLayout(self)
        layout.addLayout(top)
        layout.addWidget(table, 1)
        layout.addWidget(self.state)

    def _ask(self) -> None:
        self.state.setText("Reading and checking every line …")
        self._writer.ask(_prepared)

    def _take(self, prepared: tuple[str, list[tuple[str, ...]]]) -> None:
        words, self._rows = prepared
        self.state.setText(f"{words}. What was taken away at the end cannot be told.")
        self._filter()

    def _filter(self) -> None:
        wanted = self.filter.text().casefold()
        secret = self._audit.image[:_SHORT] if self._audit.concealed else ""
        rows = [(*row[:4], KEPT_BACK) if secret and row[2] == secret else row for row in self._rows]
        self.rows.show_rows([row for row in rows if wanted in " ".join(row).casefold()])
