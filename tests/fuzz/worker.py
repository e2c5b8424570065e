"""A process that runs cases: ``python -m tests.fuzz.worker``, asked by ``python -m tests.fuzz``."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from engine.process import serve
from tests.fuzz.cases import build
from tests.fuzz.trial import Outcome, Trials


@dataclass(frozen=True)
class RunCase:
    """Run case ``number`` of run ``seed``, made from the real files in ``folder``; its own files
    are in ``scratch`` as long as it runs."""

    number: int
    seed: int
    folder: Path
    scratch: Path
    causes: bool = False


def begin(scratch: Path, causes: bool) -> Trials:
    """Trials in a folder, with fonts to paint with."""
    from viewer.theme import load_fonts

    load_fonts()
    return Trials(scratch, causes)


def main() -> int:
    """Answer until the other side closes."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtGui import QGuiApplication

    application = QGuiApplication([])
    made: list[Trials] = []

    def answer(message: RunCase) -> Outcome:
        if not made:
            made.append(begin(message.scratch, message.causes))
        return made[0].run(build(message.number, message.seed, message.folder))

    status = serve(answer)
    for trials in made:
        trials.close()
    del application
    return status


if __name__ == "__main__":
    from tests.fuzz import worker  # under its own name: messages are pickled by it

    sys.exit(worker.main())
