"""How the picture lies in the viewport: zoom and turn, and what the left button does there."""

from __future__ import annotations

from viewer.canvas.true_size import true_zoom
from viewer.canvas.view import View
from viewer.commands import Context
from viewer.render.turn import AS_IT_IS, Turn
from viewer.state.audit import Purpose, Tool
from viewer.state.settings import ONE_SCALE


# what the left button does
def _take(context: Context, purpose: Purpose) -> None:
    """The left button does this from now on."""
    context.session.audit.set_tool(Tool(purpose))
    context.session.say("")  # how the last tool is used
    context.view.setFocus()


def take_window(context: Context) -> None:
    _take(context, "window")


def take_scroll(context: Context) -> None:
    _take(context, "scroll")


def take_zoom(context: Context) -> None:
    _take(context, "zoom")


def take_pan(context: Context) -> None:
    _take(context, "pan")


def toggle_magnifier(context: Context) -> None:
    """Take the magnifier, or put it down."""
    in_hand = context.session.audit.tool.purpose == "magnify"
    _take(context, "window" if in_hand else "magnify")


def in_hand(purpose: Purpose, context: Context) -> bool:
    return context.session.audit.tool.purpose == purpose


# zoom
def fit(context: Context) -> None:
    context.view.fit()


def one_to_one(context: Context) -> None:
    context.view.one_to_one()


def true_size(context: Context) -> None:
    """As large on the screen as in the body, or on the detector; else say why that cannot be."""
    why = context.view.true_size()
    if why:
        context.session.say(why)


def can_be_true(context: Context) -> bool:
    opened = context.session.open
    return opened is not None and true_zoom(opened.frame, context.view.framing.per_mm) > 0


def is_zoom(kind: str, context: Context) -> bool:
    """Whether the picture is at a zoom of that kind, however its spacing is known."""
    return context.view.framing.kind.partition(",")[0] == kind


def zoom_in(context: Context) -> None:
    context.view.zoom_by(1.25)


def zoom_out(context: Context) -> None:
    context.view.zoom_by(0.8)


def toggle_alone(context: Context) -> None:
    """The picture under the mouse alone, or all of them again."""
    context.view.framing.toggle_alone()


def has_image_beside(context: Context) -> bool:
    return any(pane.place is not None for pane in context.session.panes)


def toggle_one_scale(context: Context) -> None:
    """Images side by side equally large in millimetres, or each as it fits."""
    settings = context.session.settings
    settings.set(ONE_SCALE, not settings.get(ONE_SCALE))


# turn
def _turn(context: Context, turn: Turn) -> None:
    context.view.framing.turn(turn)


def rotate_right(context: Context) -> None:
    _turn(context, context.view.view.turn.rotated(1))


def rotate_left(context: Context) -> None:
    _turn(context, context.view.view.turn.rotated(-1))


def flip_horizontally(context: Context) -> None:
    """Left to right, as the picture is seen now."""
    _turn(context, context.view.view.turn.flipped())


def flip_vertically(context: Context) -> None:
    """Top to bottom, as the picture is seen now."""
    _turn(context, context.view.view.turn.flipped(upright=True))


def turn_back(context: Context) -> None:
    _turn(context, AS_IT_IS)


def is_turned(context: Context) -> bool:
    return context.session.open is not None and context.view.view.turn != AS_IT_IS


# all of it
def reset(context: Context) -> None:
    """Back to how the image was at first: window, zoom and turn. Before that, what draws or
    magnifies is put down, and from a kernel to its layer."""
    session = context.session
    if session.audit.tool.purpose not in ("window", "scroll", "zoom", "pan"):
        session.audit.set_tool(Tool())
        session.say("")
    elif session.kernel is not None:
        session.show_kernel(None)
    else:
        session.reset_window()
        context.workbench.comparing.reset_windows()
        context.view.set_view(View())
