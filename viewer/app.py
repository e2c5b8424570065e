"""The program: ``attentive-viewer [PATH …]``, and its jobs ``explain``, ``inspect``, ``bench``."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from viewer import __version__

if TYPE_CHECKING:
    from viewer.main_window import MainWindow

_OUTPUT = "attentive-viewer-output"


def has_display() -> bool:
    """Whether a window can be shown: on Linux an X or Wayland display, or a platform chosen."""
    if sys.platform != "linux" or os.environ.get("QT_QPA_PLATFORM"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="attentive-viewer",
        description="Shows which parts of a radiograph a network responds to, layer by layer. "
        "For research, not for diagnosis.",
        epilog="Other jobs: attentive-viewer explain, inspect or bench, each with --help",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        type=Path,
        help="DICOM files, folders, ZIP archives or a DICOMDIR to open",
    )
    parser.add_argument("--sample", action="store_true", help="open the bundled synthetic study")
    parser.add_argument(
        "--new-window",
        action="store_true",
        help="open another window, also where one is there that would take the paths",
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--version", action="version", version=f"Attentive Viewer {__version__}")
    return parser


def _simple(words: Sequence[str]) -> argparse.Namespace | None:
    """What a start without other options asks for: making the parser takes a tenth of the time
    until the window is on screen."""
    plain = {"--sample", "--new-window"}
    if any(word.startswith("-") and word not in plain for word in words):
        return None
    return argparse.Namespace(
        paths=[Path(word) for word in words if word not in plain],
        sample="--sample" in words,
        new_window="--new-window" in words,
        device="auto",
    )


def _run_window(options: argparse.Namespace, watch: Callable[[MainWindow], None]) -> int:
    # Before the window is on screen nothing is imported that it does not need for that, and until
    # it is complete there is no garbage worth looking for.
    gc.disable()
    from PySide6.QtCore import QCoreApplication
    from PySide6.QtWidgets import QApplication

    QCoreApplication.setApplicationName("Attentive Viewer")  # it says where settings are kept
    if not options.new_window and _handed_over(options):
        gc.enable()
        return 0
    from viewer.scaling import make_application
    from viewer.start import Start, make_frame, run_until_closed

    application = QApplication.instance() or make_application(sys.argv[:1])
    assert isinstance(application, QApplication)
    window = make_frame(bool(options.paths) or options.sample)
    watch(window)
    Start(application, window, options.device, lambda: _paths(options))
    return run_until_closed(application, window)


def _paths(options: argparse.Namespace) -> list[Path]:
    """What is to be opened."""
    import resources

    return list(options.paths) or (resources.sample_files() if options.sample else [])


def _handed_over(options: argparse.Namespace) -> bool:
    """Whether a window that is there has taken the paths."""
    from viewer.layout import window_address

    name = window_address()
    if not os.path.lexists(name):
        return False
    from viewer.handover import hand_over

    return hand_over(name, _paths(options))


def _run_without_display(options: argparse.Namespace) -> int:
    """The same job, offscreen: every image's layers as pictures in a folder."""
    import resources
    from viewer.explain import run

    paths = list(options.paths) or resources.sample_files()
    out = Path(_OUTPUT).resolve()
    print(f"No display here: explaining offscreen; the pictures go to {out}", flush=True)
    return run([*map(str, paths), "--out", str(out), "--device", options.device])


def _nobody(window: MainWindow) -> None:
    """Nobody watches."""


def main(
    arguments: Sequence[str] | None = None, watch: Callable[[MainWindow], None] = _nobody
) -> int:
    """Entry point; returns the exit status. ``watch`` gets the window before it is shown."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["explain"]:
        from viewer.explain import run

        return run(words[1:])
    if words[:1] == ["inspect"]:
        from viewer.inspect import run as run_inspect

        return run_inspect(words[1:])
    if words[:1] == ["bench"]:
        from viewer.bench import run as run_bench

        return run_bench(words[1:])
    options = _simple(words) or _parser().parse_args(words)
    return _run_window(options, watch) if has_display() else _run_without_display(options)


if __name__ == "__main__":
    sys.exit(main())
