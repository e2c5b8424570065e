"""Actions of the audit, as rows of the table."""

from __future__ import annotations

from viewer.action_row import ActionRow, separator, with_image, with_layers
from viewer.commands import Context
from viewer.verbs import compare, draw, kernels, overlay, review, what_if


def _with_document(context: Context) -> bool:
    return bool(context.session.audit.image)


def _with_selected(context: Context) -> bool:
    return bool(context.session.audit.selected)


def _can_undo(context: Context) -> bool:
    return bool(context.session.audit.undo_text)


def _can_redo(context: Context) -> bool:
    return bool(context.session.audit.redo_text)


def _comparing(context: Context) -> bool:
    return context.workbench.comparing.other is not None


def _with_prediction(context: Context) -> bool:
    return context.session.explanation is not None and _with_document(context)


def _with_markers(context: Context) -> bool:
    offers = context.workbench.what_if.offers
    return any(item.kind == "marker" and not offers.has(item) for item in offers.found or ())


EDIT: tuple[ActionRow, ...] = (
    ActionRow("undo", "&Edit", "Undo", ("Ctrl+Z",), draw.undo, _can_undo),
    ActionRow("redo", "&Edit", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), draw.redo, _can_redo),
    separator("&Edit"),
    ActionRow("tool-window", "&Edit", "Window and level", ("W",), draw.put_down, with_image),
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

SHOWING: tuple[ActionRow, ...] = (
    separator("&Overlay"),
    ActionRow("curtain", "&Overlay", "Curtain: scan | overlay", ("X",), draw.toggle_curtain),
    ActionRow(
        "maximum",
        "&Overlay",
        "Jump to the maximum",
        ("J",),
        overlay.jump_to_maximum,
        with_layers,
    ),
    ActionRow("grid", "&Overlay", "Native grid on or off", ("L",), overlay.toggle_grid),
    ActionRow("signed", "&Overlay", "Signed or positive", ("Shift+N",), overlay.toggle_signed),
    ActionRow(
        "classes",
        "&Overlay",
        "Layer or dominant class",
        ("Y",),
        overlay.toggle_classes,
        with_layers,
    ),
    ActionRow(
        "whole-layer",
        "&Overlay",
        "Back from a kernel to its layer",
        ("Shift+K",),
        kernels.whole_layer,
        lambda context: context.session.kernel is not None,
    ),
)

AUDIT: tuple[ActionRow, ...] = (
    ActionRow(
        "kernels-here",
        "&Audit",
        "Which kernels look here? …",
        ("Q",),
        kernels.which_kernels_look_here,
        with_layers,
    ),
    ActionRow("kernels", "&Audit", "Kernels of the layer", (), kernels.show_kernels, with_layers),
    separator("&Audit"),
    ActionRow(
        "find-candidates",
        "&Audit",
        "Find markers and borders",
        (),
        what_if.find_candidates,
        with_image,
    ),
    ActionRow(
        "add-markers",
        "&Audit",
        "Take out all markers",
        (),
        what_if.add_markers,
        _with_markers,
    ),
    ActionRow(
        "toggle-changes",
        "&Audit",
        "All changes on or off",
        ("Shift+V",),
        what_if.toggle_changes,
        lambda context: bool(context.session.audit.document.interventions),
    ),
    separator("&Audit"),
    ActionRow(
        "compare-untrained",
        "&Audit",
        "Compare with an untrained network on or off",
        ("U",),
        compare.toggle_compare_untrained,
        with_layers,
    ),
    ActionRow(
        "compare-model",
        "&Audit",
        "Compare with the shallow or deep model on or off",
        ("Shift+U",),
        compare.toggle_compare_other_model,
        with_layers,
    ),
    ActionRow(
        "compare-difference",
        "&Audit",
        "Difference map on or off",
        ("Shift+D",),
        compare.toggle_difference,
        _comparing,
    ),
    ActionRow("compare-stop", "&Audit", "Stop comparing", (), compare.stop_comparing, _comparing),
    separator("&Audit"),
    ActionRow(
        "accept", "&Audit", "Accept the prediction", (), review.accept_prediction, _with_prediction
    ),
    ActionRow(
        "reject", "&Audit", "Reject the prediction", (), review.reject_prediction, _with_prediction
    ),
    ActionRow(
        "doubt", "&Audit", "Unsure of the prediction", (), review.doubt_prediction, _with_prediction
    ),
    separator("&Audit"),
    ActionRow("blind", "&Audit", "Read first, on or off", ("Ctrl+Shift+B",), review.toggle_blind),
    ActionRow("log", "&Audit", "Audit log …", (), review.show_log),
    ActionRow(
        "log-identity", "&Audit", "Identity in the log, on or off", (), review.toggle_log_identity
    ),
)
