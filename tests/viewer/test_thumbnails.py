"""Small pictures of series: what they show, and when they are made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from tests.factories.benches import PATIENCE, read
from tests.factories.dicom_files import make_dataset, save
from viewer.dicom.frame import Frame, to_grey
from viewer.dicom.planes import Plane
from viewer.dicom.window import Window
from viewer.render.thumbnail import thumbnail
from viewer.state import thumbnails as module
from viewer.state.place import Place
from viewer.state.thumbnails import SIDE, middle_of


def ramp(height: int, width: int) -> np.ndarray:
    return (np.arange(height)[:, None] * 7 + np.arange(width) * 11).astype(np.uint16)


def test_a_small_frame_is_itself() -> None:
    frame = Frame(ramp(20, 30), windows=(Window(200, 300),))
    assert np.array_equal(thumbnail(frame, 64), to_grey(frame))


@pytest.mark.parametrize(
    ("size", "aspect", "expected"),
    [
        ((400, 800), 1.0, (48, 96)),
        ((800, 400), 1.0, (96, 48)),
        ((100, 400), 4.0, (96, 96)),
        ((400, 100), 0.25, (96, 96)),
        ((3, 5000), 1.0, (1, 96)),
        ((1, 1), 1.0, (1, 1)),
        ((10, 10), 3.0, (30, 10)),
    ],
)
def test_pixels_are_square_and_the_longer_side_fits(
    size: tuple[int, int], aspect: float, expected: tuple[int, int]
) -> None:
    frame = Frame(np.zeros(size, np.uint16), aspect_ratio=aspect)
    assert thumbnail(frame, 96).shape == expected


def test_it_is_the_mean_of_what_it_stands_for() -> None:
    pixels = np.zeros((960, 960), np.uint16)
    pixels[:480] = 1000
    frame = Frame(pixels, windows=(Window(500, 1000),))
    made = thumbnail(frame, 96)
    assert made[:48].min() >= 254
    assert made[48:].max() == 0


def test_colour_stays_colour_and_wide_values_work() -> None:
    rgb = np.zeros((300, 300, 3), np.uint8)
    rgb[..., 1] = 200
    assert thumbnail(Frame(rgb), 60).shape == (60, 60, 3)
    assert (thumbnail(Frame(rgb), 60)[..., 1] == 200).all()
    wide = np.linspace(-5, 5, 90_000, dtype=np.float32).reshape(300, 300)
    wide[0, 0] = np.nan
    made = thumbnail(Frame(wide), 60)
    assert made[0, 5] < made[-1, 5]


def test_overlay_planes_are_not_in_it() -> None:
    """Names are written into them."""
    bare = Frame(ramp(64, 64), windows=(Window(500, 800),))
    bits = np.packbits(np.ones(64 * 64, np.uint8), bitorder="little")
    plane = Plane(64, 64, (0, 0), bits)
    with_plane = Frame(ramp(64, 64), windows=(Window(500, 800),), planes=(plane,))
    assert np.array_equal(thumbnail(bare, 32), thumbnail(with_plane, 32))


def stacks(folder: Path, count: int, images: int = 5) -> Path:
    """Series of slices; slice n is n · 40 everywhere, in a window of the file."""
    for series in range(count):
        for number in range(images):
            dataset = make_dataset(
                np.full((32, 24), number * 40, np.uint16),
                StudyInstanceUID="1.2.3",
                SeriesInstanceUID=f"1.2.3.{series + 4}",
                SeriesNumber=series,
                InstanceNumber=number,
                WindowCenter=128,
                WindowWidth=256,
            )
            save(dataset, folder / f"{series}-{number}.dcm")
    return folder


def test_the_image_in_the_middle_stands_for_a_series(qtbot: QtBot, tmp_path: Path) -> None:
    with read(qtbot, [stacks(tmp_path, 2)]) as workbench:
        made, every = workbench.thumbnails, workbench.session.all_series()
        keys = [middle_of(series) for series in every]
        assert [key[0].name for key in keys] == ["0-2.dcm", "1-2.dcm"]
        assert made.get(keys[0]) is None
        arrived: list[object] = []
        made.arrived.connect(arrived.append)
        made.want(keys)
        qtbot.waitUntil(lambda: len(arrived) == 2, timeout=PATIENCE)
        assert arrived == keys, "in the order that they were asked for"
        picture = made.get(keys[1])
        assert picture is not None
        assert picture.shape == (32, 24)
        assert (picture == 80).all()


def test_only_what_is_looked_at_is_made(qtbot: QtBot, tmp_path: Path) -> None:
    with read(qtbot, [stacks(tmp_path, 8, 1)]) as workbench:
        made = workbench.thumbnails
        keys = [middle_of(series) for series in workbench.session.all_series()]
        made.want(keys)
        made.want(keys[-1:])
        qtbot.waitUntil(lambda: made.get(keys[-1]) is not None, timeout=PATIENCE)
        assert sum(made.get(key) is not None for key in keys[1:-1]) == 0


def test_none_is_made_while_images_are_played(qtbot: QtBot, tmp_path: Path) -> None:
    with read(qtbot, [stacks(tmp_path, 1)]) as workbench:
        made, session = workbench.thumbnails, workbench.session
        key = middle_of(session.all_series()[0])
        session.set_playing(True)
        made.want([key])
        assert made._running is None
        session.set_playing(False)
        qtbot.waitUntil(lambda: made.get(key) is not None, timeout=PATIENCE)


def test_a_file_without_a_picture_is_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    broken = make_dataset(np.zeros((16, 16), np.uint16), SeriesInstanceUID="1.9")
    broken.PixelData = b"\0\0"
    save(broken, tmp_path / "broken.dcm")
    save(make_dataset(np.zeros((16, 16), np.uint16), SeriesInstanceUID="1.8"), tmp_path / "a.dcm")
    with read(qtbot, [tmp_path / "a.dcm", tmp_path]) as workbench:
        made = workbench.thumbnails
        place = workbench.session.place_of(tmp_path / "broken.dcm")
        assert isinstance(place, Place)
        made.want([place.key])
        qtbot.waitUntil(lambda: made.is_missing(place.key), timeout=PATIENCE)
        assert made.get(place.key) is None


def test_a_reader_that_was_ended_is_asked_again(qtbot: QtBot, tmp_path: Path) -> None:
    with read(qtbot, [stacks(tmp_path, 1)]) as workbench:
        qtbot.waitUntil(lambda: len(workbench.frames.cache) == 5, timeout=PATIENCE)
        made = workbench.thumbnails
        key = middle_of(workbench.session.all_series()[0])
        made.want([key])
        workbench.readers[1].process.kill()
        qtbot.waitUntil(lambda: made.get(key) is not None, timeout=PATIENCE)


def test_they_stay_within_their_budget(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_BUDGET", 3 * 32 * 24)
    with read(qtbot, [stacks(tmp_path, 6, 1)]) as workbench:
        made = workbench.thumbnails
        keys = [middle_of(series) for series in workbench.session.all_series()]
        arrived: list[object] = []
        made.arrived.connect(arrived.append)
        made.want(keys)
        qtbot.waitUntil(lambda: len(arrived) == 6, timeout=PATIENCE)
        assert [made.get(key) is not None for key in keys] == [False] * 3 + [True] * 3


def test_one_of_a_file_that_was_written_anew_is_made_anew(qtbot: QtBot, tmp_path: Path) -> None:
    with read(qtbot, [stacks(tmp_path, 1, 1)]) as workbench:
        made = workbench.thumbnails
        key = middle_of(workbench.session.all_series()[0])
        made.want([key])
        qtbot.waitUntil(lambda: made.get(key) is not None, timeout=PATIENCE)
        made.forget(frozenset([key[0]]))
        assert made.get(key) is None


def test_the_longer_side_is_that_of_a_thumbnail() -> None:
    noise = np.random.default_rng(1).integers(0, 4096, (2000, 1500), dtype=np.uint16)
    made = thumbnail(Frame(noise), SIDE)
    assert made.shape == (192, 144)
