"""Texts to read: the model card, a finding, about."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from engine.findings import TESTS, Finding
from viewer import __version__
from viewer.canvas.scene import NOT_FOR_DIAGNOSIS

_SIZE, _MARGIN, _FRAME = (860, 720), 18, 48  # pixels; the frame is what scrollbar and edges take
_EVIDENCE_NOTE = (
    "What holds for a model's maps in general may not hold for this image. A map shows what a "
    "layer **attends to**; only an intervention shows what the answer **uses**."
)


def finding_text(finding: Finding, model: str, how: str) -> str:
    """Markdown of one finding with the numbers behind it."""
    lines = [
        f"## {finding.test.capitalize()}: {finding.outcome}",
        "",
        finding.sentence,
        "",
        f"- **Test:** {TESTS[finding.test].lower()}",
        f"- **Of:** {model}, maps by {how}",
    ]
    if finding.criterion:
        lines.append(f"- **Passes if:** {finding.criterion}")
    if finding.value is not None:
        ends = (finding.low, finding.high)
        low, high = ("–" if end is None else f"{end:.3f}" for end in ends)
        lines.append(
            f"- **Measured:** {finding.value:.3f}, 95 % interval {low} to {high}, "
            f"{finding.images} images"
        )
    if finding.numbers:
        lines += ["", "| what | figure |", "|---|---|"]
        lines += [f"| {what} | {figure} |" for what, figure in finding.numbers]
    lines += ["", _EVIDENCE_NOTE]
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
    """Markdown in a window of its own, pictures from ``folder`` fitted in; Esc closes it."""

    def __init__(
        self, title: str, markdown: str, parent: QWidget | None = None, folder: Path | None = None
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.markdown = markdown
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(*_SIZE)
        self.browser = QTextBrowser(self)
        self.browser.setOpenExternalLinks(False)
        if folder is not None:
            self.browser.setSearchPaths([str(folder)])
        self.browser.setMarkdown(markdown)
        self.browser.document().setDocumentMargin(_MARGIN)
        self._fit_pictures()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(self.browser)
        layout.addWidget(buttons)

    def _fit_pictures(self) -> None:
        """Give every picture the width of the text."""
        block = self.browser.document().begin()
        while block.isValid():
            pieces = block.begin()
            while not pieces.atEnd():
                piece = pieces.fragment()
                look = piece.charFormat()
                if look.isImageFormat():
                    picture = look.toImageFormat()
                    picture.setWidth(_SIZE[0] - 2 * _MARGIN - _FRAME)
                    cursor = QTextCursor(self.browser.document())
                    cursor.setPosition(piece.position())
                    cursor.movePosition(
                        QTextCursor.MoveOperation.Right, QTextCursor.MoveMode.KeepAnchor
                    )
                    cursor.setCharFormat(picture)
                    break  # the fragment is another one now
                pieces += 1
            block = block.next()


def show(parent: QWidget, title: str, markdown: str, folder: Path | None = None) -> None:
    """Open the text beside the window, which stays usable; one that is open already comes up."""
    for dialog in parent.findChildren(TextDialog):
        if dialog.isVisible() and dialog.markdown == markdown:
            dialog.raise_()
            return
    TextDialog(title, markdown, parent, folder).show()
