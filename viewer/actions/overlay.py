"""The response over the scan."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, separator, with_layers
from viewer.verbs import draw, kernels, overlay

OVERLAY: tuple[ActionRow, ...] = (
    ActionRow("next-layer", "&Overlay", "Next layer", ("]",), commands.next_layer, with_layers),
    ActionRow(
        "previous-layer",
        "&Overlay",
        "Previous layer",
        ("[",),
        commands.previous_layer,
        with_layers,
    ),
    ActionRow("next-class", "&Overlay", "Next class", ("}",), commands.next_class, with_layers),
    ActionRow(
        "previous-class",
        "&Overlay",
        "Previous class",
        ("{",),
        commands.previous_class,
        with_layers,
    ),
    separator("&Overlay"),
    ActionRow(
        "overlay",
        "&Overlay",
        "Overlay",
        ("V",),
        commands.toggle_overlay,
        checked=lambda context: context.session.style.visible,
    ),
    ActionRow(
        "contours",
        "&Overlay",
        "Contours",
        ("O",),
        commands.toggle_contours,
        checked=lambda context: context.session.style.contours,
    ),
    ActionRow(
        "fill",
        "&Overlay",
        "Colour",
        ("K",),
        commands.toggle_fill,
        checked=lambda context: context.session.style.fill,
    ),
    ActionRow(
        "range",
        "&Overlay",
        "One range for all layers",
        ("R",),
        commands.toggle_range,
        checked=lambda context: context.session.style.shared_range,
    ),
    separator("&Overlay"),
    ActionRow(
        "curtain",
        "&Overlay",
        "Curtain: scan | overlay",
        ("X",),
        draw.toggle_curtain,
        checked=lambda context: context.session.curtain is not None,
    ),
    ActionRow(
        "maximum",
        "&Overlay",
        "Jump to the maximum",
        ("J",),
        overlay.jump_to_maximum,
        with_layers,
    ),
    ActionRow(
        "grid",
        "&Overlay",
        "Native grid",
        ("L",),
        overlay.toggle_grid,
        checked=lambda context: context.session.style.grid,
    ),
    ActionRow(
        "signed",
        "&Overlay",
        "Signed values",
        ("Shift+N",),
        overlay.toggle_signed,
        checked=lambda context: context.session.style.signed,
    ),
    ActionRow(
        "classes",
        "&Overlay",
        "Dominant class in the place of the layer",
        ("Y",),
        overlay.toggle_classes,
        with_layers,
        checked=lambda context: context.session.style.shows == "classes",
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
