"""Undo, and what the reader draws."""

from __future__ import annotations

from viewer.actions.row import ActionRow, separator, with_image
from viewer.commands import Context
from viewer.verbs import draw


def _with_document(context: Context) -> bool:
    return bool(context.session.audit.image)


def _with_selected(context: Context) -> bool:
    return bool(context.session.audit.selected)


def _can_undo(context: Context) -> bool:
    return bool(context.session.audit.undo_text)


def _can_redo(context: Context) -> bool:
    return bool(context.session.audit.redo_text)


EDIT: tuple[ActionRow, ...] = (
    ActionRow("undo", "&Edit", "Undo", ("Ctrl+Z",), draw.undo, _can_undo),
    ActionRow("redo", "&Edit", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), draw.redo, _can_redo),
    separator("&Edit"),
    ActionRow(
        "landmark-box", "&Edit", "Draw a landmark: box", ("B",), draw.landmark_box, _with_document
    ),
    ActionRow(
        "landmark-polygon",
        "&Edit",
        "Draw a landmark: polygon",
        ("Shift+B",),
        draw.landmark_polygon,
        _with_document,
    ),
    ActionRow(
        "landmark-point",
        "&Edit",
        "Draw a landmark: point",
        ("Ctrl+B",),
        draw.landmark_point,
        _with_document,
    ),
    ActionRow("erase-brush", "&Edit", "Erase with the brush", ("E",), draw.erase_brush, with_image),
    ActionRow("erase-box", "&Edit", "Erase a box", ("Shift+E",), draw.erase_box, with_image),
    ActionRow(
        "delete",
        "&Edit",
        "Delete what is selected",
        ("Del",),
        draw.delete_selected,
        _with_selected,
        in_view=True,
    ),
)
