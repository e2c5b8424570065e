"""Read first: nothing of the model's output is seen before the reader has said something."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, QSizeF, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QDockWidget,
    QLabel,
    QLineEdit,
    QTextEdit,
    QWidget,
)

from engine.questions import Edit
from engine.shapes import box
from tests.viewer.conftest import Steps
from viewer import commands
from viewer.actions import ACTIONS
from viewer.canvas.compose import scene_of
from viewer.canvas.view import View
from viewer.exporters.picture import as_on_screen
from viewer.main_window import MainWindow
from viewer.panels.evidence import EvidencePanel
from viewer.panels.review import ReviewPanel
from viewer.state.document import Intervention, Landmark
from viewer.state.others import Other
from viewer.state.records import read_record
from viewer.state.settings import BLIND_READING, Settings
from viewer.state.words import KEPT_BACK
from viewer.verbs import export
from viewer.verbs import review as verbs

_PROBABILITY = re.compile(r"\b[01][.,]\d{2,}")
_ROLES = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.AccessibleTextRole,
)
_OF_LAYERS = [row for row in ACTIONS if row.menu == "&Overlay" and row.id]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "kept"))


def _cells(model: QAbstractItemModel, parent: QModelIndex) -> Iterator[str]:
    columns = 1 if isinstance(model, QAbstractListModel) else model.columnCount(parent)
    for row in range(model.rowCount(parent)):
        for column in range(columns):
            index = model.index(row, column, parent)
            yield " ".join(str(model.data(index, role) or "") for role in _ROLES)
            yield from _cells(model, index)


def _texts(window: MainWindow) -> Iterator[str]:
    """Everything that can be read in the window, or heard from it; not what the form offers."""
    choice = window.findChild(ReviewPanel).form.choice
    offered = {choice, *choice.findChildren(QWidget)}
    for widget in {window, *window.findChildren(QWidget)} - offered:
        yield from (widget.accessibleName(), widget.accessibleDescription())
        yield from (widget.toolTip(), widget.statusTip(), widget.windowTitle())
        if isinstance(widget, QLabel | QLineEdit | QAbstractButton):
            yield widget.text()
        if isinstance(widget, QTextEdit):
            yield widget.toPlainText()
        if isinstance(widget, QComboBox):
            yield from (widget.itemText(row) for row in range(widget.count()))
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            yield from _cells(widget.model(), QModelIndex())
    scene = window.view.current_scene()
    if scene is not None:
        corners = scene.corners
        yield from (*scene.footer, scene.banner, *corners.top_left, *corners.top_right)
        yield from (*corners.bottom_left, *corners.bottom_right)


def _leaks(window: MainWindow, classes: tuple[str, ...]) -> list[str]:
    """Texts with a class of the model and a probability."""
    names = {name for known in classes for name in (known, known.replace("_", " "))}
    return [
        text
        for text in _texts(window)
        if _PROBABILITY.search(text) and any(name in text for name in names)
    ]


def _painted(window: MainWindow) -> QImage:
    scene = scene_of(window.session)
    assert scene is not None
    return as_on_screen(scene, QSizeF(800, 600), View(), 1.0)


def _answered(window: MainWindow) -> bool:
    """The engine has answered about the image whose notes are open, seen or not."""
    session = window.session
    return (
        session.engine.state == "ready" and session.open is not None and bool(session.audit.image)
    )


def test_nothing_of_the_output_is_seen_before_the_impression_is_committed(
    drive, tmp_path: Path
) -> None:
    target = tmp_path / "view.png"
    seen: dict[str, object] = {}

    def script(window: MainWindow) -> Steps:
        session, panel = window.session, window.findChild(ReviewPanel)
        window.workbench.session.settings.set(BLIND_READING, True)
        before = set(_texts(window))
        window.findChild(QDockWidget, "review").raise_()
        yield lambda: session.audit.image != "" and panel.form.isVisible()
        bare = _painted(window)
        yield lambda: _answered(window)
        assert session.audit.concealed
        for row in _OF_LAYERS:
            row.command(window.context)
        session.show_layer(3)
        verbs.accept_prediction(window.context)
        session.change_style(visible=False)
        assert session.explanation is session.overlays is session.overlay is session.layer is None
        assert not any(row.enabled(window.context) for row in _OF_LAYERS if "layer" in row.id)
        assert session.audit.document.is_empty
        classes = tuple(panel.form.choice.itemData(row) or "–" for row in range(1, 14))
        assert "hand_wrist" in classes
        assert _leaks(window, classes) == []
        news = set(_texts(window)) - before
        assert [text for text in news if re.search("hand.wrist", text)] == []
        assert window.view.current_scene().footer == ()
        assert _painted(window) == bare, "the picture is as it was without an answer"
        assert panel.verdict.text() == window.findChild(EvidencePanel).heading.text() == KEPT_BACK
        export.save_export(window.context, export.full_export(window.context), target)
        yield lambda: target.with_name("view.png.json").exists()

        assert not panel.form.commit.isEnabled(), "nothing is said yet"
        panel.form.choice.setCurrentIndex(panel.form.choice.findData("foot"))
        panel.form.commit.click()
        assert session.explanation is not None
        assert _painted(window) != bare, "the footer, at least"
        assert not panel.form.isVisible()
        assert any("hand wrist" in text and "0.9" in text for text in _leaks(window, classes))
        assert panel.impression.text().endswith("differ")
        assert "foot" in panel.impression.text()
        assert "model: hand wrist 0.9" in panel.impression.text()
        said = session.audit.document.impression
        session.audit.judge("prediction", "reject")
        session.audit.undo()
        session.audit.undo()
        assert session.audit.document.impression == said, "it cannot be undone"
        seen["image"], seen["said"] = session.audit.image, said

    assert drive(["--sample"], script) == 0
    facts = json.loads(target.with_name("view.png.json").read_text(encoding="utf-8"))
    assert not {"model", "predictions", "target", "evidence", "layer"} & set(facts)
    kept = read_record(str(seen["image"]))
    assert kept.impression == seen["said"]
    assert kept.impression.text == "foot"


def test_each_image_asks_anew_and_what_was_read_before_does_not(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session, panel = window.session, window.findChild(ReviewPanel)
        window.findChild(QDockWidget, "review").raise_()
        yield lambda: session.explanation is not None
        audit, first = session.audit, session.audit.image
        height, width = session.open.frame.size
        audit.add_landmark(Landmark("m1", "hand", box(0, 0, width, height / 2)))
        item = Intervention("i1", "letter", Edit(box(0, 0, 90, 90)), "marker")
        audit.add_interventions("erase", (item,))
        session.show_layer(5)
        window.workbench.comparing.set_other(Other("model", "shallow"))
        yield lambda: bool(session.panes and window.workbench.what_if.effects)
        yield lambda: bool(window.workbench.figures.rows)
        classes = session.explanation.model.classes
        assert _leaks(window, classes), "there is something to be kept back"
        verbs.toggle_blind(window.context)
        yield lambda: session.panes == ()
        assert _leaks(window, classes) == []
        assert panel.blind.isChecked()
        assert session.explanation is None
        assert not panel.form.warning.isHidden(), "its output was on screen before"
        panel.form.choice.setCurrentIndex(panel.form.choice.count() - 1)
        assert not panel.form.commit.isEnabled()
        panel.form.words.setText("  a hand  ")
        panel.form.words.returnPressed.emit()
        assert session.explanation is not None
        assert session.audit.document.impression.text == "a hand"
        assert "a hand · model: hand wrist 0.9" in panel.impression.text()
        assert "agree" not in panel.impression.text()
        commands.next_series(window.context)
        yield lambda: session.audit.image not in ("", first) and _answered(window)
        assert session.explanation is None
        assert panel.form.warning.isHidden()
        assert panel.form.said == ""
        assert panel.impression.isHidden()
        commands.previous_series(window.context)
        yield lambda: session.audit.image == first and session.explanation is not None
        assert panel.form.isHidden()
        panel.blind.setChecked(False)
        commands.next_series(window.context)
        yield lambda: session.audit.image not in ("", first) and session.explanation is not None
        assert not Settings().get(BLIND_READING)

    assert drive(["--sample"], script) == 0
