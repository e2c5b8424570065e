"""Pieces of work in turns of their own."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject
from pytestqt.qtbot import QtBot

from viewer.state.turns import Turns


class Notes(QObject):
    """Writes down what happens, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.log: list[str] = []

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.User:
            self.log.append("event")
        return super().event(event)

    def first(self) -> None:
        self.log.append("first")
        QCoreApplication.postEvent(self, QEvent(QEvent.Type.User))

    def second(self) -> None:
        self.log.append("second")


def test_what_happens_meanwhile_comes_between_two_pieces(qtbot: QtBot) -> None:
    notes, owner = Notes(), QObject()
    turns = Turns(owner)
    for do in (notes.first, notes.second, notes.first):
        turns.ask(do)
    assert notes.log == [], "in turns that follow"
    qtbot.waitUntil(lambda: "second" in notes.log)
    qtbot.wait(5)
    assert notes.log == ["first", "event", "second"], "and once each"


def test_at_once_is_in_place_of_later(qtbot: QtBot) -> None:
    notes, owner = Notes(), QObject()
    turns = Turns(owner)
    turns.ask(notes.second)
    turns.ask(notes.second, at_once=True)
    assert notes.log == ["second"]
    qtbot.wait(5)
    assert notes.log == ["second"]


def test_a_failing_piece_and_one_whose_owner_is_gone_keep_nobody_waiting(qtbot: QtBot) -> None:
    notes, gone, owner = Notes(), Notes(), QObject()
    turns = Turns(owner)

    def fail() -> None:
        raise ValueError("of this piece alone")

    with qtbot.capture_exceptions() as raised:
        for do in (fail, gone.second, notes.second):
            turns.ask(do)
        gone.deleteLater()
        QCoreApplication.sendPostedEvents(gone, QEvent.Type.DeferredDelete)
        qtbot.waitUntil(lambda: notes.log == ["second"])
    assert [kind for kind, *_ in raised] == [ValueError]
    assert gone.log == []
