"""The panel of landmarks, its plot, and its files, driven as a reader drives them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QMainWindow
from pytestqt.qtbot import QtBot

import resources
from engine.shapes import Shape, box
from tests.factories.benches import PATIENCE, opened
from viewer.canvas.image_view import ImageView
from viewer.commands import Context
from viewer.exporters.landmark_file import (
    LandmarkFile,
    file_beside,
    from_text,
    merged,
    read_landmarks,
    to_text,
    write_landmarks,
)
from viewer.messages import UserError
from viewer.panels.landmarks import LandmarksPanel, best_text
from viewer.panels.plotting import PlotLoader
from viewer.state.audit import Tool
from viewer.state.document import Landmark
from viewer.state.figures import LandmarkFigures, LayerFigures
from viewer.state.landmark_names import landmark_names, names_for
from viewer.state.lane import Lane
from viewer.state.records import record_file
from viewer.state.workbench import Workbench
from viewer.verbs.landmarks import LandmarkFiles

LEFT = Qt.MouseButton.LeftButton
MARK = Landmark("m", "lungs", Shape("polygon", ((1.5, 2), (90, 3), (50, 70))), "Hansell 2008")
POINT = Landmark("p", "carina", Shape("point", ((30.0, 40.0),), 8.0))


@pytest.fixture(autouse=True)
def _own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))


# names
def test_the_names_of_the_class_come_first() -> None:
    own, others = names_for("chest")
    assert own[0].name == "lungs"
    assert own[0].source.startswith("Fleischner")
    assert {item.target for item in own} == {"chest"}
    assert (*own, *others) != landmark_names()
    assert sorted(map(repr, (*own, *others))) == sorted(map(repr, landmark_names()))
    assert names_for("nothing of ours") == ((), landmark_names())


# files
def test_a_file_comes_back_as_it_was(tmp_path: Path) -> None:
    file = LandmarkFile((300, 200), (MARK, POINT))
    path = tmp_path / "a.json"
    write_landmarks(path, file)
    assert from_text(path.read_text("utf-8")) == file
    assert read_landmarks(path, (300, 200)) == (MARK, POINT)
    assert [item.name for item in tmp_path.iterdir()] == ["a.json"], "nothing half is left"
    assert set(json.loads(path.read_text("utf-8"))) == {"what", "form", "frame_size", "landmarks"}


def test_another_size_of_the_same_aspect_is_scaled(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_landmarks(path, LandmarkFile((300, 200), (MARK, POINT)))
    mark, point = read_landmarks(path, (150, 100))
    assert mark == replace(MARK, shape=Shape("polygon", ((0.75, 1), (45, 1.5), (25, 35))))
    assert point.shape.points == ((15.0, 20.0),)
    assert point.shape.width == pytest.approx(4)
    assert read_landmarks(path, (302, 200))[0].shape.points[1][1] == pytest.approx(3 * 302 / 300)
    with pytest.raises(UserError, match="200 × 300"):
        read_landmarks(path, (304, 200))


@pytest.mark.parametrize(
    "damage",
    [
        {"what": "else"},
        {"form": 2},
        {"frame_size": [0, 5]},
        {"frame_size": [300]},
        {"frame_size": None},
        {"landmarks": [{"name": "x"}]},
        {"landmarks": ["x"]},
        {"landmarks": [{"name": "x", "shape": {"kind": "box", "points": [[1, 1]]}}]},
        {"landmarks": [{"name": "x", "shape": {"kind": "box", "points": [[1, 10**400]] * 2}}]},
    ],
)
def test_what_is_no_file_of_landmarks_is_refused(tmp_path: Path, damage: dict[str, object]) -> None:
    path = tmp_path / "a.json"
    facts = json.loads(to_text(LandmarkFile((300, 200), (MARK,))))
    path.write_text(json.dumps(facts | damage))
    with pytest.raises(UserError, match="could not be read as landmarks"):
        read_landmarks(path, (300, 200))
    for text in ("", "[]", "{", "[" * 100_000):
        path.write_text(text)
        with pytest.raises(UserError, match="could not be read as landmarks"):
            read_landmarks(path, (300, 200))


def test_ids_of_a_file_are_unlike_and_replace_their_own() -> None:
    facts = json.loads(to_text(LandmarkFile((300, 200), (MARK, MARK))))
    del facts["landmarks"][1]["id"]
    facts["landmarks"].append(facts["landmarks"][0])
    found = from_text(json.dumps(facts)).landmarks
    assert [item.shape for item in found] == [MARK.shape] * 3
    assert len({item.id for item in found}) == 3
    moved = replace(MARK, name="moved")
    assert merged((MARK, POINT), (moved,)) == (moved, POINT)


def test_a_file_beside_says_its_image(qtbot: QtBot, tmp_path: Path) -> None:
    from viewer.dicom.attributes import Attributes
    from viewer.dicom.study import Instance

    one = Instance(tmp_path / "IM1.dcm", Attributes(), 1, 9, 9)
    assert file_beside(one, 0) == tmp_path / "IM1.dcm.landmarks.json"
    assert file_beside(replace(one, frames=3), 2) == tmp_path / "IM1.dcm.3.landmarks.json"
    assert file_beside(replace(one, path=tmp_path / "disc.zip" / "IM1"), 0) is None


# words
def test_the_words_of_a_row() -> None:
    layers = (
        LayerFigures("a", 1, 0.1, 1.2, False, 1.0),
        LayerFigures("b", 2, 0.3, 2.44, True, 1.12),
        LayerFigures("c", 3, float("nan"), float("nan"), False, None),
    )
    row = LandmarkFigures(MARK, 0.2, layers)
    assert best_text(row) == "lift 2.4 · untrained 1.1 · hit"
    unknown = (replace(layers[0], untrained_lift=None),)
    assert best_text(replace(row, layers=unknown)) == "lift 1.2 · untrained … · no hit"
    assert best_text(replace(row, layers=layers[2:])) == "no response"
    assert best_text(replace(row, area=0.0)) == "outside the image, or without area"
    assert best_text(replace(row, layers=())) == "no maps to hold it against"
    assert best_text(None) == "measuring …"


# the panel
class Place:
    """A panel over the sample hand, with its files, in a folder of its own."""

    def __init__(self, workbench: Workbench, qtbot: QtBot) -> None:
        self.workbench, self.session = workbench, workbench.session
        self.audit, self.figures = workbench.session.audit, workbench.figures
        self.window = QMainWindow()
        view = ImageView(self.session)
        self.panel = LandmarksPanel(workbench)
        self.window.setCentralWidget(self.panel)
        qtbot.addWidget(view)
        qtbot.addWidget(self.window)
        self.files = LandmarkFiles(Context(self.session, workbench, view, self.window), self.panel)
        self.window.resize(330, 900)
        self.window.show()
        qtbot.waitExposed(self.window)

    def draw(self, name: str, left: float = 0.3, top: float = 0.4) -> Landmark:
        """As the canvas does: with the name that is set for the next one."""
        opened_frame = self.session.open
        assert opened_frame is not None
        height, width = opened_frame.frame.size
        shape = box(left * width, top * height, (left + 0.2) * width, (top + 0.2) * height)
        called = self.audit.next_name or "landmark"
        landmark = Landmark(name, called, shape, self.audit.next_source)
        self.audit.add_landmark(landmark)
        return landmark

    def rows(self) -> list[str]:
        role = Qt.ItemDataRole.AccessibleTextRole
        listed = self.panel.list
        return [str(listed.item(row).data(role)) for row in range(listed.count())]

    def close(self) -> None:
        for lane in self.window.findChildren(Lane):
            lane.close()
        for loader in self.window.findChildren(PlotLoader):
            loader.close()


@pytest.fixture
def hand(tmp_path: Path) -> Path:
    """A copy of the sample hand in a folder that may be written."""
    (source,) = (path for path in resources.sample_files() if "hand" in path.name)
    return Path(shutil.copy(source, tmp_path / "hand.dcm"))


@pytest.fixture
def place(qtbot: QtBot, hand: Path) -> Iterator[Place]:
    with opened(qtbot, [hand]) as workbench:
        found = Place(workbench, qtbot)
        yield found
        found.close()


@pytest.fixture
def quick(qtbot: QtBot, hand: Path) -> Iterator[Place]:
    """One that does not wait for the model's answer."""
    with opened(qtbot, [hand], explained=False) as workbench:
        found = Place(workbench, qtbot)
        yield found
        found.close()


def test_drawing_naming_and_deleting(place: Place, qtbot: QtBot) -> None:
    panel, audit, tools = place.panel, place.audit, place.panel.tools
    assert panel.empty.isVisible()
    assert not panel.list.isVisible()
    assert not panel.send.isEnabled()
    qtbot.mouseClick(tools.buttons["polygon"], LEFT)
    assert audit.tool == Tool("landmark", "polygon")
    audit.set_tool(Tool("landmark", "point"))
    assert [kind for kind, button in tools.buttons.items() if button.isChecked()] == ["point"]
    # a name from the table, for the next one
    assert tools.label.text() == "Next is called"
    assert tools.names.itemText(3) == "carpal bones", "those of the predicted class come first"
    tools.names.setCurrentIndex(3)
    tools.names.activated.emit(3)
    assert audit.next_name == "carpal bones"
    assert "Gilula 1979" in tools.source.text()
    drawn = place.draw("one")
    assert (drawn.name, drawn.source) == ("carpal bones", audit.next_source)
    assert not panel.empty.isVisible()
    # a name of one's own, for the next one: the selected one keeps its
    tools.names.setFocus()
    tools.names.lineEdit().selectAll()
    qtbot.keyClicks(tools.names, "my own place")
    qtbot.keyClick(tools.names, Qt.Key.Key_Return)
    assert (audit.next_name, audit.next_source) == ("my own place", "")
    assert audit.document.landmarks == (drawn,)
    place.draw("two", 0.6)
    # without a tool the selected one is renamed
    qtbot.mouseClick(tools.buttons["point"], LEFT)
    assert audit.tool == Tool()
    assert tools.label.text() == "Rename"
    assert tools.names.currentText() == "my own place"
    tools.names.setCurrentIndex(0)
    tools.names.activated.emit(0)
    assert audit.document.landmarks[1].name == "distal interphalangeal joints"
    assert "Greulich" in audit.document.landmarks[1].source
    # selection goes both ways
    audit.select("one")
    assert panel.list.currentRow() == 0
    assert tools.names.currentText() == "carpal bones"
    panel.list.setCurrentRow(1)
    assert audit.selected == "two"
    panel.list.setCurrentRow(2)
    assert audit.selected == "", "the row of all of them"
    assert not panel.delete.isEnabled()
    # deleting, undoing
    panel.list.setCurrentRow(0)
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert [item.id for item in audit.document.landmarks] == ["two"]
    assert audit.selected == "two"
    qtbot.mouseClick(panel.delete, LEFT)
    assert audit.document.landmarks == ()
    assert panel.empty.isVisible()
    qtbot.mouseClick(panel.undo, LEFT)
    qtbot.mouseClick(panel.undo, LEFT)
    assert [item.id for item in audit.document.landmarks] == ["one", "two"]
    assert panel.redo.toolTip() == "Redo: delete"
    qtbot.mouseClick(panel.redo, LEFT)
    assert [item.id for item in audit.document.landmarks] == ["two"]
    # another class has other names
    audit.next_name, audit.next_source = "carpal bones", "somebody"
    place.session.set_target("chest")
    qtbot.waitUntil(lambda: tools.names.itemText(0) == "lungs", timeout=PATIENCE)
    assert (audit.next_name, audit.next_source) == ("", "")


def test_figures_are_shown(place: Place, qtbot: QtBot) -> None:
    panel, session, figures = place.panel, place.session, place.figures
    place.draw("one")
    place.draw("two", 0.7, 0.8)

    def known() -> bool:
        rows = figures.rows
        return len(rows) == 3 and all(
            layer.untrained_lift is not None for row in rows for layer in row.layers
        )

    qtbot.waitUntil(known, timeout=PATIENCE)
    assert [row.split(",")[0] for row in place.rows()] == ["landmark", "landmark", "all landmarks"]
    for text, row in zip(place.rows(), figures.rows, strict=True):
        assert f"{row.area:.1%} of the area" in text
        assert best_text(row) in text
    for name, number in (("one", 0), ("two", 1), ("", 2)):
        place.audit.select(name)
        layers = figures.rows[number].layers
        assert panel.table.rowCount() == len(layers)
        for row, layer in enumerate(layers):
            cells = [panel.table.item(row, column).text() for column in range(6)]
            assert layer.untrained_lift is not None
            assert cells == [
                str(layer.depth),
                layer.layer,
                f"{layer.mass:.0%}",
                f"{layer.lift:.1f}",
                f"{layer.untrained_lift:.1f}",
                "✓" if layer.hit else "–",
            ]
    # a row of the table, or a place of the plot, shows a layer
    panel.table.setFocus()
    session.show_layer(3)
    assert panel.table.currentRow() == 3
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert session.layer_index == 4
    assert session.style.visible
    qtbot.waitUntil(lambda: panel.plot.plot is not None, timeout=PATIENCE)
    for depth in (2, 5, 1):
        spot = panel.plot.plot.box.mapViewToScene(QPointF(depth + 0.2, 1.0))
        where = panel.plot.plot.mapFromScene(spot)
        panel.ensureWidgetVisible(panel.plot)
        qtbot.mouseClick(panel.plot.plot.viewport(), LEFT, pos=QPoint(where.x(), where.y()))
        assert session.layer is not None
        assert session.layer.depth == depth


def test_the_panel_fits_beside_the_picture(place: Place, qtbot: QtBot) -> None:
    place.draw("one")
    place.audit.put_landmark(replace(place.draw("two"), name="a name " * 30))
    qtbot.waitUntil(lambda: bool(place.figures.rows), timeout=PATIENCE)
    content = place.panel.widget()
    assert content is not None
    assert place.panel.minimumWidth() <= 330
    assert content.minimumSizeHint().width() <= place.panel.viewport().width()


def test_export_and_import(quick: Place, qtbot: QtBot, tmp_path: Path) -> None:
    audit, session, files = quick.audit, quick.session, quick.files
    quick.draw("one")
    quick.draw("two", 0.6)
    both = audit.document.landmarks
    path = tmp_path / "out.json"
    files.export_to(path)
    qtbot.waitUntil(lambda: "2 landmarks" in session.message)
    assert str(tmp_path) in session.message
    assert session.open is not None
    assert from_text(path.read_text("utf-8")) == LandmarkFile(session.open.frame.size, both)
    assert "SYNTHETIC" not in path.read_text("utf-8")
    audit.remove("one")
    audit.reshape("two", box(0, 0, 5, 5))
    files.import_from(path)
    qtbot.waitUntil(lambda: len(audit.document.landmarks) == 2)
    assert set(audit.document.landmarks) == set(both)
    audit.undo()
    assert [item.id for item in audit.document.landmarks] == ["two"], "all of it is one step"
    before = audit.document
    for text, complaint in (
        ("{}", "could not be read as landmarks"),
        (to_text(LandmarkFile((10, 90), both)), "not the same shape"),
    ):
        path.write_text(text)
        files.import_from(path)
        qtbot.waitUntil(lambda words=complaint: words in session.message)
        assert audit.document == before
    files.import_from(tmp_path / "missing.json")
    qtbot.waitUntil(lambda: "No such file" in session.message)
    files.export_to(tmp_path / "out.json" / "below a file.json")
    qtbot.waitUntil(lambda: "Nothing was saved" in session.message)


def test_landmarks_beside_the_study_are_offered(qtbot: QtBot, hand: Path, tmp_path: Path) -> None:
    """Once: to whoever has no notes about the image yet, and only until there are some."""
    beside = tmp_path / "hand.dcm.landmarks.json"
    with opened(qtbot, [hand], explained=False) as workbench:
        first = Place(workbench, qtbot)
        first.draw("one")
        first.draw("two")
        qtbot.mouseClick(first.panel.beside, LEFT)
        qtbot.waitUntil(lambda: beside.name in first.session.message)
        record = record_file(first.audit.image)
        qtbot.waitUntil(record.exists)
        drawn = first.audit.document.landmarks
        first.close()
    for known in (True, False):
        if not known:
            record.unlink()
        with opened(qtbot, []) as workbench:
            again = Place(workbench, qtbot)
            take = again.panel.take
            workbench.open_paths([hand])
            qtbot.waitUntil(lambda audit=again.audit: bool(audit.image), timeout=PATIENCE)
            if known:
                assert again.audit.document.landmarks == drawn
                assert not take.isVisible()
            else:
                qtbot.waitUntil(take.isVisible)
                assert take.text() == "Take the 2 landmarks beside the study"
                assert again.audit.document.landmarks == ()
                qtbot.mouseClick(take, LEFT)
                assert again.audit.document.landmarks == drawn
                assert not take.isVisible()
            again.close()


def test_a_study_in_an_archive_has_no_beside(qtbot: QtBot, hand: Path, tmp_path: Path) -> None:
    archive = Path(shutil.make_archive(str(tmp_path / "disc"), "zip", tmp_path, hand.name))
    with opened(qtbot, [archive], explained=False) as workbench:
        place = Place(workbench, qtbot)
        place.draw("one")
        qtbot.mouseClick(place.panel.beside, LEFT)
        qtbot.waitUntil(lambda: "archive" in place.session.message)
        assert [item.name for item in tmp_path.glob("**/*.landmarks.json")] == []
        place.close()
