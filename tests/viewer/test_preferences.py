"""The preferences: made from the table of settings, in effect at once, found by typing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QSettings, QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QComboBox, QDoubleSpinBox, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from viewer.dialogs.preferences import KEYS, Preferences, groups
from viewer.dialogs.settings_page import SettingRow, SettingsPage
from viewer.scaling import factor_for
from viewer.state.session import Session
from viewer.state.settings import (
    BLIND_READING,
    HIDDEN_AT_START,
    SCALE,
    SCREEN_DOTS,
    SETTINGS,
    THEME,
    Setting,
    Settings,
    settings_file,
)
from viewer.state.shortcuts import Bindable, Shortcuts

_ROWS = (
    Bindable("fit", "Image", "Fit to the window", ("F",)),
    Bindable("log", "Audit", "Audit log …", ()),
)


@pytest.fixture
def settings(qtbot: QtBot) -> Settings:
    return Settings()


@pytest.fixture
def dialog(qtbot: QtBot, settings: Settings) -> Iterator[Preferences]:
    window = QWidget()
    qtbot.addWidget(window)
    made = Preferences(settings, Shortcuts(window), _ROWS, window)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    made.show()
    yield made
    made.close()


def _row(dialog: Preferences, setting: Setting[object]) -> SettingRow:
    page = dialog.pages[setting.group]
    assert isinstance(page, SettingsPage)
    return next(row for row in page.rows if row.setting is setting)


def _another(setting: Setting[object]) -> object:
    """A value that is allowed and not the default."""
    if isinstance(setting.default, bool):
        return not setting.default
    if isinstance(setting.default, str):
        return next(choice for choice in setting.choices if choice != setting.default)
    top = setting.choices[-1] if setting.choices else 7
    return top if top != setting.default else setting.choices[0]


def test_every_setting_has_a_row_that_can_be_changed_and_restored(
    dialog: Preferences, settings: Settings
) -> None:
    for setting in SETTINGS:
        row, value = _row(dialog, setting), _another(setting)
        assert row.back.isHidden()
        editor = row.editor
        if isinstance(editor, QCheckBox):
            editor.click()
        elif isinstance(editor, QComboBox):
            editor.setCurrentText(str(value))
        else:
            assert isinstance(editor, QSpinBox | QDoubleSpinBox)
            editor.setValue(value)  # type: ignore[arg-type]
        assert settings.get(setting) == value, setting.name
        assert Settings().get(setting) == value, "and it is kept"
        assert not row.back.isHidden()
        row.back.click()
        assert settings.get(setting) == setting.default
        assert row.back.isHidden()


def test_what_is_changed_elsewhere_is_shown(dialog: Preferences, settings: Settings) -> None:
    settings.toggle(BLIND_READING)
    box = _row(dialog, BLIND_READING).editor
    assert isinstance(box, QCheckBox)
    assert box.isChecked()


def test_every_setting_says_what_it_is_about(dialog: Preferences) -> None:
    for setting in SETTINGS:
        editor = _row(dialog, setting).editor
        assert editor.accessibleName() == setting.title
        assert len(editor.accessibleDescription()) > 10
        assert editor.accessibleDescription().endswith(".")
        assert not setting.about.endswith(".")


def test_the_groups_are_those_of_the_table_and_the_keys(dialog: Preferences) -> None:
    assert list(dialog.pages) == [*groups(), KEYS]
    assert set(groups()) == {setting.group for setting in SETTINGS}
    assert groups()[:3] == ["Appearance", "Reading", "Privacy"]


def test_a_group_is_restored_at_one_stroke_and_that_can_be_undone(
    dialog: Preferences, settings: Settings
) -> None:
    settings.set(SCALE, "150 %")
    settings.set(BLIND_READING, True)
    dialog.show_page("Appearance")
    dialog.restore.click()
    assert settings.get(SCALE) == "automatic"
    assert settings.get(BLIND_READING), "another group"
    assert dialog.said.text() == "1 preference set back."
    dialog.undo.click()
    assert settings.get(SCALE) == "150 %"
    assert dialog.undo.isHidden()
    dialog.show_page("Privacy")
    dialog.restore.click()
    assert "Nothing was changed" in dialog.said.text()
    assert dialog.undo.isHidden()


def test_typing_finds_preferences_and_keys(dialog: Preferences) -> None:
    QTest.keyClicks(dialog.search, "names patients")
    assert dialog.shown == "Privacy"
    assert [row.setting for row in _shown(dialog)] == [HIDDEN_AT_START]
    dialog.search.clear()
    QTest.keyClicks(dialog.search, "audit log")
    names = [dialog.groups.item(row).text() for row in range(dialog.groups.count())]
    assert {"Privacy · 1", "Keys · 1"} <= set(names)
    assert "Appearance · 0" in names
    dialog.search.setText("no such thing")
    assert dialog.said.text() == "Nothing here is called that."
    dialog.search.clear()
    assert len(_shown(dialog)) == sum(item.group == dialog.shown for item in SETTINGS)


def _shown(dialog: Preferences) -> list[SettingRow]:
    page = dialog.pages[dialog.shown]
    assert isinstance(page, SettingsPage)
    return [row for row in page.rows if not row.isHidden()]


# what the settings do
def test_identity_is_hidden_at_the_start_if_that_is_wanted(settings: Settings) -> None:
    assert Session().identity_shown
    settings.set(HIDDEN_AT_START, True)
    session = Session()
    assert not session.identity_shown
    session.set_identity_shown(True)
    assert session.settings.get(HIDDEN_AT_START), "showing it once changes no preference"


@pytest.mark.parametrize("kept", ["-100 %", "99", "", "200"])
def test_a_value_that_makes_no_sense_is_the_default(qtbot: QtBot, kept: str) -> None:
    file = QSettings(str(settings_file()), QSettings.Format.IniFormat)
    file.setValue(SCALE.name, kept)
    file.setValue(THEME.name, kept)
    file.sync()
    assert Settings().get(SCALE) == "automatic"
    assert Settings().get(THEME) == "dark"


_SIZES = """
import os
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QPushButton
from viewer.scaling import make_application
QCoreApplication.setApplicationName("Scaled")
application = make_application([])
print(QPushButton("OK").devicePixelRatio(), os.environ.get("QT_SCALE_FACTOR"))
"""


@pytest.mark.parametrize(
    ("chosen", "dots", "system", "printed"),
    [
        ("100 %", 163, "", "1.0 None"),
        ("150 %", 0, "", "1.5 None"),
        ("150 %", 0, "2", "2.0 2"),
        ("automatic", 0, "", "1.0 None"),
        ("automatic", 163, "", "1.5 None"),
        ("nonsense", 163, "", "1.5 None"),
        ("automatic", 163, "1", "1.0 1"),
    ],
)
def test_the_scale_holds_from_the_next_start_on(
    tmp_path: Path, chosen: str, dots: float, system: str, printed: str
) -> None:
    """In a process of its own: Qt takes the factor when the application is made."""
    file = QSettings(str(tmp_path / "Scaled" / "settings.ini"), QSettings.Format.IniFormat)
    file.setValue(SCALE.name, chosen)
    file.setValue(SCREEN_DOTS.name, dots)
    file.sync()
    screens = {"screens": [{"name": "large", "width": 3840, "height": 2160}]}
    (tmp_path / "screens.json").write_text(json.dumps(screens))
    platform = f"offscreen:configfile={tmp_path / 'screens.json'}"
    surroundings = {**os.environ, "XDG_DATA_HOME": str(tmp_path), "QT_QPA_PLATFORM": platform}
    if system:
        surroundings["QT_SCALE_FACTOR"] = system
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _SIZES],
        env=surroundings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == printed


@pytest.mark.parametrize(
    ("dots", "width", "height", "factor"),
    [
        (0, 3840, 2160, 1.0),  # it does not say how large it is
        (96, 1920, 1080, 1.0),
        (92, 1366, 768, 1.0),
        (110, 2560, 1440, 1.0),
        (163, 3840, 2160, 1.5),  # 27 inches
        (185, 3840, 2160, 1.75),  # 24 inches
        (157, 1920, 1080, 1.25),  # 14 inches: more would leave the window no room
        (282, 3840, 2160, 2.0),
        (220, 1200, 700, 1.0),
    ],
)
def test_a_screen_of_small_pixels_has_everything_larger_as_far_as_there_is_room(
    dots: float, width: int, height: int, factor: float
) -> None:
    assert factor_for(dots, QSize(width, height)) == factor
