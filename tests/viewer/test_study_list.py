"""The list of studies: what its rows say, how they are used, and what is never in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage
from pytestqt.qtbot import QtBot

from tests.factories.benches import PATIENCE, read
from tests.factories.dicom_files import make_dataset, save
from viewer.bench.files import write_series
from viewer.dicom.attributes import Attributes
from viewer.dicom.grouping import studies_of
from viewer.dicom.study import Header, Scan
from viewer.panels.study_list import StudyList, StudyRows
from viewer.panels.study_paint import broken
from viewer.state.place import Place
from viewer.state.workbench import Workbench

_SECRETS = ("DOE", "Doe", "4711", "2025", "thorax", "axial")


def study(folder: Path) -> Path:
    """A stack of five slices and two films of a patient with a name."""
    told = {
        "PatientName": "DOE^JANE",
        "PatientID": "4711",
        "StudyInstanceUID": "1.2.3",
        "StudyDate": "20250312",
        "StudyDescription": "CT thorax",
        "BodyPartExamined": "CHEST",
    }
    for number in range(5):
        elements = {"SeriesDescription": "axial of Doe", "Modality": "CT", "SeriesNumber": 1}
        place = {
            "InstanceNumber": number,
            "SeriesInstanceUID": "1.2.3.1",
            "SOPInstanceUID": f"7.{number}",
        }
        pixels = np.full((40, 40), 50 * number, np.uint16)
        save(make_dataset(pixels, **told, **elements, **place), folder / f"ct{number}")
    for number, view in enumerate(("PA", "LL"), 2):
        elements = {"SeriesInstanceUID": f"1.2.3.{number}", "SeriesNumber": number}
        pixels = np.full((40, 40), 200, np.uint16)
        save(make_dataset(pixels, **told, **elements, ViewPosition=view), folder / f"cr{number}")
    return folder


@contextmanager
def listed(qtbot: QtBot, paths: Sequence[Path]) -> Iterator[tuple[Workbench, StudyRows]]:
    """The list of what was read, on screen."""
    with read(qtbot, paths) as workbench:
        panel = StudyList(workbench)
        qtbot.addWidget(panel)
        font = QFont(panel.font())
        font.setPixelSize(13)
        panel.setFont(font)
        panel.resize(230, 600)
        panel.show()
        yield workbench, panel.rows
        panel.hide()


def click(qtbot: QtBot, rows: StudyRows, number: int, x: int | None = None) -> None:
    at = rows.box_of(number).center()
    at = at if x is None else QPoint(x, rows.box_of(number).bottom() - 8)
    qtbot.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=at)


def texts(rows: StudyRows) -> str:
    return "\n".join(str(words) for words in rows.words())


def test_rows_say_who_what_and_how_many(qtbot: QtBot, tmp_path: Path) -> None:
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        patient, ct, film, other = rows.words()
        assert (patient.title, patient.detail, patient.date, patient.count) == (
            "DOE, JANE",
            "CT thorax",
            "2025-03-12",
            "3 series",
        )
        assert (ct.badge, ct.title, ct.count) == ("CT", "axial of Doe", "1 / 5 images")
        assert (film.badge, film.title, film.detail, film.count) == ("CR", "Chest", "PA", "1 image")
        assert other.detail == "LL"
        assert rows.parent().head.summary.text() == "3 series · 7 images"
        workbench.session.set_place(workbench.session.place.moved(2))
        assert rows.words()[1].count == "3 / 5 images"


def test_with_the_identity_hidden_nothing_tells_who_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "Doe_Jane_4711.txt").write_text("no image")
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        assert "Doe_Jane_4711" in texts(rows)
        workbench.session.set_identity_shown(False)
        for secret in _SECRETS:
            assert secret not in texts(rows)
        patient, ct, *_ = rows.words()
        assert (patient.title, patient.date) == ("Study 1", "identity hidden")
        assert ct.title == "Chest"


def test_a_click_opens_a_series_and_the_open_one_stays_where_it_is(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        session = workbench.session
        session.set_place(session.place.moved(3))
        click(qtbot, rows, 1)
        assert session.place.number == 3
        click(qtbot, rows, 3)
        assert session.place.series.uid == "1.2.3.3"
        click(qtbot, rows, 1)
        assert (session.place.series.uid, session.place.number) == ("1.2.3.1", 0)


def test_images_of_a_series_are_shown_and_hidden(qtbot: QtBot, tmp_path: Path) -> None:
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        arrow = rows.viewport().width() - 12
        click(qtbot, rows, 1, arrow)
        assert [words.title for words in rows.words()[2:7]] == [f"image {n}" for n in range(1, 6)]
        click(qtbot, rows, 4)
        assert workbench.session.place.number == 2
        click(qtbot, rows, 1, arrow)
        assert len(rows.listed) == 4
        click(qtbot, rows, 0)
        assert [row.kind for row in rows.listed] == ["study"]
        click(qtbot, rows, 0)
        assert len(rows.listed) == 4


def test_the_arrow_keys_go_through_rows(qtbot: QtBot, tmp_path: Path) -> None:
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        session = workbench.session
        rows.setFocus()
        qtbot.keyClick(rows, Qt.Key.Key_Down)
        assert session.place.series.uid == "1.2.3.2"
        qtbot.keyClick(rows, Qt.Key.Key_Up)
        assert session.place.series.uid == "1.2.3.1"
        qtbot.keyClick(rows, Qt.Key.Key_Right)
        assert len(rows.listed) == 9
        qtbot.keyClick(rows, Qt.Key.Key_Down)
        qtbot.keyClick(rows, Qt.Key.Key_Down)
        assert session.place.number == 1
        qtbot.keyClick(rows, Qt.Key.Key_Left)
        qtbot.keyClick(rows, Qt.Key.Key_Left)
        assert len(rows.listed) == 4


def test_key_images_are_starred_and_can_be_listed_alone(qtbot: QtBot, tmp_path: Path) -> None:
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        session = workbench.session
        marks, stack = session.key_images, session.all_series()[0]
        head = rows.parent().head
        qtbot.mouseClick(head.only, Qt.MouseButton.LeftButton)
        assert rows.listed == ()
        for number in (1, 4):
            marks.set(stack.instances[number], 0, True)
        assert [words.title for words in rows.words()] == [
            "DOE, JANE",
            "axial of Doe",
            "image 2",
            "image 5",
        ]
        assert [words.stars for words in rows.words()] == [0, 2, 1, 1]
        assert head.summary.text() == "2 key images"
        click(qtbot, rows, 3)
        assert session.place.number == 4
        qtbot.mouseClick(head.only, Qt.MouseButton.LeftButton)
        assert len(rows.listed) == 4
        assert rows.words()[1].stars == 2


def picture_of(rows: StudyRows, number: int) -> QImage:
    """What is painted where the thumbnail of a row stands."""
    return rows.viewport().grab(rows.box_of(number)).toImage()


def test_thumbnails_come_for_what_is_in_view_only(qtbot: QtBot, tmp_path: Path) -> None:
    write_series(tmp_path, 60, 16, series=60)
    with listed(qtbot, [tmp_path]) as (workbench, rows):
        arrived: list[object] = []
        workbench.thumbnails.arrived.connect(arrived.append)
        rows.viewport().update()
        last = last_in_view(rows)
        qtbot.waitUntil(lambda: workbench.thumbnails.get(last) is not None, timeout=PATIENCE)
        assert workbench.thumbnails.get(key_of(rows, len(rows.listed) - 1)) is None
        rows.verticalScrollBar().setValue(rows.verticalScrollBar().maximum())
        end = key_of(rows, len(rows.listed) - 1)
        qtbot.waitUntil(lambda: workbench.thumbnails.get(end) is not None, timeout=PATIENCE)
        assert len(arrived) < 30


def key_of(rows: StudyRows, number: int) -> tuple[Path, int]:
    place = rows.listed[number].place
    assert place is not None
    return place.key


def last_in_view(rows: StudyRows) -> tuple[Path, int]:
    height = rows.viewport().height()
    shown = [n for n in range(1, len(rows.listed)) if rows.box_of(n).top() < height]
    return key_of(rows, shown[-1])


def test_a_thumbnail_is_painted_when_it_is_there(qtbot: QtBot, tmp_path: Path) -> None:
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        key = Place(workbench.session.all_series()[0], 2).key

        def middle() -> int:
            return QColor(picture_of(rows, 1).pixel(44, 43)).value()

        qtbot.waitUntil(lambda: workbench.thumbnails.get(key) is not None, timeout=PATIENCE)
        expected = int(workbench.thumbnails.get(key).mean())
        qtbot.waitUntil(lambda: abs(middle() - expected) <= 2)


def test_counting_what_is_read_lays_nothing_out_anew(qtbot: QtBot, tmp_path: Path) -> None:
    """Or the list, and a window without much room, would become wider again and again."""
    with listed(qtbot, [study(tmp_path)]) as (workbench, rows):
        panel, head = rows.parent(), rows.parent().head
        panel.resize(150, 400)
        panel.show()
        qtbot.waitExposed(panel)
        qtbot.wait(20)
        least, asked = panel.minimumSizeHint(), []

        class Watch(QObject):
            def eventFilter(self, watched: QObject, event: QEvent) -> bool:
                if event.type() == QEvent.Type.LayoutRequest:
                    asked.append(watched)
                return False

        watch = Watch()
        for widget in (panel, head):
            widget.installEventFilter(watch)
        before = head.summary.grab().toImage()
        workbench.session.set_reading(123_456_789)
        qtbot.wait(20)
        assert head.summary.text() == "reading … 123,456,789 files"
        assert head.summary.toolTip() == head.summary.text(), "where it is cut off"
        assert head.summary.grab().toImage() != before
        assert (asked, panel.minimumSizeHint()) == ([], least)


def test_texts_are_broken_between_words(qtbot: QtBot) -> None:
    metrics = QFontMetricsF(QFont("Inter"))
    wide = metrics.horizontalAdvance("one two")
    assert broken("one two three four", wide + 1, metrics) == ["one two", "three four"]
    assert broken("one", wide, metrics) == ["one"]
    assert broken("", wide, metrics) == [""]
    long = "immeasurably-long-word"
    assert broken(long, 10, metrics) == [long], "the dots come when it is painted"


@pytest.fixture
def many() -> Scan:
    """Ten thousand patients with a film each."""
    headers = [
        Header(
            Path(f"/nowhere/{n:05d}.dcm"),
            Attributes(
                patient_name=f"P{n}",
                patient_id=str(n),
                study_instance_uid=f"1.{n}",
                series_instance_uid=f"1.{n}.1",
                sop_instance_uid=f"1.{n}.1.1",
                modality="CR",
            ),
            1,
            2000,
            2000,
            True,
        )
        for n in range(10_000)
    ]
    return Scan(studies_of(headers), (), tuple(headers))


def test_ten_thousand_studies_cost_what_is_in_view(qtbot: QtBot, many: Scan) -> None:
    """No clock is asked: what is written and painted is counted."""
    with listed(qtbot, []) as (workbench, rows):
        workbench.session.set_scan(many)
        assert len(rows.listed) == 20_000
        written: list[object] = []
        session = workbench.session
        numbers = session.key_images.numbers
        session.key_images.numbers = lambda series: (written.append(series), numbers(series))[1]
        rows.viewport().grab()
        assert 0 < len(written) < 20
        rows.verticalScrollBar().setValue(rows.verticalScrollBar().maximum())
        rows.viewport().grab()
        assert len(written) < 40
        session.set_scan(Scan((), ()))
