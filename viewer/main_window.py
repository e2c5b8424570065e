"""The window: docks and menus from tables, no logic."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QPointF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeyEvent,
    QKeySequence,
    QShowEvent,
)
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from viewer import commands
from viewer.actions import ACTIONS, DYNAMIC
from viewer.actions.row import ActionRow, DynamicMenu
from viewer.canvas.image_view import ImageView
from viewer.commands import Context
from viewer.docks import Docks
from viewer.messages import sentence
from viewer.panels.cine_bar import CineBar
from viewer.panels.evidence import VerdictLabel
from viewer.panels.plotting import PlotLoader
from viewer.panels.reading_bar import ReadingBar
from viewer.panels.rows import ANSWERS_SPACE
from viewer.panels.welcome import Welcome
from viewer.state.lane import Lane
from viewer.state.session import Session
from viewer.state.workbench import Workbench
from viewer.toolbar import make_toolbars

_ANSWER_SPACE = (QAbstractButton, QComboBox, QLineEdit)
_ENGINE_TEXT = {
    "starting": "Engine warming up …",
    "ready": "Engine ready",
    "busy": "Explaining …",
    "failed": "Engine: no answer",
}


class MainWindow(QMainWindow):
    """Made from the tables above; every action goes through :mod:`viewer.commands`."""

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__()
        self.setWindowTitle("Attentive Viewer")
        self.setAcceptDrops(True)
        self.session, self.workbench = session, workbench
        self.message = QLabel()
        self.message.setProperty("message", True)
        self.message.setWordWrap(True)
        self.message.hide()
        self.view = ImageView(session)
        centre = QWidget()
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.message)
        layout.addWidget(self._make_centre(), 1)
        self.cine_bar = CineBar(workbench)
        layout.addWidget(self.cine_bar)
        self.setCentralWidget(centre)
        self.context = Context(session, workbench, self.view, self)
        self.docks = Docks(self.context)
        self._actions: list[tuple[ActionRow, QAction]] = []
        self._menus: dict[str, QMenu] = {}
        self._make_menus()
        make_toolbars(self, {row.id: action for row, action in self._actions})
        self.reading_bar = ReadingBar(self.session)
        self.reading_bar.stop.clicked.connect(lambda: commands.stop_reading(self.context))
        self.statusBar().addWidget(self.reading_bar)
        self.verdict = VerdictLabel(session)
        self.statusBar().addPermanentWidget(self.verdict)
        self.engine_label = QLabel()
        self.statusBar().addPermanentWidget(self.engine_label)
        self.statusBar().setSizeGripEnabled(False)
        self._connect()
        self.resize(QSize(1440, 900))
        self.docks.lay_out()

    def _make_centre(self) -> QStackedWidget:
        """The welcome until something is open, then the viewport."""
        self.welcome = Welcome()
        centre = QStackedWidget()
        centre.addWidget(self.welcome)
        centre.addWidget(self.view)
        for button, command in (
            (self.welcome.sample, commands.open_sample),
            (self.welcome.folder, commands.open_folder),
            (self.welcome.files, commands.open_files),
        ):
            button.clicked.connect(lambda checked=False, run=command: run(self.context))
        self.session.placeChanged.connect(
            lambda: centre.setCurrentWidget(self.view if self.session.place else self.welcome)
        )
        return centre

    def _make_menus(self) -> None:
        for row in ACTIONS:
            menu = self._menu(row.menu)
            if not row.id:
                menu.addSeparator()
                continue
            action = QAction(row.text, self)
            action.setObjectName(row.id)
            action.setCheckable(row.checked is not None)
            action.setShortcuts([QKeySequence(key) for key in row.shortcuts])
            action.triggered.connect(lambda checked=False, row=row: self._run(row))
            if row.in_view:
                action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
                self.view.addAction(action)
            menu.addAction(action)
            self._actions.append((row, action))
        for filled in DYNAMIC:
            self._add_dynamic(filled)
        view_menu = self._menu("&View")
        view_menu.addSeparator()
        for dock in self.docks.all():
            view_menu.addAction(dock.toggleViewAction())
        self._enable()

    def _menu(self, path: str) -> QMenu:
        """The menu at ``"&Image/Turn"``, made where it is missing."""
        found = self._menus.get(path)
        if found is None:
            above, _, text = path.rpartition("/")
            found = self._menu(above).addMenu(text) if above else self.menuBar().addMenu(text)
            self._menus[path] = found
        return found

    def _add_dynamic(self, row: DynamicMenu) -> None:
        menu, parent = QMenu(row.text, self), self._menu(row.menu)
        before = self.findChild(QAction, row.before) if row.before else None
        if before is None:
            parent.addMenu(menu)
        else:
            parent.insertMenu(before, menu)

        def fill() -> None:
            menu.clear()
            row.fill(self.context, menu)

        menu.aboutToShow.connect(fill)

    def _run(self, row: ActionRow) -> None:
        row.command(self.context)
        self._enable()  # what was clicked is checked only if that is so

    def _connect(self) -> None:
        session = self.session
        for changed in (
            session.frameChanged,
            session.explanationChanged,
            session.overlayChanged,
            session.readingChanged,
        ):
            changed.connect(self._enable)
        session.engineChanged.connect(self._show_engine)
        session.messageChanged.connect(self._show_message)
        session.placeChanged.connect(lambda: session.say(""))
        self.workbench.failed.connect(lambda error: session.say(sentence(error)))
        self.workbench.exportFailed.connect(
            lambda error: session.say(f"The file was not exported. {sentence(error)}")
        )
        self.view.imageWheeled.connect(lambda by: commands.step_image(self.context, by))
        self.view.menuAsked.connect(self._show_menu)
        self._connect_audit()
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)
        watch = QTimer(self)
        watch.setInterval(1000)
        watch.timeout.connect(self.workbench.watch_engine)
        watch.start()
        self._show_engine()

    def _connect_audit(self) -> None:
        session, audit = self.session, self.session.audit
        for changed in (
            audit.documentChanged,
            audit.selectedChanged,
            audit.toolChanged,
            session.panesChanged,
            self.workbench.comparing.changed,
            self.workbench.what_if.offers.changed,
        ):
            changed.connect(self._enable)
        audit.concealedChanged.connect(self._lead_to_reading)
        self.verdict.asked.connect(lambda: self.docks.show("evidence"))

    def _lead_to_reading(self) -> None:
        """Who reads first finds the form for it in front."""
        if self.session.audit.concealed:
            self.docks.show("review")

    def _enable(self) -> None:
        audit = self.session.audit
        for row, action in self._actions:
            action.setEnabled(row.enabled(self.context))
            if row.checked is not None:
                action.setChecked(row.checked(self.context))
            if row.id in ("undo", "redo"):
                what = audit.undo_text if row.id == "undo" else audit.redo_text
                action.setText(f"{row.text}: {what}" if what else row.text)

    def _show_engine(self) -> None:
        status = self.session.engine
        text = _ENGINE_TEXT[status.state]
        detail = status.detail if status.state in ("ready", "busy") else ""
        self.engine_label.setText(f"{text} · {detail}" if detail else text)

    def _show_message(self) -> None:
        self.message.setText(self.session.message)
        self.message.setVisible(bool(self.session.message))

    def _show_menu(self, at: QPointF) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        wanted = ("reset", "fit", "invert", "overlay", "contours", "copy", "export-view")
        menu.addActions([action for row, action in self._actions if row.id in wanted])
        menu.popup(at.toPoint())

    # Space hides the overlay while it is held, unless the focus is where Space means something
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ApplicationDeactivate:
            self.session.set_hidden_for_now(False)  # the release will go to somebody else
        kinds = (QEvent.Type.KeyPress, QEvent.Type.KeyRelease)
        if event.type() in kinds and isinstance(event, QKeyEvent):
            focus = QApplication.focusWidget()
            answers = isinstance(focus, _ANSWER_SPACE) or bool(
                focus is not None and focus.property(ANSWERS_SPACE)
            )
            pressed = event.type() == QEvent.Type.KeyPress
            if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat() and not pressed:
                self.session.set_hidden_for_now(False)
            if event.key() == Qt.Key.Key_Space and self.isActiveWindow() and not answers:
                if not event.isAutoRepeat():
                    self.session.set_hidden_for_now(pressed)
                return True
        return False

    def showEvent(self, event: QShowEvent) -> None:
        """What stands behind other tabs is made now that the window is there."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self.docks.make_late)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
        if paths:
            self.workbench.open_paths(paths)
            event.acceptProposedAction()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nothing that was asked for is lost: a running export is finished first."""
        if self.workbench.exporting:
            self.session.say("An export is being finished; the window closes after it.")
            self.workbench.exported.connect(self.close)
            self.workbench.exportFailed.connect(self.close)
            self.workbench.exportCancelled.connect(self.close)
            event.ignore()
            return
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)
        self.workbench.close()
        for lane in self.findChildren(Lane):
            lane.close()
        for loader in self.findChildren(PlotLoader):
            loader.join()
        event.accept()
