"""Verbs for what leaves the program: views at once, everything else through the dialog."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog

from viewer.commands import Context
from viewer.state.progress import Progress
from viewer.verbs.pictures import Export, full_export, identity_words, screen_export


def show_export(context: Context) -> None:
    """Choose what to export, and see it first. There is one such dialog, which stays open."""
    from viewer.dialogs.export import ExportDialog  # with all exporters: not at the start
    from viewer.verbs.offers import offers

    dialog = context.window.findChild(ExportDialog)
    if dialog is None:
        dialog = ExportDialog(context.workbench, offers(context), context.window)
    dialog.show_anew()


def save_export(context: Context, export: Export, target: Path) -> None:
    """Paint and write the picture and its JSON in the background; the window stays usable."""
    context.session.say(f"Exporting {target.name} …")
    context.workbench.export(target, lambda: export.write(target, Progress()), export.words)


def export_view(context: Context) -> None:
    _ask_and_save(context, screen_export(context))


def export_full(context: Context) -> None:
    _ask_and_save(context, full_export(context))


def copy_view(context: Context) -> None:
    copier = context.window.findChild(Copier) or Copier(context)
    copier.copy(screen_export(context))


class Copier(QObject):
    """Paints in the background what goes to the clipboard; there is one for a window."""

    def __init__(self, context: Context) -> None:
        super().__init__(context.window)
        self._session = context.session
        self._inquiry = context.workbench.inquiry("report")
        self._inquiry.answered.connect(self._put)
        self._inquiry.refused.connect(lambda why: self._session.say("The view was not copied."))

    def copy(self, export: Export) -> None:
        self._inquiry.run(lambda: (export.paint(Progress()), export.identity))

    def _put(self, painted: tuple[QImage, bool]) -> None:
        image, identity = painted
        QApplication.clipboard().setImage(image)
        self._session.say(f"Copied this view, {identity_words(identity)}.")


def toggle_identity_export(context: Context) -> None:
    session = context.session
    session.identity_exported = not session.identity_exported
    words = identity_words(session.identity_exported)
    session.say(f"Views are exported and copied {words}, from now until the program ends.")


def _ask_and_save(context: Context, export: Export) -> None:
    dialog = QFileDialog(context.window, "Export the picture", export.name, "PNG (*.png)")
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("png")
    if dialog.exec():
        save_export(context, export, Path(dialog.selectedFiles()[0]))
    dialog.deleteLater()
