"""What every test gets: an offscreen Qt, the data folder, and a check that nothing is left."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.dicom_files import DATA
from viewer.state.lane import running

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_THREADS = {"plots", "indexing", "starting"}


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real radiographs and DICOM files; without it the test is skipped."""
    if not (DATA / "dicom").is_dir():
        pytest.skip("no data folder; set ATTENTIVE_VIEWER_DATA to run this test")
    return DATA


@pytest.fixture(autouse=True)
def _no_lane_left() -> Iterator[None]:
    """Every background thread that a test started has ended with it."""
    yield
    left = [thread.name for thread in threading.enumerate() if thread.name in _THREADS]
    left += running()
    assert not left, f"threads left behind: {left}"
