"""Looking keys up, and finding commands by their names."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from tests.viewer.conftest import Steps
from viewer.actions import ACTIONS
from viewer.actions.help import why_not
from viewer.dialogs.find import Command, FindCommand, commands, ranked
from viewer.dialogs.help import GESTURES, HelpDialog, entries, found
from viewer.dialogs.preferences import KEYS, Preferences
from viewer.main_window import MainWindow
from viewer.state.shortcuts import Shortcuts

_ROWS = [row.bindable for row in ACTIONS if row.id]


# the help
def test_the_help_has_every_action_once_and_every_gesture(qtbot: QtBot) -> None:
    every = entries(Shortcuts(), _ROWS)
    assert len(every) == len(_ROWS) + len(GESTURES)
    assert {(entry.group, entry.text) for entry in every} >= {(r.place, r.text) for r in _ROWS}
    groups = [entry.group for entry in found(every, []) if not entry.text]
    assert len(groups) == len(set(groups)), "each group stands in one place"


def test_the_help_shows_the_keys_as_they_are_now(qtbot: QtBot) -> None:
    shortcuts = Shortcuts()
    dialog = HelpDialog(shortcuts, _ROWS)
    qtbot.addWidget(dialog)

    def keys() -> tuple[str, ...]:
        return next(e.keys for e in dialog.shown if e.text == "Corner text")

    row = next(row for row in _ROWS if row.id == "corner-text")
    if not any(entry.text == "Corner text" for entry in dialog.shown):
        pytest.fail("the action has another text by now")
    assert keys() == row.keys
    shortcuts.give(row, ("Ctrl+Alt+K",))
    assert keys() == ("Ctrl+Alt+K",)


def test_the_help_is_searched_by_words_and_by_keys(qtbot: QtBot) -> None:
    dialog = HelpDialog(Shortcuts(), _ROWS)
    qtbot.addWidget(dialog)
    QTest.keyClicks(dialog.search, "next layer")
    assert [entry.text for entry in dialog.shown] == ["", "Next layer"]
    dialog.search.setText("ctrl+o")
    assert "Open files …" in [entry.text for entry in dialog.shown]
    dialog.search.setText("wheel opacity")
    assert [entry.keys for entry in dialog.shown] == [(), ("Shift + wheel",)]
    dialog.search.setText("no such thing")
    assert dialog.shown == []
    assert not dialog.none.isHidden()


# finding commands
@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    """Three menus: one with a menu in it, one that is filled when it is opened."""
    made = QMainWindow()
    qtbot.addWidget(made)
    image = made.menuBar().addMenu("&Image")
    image.addAction("Fit to the window").setShortcut("F")
    image.addSeparator()
    turn = image.addMenu("Turn")
    turn.addAction("Rotate && flip")
    turn.addAction("Rotate right").setEnabled(False)
    lately = made.menuBar().addMenu("&Lately")

    def fill() -> None:
        lately.clear()
        lately.addAction("CR chest · 2 images\t2")

    lately.aboutToShow.connect(fill)
    made.show()
    return made


def _every(window: QMainWindow) -> list[Command]:
    return commands(window.menuBar(), lambda action: "needs an open image")


def test_commands_are_what_the_menus_hold(window: QMainWindow) -> None:
    rows = [(row.path, row.text, row.keys, row.why_not) for row in _every(window)]
    assert rows == [
        ("Image", "Fit to the window", ("F",), ""),
        ("Image › Turn", "Rotate & flip", (), ""),
        ("Image › Turn", "Rotate right", (), "needs an open image"),
        ("Lately", "CR chest · 2 images", ("2",), ""),
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ["Fit to the window", "Rotate & flip", "CR chest · 2 images", "Rotate right"]),
        ("fit", ["Fit to the window"]),
        ("fl", ["Rotate & flip"]),
        ("turn rot", ["Rotate & flip", "Rotate right"]),
        ("ima", ["CR chest · 2 images", "Fit to the window", "Rotate & flip", "Rotate right"]),
        ("WINDOW fit", ["Fit to the window"]),
        ("qq", []),
    ],
)
def test_what_fits_best_comes_first_and_what_cannot_be_run_last(
    window: QMainWindow, typed: str, expected: list[str]
) -> None:
    assert [row.text for row in ranked(_every(window), typed)] == expected


def test_a_command_is_chosen_and_run_by_keys_alone(window: QMainWindow, qtbot: QtBot) -> None:
    run: list[str] = []
    for action in window.findChildren(QAction):
        action.triggered.connect(lambda checked=False, action=action: run.append(action.text()))
    dialog = FindCommand(_every(window), window)
    dialog.show()
    QTest.keyClicks(dialog.field, "rotate")
    assert len(dialog.shown) == 2
    QTest.keyClick(dialog.field, Qt.Key.Key_Down)
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)
    assert run == [], "it cannot be run, so nothing happens"
    assert dialog.isVisible()
    QTest.keyClick(dialog.field, Qt.Key.Key_Down)  # round to the first
    QTest.keyClick(dialog.field, Qt.Key.Key_Return)
    assert run == ["Rotate && flip"]
    assert not dialog.isVisible()


def test_escape_runs_nothing(window: QMainWindow, qtbot: QtBot) -> None:
    fit = next(a for a in window.findChildren(QAction) if a.text().startswith("Fit"))
    fit.triggered.connect(lambda: pytest.fail("it was run"))
    dialog = FindCommand(_every(window), window)
    dialog.show()
    QTest.keyClick(dialog.field, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


# through the real window
def test_every_command_of_the_window_is_found_and_says_why_it_is_off(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield lambda: window.isActiveWindow()
        modifiers = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(window, Qt.Key.Key_P, modifiers)
        yield lambda: window.findChild(FindCommand) is not None
        dialog = window.findChild(FindCommand)
        assert isinstance(dialog, FindCommand)
        yield lambda: dialog.isActiveWindow()
        shown = {row.action.objectName(): row for row in dialog.shown}
        assert set(shown) >= {row.id for row in ACTIONS if row.id and row.listed}
        assert shown["fit"].why_not == "needs an open image"
        assert shown["next-layer"].why_not == "needs the maps of an image"
        assert all(row.why_not for row in shown.values() if not row.action.isEnabled())
        QTest.keyClicks(dialog.field, "change keys")
        QTest.keyClick(dialog.field, Qt.Key.Key_Return)
        yield lambda: window.findChild(Preferences) is not None
        preferences = window.findChild(Preferences)
        assert isinstance(preferences, Preferences)
        assert preferences.shown == KEYS
        preferences.close()
        yield lambda: window.findChild(Preferences) is None
        window.activateWindow()
        yield lambda: window.isActiveWindow()
        QTest.keyClick(window, Qt.Key.Key_F1)
        yield lambda: window.findChild(HelpDialog) is not None
        told = window.findChild(HelpDialog)
        assert isinstance(told, HelpDialog)
        told.close()
        yield lambda: window.findChild(HelpDialog) is None
        yield lambda: QApplication.activeModalWidget() is None

    assert drive([], script) == 0


def test_why_an_action_is_off_is_said_for_all() -> None:
    for row in ACTIONS:
        if row.id:
            action = QAction()
            action.setObjectName(row.id)
            assert why_not(action)


def test_a_menu_without_anything_gives_no_command(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    window.menuBar().addMenu(QMenu("Empty", window))
    assert commands(window.menuBar(), lambda action: "") == []
