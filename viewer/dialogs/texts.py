"""Texts to read: keys and gestures, the model card, about."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from viewer import __version__
from viewer.canvas.scene import NOT_FOR_DIAGNOSIS

_GESTURES = (
    ("left drag", "window (sideways) and level (up and down)"),
    ("middle drag", "pan"),
    ("right drag", "zoom"),
    ("wheel", "next or previous image"),
    ("Ctrl + wheel", "zoom at the cursor"),
    ("Shift + wheel", "opacity of the overlay"),
    ("double click", "fit to the window"),
    ("right click", "menu"),
    ("hold Space", "hide the overlay while held"),
)


def help_text(rows: Sequence[tuple[str, str, tuple[str, ...]]]) -> str:
    """Markdown of every gesture and key; rows are (menu, text, shortcuts)."""
    lines = ["## Mouse and Space", "", "| gesture | what it does |", "|---|---|"]
    lines += [f"| {gesture} | {meaning} |" for gesture, meaning in _GESTURES]
    menu = ""
    for group, text, shortcuts in rows:
        if group != menu:
            lines += ["", f"## {group}", "", "| key | what it does |", "|---|---|"]
            menu = group
        lines.append(f"| {' or '.join(f'`{key}`' for key in shortcuts) or '–'} | {text} |")
    return "\n".join(lines)


def about_text() -> str:
    return (
        f"## Attentive Viewer {__version__}\n\n**{NOT_FOR_DIAGNOSIS}**\n\n"
        "Shows which parts of a radiograph the layers of a network respond to, after "
        "*Understanding Anatomy Classification Through Attentive Response Maps* "
        "(arXiv 1611.06284).\n\n"
        "A response map shows what a layer **attends to**, not what the decision **uses**; it can "
        "lie on anatomy by chance, and an untrained network can do the same.\n\n"
        "Code: Apache-2.0. The bundled weights are non-commercial (see the model card). Built with "
        "Qt for Python (PySide6, LGPL-3.0, dynamically linked), PyTorch, pydicom and others; the "
        "Inter typeface is under the SIL Open Font License 1.1."
    )


class TextDialog(QDialog):
    """Markdown in a window of its own; Esc closes it."""

    def __init__(self, title: str, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(680, 640)
        self.browser = QTextBrowser(self)
        self.browser.setOpenExternalLinks(False)
        self.browser.setMarkdown(markdown)
        self.browser.document().setDocumentMargin(18)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.browser)
        layout.addWidget(buttons)


def show(parent: QWidget, title: str, markdown: str) -> None:
    """Open the text beside the window, which stays usable."""
    TextDialog(title, markdown, parent).show()
