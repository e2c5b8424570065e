"""Buttons that several panels have."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QPushButton

from viewer.state.audit import Audit


def small_button(
    text: str, pressed: Callable[[], object], tip: str = "", checkable: bool = False
) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("small", True)
    button.setCheckable(checkable)
    button.setToolTip(tip)
    button.setAccessibleName(text)
    button.setAccessibleDescription(tip)
    button.clicked.connect(lambda: pressed())
    return button


def history_buttons(audit: Audit) -> tuple[QPushButton, QPushButton]:
    """Undo and redo, which say what they would do."""
    undo, redo = small_button("Undo", audit.undo), small_button("Redo", audit.redo)

    def read() -> None:
        for button, what in ((undo, audit.undo_text), (redo, audit.redo_text)):
            button.setEnabled(bool(what))
            verb = button.text()
            button.setToolTip(f"{verb}: {what}" if what else f"Nothing to {verb.lower()}")

    audit.documentChanged.connect(read)
    read()
    return undo, redo
