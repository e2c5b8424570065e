"""Gives the present window a name, under which it is kept for images of the same modality."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.canvas.scene import window_text
from viewer.dicom.window import Window
from viewer.messages import sentence
from viewer.state.presets import LONGEST_NAME, OwnWindow, keep_own, own_of
from viewer.state.session import Session


class KeepWindow(QDialog):
    """Says what is kept, and whether a window of that name is replaced."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keep this window")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._session = session
        opened, window = session.open, session.window
        assert opened is not None
        assert isinstance(window, Window)
        self._opened, self._window = opened, window
        self.modality = opened.place.instance.attributes.modality
        what = QLabel(f"{window_text(window)}, for {self.modality or 'such'} images")
        what.setProperty("quiet", True)
        self.name = QLineEdit()
        self.name.setMaxLength(LONGEST_NAME)
        self.name.setPlaceholderText("a name, such as “wrist”")
        self.name.setAccessibleName("Name of the window")
        self.name.setMinimumWidth(280)
        self.says = QLabel()
        self.says.setProperty("quiet", True)
        self.says.setWordWrap(True)
        buttons = QDialogButtonBox()
        self.keep = QPushButton("Keep")
        self.keep.setProperty("primary", True)
        buttons.addButton(self.keep, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        for widget in (what, self.name, self.says, buttons):
            layout.addWidget(widget)
        self.name.textChanged.connect(self._look)
        self._look()

    def _look(self) -> None:
        name = self.name.text().strip()
        taken = any(own.name.casefold() == name.casefold() for own in own_of(self._opened))
        self.keep.setEnabled(bool(name) and name.isprintable())
        self.keep.setText("Replace" if taken else "Keep")
        self.says.setText(
            f"The window “{name}” is replaced."
            if taken
            else "It gets the next free number key, after those of the file and the modality."
        )

    def accept(self) -> None:
        window, units = self._window, self._opened.frame.units
        try:
            own = OwnWindow(
                self.name.text().strip(),
                self.modality,
                units,
                window.center,
                window.width,
                window.function,
            )
            keep_own(own)
        except ValueError as error:
            self.says.setText(f"{str(error).capitalize()}.")
        except OSError as error:
            self.says.setText(f"The window was not kept. {sentence(error)}")
        else:
            if self._session.open is self._opened:
                self._session.set_window(own.window())
            super().accept()
