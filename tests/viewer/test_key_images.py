"""Marks that lead back to an image, and what of it is kept."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.scan import scan
from viewer.dicom.study import Series
from viewer.state.key_images import KeyImages, digest_of, key_images_file


@pytest.fixture
def series(tmp_path: Path) -> Series:
    """Three single images of a patient with a name."""
    for number in range(3):
        dataset = make_dataset(
            np.zeros((8, 8), np.uint16),
            PatientName="DOE^JANE",
            PatientID="4711",
            SeriesInstanceUID="1.2.3.4",
            SOPInstanceUID=f"1.2.3.4.{number}",
            InstanceNumber=number,
        )
        save(dataset, tmp_path / "Jane Doe" / f"{number}.dcm")
    return scan([tmp_path]).studies[0].series[0]


@pytest.fixture
def marks(qapp: QCoreApplication) -> Iterator[KeyImages]:
    made = KeyImages()
    yield made
    close(made)


def close(marks: KeyImages) -> None:
    """Whatever is still to be written is."""
    for lane in marks.lanes():
        assert lane.close()


def test_marks_are_found_again_after_a_restart(series: Series, marks: KeyImages) -> None:
    first, _, last = series.instances
    marks.set(first, 0, True)
    marks.set(last, 0, True)
    assert marks.numbers(series) == (0, 2)
    marks.set(first, 0, False)
    close(marks)
    again = KeyImages()
    assert again.numbers(series) == (2,)
    assert again.has(last, 0)
    assert not again.has(last, 1)
    close(again)


def test_the_file_holds_no_name_and_no_uid_and_is_private(series: Series, marks: KeyImages) -> None:
    marks.set(series.instances[1], 0, True)
    close(marks)
    text = key_images_file().read_text()
    for secret in ("DOE", "Doe", "4711", "1.2.3.4"):
        assert secret not in text
    assert stat.S_IMODE(key_images_file().stat().st_mode) == 0o600
    assert json.loads(text)["images"] == {digest_of(series.instances[1]): [0]}


def test_frames_of_one_file_are_marked_one_by_one(tmp_path: Path, marks: KeyImages) -> None:
    path = save(make_dataset(np.zeros((5, 8, 8), np.uint16)), tmp_path / "loop.dcm")
    series = scan([path]).studies[0].series[0]
    for frame in (3, 1):
        marks.set(series.instances[0], frame, True)
    marks.set(series.instances[0], 7, True)
    assert marks.numbers(series) == (1, 3), "in order, and none that the file does not have"


def test_signals_mean_a_change(series: Series, marks: KeyImages, qtbot: QtBot) -> None:
    with qtbot.waitSignal(marks.changed):
        marks.set(series.instances[0], 0, True)
    with qtbot.assertNotEmitted(marks.changed):
        marks.set(series.instances[0], 0, True)


@pytest.mark.parametrize(
    "content",
    [b"{", b"[]", b'{"images": {"a": [-1]}}', b'{"images": {"a": ["x"]}}', b'{"images": {"a": 3}}'],
)
def test_a_damaged_file_is_put_aside_and_said(
    series: Series, marks: KeyImages, content: bytes
) -> None:
    key_images_file().parent.mkdir(parents=True, exist_ok=True)
    key_images_file().write_bytes(content)
    said: list[str] = []
    marks.failed.connect(said.append)
    assert marks.numbers(series) == ()
    assert len(said) == 1
    assert "put aside" in said[0]
    assert key_images_file().with_suffix(".damaged-1").read_bytes() == content
    key_images_file().write_bytes(content)  # once more, by another program
    marks.set(series.instances[0], 0, True)
    close(marks)
    assert key_images_file().with_suffix(".damaged-2").read_bytes() == content
    assert KeyImages().numbers(series) == (0,)


def test_two_windows_do_not_undo_each_other(series: Series, marks: KeyImages) -> None:
    other = KeyImages()
    assert marks.numbers(series) == other.numbers(series) == ()
    marks.set(series.instances[0], 0, True)
    close(marks)
    other.set(series.instances[1], 0, True)
    close(other)
    assert KeyImages().numbers(series) == (0, 1)


def test_what_cannot_be_written_is_said(series: Series, marks: KeyImages, qtbot: QtBot) -> None:
    key_images_file().parent.parent.mkdir(parents=True, exist_ok=True)
    key_images_file().parent.write_text("a file in the place of the folder")
    said: list[str] = []
    marks.failed.connect(said.append)
    marks.set(series.instances[0], 0, True)
    qtbot.waitUntil(lambda: bool(said))
    assert "could not be saved" in said[-1]
    assert marks.has(series.instances[0], 0), "it holds until the program ends"
    key_images_file().parent.unlink()
