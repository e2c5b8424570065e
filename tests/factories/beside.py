"""Films and stacks of a patient with a name, and one of them beside another."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pytestqt.qtbot import QtBot

from tests.factories.benches import PATIENCE, viewport
from tests.factories.dicom_files import make_dataset, save
from viewer.canvas.image_view import ImageView
from viewer.state.place import Place
from viewer.state.session import Session
from viewer.state.workbench import Workbench


def film(
    path: Path, value: int = 100, size: tuple[int, int] = (60, 40), **elements: object
) -> Path:
    """A radiograph of a patient with a name: dark at the left, ``value`` at the right."""
    pixels = np.full(size, value, np.uint16)
    pixels[:, : size[1] // 4] = 0
    told = {
        "PatientName": "DOE^JANE",
        "PatientID": "4711",
        "StudyInstanceUID": f"1.2.{path.stem}",
        "SeriesInstanceUID": f"1.2.{path.stem}.1",
        "StudyDescription": "secret of Doe",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "StudyDate": "19990101",
    }
    return save(make_dataset(pixels, **{**told, **elements}), path)


def stack(
    folder: Path,
    series: str,
    count: int,
    units: str = "HU",
    depths: Sequence[float] = (),
    **elements: object,
) -> None:
    """With ``depths`` axial slices of one patient, at these millimetres."""
    for number in range(count):
        pixels = np.full((32, 32), 10 * number, np.int16)
        told: dict[str, object] = {
            "Modality": "CT",
            "SeriesInstanceUID": f"1.2.{series}",
            "StudyInstanceUID": f"1.{series}",
            "InstanceNumber": number,
            "RescaleSlope": 1,
            "RescaleIntercept": 0,
            "RescaleType": units,
        }
        if depths:
            told["PatientName"], told["PatientID"] = "DOE^JANE", "4711"
            told["FrameOfReferenceUID"] = "1.2.3"
            told["ImageOrientationPatient"] = [1, 0, 0, 0, 1, 0]
            told["ImagePositionPatient"] = [0, 0, depths[number]]
        save(make_dataset(pixels, **{**told, **elements}), folder / f"{series}-{number}.dcm")


def place_of(session: Session, name: str) -> Place:
    found = [
        Place(series, position)
        for series in session.all_series()
        for position, instance in enumerate(series.instances)
        if instance.path.name == name
    ]
    return found[0]


def open_image(qtbot: QtBot, bench: Workbench, name: str) -> None:
    """The image of a file is the main one, decoded."""
    session = bench.session
    session.set_place(place_of(session, name))
    qtbot.waitUntil(lambda: session.open is not None, timeout=PATIENCE)


def shown_beside(qtbot: QtBot, bench: Workbench, place: Place) -> None:
    """Put an image beside the main one and wait until it is on the board."""
    bench.comparing.toggle_image(place)
    is_beside_by_now(qtbot, bench, place)


def is_beside_by_now(qtbot: QtBot, bench: Workbench, place: Place) -> None:
    def is_there() -> bool:
        panes = bench.session.panes
        return any(
            pane.place is not None and pane.place.key == place.key and pane.pyramid is not None
            for pane in panes
        )

    qtbot.waitUntil(is_there, timeout=PATIENCE)


def two_films(qtbot: QtBot, bench: Workbench) -> ImageView:
    """1.dcm with 2.dcm beside it, on the screen."""
    session = bench.session
    open_image(qtbot, bench, "1.dcm")
    view = viewport(qtbot, session)
    shown_beside(qtbot, bench, place_of(session, "2.dcm"))
    view.grab()
    return view


def swapped(bench: Workbench, view: ImageView) -> None:
    view.framing.swapAsked.connect(bench.comparing.swap)
    pane = bench.comparing.swapped
    assert pane is not None
    view.framing.swap(pane)
