"""Cine: the frames of a stack one after another, as fast as the file, or the reader, wants it.

The picture never lags behind the clock: frames that come too late are left out. A frame that is
still to be decoded is waited for, so that nothing is skipped that was never seen.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from viewer.state.frames import Frames
from viewer.state.place import Place
from viewer.state.session import Session
from viewer.state.settings import CINE_ORDER, CINE_RATE

SLOWEST, FASTEST = CINE_RATE.choices
"""Frames a second that can be chosen."""

_WAITING = 15  # milliseconds until a frame that is being decoded is looked for again
_MEASURED = 1.0  # seconds over which the actual rate is counted


def period(count: int, swing: bool) -> int:
    """After how many steps ``count`` frames are shown as they were before."""
    return max(1, 2 * (count - 1) if swing else count)


def number_at(phase: int, count: int, swing: bool) -> int:
    """The number (from 0) of the frame that is shown ``phase`` steps after the first one."""
    phase %= period(count, swing)
    return phase if phase < count else 2 * (count - 1) - phase


class Cine(QObject):
    """``changed``: it plays or not, or how; ``measured``: the actual rate is known anew. It stops
    when anybody else opens another image."""

    changed = Signal()
    measured = Signal()

    def __init__(
        self,
        session: Session,
        frames: Frames,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._session, self._frames, self.clock = session, frames, clock
        self._chosen: dict[str, float] = {}  # rates by the UID of a series
        self._phase, self._since = 0, 0.0
        self._stepping = False
        self._told = ""  # the UID of the series whose first frame was seen
        self._shown: deque[float] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        session.placeChanged.connect(self._place_changed)
        session.scanChanged.connect(self._scan_changed)
        session.frameChanged.connect(self._frame_changed)
        session.settings.changed.connect(self._setting_changed)

    # what is so
    @property
    def playing(self) -> bool:
        return self._session.playing

    @property
    def count(self) -> int:
        """Frames of the open stack."""
        place = self._session.place
        return 0 if place is None else place.series.starts[-1]

    @property
    def swing(self) -> bool:
        """Whether it goes to and fro, and not from the end to the beginning."""
        return self._session.settings.get(CINE_ORDER) == "to and fro"

    @property
    def rate(self) -> float:
        """Frames a second that are wanted of the open stack."""
        return min(FASTEST, max(SLOWEST, self._wish()[0]))

    @property
    def source(self) -> str:
        """Who wants that rate: "chosen", "file" or "preference"."""
        return self._wish()[1]

    def _wish(self) -> tuple[float, str]:
        place, opened = self._session.place, self._session.open
        if place is not None and place.series.uid in self._chosen:
            return self._chosen[place.series.uid], "chosen"
        if opened is not None and opened.frame.frame_rate:
            return opened.frame.frame_rate, "file"
        return self._session.settings.get(CINE_RATE), "preference"

    @property
    def actual(self) -> float | None:
        """Frames a second that are shown; None until two are counted."""
        if not self.playing or len(self._shown) < 2 or self._shown[-1] <= self._shown[0]:
            return None
        return (len(self._shown) - 1) / (self._shown[-1] - self._shown[0])

    # what is wanted
    def toggle(self) -> None:
        self.stop() if self.playing else self.play()

    def play(self) -> None:
        """From the open frame on."""
        place = self._session.place
        if place is None or self.playing or self.count < 2:
            return
        self._phase, self._since = place.number, self.clock()
        self._shown.clear()
        self._shown.append(self._since)
        self._frames.follow(self._coming)
        self._session.set_playing(True)
        self.changed.emit()
        self._plan()

    def stop(self) -> None:
        if not self.playing:
            return
        self._timer.stop()
        self._frames.follow(None)
        self._session.set_playing(False)
        self.changed.emit()

    def set_rate(self, rate: float) -> None:
        """For the open stack, until the program ends."""
        place = self._session.place
        rate = min(FASTEST, max(SLOWEST, rate))
        if place is None or (rate == self.rate and self.source == "chosen"):
            return
        self._chosen[place.series.uid] = rate
        self._start_anew()

    def _start_anew(self) -> None:
        """Count from now on: what is wanted is another."""
        self._since = self.clock()
        self._shown.clear()
        if self.playing:
            self._plan()
        self.changed.emit()

    # playing
    def tick(self) -> None:
        """Show the newest frame that is due and at hand, and plan the next one."""
        if not self.playing:
            return
        now = self.clock()
        due = int((now - self._since) * self.rate + 1e-6)
        due = min(due, period(self.count, self.swing))
        steps = next((n for n in range(due, 0, -1) if self._at_hand(n)), 0)
        if steps:
            self._since = max(self._since + due / self.rate, now - 1 / self.rate)
            self._show(steps, now)
            self._plan()
        elif due and not self._pass_hopeless():
            self._since = now - 1 / self.rate  # what is waited for is due at once
            self._timer.start(_WAITING)
        else:
            self._plan()

    def _plan(self) -> None:
        left = self._since + 1 / self.rate - self.clock()
        self._timer.start(max(1, round(1000 * left)))

    def _coming(self, steps: int) -> Place | None:
        """The place that is shown after so many more steps; None beyond one round."""
        place, count = self._session.place, self.count
        if place is None or steps >= period(count, self.swing):
            return None
        return place.moved(number_at(self._phase + steps, count, self.swing) - place.number)

    def _at_hand(self, steps: int) -> bool:
        place = self._coming(steps)
        return place is not None and self._frames.is_at_hand(place)

    def _pass_hopeless(self) -> bool:
        """Step over the next frame if it cannot be decoded; stop if none can."""
        place = self._coming(1)
        if place is None:
            self.stop()
        elif self._frames.is_hopeless(place):
            self._phase += 1
            self._since = self.clock()
            if self._none_left():
                self.stop()
            return True
        return False

    def _none_left(self) -> bool:
        rest = (self._coming(n) for n in range(1, period(self.count, self.swing)))
        return all(place is not None and self._frames.is_hopeless(place) for place in rest)

    def _show(self, steps: int, now: float) -> None:
        place = self._coming(steps)
        self._phase += steps
        self._stepping = True
        try:
            self._session.set_place(place)
        finally:
            self._stepping = False
        self._shown.append(now)
        while self._shown and self._shown[0] < now - _MEASURED:
            self._shown.popleft()
        self.measured.emit()

    def _place_changed(self) -> None:
        if not self._stepping:
            self.stop()
            self.changed.emit()

    def _scan_changed(self) -> None:
        """The stack may have grown meanwhile."""
        if self._session.place is not None:
            self._phase = self._session.place.number
        self.changed.emit()

    def _frame_changed(self) -> None:
        """Only the first frame of a stack tells what rate its file wants, and is an image."""
        place, opened = self._session.place, self._session.open
        if place is not None and opened is not None and place.series.uid != self._told:
            self._told = place.series.uid
            self.changed.emit()

    def _setting_changed(self, setting: object) -> None:
        if setting not in (CINE_ORDER, CINE_RATE):
            return
        place = self._session.place
        if place is not None:
            self._phase = place.number
        self._start_anew()
