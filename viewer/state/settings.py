"""What the program remembers of its user's choices between runs: the few rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from PySide6.QtCore import QObject, QSettings, Signal

from viewer import scaling
from viewer.own_folder import make_private, own_folder

Value = TypeVar("Value", bool, int, float, str)


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """One choice: ``about`` says what is so while it is on, or what is chosen. ``choices`` are what
    a word may be, or (least, most) of a number, counted in ``unit``; ``group`` is where it stands
    in the preferences. Only what bears on what a reader was shown is ``logged``."""

    name: str
    default: Value
    about: str
    group: str = "Reading"
    choices: tuple[Value, ...] = ()
    unit: str = ""
    logged: bool = False

    @property
    def title(self) -> str:
        """As it is written in the preferences."""
        return self.name[:1].upper() + self.name[1:]

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
    logged=True,
)
IDENTITY_IN_LOG = Setting(
    "identity in the log",
    False,
    "lines of the audit log hold the patient ID, the file's name and what was written freely",
    "Privacy",
    logged=True,
)
HIDDEN_AT_START = Setting(
    "identity hidden at the start",
    False,
    "the window shows no names, numbers and dates of patients until that is asked for",
    "Privacy",
)
THEME = Setting(
    "theme",
    "dark",
    "the colours of the window; the image always stands on black",
    "Appearance",
    ("dark", "light", "as the system"),
)
SCALE = Setting(
    scaling.SCALE,
    scaling.AUTOMATIC,
    "the size of everything, from the next start on; automatic is what the screen needs",
    "Appearance",
    (scaling.AUTOMATIC, *scaling.FACTORS),
)
LEVEL_DIRECTION = Setting(
    "level direction",
    "down",
    "dragging this way raises the level, which makes the picture darker",
    choices=("down", "up"),
)
WHEEL_DIRECTION = Setting(
    "wheel direction",
    "down",
    "turning the wheel this way goes to the next image",
    choices=("down", "up"),
)
SCREEN_DOTS = Setting(
    scaling.DOTS,
    0.0,
    "as measured, for showing images in true size; 0 for what the screen says of itself",
    choices=(0.0, 1200.0),
    unit="dpi",
)
ONE_SCALE = Setting(
    "one scale side by side",
    True,
    "images beside each other have the same scale, as far as both files say how large a pixel is",
)
MAGNIFIER_FACTOR = Setting(
    "magnifier", 3.0, "how much larger the magnifier shows the picture", choices=(1.5, 8.0)
)
MAGNIFIER_SHAPE = Setting(
    "magnifier shape", "round", "the edge of the magnifier", choices=("round", "square")
)
MAGNIFIER_OVERLAY = Setting(
    "overlay in the magnifier", False, "the magnifier shows the response, not the scan alone"
)
CINE_RATE = Setting(
    "cine rate",
    10.0,
    "images a second that are played where the file does not say",
    choices=(1.0, 60.0),
    unit="/s",
)
CINE_ORDER = Setting(
    "cine order", "loop", "what comes after the last image", choices=("loop", "to and fro")
)
REOPEN = Setting(
    "open again what was open",
    "after a crash",
    "at the start: offered after a crash, done after every end, or nothing is kept for it",
    "Start",
    ("after a crash", "always", "never"),
)
SETTINGS: tuple[Setting[Any], ...] = (
    THEME,
    SCALE,
    BLIND_READING,
    HIDDEN_AT_START,
    IDENTITY_IN_LOG,
    LEVEL_DIRECTION,
    WHEEL_DIRECTION,
    SCREEN_DOTS,
    ONE_SCALE,
    MAGNIFIER_FACTOR,
    MAGNIFIER_SHAPE,
    MAGNIFIER_OVERLAY,
    CINE_RATE,
    CINE_ORDER,
    REOPEN,
)


def settings_file() -> Path:
    """Where they are kept."""
    return own_folder() / "settings.ini"


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
        make_private(self._path)
        kept = QSettings(str(self._path), QSettings.Format.IniFormat)
        kept.setValue(setting.name, value)
        kept.sync()
        self.changed.emit(setting)

    def toggle(self, setting: Setting[bool]) -> bool:
        """The other value; returns it."""
        self.set(setting, not self.get(setting))
        return self.get(setting)
