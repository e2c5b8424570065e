"""What every test gets: an offscreen Qt, the data folder, and a check that nothing is left."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.factories.dicom_files import DATA

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

_LANES = {"reading", "scanning", "prefetching", "engine", "plots", "exporting", "indexing"}
_LANES |= {"records", "saving", "kernels", "landmarks", "untrained", "what if", "controls"}
_LANES |= {"comparing", "classes", "candidates", "report", "audit log", "thumbnails", "profile"}
_LANES |= {"key images", "small pictures"}
_LANES |= {"measuring"}
_LANES |= {"keeping", "starting"}
_LANES |= {"attributes"}


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
    left = [thread.name for thread in threading.enumerate() if thread.name in _LANES]
    assert not left, f"threads left behind: {left}"
