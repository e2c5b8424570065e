"""What the program remembers of its user's choices between runs: the few rows of a table."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QSettings, QStandardPaths, Signal


@dataclass(frozen=True)
class Setting:
    """``about`` says what is so while it is on."""

    name: str
    default: bool
    about: str


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
)
SETTINGS = (BLIND_READING, IDENTITY_IN_LOG)


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
        self._values = {item: _read(kept, item) for item in SETTINGS}

    def get(self, setting: Setting) -> bool:
        return self._values[setting]

    def set(self, setting: Setting, value: bool) -> None:
        if value == self._values[setting]:
            return
        self._values[setting] = value
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._path.touch(0o600)
            self._path.chmod(0o600)
        kept = QSettings(str(self._path), QSettings.Format.IniFormat)
        kept.setValue(setting.name, value)
        kept.sync()
        self.changed.emit(setting)

    def toggle(self, setting: Setting) -> bool:
        """The other value; returns it."""
        self.set(setting, not self._values[setting])
        return self._values[setting]


def _read(kept: QSettings, setting: Setting) -> bool:
    """An INI file holds words; anything but the two is the default."""
    word = str(kept.value(setting.name, setting.default)).casefold()
    return {"true": True, "false": False}.get(word, setting.default)
