"""A process that runs cases: ``python -m tests.fuzz.worker``, asked by ``python -m tests.fuzz``."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from engine.process import serve
from tests.fuzz.cases import build
from tests.fuzz.trial import Outcome, Trials

_made: list[Trials] = []


@dataclass(frozen=True)
class RunCase:
    """Run case ``number`` of run ``seed``, with the real files in ``folder``."""

    number: int
    seed: int
    folder: Path
    causes: bool = False


def begin(folder: Path, causes: bool) -> Trials:
    """Trials in a folder, with fonts to paint with."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from viewer.theme import load_fonts

    load_fonts()
    return Trials(folder, causes)


def main() -> int:
    """Answer until the other side closes."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication([])
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:

        def answer(message: RunCase) -> Outcome:
            if not _made:
                _made.append(begin(Path(folder), message.causes))
            return _made[0].run(build(message.number, message.seed, message.folder))

        status = serve(answer)
        for trials in _made:
            trials.close()
    del application
    return status


if __name__ == "__main__":
    from tests.fuzz import worker  # under its own name: messages are pickled by it

    sys.exit(worker.main())
