"""The example script as a researcher runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "engine/examples/explain_your_model.py"


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_example_writes_a_sheet_whose_maps_lie_on_the_spot(tmp_path: Path) -> None:
    done = run("sheet.png", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "(16, 16, 16)" in done.stdout
    with Image.open(tmp_path / "sheet.png") as picture:
        assert picture.width > 700
        assert picture.height > 500
        pixels = np.asarray(picture.convert("RGB"), np.float32)
    scan, first = (pixels[92:372, x : x + 280] for x in (28, 326))
    assert scan.std() > 20
    coloured = np.ptp(first, axis=2) * (first[..., 0] > 200)  # yellow and orange, no greys
    y, x = np.unravel_index(coloured.argmax(), coloured.shape)
    assert np.hypot(x - 40.5 * 280 / 64, y - 24.5 * 280 / 64) < 25


def test_the_example_without_a_file_to_write_says_how_to_call_it(tmp_path: Path) -> None:
    done = run(folder=tmp_path)
    assert done.returncode != 0
    assert "usage" in done.stderr
