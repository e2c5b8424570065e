"""Every action of the window as a row of a table, by subject, and the menus that are filled when
they are opened."""

from __future__ import annotations

from viewer.actions.audit import AUDIT
from viewer.actions.edit import EDIT
from viewer.actions.file import FILE, RECENTS
from viewer.actions.help import HELP
from viewer.actions.image import IMAGE
from viewer.actions.measuring import MEASURING
from viewer.actions.overlay import OVERLAY
from viewer.actions.row import ActionRow, DynamicMenu
from viewer.actions.series import SERIES
from viewer.actions.tools import TOOLS
from viewer.actions.view import VIEW
from viewer.actions.windows import PRESETS, WINDOWS

ACTIONS: tuple[ActionRow, ...] = (
    *FILE,
    *EDIT,
    *TOOLS,
    *MEASURING,
    *IMAGE,
    *WINDOWS,
    *SERIES,
    *OVERLAY,
    *AUDIT,
    *VIEW,
    *HELP,
)
DYNAMIC: tuple[DynamicMenu, ...] = (RECENTS, PRESETS)
