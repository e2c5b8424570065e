"""Keeps what is open and how the window is laid out while it is there, and brings back what was
open: after a crash when that is wanted, or always where the settings say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

import resources
from engine.presets import PRESETS
from viewer.canvas.view import View
from viewer.main_window import MainWindow
from viewer.panels.offer_bar import OfferBar
from viewer.render.turn import Turn
from viewer.state.lane import Lane
from viewer.state.recents import describe
from viewer.state.restore import (
    Opened,
    OpenFile,
    preset_of,
    read_last,
    style_from,
    window_facts,
    window_from,
)
from viewer.state.settings import REOPEN

_EVERY = 2000  # milliseconds between two looks at what is open
_SETTLED = 800  # milliseconds after which a changed layout is kept


class Keeper(QObject):
    """Begins when the window is there; ``offer`` stands above the picture."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.offer = OfferBar()
        self.offer.answered.connect(self._answered)
        self._lane = Lane("keeping", self)
        self._file: OpenFile | None = None
        self._kept = Opened()
        self._left: Opened | None = None
        self._told: tuple[object, str] = (None, "")
        self._restoring: Restoring | None = None
        self._often = QTimer(self)
        self._often.setInterval(_EVERY)
        self._often.timeout.connect(self.keep)
        self._moved = QTimer(self)
        self._moved.setSingleShot(True)
        self._moved.setInterval(_SETTLED)
        self._moved.timeout.connect(window.keep_layout)

    def begin(self, paths: Sequence[Path]) -> None:
        """Open ``paths``; offer what a crash left open, or open again what was open at the end."""
        how = self._window.session.settings.get(REOPEN)
        self._file = OpenFile()
        self._left = self._file.left_by_a_crash()
        if how == "never":
            self._left = None
            self._file.write(Opened())
        if self._left is not None:
            self.offer.offer(self._left.what)
        last = read_last() if how == "always" and not paths and self._left is None else None
        if last is not None:
            self.bring_back(last)
        else:
            self._window.workbench.begin(paths)
        self._window.session.placeChanged.connect(lambda: QTimer.singleShot(0, self, self.keep))
        self._window.session.settings.changed.connect(self.keep)
        self._often.start()

    def layout_changed(self) -> None:
        """Keep it when it has settled."""
        if not self._window.picture_alone:
            self._moved.start()

    def _answered(self, wanted: bool) -> None:
        left, self._left = self._left, None
        if wanted and left is not None:
            self.bring_back(left)
        self._kept = left or Opened()
        self.keep()

    def bring_back(self, opened: Opened) -> None:
        """Open it again, as it was looked at."""
        self._restoring = Restoring(self._window, opened)

    # what is open
    def keep(self) -> None:
        """Write what is open where that is not what was written last."""
        if self._file is None:
            return
        never = self._window.session.settings.get(REOPEN) == "never"
        file, now = self._file, Opened() if never else self.opened()
        if now == self._kept or (now.is_empty and self._left is not None):
            return
        self._kept = now
        self._lane.submit(None, lambda: file.write(now))

    def opened(self) -> Opened:
        """What is open now."""
        session = self._window.session
        if self._restoring is not None and not self._restoring.done:
            return self._restoring.wanted
        place, frame = session.place, session.open
        if place is None:
            return Opened()
        view = self._window.view.view
        return Opened(
            paths=tuple(
                tuple(map(str, paths))
                for paths in dict.fromkeys(self._window.workbench.library.opened)
            ),
            what=self._what(),
            image=str(place.instance.path),
            frame=place.frame,
            window={} if frame is None else window_facts(session.window, frame.frame),
            inverted=session.inverted,
            zoom=view.zoom,
            centre=view.centre,
            quarters=view.turn.quarters,
            mirrored=view.turn.mirrored,
            model=session.model,
            preset=preset_of(session.method),
            target=session.target or "",
            layer=session.layer_index,
            style=asdict(session.style),
        )

    def _what(self) -> str:
        scan = self._window.session.scan
        if self._told[0] is not scan:
            self._told = (scan, describe(scan))
        return self._told[1]

    def end(self) -> None:
        """The window closes as it should."""
        self._often.stop()
        self._moved.stop()
        self._lane.close()
        if self._file is not None:
            self._window.keep_layout()
            always = self._window.session.settings.get(REOPEN) == "always"
            self._file.end(self.opened() if always else None)


class Restoring(QObject):
    """Opens what was open: first the files, then the image, then how it was looked at, then the
    layer of the answer about it; whatever is no longer there is left out. Whoever chooses another
    image meanwhile has it."""

    def __init__(self, window: MainWindow, wanted: Opened) -> None:
        super().__init__(window)
        self._window, self.wanted = window, wanted
        self.done = wanted.is_empty
        self._placed = self._layer_chosen = False
        session, library = window.session, window.workbench.library
        if wanted.model and (resources.model_folder(wanted.model) / "model.json").is_file():
            session.set_model(wanted.model)
        if wanted.preset in PRESETS:
            session.set_method(PRESETS[wanted.preset])
        session.set_style(style_from(wanted.style, session.style))
        session.placeChanged.connect(self._placed_elsewhere)
        session.scanChanged.connect(self._later)
        session.frameChanged.connect(self._look)
        session.explanationChanged.connect(self._choose_layer)
        library.ended.connect(self._ended)
        for paths in wanted.paths:
            library.open_paths([Path(path) for path in paths])

    def _later(self) -> None:
        QTimer.singleShot(0, self, self._go)  # after the first image of what was found

    def _go(self) -> None:
        """To the image, as soon as it is found."""
        if self._placed or self.done:
            return
        place = self._window.session.place_of(Path(self.wanted.image))
        if place is None:
            return
        self._placed = True
        self._window.workbench.library.shows_first = False  # of what is read after this
        frame = min(self.wanted.frame, place.instance.frames - 1)
        self._window.session.set_place(type(place)(place.series, place.position, frame))
        self._look()

    def _placed_elsewhere(self) -> None:
        place = self._window.session.place
        if self._placed and (place is None or str(place.instance.path) != self.wanted.image):
            self.done = self._layer_chosen = True

    def _look(self) -> None:
        session, wanted = self._window.session, self.wanted
        opened = session.open
        if self.done or not self._placed or opened is None:
            return
        if str(opened.place.instance.path) != wanted.image:
            return
        QTimer.singleShot(0, self, self._show)  # after whoever fits a new image to its viewport
        session.frameChanged.disconnect(self._look)

    def _show(self) -> None:
        session, wanted = self._window.session, self.wanted
        if session.open is None or self.done:
            return
        window = window_from(wanted.window, session.open.frame)
        if window is not None:
            session.set_window(window)
        session.set_inverted(wanted.inverted)
        turn = Turn(wanted.quarters, wanted.mirrored)
        self._window.view.set_view(View(wanted.zoom, wanted.centre, turn))
        self.done = True
        if wanted.target:
            session.set_target(wanted.target)

    def _choose_layer(self) -> None:
        explanation = self._window.session.explanation
        if explanation is None or self._layer_chosen or not self.done:
            return
        if self.wanted.target in ("", explanation.target):
            self._layer_chosen = True
            self._window.session.set_layer(self.wanted.layer)

    def _ended(self, found: bool) -> None:
        """Nothing is waited for that is not there."""
        library = self._window.workbench.library
        self._go()
        if library.more:
            return
        library.shows_first = True
        if not self._placed:
            self.done = self._layer_chosen = True
