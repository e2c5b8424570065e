"""Windows as verbs: presets by number, exact numbers, of a region, kept by name."""

from __future__ import annotations

from collections.abc import Callable

from viewer.commands import Context
from viewer.dicom.window import Window
from viewer.state.audit import Tool
from viewer.state.presets import presets_for
from viewer.verbs import draw

KEYED = 10
"""Presets that have a key: 0 to 9."""


def with_window(context: Context) -> bool:
    """Whether a grey image is open: colours have no window."""
    opened = context.session.open
    return opened is not None and not opened.frame.is_colour


def has_preset(number: int) -> Callable[[Context], bool]:
    """Whether the open image has a preset of this number."""

    def answer(context: Context) -> bool:
        opened = context.session.open
        return opened is not None and number < len(presets_for(opened))

    return answer


def use_preset(number: int) -> Callable[[Context], None]:
    """Show the image with its preset of this number."""

    def command(context: Context) -> None:
        opened = context.session.open
        every = () if opened is None else presets_for(opened)
        if number < len(every):
            context.session.set_window(every[number].voi)

    return command


def ask_numbers(context: Context) -> None:
    """Type window and level."""
    from viewer.dialogs.window_numbers import WindowNumbers  # not at the start

    WindowNumbers(context.session, context.window).open()


def keep_window(context: Context) -> None:
    """Keep the present window under a name."""
    from viewer.dialogs.keep_window import KeepWindow  # not at the start

    if can_keep(context):
        KeepWindow(context.session, context.window).open()


def can_keep(context: Context) -> bool:
    """Tables belong to their file: only windows are kept."""
    return with_window(context) and isinstance(context.session.window, Window)


def window_of_view(context: Context) -> None:
    """The automatic window of that part of the image that is in sight."""
    opened = context.session.open
    if opened is None:
        return
    viewport = context.view.viewports[0]
    frame, view = opened.frame, context.view.view
    transform = view.transform(viewport, frame.size, frame.aspect_ratio)
    seen = transform.inverted()[0].mapRect(viewport)
    context.session.window_to((seen.left(), seen.top(), seen.right(), seen.bottom()))


def draw_region(context: Context) -> None:
    """Take the tool that windows to what is in a box, or put it down."""
    audit = context.session.audit
    if draws_region(context):
        draw.put_down(context)
        return
    audit.set_tool(Tool("level"))
    context.session.say("Drag a box around what the window is to show. Esc puts the tool down.")
    context.view.setFocus()


def draws_region(context: Context) -> bool:
    return context.session.audit.tool.purpose == "level"


def has_region(context: Context) -> bool:
    """Whether something with an area is selected."""
    return with_window(context) and _region(context) is not None


def window_of_region(context: Context) -> None:
    """The automatic window of what lies around the selected shape."""
    box = _region(context)
    if box is not None:
        context.session.window_to(box)


def _region(context: Context) -> tuple[float, float, float, float] | None:
    """(left, top, right, bottom) of the landmark, change, rectangle or ellipse that is selected."""
    audit = context.session.audit
    for item in audit.document.measurements:
        if item.id == audit.selected and item.is_region:
            return item.bounds
    shape = audit.document.shape_of(audit.selected) if audit.selected else None
    return None if shape is None else shape.bounds


def show_attributes(context: Context) -> None:
    """Open the list of all elements of the file; one that is open already comes up."""
    from viewer.dialogs.attributes import AttributeBrowser  # not at the start

    browser = context.window.findChild(AttributeBrowser)
    if browser is None:
        reader = context.workbench.readers[-1]  # the one that shows images is not kept waiting
        browser = AttributeBrowser(context.session, reader, context.window)
    browser.show()
    browser.raise_()
    browser.activateWindow()
