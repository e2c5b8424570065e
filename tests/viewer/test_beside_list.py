"""Which image is put beside another, and how it is chosen and taken away."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.factories.benches import PATIENCE, read
from tests.factories.beside import (
    film,
    is_beside_by_now,
    open_image,
    place_of,
    shown_beside,
    stack,
)
from tests.viewer.test_study_list import click, listed
from viewer.dicom.window import Window
from viewer.state.others import Other
from viewer.state.place import Place
from viewer.state.priors import image_words, others_like, patient_words


def test_the_likeliest_is_the_same_part_of_the_same_patient_before(
    qtbot: QtBot, tmp_path: Path
) -> None:
    rows: dict[str, dict[str, str]] = {
        "1": {"StudyDate": "20200601"},
        "2": {"StudyDate": "20190601"},
        "3": {"StudyDate": "20180601"},
        "4": {"StudyDate": "20210601"},
        "5": {"StudyDate": "20190701", "BodyPartExamined": "HAND"},
        "6": {"StudyDate": "20190801", "PatientID": "5"},
        "7": {"StudyDate": "20190901", "ViewPosition": "LL"},
        "8": {"StudyDate": ""},
    }
    for name, elements in rows.items():
        film(tmp_path / f"{name}.dcm", **elements)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        found = others_like(session, place_of(session, "1.dcm"))
        assert [place.instance.path.stem for place in found] == ["2", "3", "4", "8", "7", "6", "5"]


def test_films_of_one_series_and_depths_of_two_stacks_belong_beside_one_another(
    qtbot: QtBot, tmp_path: Path
) -> None:
    for name in ("1", "2"):
        same = {"StudyInstanceUID": "1.2", "SeriesInstanceUID": "1.2.1"}
        film(tmp_path / f"{name}.dcm", InstanceNumber=name, **same)
    stack(tmp_path, "7", 5)
    stack(tmp_path, "8", 9)
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        first = others_like(session, place_of(session, "1.dcm"))[0]
        assert first.instance.path.name == "2.dcm"
        deep = others_like(session, place_of(session, "7-3.dcm"))[0]
        assert deep.instance.path.name == "8-6.dcm", "three quarters of the way, too"
        assert image_words(session, deep).endswith("CT · image 7 / 9")


def test_the_list_shows_a_row_beside_the_open_image(qtbot: QtBot, tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        film(tmp_path / f"{name}.dcm")
    with listed(qtbot, [tmp_path]) as (bench, rows):
        session = bench.session
        main = session.place
        number, row = next(
            (number, row)
            for number, row in enumerate(rows.listed)
            if row.kind == "series" and row.of is not main.series
        )
        at = rows.box_of(number).center()
        QTest.mouseClick(
            rows.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, at
        )
        is_beside_by_now(qtbot, bench, Place(row.of, 0))
        assert session.place is main
        assert "beside" in rows.words()[number].count
        rows.setFocus()
        rows._at = number
        QTest.keyClick(rows, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        assert session.panes == ()
        assert "beside" not in rows.words()[number].count
        assert bench.comparing.others == ()
        click(qtbot, rows, number)
        assert session.place == Place(row.of, 0), "without Ctrl it is opened"


@pytest.mark.qt_log_ignore("grabbing the keyboard", extend=True)  # offscreen
def test_the_menu_of_a_row_does_the_same(qtbot: QtBot, tmp_path: Path) -> None:
    for name in ("1", "2"):
        film(tmp_path / f"{name}.dcm")
    with listed(qtbot, [tmp_path]) as (bench, rows):
        session = bench.session
        number, row = next(
            (number, row)
            for number, row in enumerate(rows.listed)
            if row.kind == "series" and row.of is not session.place.series
        )
        at = rows.box_of(number).center()
        reason = QContextMenuEvent.Reason.Mouse
        QApplication.sendEvent(
            rows.viewport(), QContextMenuEvent(reason, at, rows.viewport().mapToGlobal(at))
        )
        qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None, timeout=PATIENCE)
        menu = QApplication.activePopupWidget()
        opens, puts = menu.actions()
        assert (opens.text(), puts.text()) == ("Open", "Beside the open image")
        assert not puts.isChecked()
        puts.trigger()
        menu.close()
        is_beside_by_now(qtbot, bench, Place(row.of, 0))


def test_a_stack_that_was_scrolled_is_taken_away_by_its_row(qtbot: QtBot, tmp_path: Path) -> None:
    film(tmp_path / "1.dcm")
    stack(tmp_path, "7", 5, units="US")
    with listed(qtbot, [tmp_path]) as (bench, rows):
        open_image(qtbot, bench, "1.dcm")
        row = next(
            row for row in rows.listed if row.kind == "series" and len(row.of.instances) == 5
        )
        rows.toggle_beside(row)
        is_beside_by_now(qtbot, bench, Place(row.of, 0))
        bench.comparing.step_image(0, 2)
        is_beside_by_now(qtbot, bench, Place(row.of, 2))
        rows.toggle_beside(row)
        assert bench.comparing.others == ()


def test_the_others_stay_as_they_are_when_one_is_taken_away(qtbot: QtBot, tmp_path: Path) -> None:
    stack(tmp_path, "7", 4, units="US")
    for name in ("1", "2", "3"):
        film(tmp_path / f"{name}.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session, comparing = bench.session, bench.comparing
        open_image(qtbot, bench, "1.dcm")
        for name in ("7-0.dcm", "7-2.dcm", "2.dcm"):
            shown_beside(qtbot, bench, place_of(session, name))
        kept = Window(55.0, 66.0)
        comparing.set_window(2, kept)
        assert comparing.names == ("Study 4", "Study 4", "Study 2")
        comparing.choose(1)
        assert (comparing.chosen, len(comparing.others)) == (1, 3)
        session.change_style(visible=False)
        comparing.step_image(0, 2)
        assert Path(comparing.others[0].value).name == "7-3.dcm", "past what is there already"
        comparing.set_others(comparing.others[1:])
        assert session.panes[1].window == kept
        assert len(session.panes) == 2
        # the place of the first is free again
        shown_beside(qtbot, bench, place_of(session, "3.dcm"))
        assert session.panes[1].window == kept
        assert [pane.title[:7] for pane in session.panes] == ["Study 4", "Study 2", "Study 3"]
        comparing.add_other(Other("untrained"))
        comparing.set_others((*comparing.others[1:], Other("original")))
        session.change_style(visible=False)
        comparing.set_others(comparing.others[:-1])
        assert not session.style.visible, "what is taken away switches nothing on"


def test_the_name_of_the_main_picture_is_that_of_what_is_shown(
    qtbot: QtBot, tmp_path: Path
) -> None:
    stack(tmp_path, "7", 4, units="US", PatientID="9", PatientName="DOE^JIM")
    film(tmp_path / "1.dcm", PatientID="5")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        open_image(qtbot, bench, "7-0.dcm")
        shown_beside(qtbot, bench, place_of(session, "1.dcm"))
        assert session.title.endswith("image 1 / 4")
        assert session.panes[0].title.endswith("another patient")
        session.set_place(session.place.moved(2))
        assert session.title.endswith("image 3 / 4")


def test_nobody_is_taken_for_the_same_patient_who_is_not_known(
    qtbot: QtBot, tmp_path: Path
) -> None:
    unknown = {"PatientName": "", "PatientID": ""}
    film(tmp_path / "1.dcm", **unknown)
    film(tmp_path / "2.dcm", **unknown)
    film(tmp_path / "3.dcm")
    film(tmp_path / "4.dcm", PatientID="8")
    film(tmp_path / "5.dcm")
    with read(qtbot, [tmp_path]) as bench:
        session = bench.session
        words = {
            pair: patient_words(session, *(place_of(session, f"{name}.dcm") for name in pair))
            for pair in ("12", "13", "34", "35", "11")
        }
        assert words == {
            "12": "patient not known",
            "13": "patient not known",
            "34": "another patient",
            "35": "",
            "11": "",
        }
