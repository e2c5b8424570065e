"""The gestures of ``bench display``, in a process of their own: on the window, and on its peer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from viewer.main_window import MainWindow

_FRAMES, _AT_A_TIME = 120, 40  # of a gesture, and of the window before its peer has its turn
_PAUSE = 0.004  # seconds between two frames: hands are slower than that
_BETWEEN = 0.5  # seconds from one gesture to the next, which begins elsewhere
_SIZE = (1600, 1000)  # of the window, in logical pixels

Change = Callable[[int], object]
"""Makes the gesture's step of a number, from 0."""


class Frames(QObject):
    """Times frames of a window: from a change until ``widget`` and all else that it changed at once
    have been painted and put on the screen."""

    def __init__(self, widget: QWidget) -> None:
        window = widget.window()
        super().__init__(window)
        self._widget, self._window = widget, window
        self._painted, self._ended = False, 0.0
        widget.installEventFilter(self)
        window.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._widget and event.type() == QEvent.Type.Paint:
            self._painted = True
        if watched is not self._window or event.type() != QEvent.Type.UpdateRequest:
            return False
        self._window.event(event)  # paints, and does not come back before it is all there
        self._ended = time.perf_counter()
        return True

    def of(self, change: Change, numbers: Iterable[int]) -> list[float]:
        """Seconds that each of these steps took."""
        times = []
        for number in numbers:
            settle(_PAUSE)
            self._painted = False
            start = time.perf_counter()
            change(number)
            while not self._painted:
                QApplication.processEvents()
            if self._ended < start:
                raise SystemExit("error: the window did not paint to the end")
            times.append(self._ended - start)
        return times


def settle(seconds: float) -> None:
    """Let the window do what it still has to."""
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        QApplication.processEvents()
        time.sleep(0.001)


def wait_for(condition: Callable[[], bool], seconds: float = 120.0) -> None:
    until = time.perf_counter() + seconds
    while not condition():
        if time.perf_counter() > until:
            raise SystemExit("error: the film or its explanation did not come")
        settle(0.005)


def to_and_fro(number: int, reach: int) -> int:
    """0, 1, … ``reach``, … 1, 0, 1 …: drags go there and back."""
    place = number % (2 * reach)
    return min(place, 2 * reach - place)


def child(folder: str, platform: str) -> None:
    """Measure the window and its peer; print all times in seconds, by gesture. They take turns
    within each gesture, since the machine's own speed is another from minute to minute."""
    from viewer.bench.plain import PlainView
    from viewer.wiring import make_window

    application = QApplication([])
    if application.platformName() != platform:
        raise SystemExit(f"error: Qt runs on {application.platformName()}, not on {platform}")
    window = make_window(application)
    window.resize(*_SIZE)
    window.show()
    session = window.session
    session.change_style(visible=True, fill=True, contours=True)
    window.workbench.open_paths([Path(folder)])
    wait_for(lambda: session.explanation is not None and window.docks.complete)
    settle(2.0)  # thumbnails and what else comes after the first picture
    opened, overlays = session.open, session.overlays
    assert opened is not None
    assert overlays is not None
    maps = [overlays.values(n, 1.0) for n in range(len(overlays.explanation.layers))]
    plain = PlainView(opened.frame.pixels, maps, window.view.size())
    plain.show()
    settle(0.5)
    both = Frames(window.view), Frames(plain.viewport())
    ours: dict[str, list[float]] = {}
    peer: dict[str, list[float]] = {}
    for (what, own), (like, other) in zip(_ours(window), plain.gestures(), strict=True):
        if what != like:
            raise SystemExit(f"error: {what} is no peer of {like}")
        ours[what], peer[what] = _measured(both, (own, other))
    print(json.dumps({"ours": ours, "peer": peer}), flush=True)
    plain.close()
    window.close()
    window.deleteLater()
    application.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _measured(
    frames: tuple[Frames, Frames], changes: tuple[Change, Change]
) -> tuple[list[float], list[float]]:
    """The times of a gesture on the window and on its peer."""
    found: tuple[list[float], list[float]] = ([], [])
    for start in range(0, _FRAMES, _AT_A_TIME):
        for one, change, times in zip(frames, changes, found, strict=True):
            settle(_BETWEEN)
            times += one.of(change, range(start, start + _AT_A_TIME))
    return found


def _ours(window: MainWindow) -> Iterator[tuple[str, Change]]:
    """What is done to the window, each beginning where the one before has left it."""
    session, view = window.session, window.view
    hand = _Mouse(view)
    yield "window and level", hand.drag(Qt.MouseButton.LeftButton, 3, 2)
    hand.let_go()
    yield "opacity", lambda n: session.change_style(opacity=0.3 + to_and_fro(n + 1, 40) / 100)
    yield "threshold", lambda n: session.change_style(threshold=0.2 + to_and_fro(n + 1, 50) / 100)
    assert session.explanation is not None
    count = len(session.explanation.layers)
    first = session.layer_index
    yield "layer", lambda n: session.show_layer((first + n + 1) % count)
    session.show_layer(first)
    yield "pan", hand.drag(Qt.MouseButton.MiddleButton, 5, 4)
    hand.let_go()
    yield "cursor", hand.drag(Qt.MouseButton.NoButton, 4, 3)
    yield "zoom", hand.drag(Qt.MouseButton.RightButton, 0, -6)
    hand.let_go()
    view.one_to_one()
    settle(0.2)
    yield "pan at 1:1", hand.drag(Qt.MouseButton.MiddleButton, 5, 4)
    hand.let_go()
    yield "window and level at 1:1", hand.drag(Qt.MouseButton.LeftButton, 3, 2)
    hand.let_go()


class _Mouse:
    """Real mouse events on a widget, from its middle."""

    def __init__(self, widget: QWidget) -> None:
        self._widget = widget
        self._button = Qt.MouseButton.NoButton

    def _send(self, kind: QEvent.Type, at: QPointF, button: Qt.MouseButton) -> None:
        held = Qt.MouseButton.NoButton
        if kind != QEvent.Type.MouseButtonRelease:
            held = self._button
        globally = QPointF(self._widget.mapToGlobal(QPoint(0, 0))) + at
        none = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(self._widget, QMouseEvent(kind, at, globally, button, held, none))

    def drag(self, button: Qt.MouseButton, x: int, y: int) -> Change:
        """Steps of a drag by (x, y) logical pixels each, there and back, begun with the first."""
        middle = QPointF(self._widget.rect().center())

        def step(number: int) -> None:
            if number == 0 and button != Qt.MouseButton.NoButton:
                self._button = button
                self._send(QEvent.Type.MouseButtonPress, middle, button)
            steps = to_and_fro(number + 1, 40)
            at = middle + QPointF(x * steps, y * steps)
            self._send(QEvent.Type.MouseMove, at, Qt.MouseButton.NoButton)

        return step

    def let_go(self) -> None:
        middle = QPointF(self._widget.rect().center())
        self._send(QEvent.Type.MouseButtonRelease, middle, self._button)
        self._button = Qt.MouseButton.NoButton
