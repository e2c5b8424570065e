"""What the program remembers of its user's choices between runs: the few rows of a table."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from PySide6.QtCore import QObject, QSettings, QStandardPaths, Signal

Value = TypeVar("Value", bool, int, float, str)


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """One choice: ``about`` says what is so while it is on, or what is chosen. ``choices`` are what
    a word may be, or (least, most) of a number; ``group`` is where it stands in the preferences."""

    name: str
    default: Value
    about: str
    group: str = "Reading"
    choices: tuple[Value, ...] = ()

    def read(self, kept: object) -> Value:
        """A value from what a file holds; the default where that is none."""
        try:
            value = _READERS[type(self.default)](str(kept))
        except (KeyError, ValueError):
            return self.default
        if self.choices and not self._allows(value):
            return self.default
        return cast(Value, value)

    def _allows(self, value: object) -> bool:
        if isinstance(self.default, str):
            return value in self.choices
        return self.choices[0] <= value <= self.choices[-1]  # type: ignore[operator]


_READERS: dict[type, Callable[[str], object]] = {
    bool: lambda word: {"true": True, "false": False}[word.casefold()],
    int: int,
    float: float,
    str: str,
}

BLIND_READING = Setting(
    "blind reading",
    False,
    "the model's output is kept back until the reader has said what is seen",
)
KEPT_BACK = "Kept back until you have said what you see (Review)."
"""What stands in the place of the model's output meanwhile."""
IDENTITY_IN_LOG = Setting(
    "identity in the log",
    False,
    "lines of the audit log hold the patient ID, the file's name and what was written freely",
    "Privacy",
)
SETTINGS: tuple[Setting[Any], ...] = (BLIND_READING, IDENTITY_IN_LOG)


def settings_file() -> Path:
    """Where they are kept."""
    folder = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)
    return Path(folder) / "settings.ini"


class Settings(QObject):
    """Setters ignore equal values; ``changed`` carries the :class:`Setting`. What cannot be read
    is at its default, and what cannot be written holds until the program ends."""

    changed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._path = settings_file()
        kept = QSettings(str(self._path), QSettings.Format.IniFormat)
        self._values: dict[str, Any] = {
            item.name: item.read(kept.value(item.name, item.default)) for item in SETTINGS
        }

    def get(self, setting: Setting[Value]) -> Value:
        return cast(Value, self._values[setting.name])

    def set(self, setting: Setting[Value], value: Value) -> None:
        if value == self._values[setting.name]:
            return
        self._values[setting.name] = value
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(0o600)
            self._path.chmod(0o600)
        kept = QSettings(str(self._path), QSettings.Format.IniFormat)
        kept.setValue(setting.name, value)
        kept.sync()
        self.changed.emit(setting)

    def toggle(self, setting: Setting[bool]) -> bool:
        """The other value; returns it."""
        self.set(setting, not self.get(setting))
        return self.get(setting)
