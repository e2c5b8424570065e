"""What a row of the table of actions is, and when actions can be used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtWidgets import QMenu

from viewer import commands
from viewer.commands import Context
from viewer.state.shortcuts import Bindable


def always(context: Context) -> bool:
    return True


def with_image(context: Context) -> bool:
    return context.session.open is not None


def with_series(context: Context) -> bool:
    """Also where the image could not be decoded: the way to the next one stays open."""
    return context.session.place is not None


def with_layers(context: Context) -> bool:
    return context.session.layer is not None


@dataclass(frozen=True)
class ActionRow:
    """``menu`` names the menu it stands in, ``"&Image/Turn"`` a menu in a menu; rows with the same
    menu stand in order. A row whose id is empty is a separator. Shortcuts of a row with ``in_view``
    act only while the scan has the focus, because lists and sliders need the same keys. With
    ``checked`` it can be on or off. ``needs`` says what is missing where it cannot be used. What is
    not ``listed`` has its keys, but no line in its menu: a menu that is filled names it better."""

    id: str
    menu: str
    text: str
    shortcuts: tuple[str, ...]
    command: Callable[[Context], None]
    enabled: Callable[[Context], bool] = always
    in_view: bool = False
    checked: Callable[[Context], bool] | None = None
    needs: str = ""
    listed: bool = True

    @property
    def bindable(self) -> Bindable:
        """What the keys are given to."""
        menu = self.menu.replace("&", "")
        return Bindable(self.id, menu, self.text, self.shortcuts, self.in_view)


@dataclass(frozen=True)
class DynamicMenu:
    """A menu ``text`` in the menu ``menu``, before the action whose id is ``before`` (at the end
    without one); ``fill`` puts in what there is each time it is opened, below the actions that
    stand in it."""

    menu: str
    text: str
    fill: Callable[[Context, QMenu], None]
    before: str = ""


def separator(menu: str) -> ActionRow:
    return ActionRow("", menu, "", (), commands.nothing)
