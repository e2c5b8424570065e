"""``attentive-viewer bench audit``: how soon the audit answers, in the real window.

Films of 3520 × 4280 pixels (the bundled synthetic hand, enlarged) are stepped through; each time
the maps of all layers, the kernels of a layer, those of a region and an intervention are waited
for, from the gesture to the painting. The peers are what others would do for the same answer,
without window and process of their own: Captum layer by layer, Captum kernel by kernel, and editing
and preprocessing the whole image anew.
"""

from __future__ import annotations

import itertools
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from viewer.bench.files import write_films
from viewer.bench.rows import SIZE, Row, row, run_child

_FILMS = 6
_FIRST_MAPS, _EDIT, _KERNELS, _REGION, _STALL = 0.5, 0.3, 0.5, 0.5, 0.05  # seconds
_REST = 0.4  # seconds between two gestures

Steps = Iterator[Callable[[], bool]]


def measure() -> list[Row]:
    """Every row: medians over the films; takes about a minute."""
    with tempfile.TemporaryDirectory(prefix="attentive-viewer-bench-") as name:
        folder = Path(name)
        write_films(folder, _FILMS)
        code = "import sys; from viewer.bench.audit import child; child(sys.argv[2])"
        ours = json.loads(run_child(code, str(folder)))
    peer = json.loads(run_child("from engine.bench.anew import child; child()"))
    every = "Captum, layer by layer" if peer["layers"] else "Captum is not installed"
    single = "Captum, kernel by kernel" if peer["kernels"] else "Captum is not installed"
    return [
        row(
            "first maps after choosing a film",
            "s",
            ours["maps"],
            peer["layers"],
            every,
            _FIRST_MAPS,
        ),
        row("a what-if edit answered", "s", ours["edit"], peer["edit"], "whole image", _EDIT),
        row("first row of kernels", "s", ours["kernels"], peer["kernels"], single, _KERNELS),
        row("every kernel ranked by a region", "s", ours["region"], None, "no peer", _REGION),
        row("longest stall of the window", "s", ours["stall"], None, "no peer", _STALL),
        row("the window's own work at a time, at most", "s", ours["own"], None, "no peer", _STALL),
    ]


def child(folder: str) -> None:
    """In a process of its own: audit every film, print medians and the longest stall."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from viewer.start import run_until_closed
    from viewer.wiring import make_window

    application = QApplication([])
    window = make_window(application)
    window.resize(*SIZE)
    times: dict[str, list[float]] = {"maps": [], "edit": [], "kernels": [], "region": []}
    beats: list[tuple[float, float]] = []
    steps = _audit(window, Path(folder), times, beats)
    waited: list[Callable[[], bool]] = [lambda: True]

    def advance() -> None:
        beats.append((time.perf_counter(), time.thread_time()))
        if not waited[0]():
            return
        try:
            waited[0] = next(steps)
        except StopIteration:
            pulse.stop()
            pairs = list(itertools.pairwise(beats))
            stall, own = (max(b[clock] - a[clock] for a, b in pairs) for clock in (0, 1))
            found = {name: statistics.median(values) for name, values in times.items()}
            print(json.dumps({**found, "stall": stall, "own": own}), flush=True)
            window.close()

    pulse = QTimer(window)
    pulse.setInterval(2)
    pulse.timeout.connect(advance)
    pulse.start()
    run_until_closed(application, window)


def _audit(
    window: object, folder: Path, times: dict[str, list[float]], beats: list[tuple[float, float]]
) -> Steps:
    """The gestures, one after another; yields what is waited for."""
    from engine.questions import Edit
    from engine.shapes import box
    from viewer import commands
    from viewer.main_window import MainWindow
    from viewer.state.audit import Tool
    from viewer.state.document import Intervention, new_id
    from viewer.verbs.kernels import show_kernels, which_kernels_look_here

    assert isinstance(window, MainWindow)
    session, workbench = window.session, window.workbench
    session.change_style(visible=True)
    window.docks.show("kernels")
    workbench.open_paths([folder])
    yield lambda: session.explanation is not None and bool(workbench.kernels.tiles)
    yield _rest()
    beats.clear()
    for number in range(1, _FILMS):
        window.docks.show("response")
        yield _rest()
        start = time.perf_counter()
        commands.next_image(window.context)
        yield lambda: session.explanation is not None
        window.view.repaint()
        times["maps"].append(time.perf_counter() - start)
        yield lambda: bool(session.audit.image)
        yield _rest()
        show_kernels(window.context)
        start = time.perf_counter()
        session.show_layer(4 + 2 * number)
        yield lambda: bool(workbench.kernels.tiles)
        times["kernels"].append(time.perf_counter() - start)
        yield _rest()
        which_kernels_look_here(window.context)
        start = time.perf_counter()
        session.audit.set_region(box(1200, 1500, 1900, 2300))
        yield lambda: workbench.kernels.here.found is not None
        times["region"].append(time.perf_counter() - start)
        session.audit.set_region(None)
        session.audit.set_tool(Tool())
        yield _rest()
        window.docks.show("what_if")
        start = time.perf_counter()
        edit = Edit(box(900, 1200 + 40 * number, 1400, 1600 + 40 * number))
        session.audit.add_interventions("erase", (Intervention(new_id(), "box", edit),))
        yield lambda: workbench.what_if.answer is not None
        times["edit"].append(time.perf_counter() - start)
        yield _rest()


def _rest() -> Callable[[], bool]:
    until = time.perf_counter() + _REST
    return lambda: time.perf_counter() > until
