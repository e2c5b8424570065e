"""``python -m tests.fuzz``: thousands of damaged files; no one may crash, hang or eat memory.

Case N is always the same: ``python -m tests.fuzz --case N`` runs one again, and tells more.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tqdm import tqdm

from engine.process import ProcessDied, TimedOut, WorkerProcess
from tests.factories.dicom_files import DATA
from tests.fuzz.cases import build
from tests.fuzz.report import as_json, told
from tests.fuzz.trial import Outcome
from tests.fuzz.worker import RunCase

_PATIENCE = 120.0  # seconds until a worker is taken to hang


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=20_000, metavar="N")
    parser.add_argument("--first", type=int, default=0, metavar="K", help="number of the first")
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="another S, other cases")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--case", type=int, metavar="N", help="this one only, and all about it")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="write the files of --case there"
    )
    parser.add_argument("--causes", action="store_true", help="list what is behind the refusals")
    parser.add_argument("--json", action="store_true", help="all of it, to be read by a program")
    return parser.parse_args(arguments)


class Crew:
    """Threads with a worker's process each, that take the next case until there are none."""

    def __init__(self, options: argparse.Namespace, numbers: Sequence[int], scratch: Path) -> None:
        self._options = options
        self._scratch = scratch
        self._numbers = iter(tqdm(numbers, unit="case", disable=len(numbers) < 2, smoothing=0.05))
        self._lock = threading.Lock()
        self.outcomes: list[Outcome] = []

    def run(self) -> list[Outcome]:
        """All of them, by number."""
        count = self._options.workers
        threads = [threading.Thread(target=self._work, daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(self.outcomes, key=lambda outcome: outcome.number)

    def _work(self) -> None:
        process = WorkerProcess("tests.fuzz.worker")
        while (number := self._next()) is not None:
            options = self._options
            folder, scratch = DATA / "dicom", self._scratch
            message = RunCase(number, options.seed, folder, scratch, options.causes)
            try:
                outcome = process.ask(message, _PATIENCE)
            except TimedOut:
                outcome = Outcome(number, [], failures=["the program hangs"])
            except ProcessDied as error:
                outcome = Outcome(number, [], failures=[f"the program crashes: {error}"])
            with self._lock:
                self.outcomes.append(outcome)
        process.stop()

    def _next(self) -> int | None:
        with self._lock:
            return next(self._numbers, None)


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if nothing failed, 1 if something did, 2 if there is nothing to begin with."""
    options = _parse(arguments)
    if not (DATA / "dicom").is_dir():
        print(f"There are no real files in {DATA}; set ATTENTIVE_VIEWER_DATA.", file=sys.stderr)
        return 2
    root = str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    numbers = range(options.first, options.first + options.cases)
    if options.case is not None:
        numbers, options.workers = range(options.case, options.case + 1), 1
        options.causes = True
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-", ignore_cleanup_errors=True) as scratch:
        outcomes = Crew(options, numbers, Path(scratch)).run()
    seconds = time.monotonic() - began
    if options.json:
        print(json.dumps(as_json(outcomes, seconds), indent=1))
    else:
        print(told(outcomes, seconds, options.causes))
    if options.case is not None:
        _one(options, outcomes[0])
    return 1 if any(outcome.failures for outcome in outcomes) else 0


def _one(options: argparse.Namespace, outcome: Outcome) -> None:
    """All about a single case."""
    if options.keep is not None:
        print(build(options.case, options.seed, DATA / "dicom").write(options.keep))
    for name, found in asdict(outcome).items():
        print(f"{name}: {found}")


if __name__ == "__main__":
    sys.exit(main())
