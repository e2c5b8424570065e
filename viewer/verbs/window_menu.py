"""The menu of windows: what the open image can be seen with."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from viewer.canvas.scene import window_text
from viewer.commands import Context
from viewer.dicom.presets import Preset, Voi, name_of, same_voi
from viewer.dicom.window import LookupTable
from viewer.messages import sentence
from viewer.state.presets import OwnWindow, own_of, presets_for, remove_own
from viewer.verbs.windows import KEYED


def fill(context: Context, menu: QMenu) -> None:
    """What this image can be seen with, the present one checked, with keys; the user's own."""
    opened = context.session.open
    every = () if opened is None else presets_for(opened)
    if not every:
        text = "colours have no window" if opened is not None else "open an image first"
        menu.addAction(text).setEnabled(False)
        return
    lines = []
    for number, preset in enumerate(every):
        if number and preset.origin != every[number - 1].origin:
            menu.addSeparator()
        action = menu.addAction("")
        action.setCheckable(True)
        action.triggered.connect(
            lambda checked=False, preset=preset: context.session.set_window(preset.voi)
        )
        lines.append(_Line(action, preset, _name(context, preset), _key(context, number)))
    _Numbers(lines, context.session.window, menu.actions()[-1])
    own = () if opened is None else own_of(opened)
    if own:
        _offer_removal(context, menu, own)


def _name(context: Context, preset: Preset) -> str:
    """What a file says in words may tell whose it is."""
    opened = context.session.open
    if preset.origin != "file" or context.session.identity_shown or opened is None:
        return preset.name
    return name_of(opened.frame, preset.voi, free_text=False)


@dataclass(frozen=True)
class _Line:
    action: QAction
    preset: Preset
    name: str
    key: str

    def write(self) -> None:
        """The name, the numbers as far as they are known, and the key."""
        numbers = "W …  L …"
        if self.preset.known:
            voi = self.preset.voi
            numbers = "" if isinstance(voi, LookupTable) else window_text(voi)
        text = f"{self.name.replace('&', '&&')}   {numbers}".rstrip()
        self.action.setText(f"{text}\t{self.key}" if self.key else text)


class _Numbers(QTimer):
    """Works out one window after another while the menu is open, and checks the one in use."""

    def __init__(self, lines: list[_Line], present: Voi | None, parent: QAction) -> None:
        super().__init__(parent)
        self._lines, self._present = lines, present
        for line in lines:
            line.write()
        self._check()
        self.timeout.connect(self._step)
        self.start(0)

    def _step(self) -> None:
        line = next((line for line in self._lines if not line.preset.known), None)
        if line is None:
            self.stop()
            return
        line.preset.work_out()
        line.write()
        self._check()

    def _check(self) -> None:
        """The one of that name and those numbers, else the first of those numbers."""
        known = [line for line in self._lines if line.preset.known]
        alike = [line for line in known if same_voi(self._present, line.preset.voi)]
        exact = [line for line in alike if line.preset.voi == self._present]
        for line in known:
            line.action.setChecked(line is next(iter(exact or alike), None))


def _key(context: Context, number: int) -> str:
    """The key of a preset as it is set now."""
    action = context.window.findChild(QAction, f"window-{number}") if number < KEYED else None
    keys = [] if action is None else action.shortcuts()
    return keys[0].toString(QKeySequence.SequenceFormat.NativeText) if keys else ""


def _offer_removal(context: Context, menu: QMenu, own: tuple[OwnWindow, ...]) -> None:
    below = menu.addMenu("Remove one of yours")
    for item in own:
        action = below.addAction(item.name.replace("&", "&&"))
        action.triggered.connect(lambda checked=False, item=item: _remove(context, item))


def _remove(context: Context, own: OwnWindow) -> None:
    try:
        remove_own(own)
    except OSError as error:
        context.session.say(f"The window is still kept. {sentence(error)}")
    else:
        context.session.say(f"The window “{own.name}” is no longer kept.")
