"""What stands where a picture or an answer would be: why there is none, and what can be done."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, QRectF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QImage, QPainter, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

import resources
from engine.results import Explanation
from tests.viewer.test_canvas import pixels_of
from tests.viewer.test_render import explanation
from viewer import palette
from viewer.canvas import placards
from viewer.canvas.scene import make_footer
from viewer.dicom.errors import DicomError
from viewer.dicom.frame import Frame
from viewer.dicom.scan import scan
from viewer.main_window import MainWindow
from viewer.panels.cards import Card
from viewer.panels.layer_strip import LayerStrip
from viewer.panels.layer_tile import PICTURE
from viewer.panels.overlay_controls import in_words
from viewer.panels.prediction import PredictionPanel, number, worth
from viewer.panels.welcome import Welcome
from viewer.render.overlay import OverlayMaker
from viewer.render.pyramid import Pyramid
from viewer.render.style import OverlayStyle
from viewer.state.document import Document
from viewer.state.lane import Lane
from viewer.state.model_facts import calibration, model_facts
from viewer.state.place import OpenFrame, Place
from viewer.state.recents import add_recent, read_recents
from viewer.state.session import EngineStatus, Session
from viewer.state.standing import standing


@pytest.fixture
def session(qtbot: QtBot) -> Iterator[Session]:
    made = Session()
    yield made
    made.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def light() -> Iterator[None]:
    before = palette.theme()
    palette.use("light")
    yield
    palette.use(before)


def blob() -> np.ndarray:
    values = np.zeros((64, 64))
    values[8:16, 8:16] = 4.0
    return values


def go_to(session: Session) -> Place:
    place = Place(scan(resources.sample_files()).studies[0].series[0], 0)
    session.set_place(place)
    return place


def show_image(session: Session) -> None:
    place = go_to(session)
    session.set_frame(OpenFrame(place, Pyramid.of(Frame(pixels=np.zeros((64, 64), np.uint16)))))


def withheld() -> Explanation:
    answer = explanation(blob())
    reason = "the modality is CT"
    return replace(answer, target="", predictions=(), layers=(), withheld_because=reason)


# the words
def test_every_state_without_an_answer_says_why(session: Session) -> None:
    def title() -> str:
        found = standing(session)
        return "" if found is None else found.title

    assert title() == "No image is open"
    go_to(session)
    assert title() == "The image is being read"
    session.set_failure(DicomError("cut off"))
    assert title() == "No answer"
    show_image(session)
    assert session.failure is None
    assert title() == "The engine is warming up …"
    session.set_engine(EngineStatus("busy"))  # it was asked before it had started
    assert title() == "The engine is warming up …"
    session.set_engine(EngineStatus("busy", "CPU"))
    assert title() == "Explaining …"
    session.set_engine(EngineStatus("failed", "it stopped again and again"))
    found = standing(session)
    assert found is not None
    assert (found.way, found.icon) == ("again", "warning")
    assert found.text.startswith("It stopped again and again. Images can still be viewed")
    session.set_explanation(OverlayMaker(withheld()))
    found = standing(session)
    assert found is not None
    assert (found.title, found.way) == ("No output", "card")
    assert found.text.startswith("The modality is CT. The ")
    session.set_explanation(OverlayMaker(explanation(blob())))
    assert standing(session) is None
    session.audit.open("an image", Document())
    session.audit.set_blind(True)
    found = standing(session)
    assert found is not None
    assert (found.way, found.icon) == ("review", "kept-back")


def test_another_image_is_not_that_which_could_not_be_shown(session: Session) -> None:
    go_to(session)
    session.set_failure(DicomError("cut off"))
    session.set_place(None)
    assert session.failure is None


# the prediction
def test_numbers_never_round_to_nothing() -> None:
    assert [number(p) for p in (1.0, 0.98765, 0.0005, 0.00049, 0.0)] == [
        *("1.000", "0.988", "0.001"),
        *("< 0.001", "< 0.001"),
    ]


@pytest.mark.parametrize("name", resources.MODEL_NAMES)
def test_the_calibration_is_that_of_the_model_card(name: str) -> None:
    folder = resources.model_folder(name)
    lines = (folder / "MODEL_CARD.md").read_text(encoding="utf-8").splitlines()
    errors: dict[str, float] = {}
    for heading, line in zip(lines, lines[2:], strict=False):
        if heading.startswith("### ") and "calibration error" in line:
            errors[heading] = float(line.rstrip(".").rsplit(" ", 1)[1])
    (temperature,) = (line for line in lines if line.startswith("- Probabilities: temperature"))
    found = calibration(folder)
    assert found is not None
    assert f"temperature {found.temperature:.3f}," in temperature
    assert found.own == errors["### UNIFESP, test split"]
    assert found.unseen == max(error for key, error in errors.items() if "Unseen" in key)
    short, words = worth(name)
    assert f"{found.own:.3f}" in short
    assert f"{found.unseen:.3f}" in short
    assert "temperature" in words
    assert model_facts(folder).gated


def test_a_model_whose_card_says_nothing_has_no_calibration(tmp_path: Path) -> None:
    assert calibration(tmp_path) is None
    (tmp_path / "MODEL_CARD.md").write_text("# Model card\n\n- Probabilities: as they come\n")
    calibration.cache_clear()
    assert calibration(tmp_path) is None
    assert worth("no such model") == ("", "")


def test_the_prediction_has_either_an_answer_or_a_reason(qtbot: QtBot, session: Session) -> None:
    panel = PredictionPanel(session)
    qtbot.addWidget(panel)
    panel.show()
    assert (panel.rows.isVisible(), panel.notice.isVisible()) == (False, True)
    show_image(session)
    answer = explanation(blob())
    known = replace(answer, model=replace(answer.model, name="deep"))
    session.set_explanation(OverlayMaker(known))
    qtbot.waitUntil(panel.rows.isVisible)  # after the scan
    assert not panel.notice.isVisible()
    assert "gate passed" in panel.heading.text()
    assert panel.worth.text().startswith("Calibration error 0.027")
    session.set_explanation(OverlayMaker(withheld()))
    qtbot.waitUntil(lambda: not panel.worth.isVisible())
    with qtbot.waitSignal(panel.cardAsked):
        panel.notice.button.click()
    session.clear_explanation()
    session.set_engine(EngineStatus("failed", "it stopped"))
    with qtbot.waitSignal(panel.againAsked):
        panel.notice.button.click()
    session.audit.open("an image", Document())
    session.audit.set_blind(True)
    with qtbot.waitSignal(panel.reviewAsked):
        panel.notice.button.click()


def test_an_engine_that_failed_can_be_asked_again(drive) -> None:
    def script(window: MainWindow):
        session = window.session
        yield lambda: session.explanation is not None
        session.clear_explanation()
        session.set_engine(EngineStatus("failed", "it stopped again and again"))
        panel = window.findChild(PredictionPanel)
        assert panel.notice.button.text() == "Ask again"
        QTest.mouseClick(panel.notice.button, Qt.MouseButton.LeftButton)
        yield lambda: session.explanation is not None
        assert session.engine.state == "ready"
        assert panel.rows.count() == 13

    assert drive(["--sample"], script) == 0


# the layers
@pytest.fixture
def strip(qtbot: QtBot, session: Session) -> Iterator[LayerStrip]:
    made = LayerStrip(session)
    made.resize(400, 190)
    made.show()
    yield made
    for lane in made.findChildren(Lane):
        assert lane.close()
    made.close()
    made.deleteLater()


def test_the_strip_says_why_there_are_no_layers(
    qtbot: QtBot, strip: LayerStrip, session: Session
) -> None:
    assert not strip.list.isVisible()
    assert strip.notice.title.text() == "No image is open"
    show_image(session)
    session.set_explanation(OverlayMaker(explanation(blob(), blob())))
    qtbot.waitUntil(strip.list.isVisible)
    assert not strip.notice.isVisible()
    session.set_explanation(OverlayMaker(withheld()))
    qtbot.waitUntil(lambda: not strip.list.isVisible())
    assert strip.notice.title.text() == "No output"


def rim(strip: LayerStrip, row: int) -> str:
    """The colour in the middle of the upper rim of a tile."""
    box = strip.list.visualItemRect(strip.list.item(row))
    image = strip.list.viewport().grab().toImage()
    for y in range(box.top(), box.top() + 8):
        for x in range(box.center().x() - 12, box.center().x() + 12):  # between dashes, too
            name = image.pixelColor(x, y).name()
            if name in (palette.hex_of("accent"), palette.hex_of("faint")):
                return name
    return ""


def test_the_current_layer_is_marked_in_full_only_while_it_is_on_the_scan(
    qtbot: QtBot, strip: LayerStrip, session: Session
) -> None:
    show_image(session)
    session.set_explanation(OverlayMaker(explanation(blob(), blob())))
    qtbot.waitUntil(strip.list.isVisible)
    session.set_layer(1)
    assert (rim(strip, 0), rim(strip, 1)) == ("", palette.hex_of("faint"))
    session.show_layer(0)
    assert (rim(strip, 0), rim(strip, 1)) == (palette.hex_of("accent"), "")


def test_the_wheel_scrolls_the_layers_sideways(
    qtbot: QtBot, strip: LayerStrip, session: Session
) -> None:
    show_image(session)
    session.set_explanation(OverlayMaker(explanation(*[blob()] * 12)))
    qtbot.waitUntil(strip.list.isVisible)
    bar, viewport = strip.list.horizontalScrollBar(), strip.list.viewport()
    assert bar.maximum() > 0, "more than there is room for"
    bar.setValue(0)
    at = QPointF(viewport.rect().center())
    event = QWheelEvent(
        *(at, QPointF(viewport.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, -120)),
        *(Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier),
        *(Qt.ScrollPhase.NoScrollPhase, False),
    )
    QApplication.sendEvent(viewport, event)
    assert bar.value() > 0


def test_the_chosen_layer_is_brought_into_sight(
    qtbot: QtBot, strip: LayerStrip, session: Session
) -> None:
    show_image(session)
    session.set_explanation(OverlayMaker(explanation(*[blob()] * 12)))
    qtbot.waitUntil(strip.list.isVisible)
    for row in (11, 0, 6):
        session.show_layer(row)
        box = strip.list.visualItemRect(strip.list.item(row))
        assert strip.list.viewport().rect().contains(box.adjusted(1, 1, -1, -1))


def test_the_layer_of_an_answer_stands_among_its_neighbours(
    qtbot: QtBot, strip: LayerStrip, session: Session
) -> None:
    show_image(session)
    answer = explanation(*[blob()] * 12)
    session.set_explanation(OverlayMaker(answer))
    qtbot.waitUntil(strip.list.isVisible)
    session.show_layer(6)
    session.clear_explanation()
    assert strip.list.count() == 0
    session.set_explanation(OverlayMaker(answer))
    qtbot.waitUntil(lambda: strip.list.count() == 12)

    def middle() -> int:
        return strip.list.visualItemRect(strip.list.item(6)).center().x()

    assert abs(middle() - strip.list.viewport().rect().center().x()) < 30
    bar, before = strip.list.horizontalScrollBar(), middle()
    bar.setValue(bar.value() - 20)
    session.set_explanation(OverlayMaker(answer))
    qtbot.wait(30)
    assert middle() == before + 20, "it was in sight"


def test_the_tiles_are_as_high_as_the_strip(
    qtbot: QtBot, strip: LayerStrip, session: Session
) -> None:
    show_image(session)
    session.set_explanation(OverlayMaker(explanation(*[blob()] * 3)))
    qtbot.waitUntil(strip.list.isVisible)
    heights = []
    for height in (170, 240, 600):
        strip.resize(900, height)
        box = strip.list.visualItemRect(strip.list.item(0))
        assert strip.list.viewport().rect().contains(box.adjusted(1, 1, -1, -1))
        assert not strip.list.verticalScrollBar().maximum()
        heights.append(box.height())
    assert heights[0] < heights[1] < heights[2] == 240 + 12 + 2 * 17
    session.set_lifts({"layer1": 1.8})
    assert strip.list.visualItemRect(strip.list.item(0)).height() == heights[2] + 17


def test_pictures_that_come_while_the_layers_are_taken_away_are_left(
    qtbot: QtBot, strip: LayerStrip, session: Session
) -> None:
    show_image(session)
    session.set_explanation(OverlayMaker(explanation(blob(), blob())))
    qtbot.waitUntil(lambda: strip.list.count() == 2)
    time.sleep(0.3)  # they are made by now, and wait to be taken
    session.audit.open("an image", Document())
    session.audit.set_blind(True)
    assert strip.list.count() == 0
    session.audit.set_blind(False)
    qtbot.waitUntil(
        lambda: strip.list.count() == 2 and strip.list.item(1).data(PICTURE) is not None
    )


def test_a_threshold_that_nothing_reaches_is_said() -> None:
    answer = explanation(blob(), blob() / 10)
    style = OverlayStyle(visible=True, smoothing=0.0, threshold=0.5, shared_range=True)
    strong, weak = (OverlayMaker(answer).overlay(layer, style) for layer in (0, 1))
    assert "of the area" in make_footer(answer, strong)[-1]
    assert make_footer(answer, weak)[-1].endswith("of it: nothing lies above")
    assert in_words(weak) == "Nothing lies above the threshold. Lower it, or choose another layer."
    silent = OverlayMaker(explanation(np.zeros((64, 64)))).overlay(0, style)
    assert make_footer(explanation(np.zeros((64, 64))), silent)[-1].endswith("no response to show")
    assert "Choose another layer" in in_words(silent)


# the picture
def placard(session: Session, width: int = 600, height: int = 400) -> np.ndarray:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    painter = QPainter(image)
    placards.paint(painter, QRectF(image.rect()), session)
    painter.end()
    return pixels_of(image).astype(int)


def test_placards_stand_in_the_middle_on_black_in_both_themes(
    session: Session, light: None
) -> None:
    for place, failure in ((False, False), (True, False), (True, True)):
        if place:
            go_to(session)
        if failure:
            session.set_failure(DicomError("knee.dcm: " + "the pixel data are cut off, " * 6))
        for width, height in ((600, 400), (320, 240)):
            ink = placard(session, width, height).max(2) > 60
            rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
            assert 0 < rows[0] < height / 2 < rows[-1] < height - 1
            assert 0 < columns[0] < width / 2 < columns[-1] < width - 1
            assert abs((columns[0] + columns[-1]) / 2 - width / 2) < 6
            assert ink.mean() < 0.2


def test_a_placard_tells_what_is_read_and_what_could_not_be(session: Session) -> None:
    assert placards.placard_of(session).title == "No image is open"
    place = go_to(session)
    reading = placards.placard_of(session)
    assert (reading.title, reading.text) == ("Reading the image …", "DX")
    session.set_failure(DicomError("the pixel data are cut off"))
    failed = placards.placard_of(session)
    assert (failed.icon, failed.text) == ("no-image", "the pixel data are cut off.")
    assert "choose another series" in failed.hint, "keys are the reader's"
    assert "Up and Down to other images" not in failed.hint
    many = replace(place.series, instances=place.series.instances * 3)
    session.set_place(Place(many, 1))
    assert placards.placard_of(session).text == "DX · image 2 of 3"


def test_an_image_that_cannot_be_decoded_is_said_once_and_the_others_open(
    drive, tmp_path: Path
) -> None:
    sample = next(path for path in resources.sample_files() if path.name == "hand.dcm")
    (tmp_path / "1.dcm").write_bytes(sample.read_bytes())
    broken = dcmread(sample)
    broken.SOPInstanceUID = broken.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    broken.InstanceNumber = 2
    broken.PixelData = broken.PixelData[: len(broken.PixelData) // 3]
    broken.save_as(tmp_path / "2.dcm")

    def script(window: MainWindow):
        session = window.session
        yield lambda: session.open is not None and session.reading is None
        session.set_place(session.place_of(tmp_path / "2.dcm"))
        yield lambda: session.failure is not None
        assert "2.dcm" in placards.placard_of(session).text
        assert session.message
        assert not window.message.isVisible(), "it stands in the place of the picture"
        assert window.findChild(PredictionPanel).notice.title.text() == "No answer"
        session.set_place(session.place_of(tmp_path / "1.dcm"))
        yield lambda: session.open is not None
        assert session.failure is None

    assert drive([str(tmp_path)], script) == 0


# the welcome
@pytest.fixture
def welcome(qtbot: QtBot, session: Session) -> Iterator[Welcome]:
    for item in range(6):
        add_recent([Path(f"/nowhere/{item}")], scan(resources.sample_files()[: 1 + item % 4]))
    window = QWidget()
    window.setAcceptDrops(True)  # as the real one does
    made = Welcome(session)
    layout = QVBoxLayout(window)
    layout.addWidget(made)
    window.resize(900, 700)
    window.show()
    yield made
    window.close()


def test_what_was_opened_lately_is_a_click_away(welcome: Welcome, qtbot: QtBot) -> None:
    cards = welcome.findChildren(Card)
    assert len(cards) == 4
    with qtbot.waitSignal(welcome.recentAsked) as asked:
        QTest.mouseClick(cards[0], Qt.MouseButton.LeftButton)
    assert asked.args == [read_recents()[0]]
    cards[1].setFocus()
    with qtbot.waitSignal(welcome.recentAsked) as asked:
        QTest.keyClick(cards[1], Qt.Key.Key_Space)
    assert asked.args == [read_recents()[1]]
    assert "/nowhere" not in " ".join(card.accessibleName() for card in cards)
    welcome._forget()
    assert not welcome.lately.isVisible()
    assert read_recents() == []


def test_the_field_lights_up_while_files_are_held_over_the_window(welcome: Welcome) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile("/nowhere/1.dcm")])
    at, none = QPoint(5, 5), Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(at, Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none)
    window = welcome.window()
    QApplication.sendEvent(window, enter)
    assert welcome.field.over
    assert welcome.field.words == "Let go to open"
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not welcome.field.over


def test_the_welcome_says_how_far_the_reading_is(
    welcome: Welcome, session: Session, qtbot: QtBot
) -> None:
    assert welcome.field.isVisible()
    session.set_reading(0)
    assert not welcome.field.isVisible()
    assert welcome.told.text() == "Reading studies …"
    session.set_reading(12_345)
    assert welcome.told.text() == "Reading studies: 12,345 files"
    with qtbot.waitSignal(welcome.stop.clicked):
        QTest.mouseClick(welcome.stop, Qt.MouseButton.LeftButton)
    session.set_reading(None)
    assert welcome.field.isVisible()
    session.set_engine(EngineStatus("failed", "x"))
    assert "images can still be viewed" in welcome.engine.text()
