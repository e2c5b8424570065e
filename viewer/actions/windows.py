"""Windows: the values that are shown from black to white; and what the file says."""

from __future__ import annotations

from viewer import commands
from viewer.actions.row import ActionRow, DynamicMenu, separator, with_image, with_series
from viewer.verbs import window_menu, windows

_MENU = "&Image/Window"


def _preset(number: int, text: str) -> ActionRow:
    return ActionRow(
        f"window-{number}",
        _MENU,
        text,
        (str(number),),
        windows.use_preset(number),
        windows.has_preset(number),
        needs="an image with so many windows",
        listed=False,
    )


PRESETS = DynamicMenu("&Image", "Window", window_menu.fill)

WINDOWS: tuple[ActionRow, ...] = (
    ActionRow(
        "invert",
        "&Image",
        "Invert",
        ("N",),
        commands.invert,
        with_image,
        checked=lambda context: context.session.inverted,
    ),
    ActionRow(
        "window-numbers",
        _MENU,
        "Window and level in numbers …",
        ("Shift+W",),
        windows.ask_numbers,
        windows.with_window,
        needs="a grey image",
    ),
    ActionRow(
        "window-box",
        _MENU,
        "Automatic window of a box",
        ("Ctrl+Shift+W",),
        windows.draw_region,
        windows.with_window,
        checked=windows.draws_region,
        needs="a grey image",
    ),
    ActionRow(
        "window-view",
        _MENU,
        "Automatic window of what is in sight",
        ("Alt+0",),
        windows.window_of_view,
        windows.with_window,
        needs="a grey image",
    ),
    ActionRow(
        "window-region",
        _MENU,
        "Automatic window of the selected shape",
        (),
        windows.window_of_region,
        windows.has_region,
        needs="a shape that is selected",
    ),
    ActionRow(
        "window-keep",
        _MENU,
        "Keep this window as …",
        (),
        windows.keep_window,
        windows.can_keep,
        needs="a grey image with a window",
    ),
    separator(_MENU),
    _preset(0, "Automatic window"),
    _preset(1, "Window of the file"),
    *(_preset(number, f"Window preset {number}") for number in range(2, windows.KEYED)),
    separator("&Image"),
    ActionRow(
        "attributes",
        "&Image",
        "DICOM attributes …",
        ("Ctrl+T",),
        windows.show_attributes,
        with_series,
    ),
    separator("&Image"),
)
