"""The attribute browser: what it lists, finds, hides and copies, and that it follows the image."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from tests.factories.dicom_files import make_dataset, save
from viewer.dialogs.attributes import AttributeBrowser
from viewer.dialogs.element_tree import HIDDEN, ElementTree, Outline
from viewer.dicom.attributes import Attributes
from viewer.dicom.listing import Element, Listing, list_elements
from viewer.dicom.study import Instance, Series
from viewer.reading.process import ReaderProcess
from viewer.state.lane import Lane
from viewer.state.place import Place
from viewer.state.session import Session

_PATIENCE = 30_000  # milliseconds


def _file(folder: Path, number: int) -> Path:
    code = Dataset()
    code.CodeValue, code.CodeMeaning = "T-D8700", "Hand"
    dataset = make_dataset(
        np.zeros((4, 4), np.uint16),
        PatientName="Doe^Jane",
        InstanceNumber=number,
        AnatomicRegionSequence=[code],
        ImageComments="long " * 200,
        BodyPartExamined="HAND",
    )
    return save(dataset, folder / f"{number}.dcm")


def _series(paths: list[Path]) -> Series:
    instances = tuple(Instance(path, Attributes(), 1, 4, 4) for path in paths)
    return Series("1.2", 1, "", "CR", instances)


@pytest.fixture
def browser(qtbot: QtBot, tmp_path: Path) -> Iterator[AttributeBrowser]:
    """On the first of two files and a text."""
    session, reader = Session(), ReaderProcess()
    text = tmp_path / "text"
    text.write_text("no image")
    session.set_place(Place(_series([_file(tmp_path, 1), _file(tmp_path, 2), text]), 0))
    found = AttributeBrowser(session, reader)
    qtbot.addWidget(found)
    found.show()
    qtbot.waitUntil(lambda: bool(found.model.outline.parents), timeout=_PATIENCE)
    yield found
    reader.process.close()
    for lane in found.findChildren(Lane):
        lane.close()
    reader.process.stop()
    session.deleteLater()


def _find(model: ElementTree, keyword: str, column: int = 0) -> QModelIndex:
    elements = model.outline.listing.elements
    row = next(n for n, element in enumerate(elements) if element.keyword == keyword)
    return model.index_of(row, column)


def _cells(model: ElementTree, keyword: str) -> list[str]:
    return [model.data(_find(model, keyword, column)) for column in range(5)]


def test_elements_are_a_tree_with_five_columns(browser: AttributeBrowser) -> None:
    model = browser.model
    assert _cells(model, "PatientName") == [
        *("(0010,0010)", "Patient's Name", "PN", "8", "Doe^Jane")
    ]
    sequence = _find(model, "AnatomicRegionSequence")
    assert model.rowCount(sequence) == 1
    item = model.index(0, 0, sequence)
    assert model.data(item) == "Item 1"
    assert model.data(model.index(1, 4, item)) == "Hand"
    assert model.parent(model.index(1, 0, item)) == item
    assert model.data(_find(model, "ImageComments", 4)).endswith("…")
    assert browser.state.text().startswith("Image 1 of 3: ")


def test_the_tree_is_a_sound_model(qtmodeltester: ModelTester, tmp_path: Path) -> None:
    model = ElementTree(None)  # type: ignore[arg-type]
    outline = Outline.of(list_elements(_file(tmp_path, 1)))
    for wanted in ("", "hand", "nothing of the kind"):
        model.show_rows(outline, wanted, True)
        qtmodeltester.check(model)  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("wanted", "keyword"),
    [
        ("patient's n", "PatientName"),
        ("patientname", "PatientName"),
        ("(0010,0010", "PatientName"),
        ("00100010", "PatientName"),
        ("DOE^", "PatientName"),
        ("t-d8700", "CodeValue"),
    ],
)
def test_tag_name_keyword_and_value_are_found(
    browser: AttributeBrowser, wanted: str, keyword: str
) -> None:
    browser.search.setText(wanted)
    index = _find(browser.model, keyword)
    assert index.isValid()
    assert browser.tree.currentIndex() == index
    assert browser.state.text().endswith("match.")
    assert not browser.model.index_at("(0028,0010)").isValid()


def test_what_is_found_in_a_sequence_is_unfolded_below_its_parents(
    browser: AttributeBrowser,
) -> None:
    browser.search.setText("T-D8700")
    model = browser.model
    assert browser.state.text().startswith("Image 1 of 3: 1 of ")
    assert model.rowCount() == 1
    assert browser.tree.isExpanded(_find(model, "AnatomicRegionSequence"))
    quiet = model.data(_find(model, "AnatomicRegionSequence"), Qt.ItemDataRole.ForegroundRole)
    assert quiet is not None
    assert model.data(_find(model, "CodeValue"), Qt.ItemDataRole.ForegroundRole) is None
    browser.search.clear()  # what was found stays in sight
    assert browser.tree.currentIndex() == _find(model, "CodeValue")
    assert browser.tree.visualRect(browser.tree.currentIndex()).isValid()


def test_hidden_identity_hides_values_and_finds_and_copies_none(browser: AttributeBrowser) -> None:
    session = browser.session
    session.set_identity_shown(False)
    assert _cells(browser.model, "PatientName")[4] == HIDDEN
    assert _cells(browser.model, "BodyPartExamined")[4] == "HAND"
    assert "are hidden; show the identity" in browser.state.text()
    browser.tree.setCurrentIndex(_find(browser.model, "PatientName"))
    assert browser.whole.toPlainText() == HIDDEN
    browser.copy_row.trigger()
    assert "Doe" not in QGuiApplication.clipboard().text()
    browser.search.setText("doe^jane")
    assert browser.model.rowCount() == 0
    session.set_identity_shown(True)
    assert browser.model.rowCount() == 1


def test_values_and_rows_are_copied_whole(browser: AttributeBrowser) -> None:
    browser.tree.setCurrentIndex(_find(browser.model, "ImageComments"))
    browser.tree.setFocus()
    QTest.keyClick(browser.tree, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == ("long " * 200).strip()
    assert browser.whole.toPlainText() == ("long " * 200).strip()
    browser.tree.setCurrentIndex(_find(browser.model, "BodyPartExamined"))
    browser.copy_row.trigger()
    copied = QGuiApplication.clipboard().text()
    assert copied == "(0018,0015)\tBody Part Examined\tCS\tHAND"


def test_it_follows_the_image_and_keeps_what_was_looked_at(
    browser: AttributeBrowser, qtbot: QtBot
) -> None:
    session, model = browser.session, browser.model
    place = session.place
    assert place is not None
    browser.tree.expand(_find(model, "AnatomicRegionSequence"))
    browser.tree.setCurrentIndex(_find(model, "InstanceNumber"))
    assert browser.whole.toPlainText() == "1"
    session.set_place(place.moved(1))
    qtbot.waitUntil(lambda: browser.whole.toPlainText() == "2", timeout=_PATIENCE)
    assert browser.tree.isExpanded(_find(model, "AnatomicRegionSequence"))
    assert browser.state.text().startswith("Image 2 of 3: ")
    session.set_place(place.moved(2))
    qtbot.waitUntil(lambda: "not a DICOM file" in browser.state.text(), timeout=_PATIENCE)
    assert model.rowCount() == 0
    session.set_place(place)
    qtbot.waitUntil(lambda: browser.whole.toPlainText() == "1", timeout=_PATIENCE)
    session.set_place(None)
    qtbot.waitUntil(lambda: browser.state.text().startswith("Open an image"), timeout=_PATIENCE)


def test_a_closed_browser_reads_nothing_until_it_is_opened_again(
    browser: AttributeBrowser, qtbot: QtBot
) -> None:
    session = browser.session
    place = session.place
    assert place is not None
    browser.tree.setCurrentIndex(_find(browser.model, "InstanceNumber"))
    QTest.keyClick(browser, Qt.Key.Key_Escape)
    assert not browser.isVisible()
    session.set_place(place.moved(1))
    assert not browser.waiting
    browser.show()
    qtbot.waitUntil(lambda: browser.whole.toPlainText() == "2", timeout=_PATIENCE)


def test_a_reader_that_is_ended_for_others_is_asked_again(
    browser: AttributeBrowser, qtbot: QtBot
) -> None:
    place = browser.session.place
    assert place is not None
    browser.session.set_place(place.moved(1))
    browser.reader.process.kill()

    def second() -> bool:
        return _cells(browser.model, "InstanceNumber")[4] == "2"

    qtbot.waitUntil(second, timeout=_PATIENCE)


def test_a_very_long_list_is_searched_once_the_letters_rest(
    browser: AttributeBrowser, qtbot: QtBot
) -> None:
    rows = tuple(Element(0, f"({n:04X},0010)", f"name {n}") for n in range(20_000))
    browser.show_outline(Outline.of(Listing(rows, ("It is long.",))))
    assert browser.notes.text() == "It is long."
    browser.search.setText("name 19999")
    QApplication.processEvents()
    qtbot.waitUntil(lambda: browser.model.rowCount() == 1, timeout=_PATIENCE)
