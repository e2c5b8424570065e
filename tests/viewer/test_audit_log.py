"""The audit log: lines that only grow, bound together, by several programs, without names."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

import resources
from engine.presets import PRESETS
from engine.questions import Edit
from engine.shapes import box
from tests.factories.engines import ENGINE
from viewer.dialogs.log_view import LogView
from viewer.state.document import Intervention, Landmark
from viewer.state.log_file import append, read_log
from viewer.state.log_writer import log_path
from viewer.state.session import Session
from viewer.state.settings import (
    BLIND_READING,
    IDENTITY_IN_LOG,
    SETTINGS,
    Settings,
    settings_file,
)
from viewer.state.workbench import Workbench

_SECONDS = 60_000  # that one awaited condition may take, in milliseconds
_WRITER = """
import sys
from pathlib import Path
from viewer.state.log_file import append
for number in range(int(sys.argv[3])):
    append(Path(sys.argv[1]), {"what": sys.argv[2], "number": number, "long": "x" * 9000})
    print(number, flush=True)
"""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "kept"))


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def _write(path: Path, count: int) -> list[bytes]:
    for number in range(count):
        append(path, {"what": "test", "number": number})
    return path.read_bytes().splitlines(keepends=True)


# the file
def test_each_line_holds_the_hash_of_the_line_before(tmp_path: Path) -> None:
    path = tmp_path / "new" / "log"
    lines = _write(path, 3)
    facts = [json.loads(line) for line in lines]
    assert facts[0]["before"] == "0" * 64
    for line, after in zip(lines, facts[1:], strict=False):
        assert after["before"] == hashlib.sha256(line[:-1]).hexdigest()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    reading = read_log(path, most=2)
    assert (reading.entries, reading.broken) == (3, 0)
    assert [row["number"] for row in reading.rows] == [2, 1], "the newest, newest first"
    assert reading.in_words == "verified: 3 entries, unbroken"
    assert read_log(tmp_path / "none").entries == 0


@pytest.mark.parametrize("place", [0, 2, 4])
def test_a_changed_line_is_found(tmp_path: Path, place: int) -> None:
    path = tmp_path / "log"
    lines = _write(path, 5)
    lines[place] = lines[place].replace(b'"test"', b'"fake"')
    path.write_bytes(b"".join(lines))
    reading = read_log(path)
    assert reading.broken == place + 1
    assert f"line {place + 1}" in reading.in_words


@pytest.mark.parametrize("place", [0, 2, 3])
def test_a_line_that_was_taken_away_is_found(tmp_path: Path, place: int) -> None:
    path = tmp_path / "log"
    lines = _write(path, 5)
    del lines[place]
    path.write_bytes(b"".join(lines))
    assert read_log(path).broken == place + 1


def test_a_line_that_was_changed_and_sealed_anew_breaks_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = _write(path, 4)
    body = lines[1].replace(b'"test"', b'"fake"').rpartition(b', "seal"')[0]
    seal = hashlib.sha256(body).hexdigest().encode()
    lines[1] = body + b', "seal": "' + seal + b'"}\n'
    path.write_bytes(b"".join(lines))
    assert read_log(path).broken == 3


def test_what_is_no_log_is_said_to_be_broken(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\xff\xfe\n" + b"[" * 100_000 + b"\n" + b"x" * 400_000)
    reading = read_log(path)
    assert reading.broken == 1
    append(path, {"what": "test"})
    assert read_log(path).broken == 1


def test_a_line_that_was_cut_short_is_replaced_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "log"
    lines = _write(path, 3)
    path.write_bytes(b"".join(lines)[:-30])
    assert read_log(path).entries == 2, "an unfinished line is none"
    append(path, {"what": "test", "number": 7})
    reading = read_log(path)
    assert (reading.entries, reading.broken) == (3, 0)
    assert reading.rows[0]["number"] == 7


def test_two_programs_at_once_leave_one_chain(tmp_path: Path) -> None:
    path = tmp_path / "log"
    programs = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), name, "40"], stdout=subprocess.DEVNULL
        )
        for name in ("one", "two")
    ]
    assert [program.wait(60) for program in programs] == [0, 0]
    reading = read_log(path)
    assert (reading.entries, reading.broken) == (80, 0)
    for name in ("one", "two"):
        numbers = [row["number"] for row in reading.rows if row["what"] == name]
        assert numbers == list(reversed(range(40)))


def test_a_program_that_is_killed_while_it_writes_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for told_before_the_end in (1, 2, 5):
        program = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(path), "killed", "100000"], stdout=subprocess.PIPE
        )
        assert program.stdout is not None
        for _ in range(told_before_the_end):
            program.stdout.readline()
        program.send_signal(signal.SIGKILL)
        told = told_before_the_end + len(program.stdout.readlines())
        program.wait(10)
        program.stdout.close()
        entries = read_log(path).entries
        assert entries >= told, "what was said to be written is there"
        assert read_log(path).broken == 0
        path.rename(tmp_path / f"log{told_before_the_end}")
    shutil.copy(tmp_path / "log5", path)
    append(path, {"what": "after"})
    assert read_log(path).broken == 0
    assert read_log(path).rows[0]["what"] == "after"


def test_a_folder_that_cannot_be_written_to_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"exists|directory"):
        append(tmp_path / "file" / "log", {"what": "test"})


# the settings
def test_settings_are_kept_and_private(qtbot: QtBot) -> None:
    first = Settings()
    assert [first.get(item) for item in SETTINGS] == [item.default for item in SETTINGS]
    told: list[object] = []
    first.changed.connect(told.append)
    first.set(BLIND_READING, False)
    assert told == [], "an equal value is no change"
    assert first.toggle(BLIND_READING)
    assert told == [BLIND_READING]
    second = Settings()
    assert second.get(BLIND_READING)
    assert not second.get(IDENTITY_IN_LOG)
    assert stat.S_IMODE(settings_file().stat().st_mode) == 0o600
    assert stat.S_IMODE(settings_file().parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("data", [b"\x00\xff\xfe[[[", b"blind%20reading=perhaps\n", b"[General"])
def test_a_damaged_file_gives_the_defaults(qtbot: QtBot, data: bytes) -> None:
    path = settings_file()
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    settings = Settings()
    assert all(settings.get(item) == item.default for item in SETTINGS)
    settings.set(BLIND_READING, True)
    assert Settings().get(BLIND_READING)


# what is logged
_NAMES = ("Muster^Erika", "Muster", "Erika", "PAT-4711", "19611126", "Klinik am See", "secret knee")


@pytest.fixture
def named_study(tmp_path: Path) -> Path:
    """The sample hand as if it were somebody's, in a file named after her."""
    folder = tmp_path / "Muster Erika"
    folder.mkdir()
    dataset = pydicom.dcmread(resources.sample_files()[2])
    dataset.PatientName, dataset.PatientID = "Muster^Erika", "PAT-4711"
    dataset.PatientBirthDate, dataset.InstitutionName = "19611126", "Klinik am See"
    dataset.StudyDescription = dataset.SeriesDescription = "secret knee"
    dataset.ImageComments = "secret knee"
    dataset.save_as(folder / "PAT-4711.dcm")
    return folder


@pytest.fixture
def workbench(qtbot: QtBot) -> Iterator[Workbench]:
    session = Session()
    made = Workbench(session, "cpu", engine=ENGINE)
    yield made
    made.close()
    for item in (made, session):
        item.deleteLater()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _open(qtbot: QtBot, workbench: Workbench, paths: list[Path]) -> None:
    session = workbench.session
    workbench.open_paths(paths)
    qtbot.waitUntil(
        lambda: session.explanation is not None and bool(session.audit.image), timeout=_SECONDS
    )


def _work(qtbot: QtBot, workbench: Workbench, tmp_path: Path) -> None:
    """Everything that is logged."""
    session, audit = workbench.session, workbench.session.audit
    audit.commit_impression("Erika Muster's secret knee")
    audit.add_landmark(Landmark("m1", "left lung", box(0, 0, 40, 40)))
    for step in range(1, 6):
        audit.reshape("m1", box(step, 0, 40, 40), merge="drag")
    item = Intervention("i1", "Erika's letter", Edit(box(10, 10, 60, 60)), "marker")
    audit.add_interventions("erase", (item,))
    audit.put_intervention(replace(item, on=False))
    audit.judge("prediction", "accept", "as Erika's always was")
    audit.withdraw("prediction")
    audit.change("comment", replace(audit.document, comment="PAT-4711 again"))
    audit.remove("m1")
    target = tmp_path / "Erika.png"
    with qtbot.waitSignal(workbench.exported, timeout=_SECONDS):
        workbench.export(target, lambda: target.write_bytes(b"a picture"))
    session.set_method(PRESETS["CLEAR"])
    qtbot.waitUntil(
        lambda: session.explanation is not None and session.explanation.method == PRESETS["CLEAR"],
        timeout=_SECONDS,
    )
    workbench.close()


def test_no_identity_is_in_the_log(
    qtbot: QtBot, workbench: Workbench, named_study: Path, tmp_path: Path
) -> None:
    _open(qtbot, workbench, [named_study])
    attributes = workbench.session.open.place.instance.attributes
    assert attributes.patient_id == "PAT-4711", "the study does say whose it is"
    _work(qtbot, workbench, tmp_path)
    data = log_path().read_bytes()
    for name in (*_NAMES, str(tmp_path), named_study.name, ".dcm", "Erika.png"):
        assert name.encode() not in data, name
    assert attributes.study_instance_uid.encode() not in data
    assert attributes.sop_instance_uid.encode() not in data
    lines = _lines(log_path())
    assert [line["what"] for line in lines if line["what"] != "interventions answered"] == [
        "image explained",
        "impression committed",
        "landmark drawn",
        "landmark changed",
        "intervention made",
        "intervention switched off",
        "judgement",
        "judgement withdrawn",
        "comment changed",
        "landmark removed",
        "export made",
        "method chosen",
        "image explained",
    ]
    explained, said = lines[0], lines[1]
    assert explained["image"] == workbench.session.audit.image
    assert explained["details"]["predicted"] == "hand_wrist"
    assert explained["details"]["probability"] > 0.5
    assert explained["model"]["name"] == "deep"
    assert len(explained["model"]["weights"]) == 64
    assert explained["method"].startswith("class gradient")
    assert said["details"] == {"own_words": True, "output_seen_before": True}
    export = next(line for line in lines if line["what"] == "export made")
    digest = hashlib.sha256(b"a picture").hexdigest()
    assert export["details"] == {"kind": "png", "sha256": digest}
    assert read_log(log_path()).broken == 0
    assert stat.S_IMODE(log_path().stat().st_mode) == 0o600


def test_identity_is_in_the_log_once_that_is_wanted(
    qtbot: QtBot, workbench: Workbench, named_study: Path, tmp_path: Path
) -> None:
    workbench.session.settings.set(IDENTITY_IN_LOG, True)
    _open(qtbot, workbench, [named_study])
    _work(qtbot, workbench, tmp_path)
    lines = _lines(log_path())
    assert lines[0]["details"] == {"setting": "identity in the log", "on": True}
    assert all(line["patient_id"] == "PAT-4711" for line in lines[1:])
    assert {line["file"] for line in lines[1:]} == {"PAT-4711.dcm"}
    by_what = {line["what"]: line["details"] for line in lines}
    assert by_what["impression committed"]["own_words"] == "Erika Muster's secret knee"
    assert by_what["judgement"]["comment"] == "as Erika's always was"
    assert by_what["comment changed"]["comment"] == "PAT-4711 again"


def test_a_drag_is_one_line_of_the_image_that_it_was_made_on(
    qtbot: QtBot, workbench: Workbench
) -> None:
    _open(qtbot, workbench, resources.sample_files())
    session = workbench.session
    first = session.audit.image
    session.audit.add_landmark(Landmark("m1", "wrist", box(0, 0, 40, 40)))
    for step in range(1, 9):
        session.audit.reshape("m1", box(step, 0, 40, 40), merge="drag")
    session.set_place(replace(session.place, series=session.all_series()[1]))
    qtbot.waitUntil(lambda: session.audit.image not in ("", first), timeout=_SECONDS)
    workbench.close()
    moved = [line for line in _lines(log_path()) if line["what"] == "landmark changed"]
    assert [line["image"] for line in moved] == [first]
    assert moved[0]["details"] == {"id": "m1", "name": "wrist"}


def test_the_change_that_an_intervention_makes_is_in_the_log(
    qtbot: QtBot, workbench: Workbench
) -> None:
    _open(qtbot, workbench, resources.sample_files())
    audit, what_if = workbench.session.audit, workbench.what_if
    height, width = workbench.session.open.frame.size
    everything = Edit(box(0, 0, width, height), "mean")
    audit.add_interventions("erase", (Intervention("i1", "all of it", everything),))
    qtbot.waitUntil(lambda: what_if.answer is not None and not what_if.busy, timeout=_SECONDS)
    answer = what_if.answer
    workbench.close()
    line = next(row for row in _lines(log_path()) if row["what"] == "interventions answered")
    assert line["details"]["interventions"] == ["i1"]
    number = answer.classes.index("hand_wrist")
    change = answer.after[number] - answer.before[number]
    assert line["details"]["change"] == pytest.approx(change, abs=1e-5)
    assert abs(change) > 1e-3


def test_a_key_image_is_in_the_log(qtbot: QtBot, workbench: Workbench) -> None:
    _open(qtbot, workbench, resources.sample_files())
    session = workbench.session
    place, marks = session.place, session.key_images
    assert place is not None
    image = session.audit.image
    marks.set(place.instance, 0, True)
    marks.set(place.instance, 0, True)
    marks.set(place.instance, 0, False)
    workbench.close()
    lines = [line for line in _lines(log_path()) if line["what"].startswith("key image")]
    assert [line["what"] for line in lines] == ["key image marked", "key image unmarked"]
    assert {line["image"] for line in lines} == {image}
    assert lines[0]["details"] == {"frame": 1}


def test_an_engine_that_stops_is_in_the_log(qtbot: QtBot, workbench: Workbench) -> None:
    _open(qtbot, workbench, resources.sample_files())
    os.kill(workbench.engine.pid, signal.SIGKILL)
    qtbot.waitUntil(lambda: workbench.engine.pid is None, timeout=_SECONDS)
    workbench.watch_engine()
    workbench.close()
    assert "engine stopped" in [line["what"] for line in _lines(log_path())]


def test_a_log_that_cannot_be_written_is_told_once_and_stops_nothing(
    qtbot: QtBot, workbench: Workbench
) -> None:
    log_path().mkdir(parents=True)
    told: list[str] = []
    session = workbench.session
    workbench.log.writer.failed.connect(told.append)
    _open(qtbot, workbench, resources.sample_files())
    session.audit.judge("prediction", "accept")
    session.audit.judge("prediction", "reject")
    qtbot.waitUntil(lambda: bool(told), timeout=_SECONDS)
    log_path().rmdir()
    session.audit.judge("prediction", "unsure")
    workbench.close()
    assert len(told) == 1
    assert "audit log could not be written" in told[0]
    assert _lines(log_path())[-1]["details"]["outcome"] == "unsure"


def test_the_log_can_be_read_filtered_and_is_verified(qtbot: QtBot, workbench: Workbench) -> None:
    audit = workbench.session.audit
    _open(qtbot, workbench, resources.sample_files())
    audit.judge("prediction", "accept")
    view = LogView(workbench.log.writer, audit)
    qtbot.addWidget(view)
    qtbot.waitUntil(lambda: view.rows.rowCount() == 2, timeout=_SECONDS)
    assert "verified: 2 entries, unbroken" in view.state.text()
    assert [row[1] for row in view.rows.shown] == ["judgement", "image explained"]
    view.filter.setText("EXPLAINED")
    assert [row[1] for row in view.rows.shown] == ["image explained"]
    assert "predicted hand_wrist" in view.rows.shown[0][4]
    audit.set_blind(True)
    assert audit.concealed
    assert "hand" not in str(view.rows.shown), "nor does the log tell who reads first"
    log_path().write_bytes(log_path().read_bytes().replace(b"accept", b"reject"))
    view.again.click()
    qtbot.waitUntil(lambda: "BROKEN at line 2" in view.state.text(), timeout=_SECONDS)
