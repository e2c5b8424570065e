"""What several dialogs have: a field to search in, buttons that Return does not press."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QLineEdit, QPushButton


def search_field(words: str, changed: Callable[[], object]) -> QLineEdit:
    """``words`` say what is searched; ``changed`` is called with every letter."""
    field = QLineEdit()
    field.setProperty("search", True)
    field.setPlaceholderText(words)
    field.setAccessibleName(words)
    field.setClearButtonEnabled(True)
    field.textChanged.connect(lambda: changed())
    return field


def quiet_button(text: str, pressed: Callable[[], object], small: bool = False) -> QPushButton:
    """One that is pressed only on purpose."""
    button = QPushButton(text)
    button.setProperty("small", small)
    button.setAutoDefault(False)
    button.clicked.connect(lambda: pressed())
    return button
