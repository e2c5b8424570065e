"""The program: ``attentive-viewer [PATH …]``, and its jobs ``explain``, ``inspect``, ``bench``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from viewer import __version__

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
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--version", action="version", version=f"Attentive Viewer {__version__}")
    return parser


def _run_window(options: argparse.Namespace) -> int:
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    import resources
    from viewer.wiring import make_window, run_until_closed

    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("Attentive Viewer")
    window = make_window(application, options.device)
    paths = list(options.paths) or (resources.sample_files() if options.sample else [])
    QTimer.singleShot(0, window, lambda: window.workbench.begin(paths))
    return run_until_closed(application, window)


def _run_without_display(options: argparse.Namespace) -> int:
    """The same job, offscreen: every image's layers as pictures in a folder."""
    import resources
    from viewer.explain import run

    paths = list(options.paths) or resources.sample_files()
    out = Path(_OUTPUT).resolve()
    print(f"No display here: explaining offscreen; the pictures go to {out}", flush=True)
    return run([*map(str, paths), "--out", str(out), "--device", options.device])


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point; returns the exit status."""
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
    options = _parser().parse_args(words)
    return _run_window(options) if has_display() else _run_without_display(options)


if __name__ == "__main__":
    sys.exit(main())
