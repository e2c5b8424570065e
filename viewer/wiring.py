"""The only place where the window's objects are made and wired, step by step: each step takes the
window's thread for less than the blink of an eye, and whatever is waiting comes in between."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QLabel, QStackedWidget, QVBoxLayout, QWidget

from engine.memory import give_back_freed_memory
from viewer import commands, theme
from viewer.canvas.image_view import ImageView
from viewer.commands import Context
from viewer.docks import Docks
from viewer.dresser import paint_again
from viewer.held_keys import HeldKeys
from viewer.keeping import Keeper
from viewer.layout import VERSION, Layout
from viewer.main_window import MainWindow
from viewer.menus import Menus
from viewer.messages import sentence, sentence_about
from viewer.panels.cine_bar import CineBar
from viewer.panels.evidence import VerdictLabel
from viewer.panels.plotting import PlotLoader
from viewer.panels.reading_bar import ReadingBar
from viewer.panels.welcome import Welcome
from viewer.reading.process import ReaderProcess
from viewer.state.ahead import Ahead
from viewer.state.lane import Lane
from viewer.state.later import Later
from viewer.state.session import Session
from viewer.state.workbench import Workbench
from viewer.toolbar import Toolbar

Step = Callable[[], None]
_ENGINE_TEXT = {
    "starting": "Engine warming up …",
    "ready": "Engine ready",
    "busy": "Explaining …",
    "failed": "Engine: no answer",
}
_WATCH = 1000  # milliseconds between two looks at the engine's process


def make_window(
    application: QApplication, device: str = "auto", layout: Layout | None = None
) -> MainWindow:
    """The window with everything behind it; nothing is shown or started yet."""
    window = MainWindow(layout)
    for step in steps(application, window, device):
        step()
    return window


def steps(
    application: QApplication,
    window: MainWindow,
    device: str = "auto",
    readers: Sequence[ReaderProcess] = (),
) -> list[Step]:
    """What puts the parts into a window, in order; ``readers`` that boot already are used."""

    def make_state() -> None:
        give_back_freed_memory()
        sys.setswitchinterval(0.0002)  # so that lanes at work hold the window up less
        window.session = Session(window)
        window.workbench = Workbench(window.session, device, window, readers=readers)
        window.workbench.start_readers()
        Ahead(window.session, window)
        theme.follow(application, window, window.session.settings)

    def make_docks() -> None:
        window.docks = Docks(window.context)

    def add_dock(name: str) -> Step:
        return lambda: window.docks.add(name)

    def make_panel(name: str) -> Step:
        return lambda: window.docks.make(name)

    def on_window(put: Callable[[MainWindow], None]) -> Step:
        return lambda: put(window)

    return [
        make_state,
        on_window(_make_centre),
        make_docks,
        *map(add_dock, Docks.names()),
        *map(make_panel, Docks.first()),
        *map(
            on_window,
            (_make_menus, _make_toolbar, _add_toolbar, _make_status, _connect, _lay_out, _reveal),
        ),
    ]


def _make_centre(window: MainWindow) -> None:
    """The message, the welcome until something is open, then the viewport, and the cine bar."""
    session = window.session
    window.setUpdatesEnabled(False)  # what is on screen stays until all is there
    window.message = message = QLabel()
    message.setProperty("message", True)
    message.setWordWrap(True)
    message.hide()
    window.view = ImageView(session)
    window.context = context = Context(session, window.workbench, window.view, window)
    window.welcome = welcome = Welcome(session)
    window.keeper = Keeper(window)
    pages = QStackedWidget()
    pages.addWidget(welcome)
    pages.addWidget(window.view)
    for button, command in (
        (welcome.sample, commands.open_sample),
        (welcome.folder, commands.open_folder),
        (welcome.files, commands.open_files),
    ):
        button.clicked.connect(lambda checked=False, run=command: run(context))
    welcome.recentAsked.connect(lambda recent: commands.open_recent(context, recent))
    welcome.stop.clicked.connect(lambda: commands.stop_reading(context))
    session.placeChanged.connect(
        lambda: pages.setCurrentWidget(window.view if session.place else welcome)
    )
    window.cine_bar = CineBar(window.workbench)
    centre = QWidget()
    layout = QVBoxLayout(centre)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    layout.addWidget(window.keeper.offer)
    layout.addWidget(message)
    layout.addWidget(pages, 1)
    layout.addWidget(window.cine_bar)
    window.setCentralWidget(centre)


def _make_menus(window: MainWindow) -> None:
    window.menuBar().setFont(QApplication.font())  # systems have one of their own for menus
    window.menus = Menus(window, window.context)


def _make_toolbar(window: MainWindow) -> None:
    window.toolbar = Toolbar(window.menus.by_id, window)


def _add_toolbar(window: MainWindow) -> None:
    """A hundred icons are enough for one event."""
    window.toolbar.dress()
    window.addToolBar(window.toolbar)


def _make_status(window: MainWindow) -> None:
    window.reading_bar = ReadingBar(window.session)
    window.reading_bar.stop.clicked.connect(lambda: commands.stop_reading(window.context))
    window.verdict = VerdictLabel(window.session)
    window.engine_label = QLabel()
    bar = window.statusBar()
    bar.addWidget(window.reading_bar)
    bar.addPermanentWidget(window.verdict)
    bar.addPermanentWidget(window.engine_label)


def _connect(window: MainWindow) -> None:
    session, workbench, audit = window.session, window.workbench, window.session.audit
    for changed in (window.view.framing.kindChanged, audit.selectedChanged, audit.toolChanged):
        changed.connect(lambda: _enable_at_rest(window))
    # once for all that one event changes: it takes as long as the panels
    soon = Later(lambda: _enable_at_rest(window), window, rest=0)
    for changed in (
        session.frameChanged,
        session.explanationChanged,
        session.readingChanged,
        session.panesChanged,
        session.key_images.onlyChanged,
        session.settings.changed,
        audit.documentChanged,
        workbench.comparing.changed,
        workbench.what_if.offers.changed,
    ):
        changed.connect(soon.ask)
    at_rest = Later(lambda: _enable_at_rest(window), window, most=None)  # not amid a drag
    session.overlayChanged.connect(at_rest.ask)
    for changed in (workbench.cine.changed, session.key_images.changed):
        changed.connect(window.menus.enable)
    session.engineChanged.connect(lambda: _show_engine(window))
    session.messageChanged.connect(lambda: _show_message(window))
    session.shortcuts.changed.connect(window.menus.apply_shortcuts)
    session.placeChanged.connect(lambda: session.say(""))
    workbench.failed.connect(lambda error: session.say(sentence_about(error, session)))
    workbench.exportFailed.connect(
        lambda error: session.say(f"The file was not exported. {sentence(error)}")
    )
    window.view.imageWheeled.connect(lambda by: commands.step_image(window.context, by))
    window.view.framing.swapAsked.connect(workbench.comparing.swap)
    window.view.paneWheeled.connect(workbench.comparing.step_image)
    window.view.paneWindowed.connect(workbench.comparing.set_window)
    window.view.menuAsked.connect(window.menus.show_at)
    audit.concealedChanged.connect(lambda: _lead_to_reading(window))
    window.verdict.asked.connect(lambda: window.docks.show("evidence"))
    window.held_keys = HeldKeys(window)
    window.closing.connect(lambda: _end(window))
    watch = QTimer(window)
    watch.setInterval(_WATCH)
    watch.timeout.connect(workbench.watch_engine)
    watch.start()
    _show_engine(window)
    _show_message(window)


def _lay_out(window: MainWindow) -> None:
    """Every panel where it stood when the window was left."""
    window.docks.lay_out()
    window.assembled = True
    kept = window.kept_layout.state
    if not kept.isEmpty():
        window.restoreState(kept, VERSION)
        window.bring_back([screen.availableGeometry() for screen in QGuiApplication.screens()])
    window.docks.begin_keeping(window.keeper.layout_changed)
    window.shown.connect(window.docks.make_late)


def _reveal(window: MainWindow) -> None:
    """What was put in takes the place of what was painted first."""
    paint_again(window)


def _enable_at_rest(window: MainWindow) -> None:
    """From one image to the next nothing changes while they are played, many in a second."""
    if not window.session.playing:
        window.menus.enable()


def _lead_to_reading(window: MainWindow) -> None:
    """Who reads first finds the form for it in front."""
    if window.session.audit.concealed:
        window.docks.show("review")


def _show_engine(window: MainWindow) -> None:
    status = window.session.engine
    text = _ENGINE_TEXT[status.state]
    detail = status.detail if status.state in ("ready", "busy") else ""
    window.engine_label.setText(f"{text} · {detail}" if detail else text)


def _show_message(window: MainWindow) -> None:
    """Above the picture, unless the same stands in the place of the picture."""
    session, failure = window.session, window.session.failure
    window.message.setText(session.message)
    failed = failure is not None and session.open is None
    placard = failure is not None and session.message == sentence_about(failure, session)
    window.message.setVisible(bool(session.message) and not (failed and placard))


def _end(window: MainWindow) -> None:
    """Every thread and process ends with the window."""
    window.keeper.end()
    window.held_keys.end()
    window.workbench.close()
    for lane in window.findChildren(Lane):
        lane.close()
    for loader in window.findChildren(PlotLoader):
        loader.close()
