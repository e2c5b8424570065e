"""Verbs about kernels."""

from __future__ import annotations

from typing import TYPE_CHECKING

from viewer.commands import Context
from viewer.panels.region_tool import draw_region

if TYPE_CHECKING:
    from viewer.panels.kernels import KernelsPanel


def show_kernels(context: Context) -> None:
    """Bring the kernels of the chosen layer to the front."""
    _raised(context).show_layer()


def which_kernels_look_here(context: Context) -> None:
    """Take up the tool that draws a region, and turn to where the answer will be."""
    _raised(context).show_here()
    draw_region(context.session)


def whole_layer(context: Context) -> None:
    """Back from a kernel's map to its layer's."""
    context.workbench.kernels.choice.clear()


def _raised(context: Context) -> KernelsPanel:
    from viewer.panels.kernels import KernelsPanel  # not at the start

    panel = context.window.docks.show("kernels")
    assert isinstance(panel, KernelsPanel)
    return panel
