"""Asking, changing, comparing, judging."""

from __future__ import annotations

from viewer.actions.row import ActionRow, separator, with_image, with_layers
from viewer.commands import Context
from viewer.state.settings import BLIND_READING, IDENTITY_IN_LOG
from viewer.verbs import compare, kernels, review, what_if


def _with_document(context: Context) -> bool:
    return bool(context.session.audit.image)


def _comparing(context: Context) -> bool:
    return context.workbench.comparing.other is not None


def _with_prediction(context: Context) -> bool:
    return context.session.explanation is not None and _with_document(context)


def _with_markers(context: Context) -> bool:
    offers = context.workbench.what_if.offers
    return any(item.kind == "marker" and not offers.has(item) for item in offers.found or ())


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
        "Compare with an untrained network",
        ("U",),
        compare.toggle_compare_untrained,
        with_layers,
        checked=compare.compares_untrained,
    ),
    ActionRow(
        "compare-model",
        "&Audit",
        "Compare with the shallow or deep model",
        ("Shift+U",),
        compare.toggle_compare_other_model,
        with_layers,
        checked=compare.compares_other_model,
    ),
    ActionRow(
        "compare-image",
        "&Audit",
        "Another image beside this one",
        ("Shift+I",),
        compare.toggle_compare_image,
        with_image,
        checked=compare.compares_image,
    ),
    ActionRow(
        "compare-swap",
        "&Audit",
        "Swap with the other image",
        ("Shift+X",),
        compare.swap_images,
        compare.compares_image,
        needs="another image beside this one",
    ),
    ActionRow(
        "compare-difference",
        "&Audit",
        "Difference map",
        ("Shift+D",),
        compare.toggle_difference,
        _comparing,
        checked=lambda context: context.workbench.comparing.difference,
    ),
    ActionRow(
        "compare-depths",
        "&Audit",
        "Two by two: four depths of the network",
        ("Shift+L",),
        compare.toggle_depths,
        with_layers,
        checked=compare.compares_depths,
    ),
    ActionRow(
        "compare-learnt",
        "&Audit",
        "Two by two: what is learnt",
        (),
        compare.toggle_what_is_learnt,
        with_layers,
        checked=compare.compares_what_is_learnt,
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
    ActionRow(
        "blind",
        "&Audit",
        "Read first",
        ("Ctrl+Shift+B",),
        review.toggle_blind,
        checked=lambda context: context.session.settings.get(BLIND_READING),
    ),
    ActionRow("log", "&Audit", "Audit log …", (), review.show_log),
    ActionRow(
        "log-identity",
        "&Audit",
        "Identity in the log",
        (),
        review.toggle_log_identity,
        checked=lambda context: context.session.settings.get(IDENTITY_IN_LOG),
    ),
)
