"""Opening folders, archives and discs in the real window, through its entry point."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtWidgets import QMenu

import resources
from engine.process import WorkerProcess
from tests.factories.dicom_files import make_dataset, save
from tests.viewer.conftest import Steps
from viewer.bench.files import write_series
from viewer.dicom.frame import default_window
from viewer.dicom.window import Window
from viewer.main_window import MainWindow
from viewer.panels.study_list import StudyRows


def slices(folder: Path, count: int, **elements: object) -> list[Path]:
    """A series of small slices along the z axis."""
    return [
        save(
            make_dataset(
                np.full((16, 16), z, np.uint16),
                StudyInstanceUID="1.2.3",
                SeriesInstanceUID="1.2.3.4",
                ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
                ImagePositionPatient=[0, 0, z],
                InstanceNumber=count - z,
                **elements,
            ),
            folder / f"IM{z:04d}",
        )
        for z in range(count)
    ]


def ended(window: MainWindow) -> Callable[[], bool]:
    return lambda: window.session.reading is None and bool(window.session.scan.headers)


def test_the_first_image_is_there_while_the_rest_is_read(drive, tmp_path: Path) -> None:
    write_series(tmp_path, 4000, 16)
    (tmp_path / "notes.txt").write_text("no image")

    def script(window: MainWindow) -> Steps:
        session, bar = window.session, window.reading_bar
        seen: list[tuple[bool, bool, int]] = []
        session.frameChanged.connect(
            lambda: seen.append(
                (session.open is not None, session.reading is not None, len(session.scan.headers))
            )
        )
        window.workbench.open_paths([tmp_path])
        assert bar.isVisible()
        yield ended(window)
        first = next(row for row in seen if row[0])
        assert first[1], "files were still being read when the first image came"
        assert first[2] < 4000
        assert not bar.isVisible()
        place = session.place
        assert place is not None
        assert place.series.starts[-1] == 4000
        assert [row.path.name for row in session.rejected] == ["notes.txt"]
        opened = session.open
        assert opened is not None
        assert opened.place.instance.path == tmp_path / "slice00000.dcm"

    assert drive([], script) == 0


def test_reading_can_be_stopped_and_what_was_found_stays(drive, tmp_path: Path) -> None:
    write_series(tmp_path, 1500, 16)

    def script(window: MainWindow) -> Steps:
        session = window.session
        session.scanChanged.connect(window.reading_bar.stop.click)
        window.workbench.open_paths([tmp_path])
        yield ended(window)
        yield lambda: session.open is not None
        session.scanChanged.disconnect(window.reading_bar.stop.click)
        assert 0 < len(session.scan.headers) < 1500
        assert session.open is not None
        window.workbench.open_paths([tmp_path])
        yield lambda: session.reading is None and len(session.scan.headers) == 1500

    assert drive([], script) == 0


def test_a_mixture_can_be_dropped_on_the_window(drive, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    slices(folder, 3)
    archive = tmp_path / "disc.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.write(resources.sample_files()[0], "DICOM/IM1")
        zipped.writestr("../outside.dcm", b"x")
        zipped.writestr("readme.txt", b"hello")

    def script(window: MainWindow) -> Steps:
        session = window.session
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in (folder, archive)])
        window.dropEvent(
            QDropEvent(
                QPointF(50, 50),
                Qt.DropAction.CopyAction,
                data,
                Qt.MouseButton.LeftButton,
                Qt.KeyboardModifier.NoModifier,
            )
        )
        yield ended(window)
        paths = {header.path for header in session.scan.headers}
        assert archive / "DICOM/IM1" in paths
        assert len(paths) == 4
        reasons = " ".join(row.reason for row in session.rejected)
        assert "leads outside" in reasons
        assert "readme.txt is not a DICOM file" in reasons
        session.set_place(session.place_of(archive / "DICOM/IM1"))
        yield lambda: session.open is not None
        assert session.open.place.instance.path == archive / "DICOM/IM1"
        assert "Not opened (2)" in [words.title for words in window.findChild(StudyRows).words()]

    assert drive([], script) == 0


def test_what_has_no_image_is_listed_as_what_it_is(drive, tmp_path: Path) -> None:
    slices(tmp_path, 2)
    save(make_dataset(None, StudyInstanceUID="1.2.3"), tmp_path / "report")
    save(make_dataset(None, StudyInstanceUID="9.9.9"), tmp_path / "stray")

    def script(window: MainWindow) -> Steps:
        yield ended(window)
        study, series, report, heading, stray = window.findChild(StudyRows).words()
        assert (study.title, study.count) == ("no name", "1 series")
        assert (series.badge, series.title) == ("CR", "series without a description")
        assert series.count == "1 / 2 images"
        assert report.title == "SR · Basic Text SR, no image"
        assert heading.title == "Without images (1)"
        assert "without pixels" in stray.tip

    assert drive([str(tmp_path)], script) == 0


def test_recent_studies_are_offered_without_names(drive, tmp_path: Path) -> None:
    folder = tmp_path / "Doe_John"
    slices(folder, 4, PatientName="DOE^JOHN", PatientID="4711", BodyPartExamined="CHEST")

    def recents(window: MainWindow) -> list[QAction]:
        menu = next(m for m in window.findChildren(QMenu) if m.title() == "Open recent")
        menu.aboutToShow.emit()
        return [action for action in menu.actions() if not action.isSeparator()]

    def first(window: MainWindow) -> Steps:
        yield ended(window)

    def second(window: MainWindow) -> Steps:
        newest, *others = recents(window)
        assert newest.text().startswith("CR chest · 4 images · opened ")
        assert all(mark not in newest.text() for mark in ("DOE", "Doe", "4711", str(tmp_path)))
        newest.trigger()
        yield ended(window)
        assert len(window.session.scan.headers) == 4
        others[-1].trigger()
        assert [action.text() for action in recents(window)] == ["nothing yet"]

    assert drive([str(folder)], first) == 0
    assert drive([], second) == 0


def test_the_next_images_are_decoded_before_they_are_asked_for(drive, tmp_path: Path) -> None:
    paths = slices(tmp_path, 30)

    def script(window: MainWindow) -> Steps:
        session, cache = window.session, window.workbench.frames.cache
        yield lambda: session.open is not None and session.reading is None
        yield lambda: all((path, 0) in cache for path in paths[:20])
        assert session.place is not None
        session.set_place(session.place.moved(5))
        assert session.open is not None, "it was at hand"
        assert session.open.frame.pixels[0, 0] == 5, "by position, not by number"
        session.set_window(Window(10, 20))
        window.view.zoom_by(2)
        view = window.view.view
        session.set_place(session.place.moved(1))
        assert session.window == default_window(session.open.frame), "slices that look different"
        assert window.view.view == view

    assert drive([str(tmp_path)], script) == 0


def test_slices_that_the_file_shows_alike_keep_the_window_that_was_made(
    drive, tmp_path: Path
) -> None:
    slices(tmp_path, 5, WindowCenter=40, WindowWidth=400)

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None and session.reading is None
        assert session.window == Window(40, 400)
        session.set_window(Window(10, 20))
        session.set_inverted(True)
        for number in (1, 2, 0):
            session.set_place(session.place.moved(number - session.place.number))
            yield lambda: session.open is not None
            assert session.window == Window(10, 20)
            assert session.inverted

    assert drive([str(tmp_path)], script) == 0


def test_images_that_rush_by_are_not_explained(drive, tmp_path: Path) -> None:
    slices(tmp_path, 30)

    def script(window: MainWindow) -> Steps:
        session = window.session
        asked: list[object] = []
        ask = window.workbench.engine.ask
        window.workbench.engine.ask = lambda message: (asked.append(message), ask(message))[1]
        yield lambda: session.open is not None and session.reading is None
        for _ in range(20):
            place = session.place.moved(1)
            session.set_place(place)
            yield lambda place=place: session.open is not None and session.open.place == place
        yield lambda: session.explanation is not None
        assert len(asked) < 15
        assert session.open.place.number == 20

    assert drive([str(tmp_path)], script) == 0


def test_a_file_that_was_written_anew_is_shown_anew(drive, tmp_path: Path) -> None:
    paths = slices(tmp_path, 3)

    def rewrite(path: Path, value: int) -> None:
        save(make_dataset(np.full((16, 16), value, np.uint16), SeriesInstanceUID="1.2.3.4"), path)

    def script(window: MainWindow) -> Steps:
        session = window.session

        def value() -> int | None:
            return None if session.open is None else int(session.open.frame.pixels[0, 0])

        yield lambda: value() == 0 and len(window.workbench.frames.cache) == 3
        rewrite(paths[0], 99)
        window.workbench.open_paths([tmp_path])
        yield lambda: value() == 99
        rewrite(paths[2], 77)
        window.workbench.open_paths([paths[2]])
        yield lambda: value() == 77
        assert session.place.instance.path == paths[2]
        paths[2].write_bytes(b"rubbish")
        window.workbench.open_paths([paths[2]])
        yield ended(window)
        yield lambda: session.place is None
        assert "is not a DICOM file" in session.message
        assert session.open is None

    assert drive([str(tmp_path)], script) == 0


def test_another_file_of_a_series_that_is_open_is_shown(drive, tmp_path: Path) -> None:
    paths = slices(tmp_path, 3)

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None and session.reading is None
        window.workbench.open_paths([paths[2]])
        yield lambda: session.open is not None and session.open.place.instance.path == paths[2]
        assert session.place.series.starts[-1] == 2

    assert drive([str(paths[0])], script) == 0


def test_patients_with_the_same_uids_are_not_mixed_up(drive, tmp_path: Path) -> None:
    for name in ("A", "B"):
        slices(tmp_path / name, 2, PatientName=name, PatientID=name)
        report = make_dataset(None, StudyInstanceUID="1.2.3", PatientName=name, PatientID=name)
        save(report, tmp_path / name / "report")

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None and session.reading is None
        rows = window.findChild(StudyRows)
        assert [row.kind for row in rows.listed] == ["study", "series", "note"] * 2
        for number, name in ((0, "A"), (3, "B")):
            session.set_place(session.place_of(tmp_path / name / "IM0001"))
            words = rows.words()
            assert words[number].title == name
            assert words[number + 1].count == "2 / 2 images", "that of this patient is open"
            assert words[4 - number].count == "2 images"
        yield lambda: session.open is not None

    assert drive([str(tmp_path)], script) == 0


def test_the_list_stays_as_it_is_while_more_is_read(drive, tmp_path: Path) -> None:
    for number in range(60):
        uid = {"StudyInstanceUID": f"1.{number}", "SeriesInstanceUID": f"1.{number}.1"}
        pixels = np.zeros((8, 8), np.uint8)
        save(make_dataset(pixels, PatientID=str(number), **uid), tmp_path / f"{number}")

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None and session.reading is None
        rows = window.findChild(StudyRows)
        fourth = [row for row in rows.listed if row.kind == "study"][3]
        rows.set_open(fourth, False)
        bar = rows.verticalScrollBar()
        bar.setValue(bar.maximum() // 2)
        before = bar.value()
        assert before > 0
        session.set_scan(replace(session.scan))
        assert bar.value() == before
        kinds = [row.kind for row in rows.listed]
        assert kinds == ["study", "series"] * 3 + ["study"] + ["study", "series"] * 56

    assert drive([str(tmp_path)], script) == 0


def test_a_frame_that_hangs_keeps_no_other_waiting(
    drive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("viewer.state.frame_reading._PATIENCE", 0.3)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    for name in ("image", "hangs"):
        save(make_dataset(np.full((16, 16), 7, np.uint16)), tmp_path / name / f"{name}.dcm")

    def script(window: MainWindow) -> Steps:
        session = window.session
        yield lambda: session.open is not None and session.reading is None
        reader = window.workbench.readers[0]
        reader.process.stop()
        reader.process = WorkerProcess("tests.factories.moody_reader")
        window.workbench.frames.cache.drop_file(session.place.instance.path)
        good = session.place
        bad = session.place_of(tmp_path / "hangs" / "hangs.dcm")
        session.set_place(bad)
        yield lambda: window.workbench.frames._reading._running is not None
        session.set_place(good)
        yield lambda: session.open is not None
        assert session.message == ""

    assert drive([str(tmp_path / "image"), str(tmp_path / "hangs")], script) == 0
