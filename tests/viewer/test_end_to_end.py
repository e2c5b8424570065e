"""The main job through the real entry point, with the real engine in its own process."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

import resources
from tests.factories.dicom_files import make_dataset, save
from tests.viewer.conftest import Steps, action_of
from viewer.dialogs.texts import TextDialog
from viewer.dicom.frame import to_grey
from viewer.dicom.reader import read_frame
from viewer.dicom.window import Window
from viewer.main_window import MainWindow
from viewer.panels.layer_strip import LayerStrip
from viewer.panels.overlay_controls import OverlayControls
from viewer.panels.prediction import PredictionPanel
from viewer.panels.study_list import StudyRows
from viewer.verbs import export as export_verbs


def _explained(window: MainWindow) -> Callable[[], bool]:
    return lambda: window.session.explanation is not None


def _trigger(window: MainWindow, name: str) -> None:
    action = action_of(window, name)
    assert action.isEnabled(), name
    action.trigger()


def test_sample_is_explained_and_layers_are_stepped(drive) -> None:
    seen: dict[str, object] = {}

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield _explained(window)
        strip, panel = window.findChild(LayerStrip), window.findChild(PredictionPanel)
        assert strip.list.count() == len(session.explanation.layers) >= 6
        assert panel.rows.count() == 13
        seen["best"] = session.explanation.predictions[0].name
        assert not session.style.visible, "the scan is read first"
        before = session.layer_index
        _trigger(window, "previous-layer")
        assert session.layer_index == before - 1
        assert session.style.visible
        assert strip.list.currentRow() == before - 1
        strip.list.setCurrentRow(0)
        assert session.layer_index == 0
        panel.rows.itemActivated.emit(panel.rows.item(1))
        second = panel.rows.item(1).data(Qt.ItemDataRole.UserRole)
        yield lambda: session.explanation.target == second
        assert session.layer_index == 0
        assert second in window.view.current_scene().footer[0]
        assert "torch" not in sys.modules or seen.get("torch")

    seen["torch"] = "torch" in sys.modules  # other tests of this run may have imported it
    assert drive(["--sample"], script) == 0
    assert seen["best"] == "hand_wrist"


def test_sliders_answer_without_the_engine(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session = window.session
        yield _explained(window)
        window.workbench.engine.kill()  # from here on nothing can come from the engine
        controls = window.findChild(OverlayControls)
        session.show_layer(10)
        wide = session.overlay
        controls.threshold.slider.setValue(70)
        assert session.overlay.style.threshold == 0.7
        assert session.overlay.area < wide.area
        controls.opacity.slider.setValue(80)
        assert session.style.opacity == 0.8
        controls.range.textActivated.emit("all layers")
        assert session.overlay.maximum >= wide.maximum
        assert "all layers" in window.view.current_scene().footer[2]
        controls.smoothing.slider.setValue(0)
        assert session.overlay.sigma == 0
        assert session.explanation is not None

    assert drive(["--sample"], script) == 0


def test_space_hides_the_overlay_while_it_is_held(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield _explained(window)
        window.session.show_layer(3)
        window.activateWindow()
        yield window.isActiveWindow
        QTest.keyPress(window.view, Qt.Key.Key_Space)
        assert not window.view.current_scene().overlay_visible
        QTest.keyRelease(window.view, Qt.Key.Key_Space)
        assert window.view.current_scene().overlay_visible

    assert drive(["--sample"], script) == 0


def test_mouse_follows_the_conventions_of_radiology(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session, view = window.session, window.view
        yield lambda: session.open is not None and view.scale > 0
        centre = view.rect().center()
        window_before = session.window
        assert isinstance(window_before, Window)
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=centre)
        QTest.mouseMove(view, centre + QPoint(40, 20))
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=centre + QPoint(40, 20))
        yield lambda: session.window != window_before
        assert session.window.width > window_before.width
        assert session.window.center > window_before.center
        fitted = view.scale
        at = QPointF(view.width() * 0.3, view.height() * 0.4)
        under = view.frame_point(at)
        _wheel(view, at, 120, Qt.KeyboardModifier.ControlModifier)
        assert view.scale > fitted
        assert np.allclose(view.frame_point(at), under, atol=1e-6)
        opacity = session.style.opacity
        _wheel(view, at, 120, Qt.KeyboardModifier.ShiftModifier)
        assert session.style.opacity > opacity
        _trigger(window, "reset")
        assert session.window == window_before
        assert np.isclose(view.scale, fitted)

    assert drive(["--sample"], script) == 0


def _wheel(view, at: QPointF, turn: int, modifiers: Qt.KeyboardModifier) -> None:
    event = QWheelEvent(
        at,
        view.mapToGlobal(at),
        QPoint(),
        QPoint(0, turn),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_export_is_read_back_and_hides_identity(drive, tmp_path: Path) -> None:
    target = tmp_path / "view.png"

    def script(window: MainWindow) -> Steps:
        yield _explained(window)
        session = window.session
        session.show_layer(12)
        assert session.identity_shown
        export = export_verbs.full_export(window.context)
        session.show_layer(3)  # what is chosen later is not in it
        export_verbs.save_export(window.context, export, target)
        yield lambda: "Exported view.png" in session.message
        scan = session.open.frame.size
        picture = QImage(str(target))
        assert picture.width() >= scan[1]
        assert picture.height() > scan[0], "footer and strip stand below the scan"
        export_verbs.copy_view(window.context)
        yield lambda: "Copied this view, identity hidden" in session.message
        copied = QApplication.clipboard().image()
        assert copied.width() == round(window.view.width() * window.view.devicePixelRatioF())

    assert drive(["--sample"], script) == 0
    text = target.with_name("view.png.json").read_text(encoding="utf-8")
    facts = json.loads(text)
    assert facts["layer"]["depth"] == 13
    assert facts["shown"]["threshold"] == 0.35
    assert facts["model"]["weights_sha256"]
    hand = next(path for path in resources.sample_files() if path.name == "hand.dcm")
    assert facts["input"] == {"sha256": hashlib.sha256(hand.read_bytes()).hexdigest(), "frame": 0}
    assert "SAMPLE" not in text, "no patient's name in the sidecar"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["view.png", "view.png.json"]


def test_failed_export_is_one_message_and_leaves_nothing(drive, tmp_path: Path) -> None:
    blocked = tmp_path / "file-not-folder"
    blocked.write_text("in the way")

    def script(window: MainWindow) -> Steps:
        yield _explained(window)
        export = export_verbs.screen_export(window.context)
        export_verbs.save_export(window.context, export, blocked / "view.png")
        yield lambda: "not exported" in window.session.message
        assert window.session.explanation is not None

    assert drive(["--sample"], script) == 0
    assert [path.name for path in tmp_path.iterdir()] == [blocked.name]


def test_killed_engine_costs_one_message_and_starts_again(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session = window.session
        messages: list[str] = []
        session.messageChanged.connect(lambda: messages.append(session.message))
        yield _explained(window)
        engine = window.workbench.engine
        first, exchange = engine.pid, engine._exchange

        def dying(*asked: Any) -> Any:
            engine._exchange = exchange
            engine.kill()
            return exchange(*asked)

        engine._exchange = dying
        session.set_model("shallow")
        yield lambda: session.explanation.model.name == "shallow"
        assert window.workbench.engine.pid not in (None, first)
        assert sum("started again" in text for text in messages) == 1
        idle = window.workbench.engine.pid
        window.workbench.engine.kill()  # while it has nothing to do
        yield lambda: window.workbench.engine.pid not in (None, idle)
        yield lambda: session.engine.state == "ready"
        assert session.explanation.model.name == "shallow", "nothing that was there is lost"

    assert drive(["--sample"], script) == 0


def test_bad_file_is_a_row_and_the_rest_opens(drive, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("this is not DICOM " * 50)
    sample = resources.sample_files()[0]
    (tmp_path / "scan.dcm").write_bytes(sample.read_bytes())

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None
        assert [row.path.name for row in session.rejected] == ["notes.txt"]
        *_, heading, refused = window.findChild(StudyRows).words()
        assert heading.title == "Not opened (1)"
        assert "notes.txt is not a DICOM file" in refused.title

    assert drive([str(tmp_path)], script) == 0


def test_only_bad_files_are_a_sentence(drive, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("this is not DICOM " * 50)

    def script(window: MainWindow) -> Steps:
        yield lambda: "not a DICOM file" in window.session.message
        assert window.message.isVisible()
        assert window.session.open is None
        window.workbench.open_paths(resources.sample_files()[:1])
        yield lambda: window.session.open is not None
        assert not window.message.isVisible()

    assert drive([str(tmp_path)], script) == 0


def test_switching_images_while_the_engine_works(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None
        for _ in range(3):
            _trigger(window, "next-series")
            yield lambda: session.open is not None
        last = session.all_series()[-1]
        yield _explained(window)
        assert session.open.place.series is last
        assert session.explanation.geometry.frame_size == session.open.frame.size
        assert session.explanation.predictions[0].name == "foot"

    assert drive(["--sample"], script) == 0


def test_files_can_be_dropped_on_the_window(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield window.isVisible
        assert window.welcome.isVisible()
        dropped = QMimeData()
        dropped.setUrls([QUrl.fromLocalFile(str(path)) for path in resources.sample_files()[:2]])
        copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
        plain = Qt.KeyboardModifier.NoModifier
        enter = QDragEnterEvent(QPoint(50, 50), copy, dropped, left, plain)
        QApplication.sendEvent(window, enter)
        assert enter.isAccepted()
        QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), copy, dropped, left, plain))
        yield lambda: window.session.open is not None
        assert len(window.session.all_series()) == 2
        assert window.view.isVisible()
        window.workbench.open_paths(resources.sample_files()[2:])
        yield lambda: len(window.session.all_series()) == 4
        assert len(window.session.studies) == 1, "more of the same study joins it"

    assert drive([], script) == 0


def test_welcome_opens_the_sample_in_one_click(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield window.isVisible
        QTest.mouseClick(window.welcome.sample, Qt.MouseButton.LeftButton)
        yield lambda: window.session.open is not None
        assert len(window.session.all_series()) == len(resources.sample_files())

    assert drive([], script) == 0


def test_arrows_step_images_in_the_scan_and_layers_in_the_strip(drive, tmp_path: Path) -> None:
    hand = to_grey(read_frame(resources.path("samples", "hand.dcm")))
    for number in (1, 2, 3):
        slice_ = np.roll(hand, number, 0)
        save(
            make_dataset(slice_, InstanceNumber=number, SOPInstanceUID=f"1.2.{number}"),
            tmp_path / f"{number}.dcm",
        )

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield _explained(window)
        window.activateWindow()
        window.view.setFocus()
        yield window.view.hasFocus
        QTest.keyClick(window.view, Qt.Key.Key_Down)
        assert session.place.position == 1
        _wheel(window.view, QPointF(50, 50), -120, Qt.KeyboardModifier.NoModifier)
        assert session.place.position == 2
        yield _explained(window)
        strip = window.findChild(LayerStrip).list
        strip.setFocus()
        yield strip.hasFocus
        before = session.layer_index
        QTest.keyClick(strip, Qt.Key.Key_Left)
        assert session.layer_index == before - 1
        assert session.place.position == 2

    assert drive([str(tmp_path)], script) == 0


def test_texts_open_beside_the_window(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield window.isVisible
        for action, words in (
            ("model-card", "Unseen source"),
            ("about", "attends to"),
        ):
            _trigger(window, action)
            dialog = window.findChildren(TextDialog)[-1]
            assert words in dialog.browser.toPlainText()
            dialog.close()

    assert drive([], script) == 0


def test_other_modality_is_declined_in_words(drive, data: Path) -> None:
    scan = data / "dicom/radiographs/udacity__test5.dcm"

    def script(window: MainWindow) -> Steps:
        yield _explained(window)
        panel = window.findChild(PredictionPanel)
        assert panel.notice.title.text() == "No output"
        assert "CT" in panel.notice.label.text()
        assert panel.rows.count() == 0
        assert window.findChild(LayerStrip).list.count() == 0
        assert any("No output" in line for line in window.view.current_scene().footer)

    assert drive([str(scan)], script) == 0


def test_an_image_that_cannot_be_decoded_shows_nothing_of_the_one_before(
    drive, tmp_path: Path
) -> None:
    good, bad = tmp_path / "1.dcm", tmp_path / "2.dcm"
    data = next(p for p in resources.sample_files() if p.name == "hand.dcm").read_bytes()
    good.write_bytes(data)
    dataset = dcmread(good)
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4"
    dataset.InstanceNumber = 2
    dataset.PixelData = dataset.PixelData[: len(dataset.PixelData) // 3]
    dataset.save_as(bad)

    def script(window: MainWindow) -> Steps:
        session = window.session
        shown: list[bool] = []
        session.explanationChanged.connect(
            lambda: shown.append(session.explanation is None or session.open is not None)
        )
        yield lambda: session.open is not None and session.place.instance.path == good
        _trigger(window, "next-image")  # while the engine still works on the first
        assert session.place.instance.path == bad
        yield lambda: "2.dcm" in session.message
        assert session.open is None
        assert session.explanation is None
        assert window.findChild(PredictionPanel).rows.count() == 0
        _trigger(window, "previous-image")
        yield _explained(window)  # and by now the answer to the first question has come, too
        assert session.message == ""
        assert all(shown)

    assert drive([str(tmp_path)], script) == 0


def test_closing_waits_for_an_export_and_loses_nothing(drive, tmp_path: Path) -> None:
    target = tmp_path / "late.png"

    def script(window: MainWindow) -> Steps:
        yield _explained(window)
        export = export_verbs.screen_export(window.context)
        for number in range(3):
            export_verbs.save_export(window.context, export, tmp_path / f"{number}.png")
        export_verbs.save_export(window.context, export_verbs.full_export(window.context), target)
        window.close()
        assert window.isVisible(), "the window stays until the pictures are written"
        yield lambda: target.with_name("late.png.json").exists()

    assert drive(["--sample"], script) == 0
    assert len(list(tmp_path.glob("*.png"))) == len(list(tmp_path.glob("*.json"))) == 4


def test_space_released_elsewhere_does_not_hide_for_ever(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield _explained(window)
        window.session.show_layer(3)
        window.activateWindow()
        yield window.isActiveWindow
        QTest.keyPress(window.view, Qt.Key.Key_Space)
        assert window.session.hidden_for_now
        QApplication.sendEvent(window, QEvent(QEvent.Type.WindowDeactivate))
        assert not window.session.hidden_for_now

    assert drive(["--sample"], script) == 0


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)
def test_space_is_watched_wherever_the_focus_goes(drive) -> None:
    def script(window: MainWindow) -> Steps:
        yield _explained(window)
        session, strip = window.session, window.findChild(LayerStrip).list
        session.show_layer(3)
        window.activateWindow()
        yield window.isActiveWindow
        strip.setFocus()
        yield strip.hasFocus
        QTest.keyPress(strip, Qt.Key.Key_Space)
        assert session.hidden_for_now
        window.view.setFocus()
        yield window.view.hasFocus
        QTest.keyRelease(window.view, Qt.Key.Key_Space)
        assert not session.hidden_for_now
        QTest.keyPress(strip, Qt.Key.Key_Space)
        assert not session.hidden_for_now, "nobody presses keys where the focus is not"
        QTest.keyPress(window.view, Qt.Key.Key_Space)
        assert session.hidden_for_now
        window.menus.show_at(QPointF(window.mapToGlobal(window.rect().center())))
        yield lambda: QApplication.activePopupWidget() is not None
        QTest.keyRelease(QApplication.activePopupWidget(), Qt.Key.Key_Space)
        assert not session.hidden_for_now, "a menu got the release"
        QApplication.activePopupWidget().close()

    assert drive(["--sample"], script) == 0


def test_classes_are_stepped_as_fast_as_keys_come(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session = window.session
        yield _explained(window)
        names = [item.name for item in session.explanation.predictions]
        for _ in range(3):
            _trigger(window, "next-class")
        assert session.target == names[3]
        yield lambda: session.explanation.target == names[3]
        _trigger(window, "previous-class")
        assert session.target == names[2]

    assert drive(["--sample"], script) == 0


def test_an_engine_that_always_dies_is_left_alone(drive) -> None:
    def script(window: MainWindow) -> Steps:
        session, engine = window.session, window.workbench.engine
        yield _explained(window)
        timer = QTimer(window)
        timer.setInterval(1)
        timer.timeout.connect(engine.kill)
        timer.start()
        session.set_model("shallow")
        yield lambda: session.engine.state == "failed"
        assert "again and again" in session.message
        timer.stop()
        assert session.open is not None, "the image can still be viewed"
        session.set_model("deep")
        yield lambda: session.engine.state == "ready"
        assert session.message == ""

    assert drive(["--sample"], script) == 0
