"""Lanes, the session's one-way flow, the action table, and words for errors."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from engine.errors import ModelError
from engine.process import ProcessDied
from tests.viewer.test_render import explanation
from viewer.actions import ACTIONS
from viewer.messages import sentence
from viewer.render.overlay import OverlayMaker
from viewer.state.lane import Lane
from viewer.state.session import Session


def test_only_the_newest_waiting_submission_runs(qtbot: QtBot) -> None:
    lane = Lane("reading")
    started, gate, ran, answers = threading.Event(), threading.Event(), [], []
    lane.finished.connect(lambda key, result: answers.append((key, result)))

    def work(name: str) -> str:
        started.set()
        gate.wait(10)
        ran.append(name)
        return name.upper()

    lane.submit(1, lambda: work("a"))
    assert started.wait(10), "the thread takes the first before the others come"
    for key, name in ((2, "b"), (3, "c")):
        lane.submit(key, lambda name=name: work(name))
    gate.set()
    qtbot.waitUntil(lambda: len(answers) == 2)
    assert ran == ["a", "c"]
    assert answers == [(1, "A"), (3, "C")]
    assert lane.close()


def test_answers_come_on_the_thread_that_listens(qtbot: QtBot) -> None:
    lane = Lane("reading")
    threads = []
    lane.finished.connect(lambda key, result: threads.append(threading.current_thread()))
    with qtbot.waitSignal(lane.finished):
        lane.submit("key", lambda: None)
    qtbot.waitUntil(lambda: bool(threads))
    assert lane.close()


def test_a_failure_is_reported_and_the_lane_goes_on(qtbot: QtBot) -> None:
    lane = Lane("reading")
    with qtbot.waitSignal(lane.failed) as caught:
        lane.submit("key", lambda: 1 / 0)
    assert caught.args[0] == "key"
    assert isinstance(caught.args[1], ZeroDivisionError)
    with qtbot.waitSignal(lane.finished) as done:
        lane.submit("next", lambda: 7)
    assert done.args == ["next", 7]
    assert lane.close()


def test_a_lane_that_keeps_all_finishes_what_waits_when_it_is_closed(qtbot: QtBot) -> None:
    lane = Lane("exporting", keep_all=True)
    ran: list[int] = []
    for number in range(5):
        lane.submit(number, lambda number=number: ran.append(number))
    assert lane.close()
    assert ran == [0, 1, 2, 3, 4]


def test_setting_an_equal_value_is_no_change(qtbot: QtBot) -> None:
    session = Session()
    session.set_explanation(OverlayMaker(explanation(*[np.ones((16, 16))] * 5)))
    changes = []
    session.overlayChanged.connect(lambda: changes.append(1))
    session.set_layer(session.layer_index)
    session.change_style(opacity=session.style.opacity)
    assert changes == []
    session.set_layer(99)
    assert session.layer_index == 4
    session.set_layer(-3)
    assert session.layer_index == 0
    assert len(changes) == 2


def test_overlay_is_made_once_for_each_change(qtbot: QtBot) -> None:
    session = Session()
    session.set_explanation(OverlayMaker(explanation(*[np.ones((16, 16))] * 5)))
    first = session.overlay
    assert session.overlay is first
    session.change_style(threshold=0.9)
    assert session.overlay is not first


def test_actions_are_unique_and_say_what_they_do() -> None:
    rows = [row for row in ACTIONS if row.id]
    assert len({row.id for row in rows}) == len(rows)
    keys = [key for row in rows for key in row.shortcuts]
    assert len(set(keys)) == len(keys)
    assert all(row.text and row.menu for row in rows)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ModelError("the weights are damaged"), "the weights are damaged."),
        (ProcessDied("exit status -9"), "worker process stopped"),
        (MemoryError(), "not enough memory"),
        (PermissionError(13, "Permission denied", "/x/y"), "Permission denied (/x/y)"),
        (ZeroDivisionError("division by zero"), "not foreseen (ZeroDivisionError)"),
    ],
)
def test_every_error_is_words(error: Exception, words: str) -> None:
    text = sentence(error)
    assert words in text
    assert "Traceback" not in text
