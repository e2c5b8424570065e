"""What waits until the hand rests."""

from __future__ import annotations

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from viewer.state.later import Later


def test_many_changes_are_one_call_at_rest(qtbot: QtBot) -> None:
    calls: list[int] = []
    owner = QObject()
    at_once = Later(lambda: calls.append(0), owner, rest=0)
    for _ in range(5):
        at_once.ask()
    assert calls == [], "not within the event"
    qtbot.waitUntil(lambda: calls == [0])
    qtbot.wait(20)
    assert calls == [0]


def test_changes_that_go_on_are_followed_now_and_then_or_not_at_all(qtbot: QtBot) -> None:
    calls: list[str] = []
    owner = QObject()
    following = Later(lambda: calls.append("following"), owner, rest=200, most=60)
    resting = Later(lambda: calls.append("resting"), owner, rest=200, most=None)
    for _ in range(30):
        following.ask()
        resting.ask()
        qtbot.wait(10)
    assert "following" in calls
    assert "resting" not in calls
    qtbot.waitUntil(lambda: "resting" in calls)
    assert calls.count("resting") == 1
