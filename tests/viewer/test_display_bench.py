"""``bench display``: what it counts, and that its peer does what the window does."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QWidget
from pytestqt.qtbot import QtBot

from viewer.bench import display
from viewer.bench.gestures import Frames, to_and_fro
from viewer.bench.plain import PlainView


class Slow(QWidget):
    """Takes a while to paint itself."""

    painted = 0

    def paintEvent(self, event: QPaintEvent) -> None:
        time.sleep(0.01)
        painter = QPainter(self)
        painter.fillRect(self.rect(), 0xFF00FF00)
        painter.end()
        self.painted += 1


def test_a_frame_lasts_until_it_has_been_painted(qtbot: QtBot) -> None:
    window, slow = QMainWindow(), Slow()
    qtbot.addWidget(window)
    window.setCentralWidget(slow)
    window.show()
    qtbot.waitUntil(lambda: slow.painted > 0)
    frames, before = Frames(slow), slow.painted
    times = frames.of(lambda number: slow.update(), range(5))
    assert slow.painted == before + 5, "one painting a frame"
    assert len(times) == 5
    assert min(times) >= 0.01


def test_drags_go_there_and_back() -> None:
    assert [to_and_fro(number, 3) for number in range(8)] == [0, 1, 2, 3, 2, 1, 0, 1]


def test_percentiles_are_of_the_nearest_rank() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert display.percentile(values, 95) == 95
    assert display.percentile(values, 50) == 50
    assert display.percentile([3.0], 95) == 3.0
    assert display.percentile([1.0, 2.0], 50) == 1.0


def test_rows_say_the_platform_and_hold_the_95th_percentile_against_the_limit() -> None:
    times = {"ours": {"pan": [0.004] * 95 + [0.1] * 5}, "peer": {"pan": [0.02] * 100}}
    worst, middle = display.rows_of("xcb", times)
    assert worst["what"] == "pan, xcb, p95"
    assert (worst["ours"], worst["peer"], worst["ratio"]) == (0.004, 0.02, 5.0)
    assert (worst["limit"], worst["limit_ratio"]) == (0.016, 0.25)
    assert (middle["what"], middle["limit"]) == ("pan, xcb, p50", None)
    (alone, _) = display.rows_of("offscreen", {"ours": {"pan": [0.02]}, "peer": {}})
    assert (alone["peer"], alone["peer_name"]) == (None, "no peer")
    assert alone["limit_ratio"] == 1.25


def test_x11_is_measured_where_there_is_some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setenv("PATH", "")
    assert display.platforms() == ("offscreen",)
    monkeypatch.setenv("DISPLAY", ":7")
    assert display.platforms() == ("offscreen", "xcb")


def test_the_peer_shows_every_gesture(qtbot: QtBot) -> None:
    pixels = np.random.default_rng(2).integers(0, 4096, (300, 240)).astype(np.uint16)
    maps = [np.outer(np.hanning(40), np.hanning(32)).astype(np.float32) * n for n in (1, 2, 3, 4)]
    plain = PlainView(pixels, maps, QSize(320, 280))
    qtbot.addWidget(plain)
    plain.show()
    qtbot.waitExposed(plain)
    frames = Frames(plain.viewport())
    found = {what: frames.of(change, range(3)) for what, change in plain.gestures()}
    assert {"window and level", "opacity", "threshold", "layer", "pan", "zoom"} <= found.keys()
    assert all(len(times) == 3 for times in found.values())
