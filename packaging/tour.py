"""Takes the pictures of the README from the real window: ``python packaging/tour.py``.

Opens the bundled sample, then, where a folder of real files is given, that folder, and shows of
it only files whose licence allows a picture to be published. Run it under a virtual screen for
pictures of what a user sees (``xvfb-run -a -s "-screen 0 3840x2160x24" python packaging/tour.py``).
Other sizes and the double scale are taken by processes of their own (``--only sizes``).
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget
from tour_audit import FRONTAL_LUNGS, LATERAL_LUNGS, audit_chest, audit_hand
from tour_window import show_sizes, show_window

import resources
from viewer.exporters.report import report_image
from viewer.exporters.snapshot import take
from viewer.main_window import MainWindow
from viewer.wiring import make_window

_PATIENCE = 120.0
_PARTS = {"audit": 1, "window": 1, "sizes": 1, "double": 2}
"""The scale of each part."""
# real files that may be shown: MIT (highdicom), MS-PL (fo-dicom)
_PUBLISHABLE = {
    "real-chest": "ImagingDataCommons__test_files_dx_image.dcm",
    "declined": "fo-dicom__Test_Data_GH133.dcm",
}
_PRIVATE = "robyoung__J2KI_RG1_J2KI"


class Tour:
    """Waits on the window's own state, never on time alone, and grabs it."""

    def __init__(self, application: QApplication, window: MainWindow, out: Path) -> None:
        self.application, self.window, self.out = application, window, out

    def wait(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + _PATIENCE
        while not condition():
            if time.monotonic() > end:
                raise SystemExit("error: the window did not come to the expected state")
            self.application.processEvents()
            time.sleep(0.01)

    def settle(self) -> None:
        settled = time.monotonic() + 0.7
        self.wait(lambda: time.monotonic() > settled)

    def picture(self, name: str) -> None:
        self.settle()
        self.save(self.window, name)

    def save(self, widget: QWidget, name: str) -> None:
        path = self.out / f"{name}.png"
        widget.grab().save(str(path))
        print(f"wrote {path}", flush=True)

    def explained(self) -> None:
        self.wait(lambda: self.window.session.explanation is not None)

    def sample(self) -> None:
        """The bundled study: empty window, scan alone, a deep layer, an audit, contours only."""
        session = self.window.session
        self.wait(lambda: session.engine.state == "ready")
        self.picture("empty")
        self.window.workbench.open_paths(resources.sample_files())
        self.explained()
        self.picture("scan-first")
        session.show_layer(14)
        self.picture("hand-deep-layer")
        audit_hand(self)
        chest = next(s for s in session.all_series() if "chest" in s.description)
        session.set_place(session.place_of(chest.instances[0].path))
        self.explained()
        session.show_layer(16)
        session.change_style(fill=False)
        self.picture("chest-contours")
        session.change_style(fill=True)
        session.set_model("shallow")
        self.wait(lambda: session.explanation.model.name == "shallow")  # type: ignore[union-attr]
        session.show_layer(4)
        self.picture("shallow-model")
        session.set_model("deep")

    def real(self, folder: Path, private: Path | None) -> None:
        """A folder of real files, identity hidden; with ``private`` one more audit, of a frontal
        film whose pictures may be looked at, but not published."""
        session = self.window.session
        session.set_identity_shown(False)
        before = session.place
        # these alone: the list of studies shows small pictures of whatever is open
        self.window.workbench.open_paths([folder / file for file in _PUBLISHABLE.values()])
        self.wait(lambda: session.place != before and session.reading is None)
        for name, file in _PUBLISHABLE.items():
            session.set_place(session.place_of(folder / file))
            self.explained()
            session.show_layer(16)
            self.picture(name)
            if name == "real-chest":
                audit_chest(self, LATERAL_LUNGS, "unsure", "a dog; strongest behind the diaphragm")
                self.report("chest-report")
        if private is not None:
            self.out = private
            self.window.workbench.open_paths([folder / _PRIVATE])
            self.wait(lambda: session.place_of(folder / _PRIVATE) is not None)
            session.set_place(session.place_of(folder / _PRIVATE))
            self.wait(lambda: session.open is not None)
            audit_chest(self, FRONTAL_LUNGS, "accept", "rests on the thorax", "frontal")
            self.report("frontal-report")

    def report(self, name: str) -> None:
        """The first page of the report about what is open."""
        snapshot = take(self.window.workbench)
        assert snapshot is not None
        path = self.out / f"{name}.png"
        report_image(snapshot, 0, 1100).save(str(path))
        print(f"wrote {path}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "pictures")
    parser.add_argument("--data", type=Path, help="a folder of real DICOM radiographs")
    parser.add_argument("--private", type=Path, help="for pictures that may not be published")
    parser.add_argument("--size", default="1440x900", help="of the window, WIDTHxHEIGHT")
    parser.add_argument(
        "--only", choices=tuple(_PARTS), help="one part of the tour; all by default"
    )
    options = parser.parse_args()
    for folder in filter(None, (options.out, options.private)):
        folder.mkdir(parents=True, exist_ok=True)
    if options.only is None:
        return max(map(_in_a_process, _PARTS))
    with tempfile.TemporaryDirectory() as kept:  # nothing of the tour stays with the user
        os.environ["XDG_DATA_HOME"] = kept
        return _take_pictures(options)


def _in_a_process(part: str) -> int:
    """A part of the tour with its own scale; its exit status."""
    scaled = {**os.environ, "QT_SCALE_FACTOR": str(_PARTS[part])}
    print(f"{part}:", flush=True)
    return subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--only", part], env=scaled
    ).returncode


def _take_pictures(options: argparse.Namespace) -> int:
    application = QApplication([])
    window = make_window(application)
    width, height = map(int, options.size.split("x"))
    window.resize(width, height)
    window.show()
    window.workbench.warm()
    tour = Tour(application, window, options.out)
    try:
        tour.wait(lambda: window.complete)
        if options.only == "window":
            show_window(tour)
        elif options.only == "sizes":
            show_sizes(tour, "size", ("small", "4k"))
        elif options.only == "double":
            show_sizes(tour, "double", ("usual",))
        else:
            tour.sample()
            if options.data is not None:
                tour.real(options.data.absolute(), options.private)
    finally:
        window.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
