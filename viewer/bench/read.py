"""``attentive-viewer bench read``: indexing, the first image, scrolling and decoding.

Files are made anew in a temporary folder (1.4 GB). The readers have booted before anything is
timed, as they have in the window; peers are warm, too.
"""

from __future__ import annotations

import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from viewer.bench.files import write_radiographs, write_series
from viewer.bench.rows import SIZE, Row, row, run_child
from viewer.reading.index import Index
from viewer.reading.limits import SCANNERS, frame_bytes
from viewer.reading.process import ReaderProcess

_SMALL_FILES, _STALL = 10_000, 0.05
_SLICES, _MANY_SLICES, _SIZE = 500, 2_000, 512
_BUDGET = 512 * 1024**2  # bytes of frames while scrolling; the default would hold all of them


def measure() -> list[Row]:
    """Every row; takes about two minutes."""
    with tempfile.TemporaryDirectory(prefix="attentive-viewer-bench-") as name:
        folder = Path(name)
        say("writing files")
        write_series(folder / "small", _SMALL_FILES, 32, series=100)
        write_series(folder / "ct", _SLICES, _SIZE)
        write_series(folder / "many", _MANY_SLICES, _SIZE)
        return [
            *_indexing(folder / "small"),
            *_opening(folder),
            *_scrolling(folder / "many"),
            *_decoding(folder / "radiographs"),
        ]


def say(what: str) -> None:
    """Progress for people; standard output is for the rows."""
    print(f"{what} …", file=sys.stderr, flush=True)


def _median(work: Callable[[], object], runs: int = 3) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def _indexing(folder: Path) -> list[Row]:
    """Beside pydicom in a loop, and beside merely reading the bytes."""
    from pydicom import dcmread

    say(f"indexing {_SMALL_FILES:,} files")
    files = sorted(folder.iterdir())
    readers = [ReaderProcess() for _ in range(SCANNERS)]
    try:
        for reader in readers:
            reader.headers(())
        found = Index([folder], readers).run().scan
        if sum(len(s.instances) for study in found.studies for s in study.series) != len(files):
            raise SystemExit("error: the index does not hold every file")
        ours, peers = [], []
        for _ in range(3):  # in turns, as other programs may disturb
            ours.append(_median(lambda: Index([folder], readers).run(), 1))
            peers.append(
                _median(lambda: [dcmread(file, stop_before_pixels=True) for file in files], 1)
            )
    finally:
        for reader in readers:
            reader.process.stop()
    plain = _median(lambda: [file.read_bytes() for file in files])
    return [
        row(
            f"index {_SMALL_FILES:,} small files",
            "s",
            statistics.median(ours),
            statistics.median(peers),
            "pydicom in a loop",
            plain,
        )
    ]


def _opening(folder: Path) -> list[Row]:
    """The real window: the first image of a folder, and stalls while a large one is read."""
    say("opening folders in the window")
    code = "import sys; from viewer.bench.read import open_in_window as run; run(*sys.argv[2:])"
    first = json.loads(run_child(code, str(folder / "ct")))
    small = str(folder / "small")
    stall = statistics.median(json.loads(run_child(code, small))["stall"] for _ in range(3))
    peer = json.loads(run_child(code, small, "naive"))
    naive = json.loads(
        run_child(
            "import sys; from viewer.bench.read import open_naively as run; run(*sys.argv[2:])",
            str(folder / "ct"),
        )
    )
    return [
        row(
            f"first image of {_SLICES} slices, while they are read",
            "s",
            first["image"],
            naive["image"],
            "pydicom: headers, sort, decode",
            1.0,
        ),
        row(f"all {_SLICES} slices in the list", "s", first["all"], None, "no peer"),
        row(
            f"longest stall of the window, {_SMALL_FILES:,} files",
            "s",
            stall,
            peer["stall"],
            "pydicom in a thread",
            _STALL,
        ),
    ]


def open_in_window(path: str, how: str = "") -> None:
    """In a process of its own: open a folder in the real window and print the times. With
    ``naive``, a thread of the window's process reads the headers with pydicom instead."""
    import threading

    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from viewer.wiring import make_window

    application = QApplication([])
    window = make_window(application)
    window.resize(*SIZE)
    library, session = window.workbench.library, window.session
    times: dict[str, float] = {}
    beats: list[float] = []
    start = 0.0

    def beat() -> None:
        beats.append(time.perf_counter())

    def begin() -> None:
        nonlocal start
        pulse.start()
        start = time.perf_counter()
        if how == "naive":
            thread = threading.Thread(target=_read_naively, args=(path,))
            thread.start()
            watch = QTimer(window)
            watch.timeout.connect(lambda: None if thread.is_alive() else end())
            watch.start(20)
        else:
            window.workbench.open_paths([Path(path)])

    def image() -> None:
        if session.open is not None:
            times.setdefault("image", time.perf_counter() - start)

    def end(found: bool = True) -> None:
        times["all"] = time.perf_counter() - start
        QTimer.singleShot(300, window, finish)

    def finish() -> None:
        gaps = [b - a for a, b in itertools.pairwise(beats)]
        print(json.dumps({**times, "stall": max(gaps)}), flush=True)
        window.close()

    pulse = QTimer(window)
    pulse.setInterval(2)
    pulse.timeout.connect(beat)
    session.frameChanged.connect(image)
    library.ended.connect(end)
    window.show()
    QTimer.singleShot(2500, window, begin)  # the readers boot meanwhile
    application.exec()


def _read_naively(path: str) -> list[Any]:
    from pydicom import dcmread

    files = sorted(Path(path).iterdir())
    found = [dcmread(file, stop_before_pixels=True) for file in files]
    return sorted(found, key=lambda dataset: float(dataset.ImagePositionPatient[2]))


def open_naively(path: str) -> None:
    """In a process of its own: what a viewer without an index does before its first image."""
    from pydicom import dcmread

    start = time.perf_counter()
    first = _read_naively(path)[0]
    dcmread(first.filename).pixel_array.max()
    print(json.dumps({"image": time.perf_counter() - start}), flush=True)


def _scrolling(folder: Path) -> list[Row]:
    """A series that is larger than its budget, forwards and back."""
    say(f"scrolling through {_MANY_SLICES:,} slices")
    code = "import sys; from viewer.bench.read import scroll as run; run(*sys.argv[2:])"
    ours = json.loads(run_child(code, str(folder)))
    peer = json.loads(
        run_child(
            "import sys; from viewer.bench.read import scroll_naively as run; run(*sys.argv[2:])",
            str(folder),
        )
    )
    mib = 1024**2
    return [
        row(
            f"memory after {_MANY_SLICES:,} slices",
            "MiB",
            ours["grown"] / mib,
            peer["grown"] / mib,
            "pydicom, every frame kept",
            _BUDGET / mib,
        ),
        row(
            "of these, decoded frames at most",
            "MiB",
            ours["kept"] / mib,
            None,
            "no peer",
            frame_bytes(_BUDGET) / mib,
        ),
        row("a step, shown with everything, p95", "s", ours["p95"], None, "no peer"),
    ]


def scroll(path: str) -> None:
    """In a process of its own: every slice of the series, forwards and back, each shown before
    the next is asked for; prints memory and times."""
    import psutil
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from viewer import commands
    from viewer.wiring import make_window

    application = QApplication([])
    window = make_window(application)
    window.resize(*SIZE)
    session, cache = window.session, window.workbench.frames.cache
    cache.budget = frame_bytes(_BUDGET)
    window.workbench.engine.close()  # the network is not what is measured
    me = psutil.Process()
    steps: list[float] = []
    kept: list[int] = []
    state = {"asked": 0.0, "before": 0.0, "by": 1}

    def shown() -> None:
        if session.open is None or not state["asked"]:
            return
        steps.append(time.perf_counter() - state["asked"])
        kept.append(cache.bytes)
        state["asked"] = 0.0
        QTimer.singleShot(5, window, step)  # a wheel does not turn faster

    def step() -> None:
        place = session.place
        assert place is not None
        if state["by"] == 1 and place.number == place.series.starts[-1] - 1:
            state["by"] = -1
        elif state["by"] == -1 and place.number == 0:
            finish()
            return
        state["asked"] = time.perf_counter()
        commands.step_image(window.context, int(state["by"]))

    def open_series() -> None:
        state["before"] = me.memory_info().rss
        window.workbench.open_paths([Path(path)])

    def finish() -> None:
        steps.sort()
        told = {
            "grown": me.memory_info().rss - state["before"],
            "kept": max(kept),
            "p95": steps[int(0.95 * len(steps))],
        }
        print(json.dumps(told), flush=True)
        window.close()

    session.frameChanged.connect(shown)
    window.workbench.library.ended.connect(lambda found: QTimer.singleShot(500, window, step))
    window.show()
    QTimer.singleShot(1000, window, open_series)  # the window is painted, the readers have booted
    application.exec()


def scroll_naively(path: str) -> None:
    """In a process of its own: decode every slice with pydicom and keep it."""
    import psutil
    from pydicom import dcmread

    files = sorted(Path(path).iterdir())
    kept, steps, me = [], [], psutil.Process()
    kept.append(dcmread(files[0]).pixel_array)
    before = me.memory_info().rss
    for file in files:
        start = time.perf_counter()
        kept.append(dcmread(file).pixel_array)
        steps.append(time.perf_counter() - start)
    steps.sort()
    grown = me.memory_info().rss - before
    print(json.dumps({"grown": grown, "p95": steps[int(0.95 * len(steps))]}), flush=True)


def _decoding(folder: Path) -> list[Row]:
    """One film in every syntax, beside plain pydicom with whatever plug-ins it finds."""
    from pydicom import dcmread

    from viewer.dicom.reader import read_frame

    rows = []
    for name, path in write_radiographs(folder):
        say(f"decoding {name}")
        ours = _median(lambda path=path: read_frame(path))  # type: ignore[misc]
        try:
            dcmread(path).pixel_array  # noqa: B018 - whether it can
            peer = _median(lambda path=path: dcmread(path).pixel_array)  # type: ignore[misc]
            peer_name = "pydicom"
        except Exception:
            peer, peer_name = None, "pydicom cannot"
        rows.append(row(f"decode 8 MiB, {name}", "s", ours, peer, peer_name))
    return rows
