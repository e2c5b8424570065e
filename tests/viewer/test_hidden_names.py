"""With the identity hidden, what people wrote into files, and their names, stays hidden."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from PySide6.QtWidgets import QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from tests.factories.benches import read
from tests.factories.dicom_files import make_dataset, save
from viewer.commands import Context
from viewer.dicom.errors import DicomError
from viewer.dicom.listing import list_elements
from viewer.dicom.window import Window
from viewer.messages import sentence_about
from viewer.state.restore import window_facts
from viewer.verbs import window_menu

_PIXELS = np.arange(60 * 50, dtype=np.uint16).reshape(60, 50)


def _told(path: Path) -> list[str]:
    return [row.value for row in list_elements(path).elements if not row.personal]


def test_people_and_places_in_coded_sequences_are_hidden(tmp_path: Path) -> None:
    dataset = make_dataset(_PIXELS)
    for keyword, meaning in (
        ("HumanPerformerCodeSequence", "Dr. Jane Roe"),
        ("PerformedStationGeographicLocationCodeSequence", "Springfield"),
        ("AnatomicRegionSequence", "wrist"),
    ):
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = "1", "99X", meaning
        setattr(dataset, keyword, Sequence([item]))
    told = _told(save(dataset, tmp_path / "image"))
    assert "wrist" in told
    assert not {"Dr. Jane Roe", "Springfield"} & set(told)


def test_names_of_windows_in_a_file_are_its_numbers(qtbot: QtBot, tmp_path: Path) -> None:
    dataset = make_dataset(
        _PIXELS,
        WindowCenter=[40, 400],
        WindowWidth=[400, 900],
        WindowCenterWidthExplanation=["JOHN DOE", "BONE OF JOHN"],
    )
    with read(qtbot, [save(dataset, tmp_path / "1.dcm").parent]) as bench:
        window, menu = QMainWindow(), QMenu()
        for widget in (window, menu):
            qtbot.addWidget(widget)
        context = Context(bench.session, bench, None, window)  # type: ignore[arg-type]
        window_menu.fill(context, menu)
        assert any("JOHN DOE" in action.text() for action in menu.actions())
        menu.clear()
        bench.session.set_identity_shown(False)
        window_menu.fill(context, menu)
        texts = [action.text() for action in menu.actions()]
        assert not any("JOHN" in text for text in texts)
        assert any("window 2 of the file" in text for text in texts)
        assert bench.session.open is not None
        facts = window_facts(bench.session.window, bench.session.open.frame)
        assert facts["explanation"] == "", "nor is it kept for after a crash"
        lung = Window(-600, 1500, explanation="lung")
        assert window_facts(lung, bench.session.open.frame)["explanation"] == "lung"


def test_what_went_wrong_is_said_without_the_name_of_the_file(qtbot: QtBot, tmp_path: Path) -> None:
    path = save(make_dataset(_PIXELS), tmp_path / "DOE_JANE_1970.dcm")
    with read(qtbot, [path.parent]) as bench:
        error = DicomError("DOE_JANE_1970.dcm has pixels in an unknown form")
        assert "DOE_JANE" in sentence_about(error, bench.session)
        bench.session.set_identity_shown(False)
        assert sentence_about(error, bench.session) == "The file has pixels in an unknown form."
