"""Keys that the user gives to actions: where they are kept, who has which, and the table to change
them in."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from tests.viewer.conftest import action_of
from viewer.actions import ACTIONS
from viewer.dialogs.key_editor import why_not
from viewer.dialogs.keys import KeysPage
from viewer.dialogs.preferences import KEYS, Preferences
from viewer.main_window import MainWindow
from viewer.state.settings import Settings
from viewer.state.shortcuts import Bindable, Shortcuts, shortcuts_file

_FIT = Bindable("fit", "Image", "Fit", ("F",))
_FLIP = Bindable("flip", "Image/Turn", "Flip", ("Shift+F", "Y"))
_NEXT = Bindable("next", "Image", "Next image", ("Down",), in_view=True)
_LOG = Bindable("log", "Audit", "Log", ())
_ROWS = (_FIT, _FLIP, _NEXT, _LOG)


@pytest.fixture
def shortcuts(qtbot: QtBot) -> Shortcuts:
    return Shortcuts()


@pytest.fixture
def page(qtbot: QtBot, shortcuts: Shortcuts) -> KeysPage:
    made = KeysPage(shortcuts, _ROWS)
    qtbot.addWidget(made)
    made.resize(700, 500)
    made.show()
    return made


# the table of the program
def test_every_key_of_the_table_is_written_as_qt_writes_it_and_can_be_given() -> None:
    form = QKeySequence.SequenceFormat.PortableText
    for row in ACTIONS:
        for key in row.shortcuts:
            assert QKeySequence(key).toString(form) == key, row.id
            assert why_not(key, row.bindable) == "", row.id


def test_no_key_of_the_table_does_two_things() -> None:
    keys = [key for row in ACTIONS for key in row.shortcuts]
    assert sorted({key for key in keys if keys.count(key) > 1}) == []


def test_every_action_has_an_id_of_its_own() -> None:
    names = [row.id for row in ACTIONS if row.id]
    assert len(names) == len(set(names))


# what is kept
def test_keys_are_kept_between_runs_and_private(shortcuts: Shortcuts) -> None:
    shortcuts.give(_FIT, ("Ctrl+F", "F"))
    again = Shortcuts()
    assert again.resolved(_ROWS)["fit"] == ("Ctrl+F", "F")
    assert again.resolved(_ROWS)["flip"] == ("Shift+F", "Y")
    assert again.is_own("fit")
    assert not again.is_own("flip")
    assert stat.S_IMODE(shortcuts_file().stat().st_mode) == 0o600
    again.give(_FIT, _FIT.keys)
    assert json.loads(shortcuts_file().read_text()) == {}, "the defaults need not be kept"


def test_an_action_can_have_no_key(shortcuts: Shortcuts) -> None:
    shortcuts.give(_FIT, ())
    assert Shortcuts().resolved(_ROWS)["fit"] == ()


def test_a_key_is_only_had_once(shortcuts: Shortcuts) -> None:
    shortcuts.give(_LOG, ("Y",))
    assert shortcuts.resolved(_ROWS) == {
        "fit": ("F",),
        "flip": ("Shift+F",),
        "next": ("Down",),
        "log": ("Y",),
    }
    shortcuts.give(_FIT, ("Y", "F"))
    assert shortcuts.resolved(_ROWS)["log"] == (), "the one that was given it before has it no more"
    shortcuts.give(_FIT, _FIT.keys)
    assert shortcuts.resolved(_ROWS)["flip"] == _FLIP.keys, "what nobody else has comes back"


def test_two_actions_can_change_keys(shortcuts: Shortcuts) -> None:
    shortcuts.give(_FIT, ("Y",))
    shortcuts.give(_FLIP, ("Shift+F", "F"))
    keys = shortcuts.resolved(_ROWS)
    assert (keys["fit"], keys["flip"]) == (("Y",), ("Shift+F", "F"))


def test_unknown_actions_of_the_file_stay_there_and_do_nothing(qtbot: QtBot) -> None:
    shortcuts_file().parent.mkdir(parents=True)
    shortcuts_file().write_text('{"of another version": ["F"], "log": ["Ctrl+L"]}')
    found = Shortcuts()
    assert found.problem == ""
    assert found.resolved(_ROWS)["fit"] == ("F",)
    found.give(_FIT, ("Ctrl+F",))
    assert json.loads(shortcuts_file().read_text())["of another version"] == ["F"]


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"\x00\xff",
        b"[1]",
        b'{"fit": "F"}',
        b'{"fit": [1]}',
        b'{"fit": [""]}',
        b'{"fit": ["' + b"x" * 99 + b'"]}',
        b"[" * 100_000,
        b" " * 2_000_000,
    ],
)
def test_a_damaged_file_gives_the_defaults_and_a_sentence(qtbot: QtBot, data: bytes) -> None:
    shortcuts_file().parent.mkdir(parents=True)
    shortcuts_file().write_bytes(data)
    found = Shortcuts()
    assert found.resolved(_ROWS)["fit"] == ("F",)
    assert "could not be read" in found.problem
    aside = shortcuts_file().with_name("shortcuts.damaged-1")
    assert aside.read_bytes() == data, "nothing is thrown away"
    found.give(_FIT, ("Ctrl+F",))
    assert Shortcuts().resolved(_ROWS)["fit"] == ("Ctrl+F",)


def test_where_nothing_can_be_written_keys_hold_until_the_end(qtbot: QtBot) -> None:
    shortcuts_file().parent.parent.mkdir(parents=True, exist_ok=True)
    shortcuts_file().parent.write_text("a file where the folder should be")
    found = Shortcuts()
    assert "could not be read" in found.problem
    assert "put aside" not in found.problem, "nothing was"
    found.give(_FIT, ("Ctrl+F",))
    shortcuts_file().parent.unlink()
    assert found.resolved(_ROWS)["fit"] == ("Ctrl+F",)
    assert "cannot be written" in found.problem


# the table to change them in
def _press(page: KeysPage, key: Qt.Key, modifier: Qt.KeyboardModifier) -> None:
    page.editor.recorder.setFocus()
    QTest.keyClick(page.editor.recorder, key, modifier)


def test_a_key_is_recorded_by_pressing_it(page: KeysPage, shortcuts: Shortcuts) -> None:
    page.choose("log")
    _press(page, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    assert shortcuts.resolved(_ROWS)["log"] == ("Ctrl+L",)
    assert [cap.text() for cap in page.editor.caps] == ["Ctrl+L  ✕"]
    assert page.table.item(3, 2).data(Qt.ItemDataRole.AccessibleTextRole) == "Ctrl+L"
    assert page.table.item(3, 0).font().bold() or page.table.item(3, 0).font().weight() > 400
    page.editor.caps[0].click()
    assert shortcuts.resolved(_ROWS)["log"] == ()


def test_a_key_of_another_is_taken_over_only_when_that_is_asked_for(
    page: KeysPage, shortcuts: Shortcuts
) -> None:
    page.choose("log")
    _press(page, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    assert shortcuts.own == {}, "nothing has changed yet"
    assert page.editor.says.text() == "Shift+F is the key of “Flip” (Image › Turn)."
    page.editor.leave.click()
    assert shortcuts.own == {}
    assert page.editor.take.isHidden()
    _press(page, Qt.Key.Key_F, Qt.KeyboardModifier.ShiftModifier)
    page.editor.take.click()
    keys = shortcuts.resolved(_ROWS)
    assert (keys["log"], keys["flip"]) == (("Shift+F",), ("Y",))
    assert "taken from “Flip”" in page.editor.says.text()
    page.choose("flip")
    assert page.editor.default.isEnabled()
    page.editor.default.click()
    assert shortcuts.resolved(_ROWS)["flip"] == ("Shift+F", "Y")
    assert shortcuts.resolved(_ROWS)["log"] == ()
    assert "back from “Log”" in page.editor.says.text()


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("Space", "held"),
        ("Return", "lists"),
        ("Alt+F", "menus"),
        ("Up", "lists"),
        ("Del", "fields"),
        ("F", "already"),
    ],
)
def test_keys_that_are_needed_elsewhere_are_refused_with_the_reason(
    page: KeysPage, shortcuts: Shortcuts, key: str, why: str
) -> None:
    page.choose("fit")
    page.editor.add(key)
    assert why in page.editor.says.text()
    assert page.editor.take.isHidden()
    assert shortcuts.own == {}


def test_what_acts_in_the_image_alone_may_have_the_arrow_keys(
    page: KeysPage, shortcuts: Shortcuts
) -> None:
    page.choose("next")
    page.editor.add("Up")
    assert shortcuts.resolved(_ROWS)["next"] == ("Down", "Up")


def test_actions_are_found_by_name_menu_and_key(page: KeysPage) -> None:
    def shown() -> list[str]:
        return [row.id for n, row in enumerate(_ROWS) if not page.table.isRowHidden(n)]

    for words, found in (
        (["flip"], ["flip"]),
        (["turn"], ["flip"]),
        (["image", "f"], ["fit", "flip"]),
        (["shift+f"], ["flip"]),
        (["nothing"], []),
        ([], ["fit", "flip", "next", "log"]),
    ):
        assert page.filter(words) == len(found)
        assert shown() == found
        if found:
            assert _ROWS[page.table.currentRow()].id in found, "what is edited is in sight"


@pytest.fixture
def dialog(qtbot: QtBot, shortcuts: Shortcuts) -> Iterator[Preferences]:
    window = QWidget()
    qtbot.addWidget(window)
    made = Preferences(Settings(window), shortcuts, _ROWS, window)
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    made.show()
    yield made
    made.close()


def test_all_keys_are_restored_and_that_can_be_undone(
    dialog: Preferences, shortcuts: Shortcuts
) -> None:
    shortcuts.give(_FIT, ("Ctrl+F",))
    shortcuts.give(_LOG, ("Ctrl+L",))
    dialog.show_page(KEYS)
    dialog.restore.click()
    assert shortcuts.own == {}
    assert dialog.said.text() == "2 keys set back."
    dialog.undo.click()
    assert dict(shortcuts.own) == {"fit": ("Ctrl+F",), "log": ("Ctrl+L",)}
    assert dialog.undo.isHidden()


def test_the_window_takes_the_keys_at_once_and_at_the_next_start(drive, tmp_path) -> None:
    told: list[object] = []

    def keys_of(window: MainWindow, name: str) -> list[str]:
        keys = action_of(window, name).shortcuts()
        return [key.toString(QKeySequence.SequenceFormat.PortableText) for key in keys]

    def first(window: MainWindow):
        yield lambda: window.isActiveWindow()
        row = next(row for row in ACTIONS if row.id == "corner-text").bindable
        window.session.shortcuts.give(row, ("Ctrl+Alt+K",))
        assert keys_of(window, "corner-text") == ["Ctrl+Alt+K"]
        before = window.session.corner_text
        modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
        QTest.keyClick(window, Qt.Key.Key_K, modifiers)
        yield lambda: window.session.corner_text != before
        told.append("first")

    def second(window: MainWindow):
        assert keys_of(window, "corner-text") == ["Ctrl+Alt+K"]
        told.append("second")
        yield lambda: True

    assert drive([], first) == 0
    assert drive([], second) == 0
    assert told == ["first", "second"]
