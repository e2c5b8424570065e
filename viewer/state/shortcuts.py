"""The keys that the user has given to actions: what differs from the table, kept between runs.

Keys are words in Qt's portable form, as ``Ctrl+Shift+P``. Nobody else may read the file; actions
that are there no longer (or not yet) stay in it untouched and do nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from viewer.own_folder import own_folder, put_aside, write_private

_MOST_KEYS, _LONGEST, _MOST_BYTES = 8, 64, 1 << 20
_UNREAD = "The file of your own keys could not be read, so all keys are the program's."
DAMAGED = f"{_UNREAD} It was put aside as {{name}}; set your keys again in the preferences."
NOT_KEPT = "The keys hold until the program ends: their file cannot be written ({why})."

Keys = tuple[str, ...]


@dataclass(frozen=True)
class Bindable:
    """An action that can have keys: its id, the menu it stands in, what it says, and the keys that
    it has in the table; ``in_view`` if they act only while the scan has the focus."""

    id: str
    menu: str
    text: str
    keys: Keys
    in_view: bool = False

    @property
    def place(self) -> str:
        """The menus that lead there: ``Image › Turn``."""
        return self.menu.replace("/", " › ")


def shortcuts_file() -> Path:
    """Where they are kept."""
    return own_folder() / "shortcuts.json"


def _read(path: Path) -> dict[str, Keys]:
    """What a file holds; raises ValueError where it is not such a file."""
    with path.open("rb") as file:
        data = file.read(_MOST_BYTES + 1)
    if len(data) > _MOST_BYTES:
        raise ValueError("it is too large")
    rows = json.loads(data.decode("utf-8"))
    if not isinstance(rows, dict):
        raise ValueError("it holds no table")
    return {str(name): _checked(keys) for name, keys in rows.items()}


def _checked(keys: object) -> Keys:
    if not isinstance(keys, list) or len(keys) > _MOST_KEYS:
        raise ValueError("keys are a short list")
    if not all(isinstance(key, str) and 0 < len(key) <= _LONGEST for key in keys):
        raise ValueError("a key is a short word")
    return tuple(dict.fromkeys(keys))


class Shortcuts(QObject):
    """``changed`` follows every change; ``problem`` says what went wrong with the file, if anything
    did."""

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = shortcuts_file()
        self._own: dict[str, Keys] = {}
        self.problem = ""
        try:
            self._own = _read(self._path)
        except FileNotFoundError:
            pass
        except (OSError, ValueError, RecursionError):
            self.problem = self._put_aside()

    def resolved(self, rows: Sequence[Bindable]) -> dict[str, Keys]:
        """The keys of every action, by its id: the user's own, else those of the table that the
        user has given to no other. No key is had twice."""
        found: dict[str, Keys] = {}
        taken: set[str] = set()
        for row in sorted(rows, key=lambda row: row.id not in self._own):
            keys = self._own.get(row.id, row.keys)
            found[row.id] = tuple(key for key in keys if key not in taken)
            taken.update(found[row.id])
        return found

    def is_own(self, action: str) -> bool:
        """Whether they are the user's."""
        return action in self._own

    @property
    def own(self) -> Mapping[str, Keys]:
        """All that are the user's, by the ids of actions."""
        return self._own

    def give(self, row: Bindable, keys: Keys) -> None:
        """An action gets these keys, and whoever else was given one of them loses it."""
        own = {
            name: tuple(key for key in has if key not in keys) for name, has in self._own.items()
        }
        own[row.id] = keys
        if keys == row.keys:
            del own[row.id]
        self._take(own)

    def take(self, own: Mapping[str, Keys]) -> None:
        """These are the user's keys, all others the table's."""
        self._take(dict(own))

    def _take(self, own: dict[str, Keys]) -> None:
        if own == self._own:
            return
        self._own = own
        self.problem = ""
        rows = {name: list(keys) for name, keys in sorted(own.items())}
        try:
            write_private(self._path, json.dumps(rows, indent=1).encode())
        except OSError as error:
            self.problem = NOT_KEPT.format(why=error.strerror or "no access")
        self.changed.emit()

    def _put_aside(self) -> str:
        """What to say of it."""
        try:
            return DAMAGED.format(name=put_aside(self._path).name)
        except OSError:
            return _UNREAD
