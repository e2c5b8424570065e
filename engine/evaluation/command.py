"""``python -m engine evaluate --data DIR``: how good a model's answers are on labelled images."""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from engine.bundled import model_at
from engine.checkpoint import LoadedModel, choose_device
from engine.errors import EngineError, RequestError
from engine.evaluation.answers import Answering, Answers
from engine.evaluation.figures import Figures, Share, figures_of
from engine.evaluation.index import Example, read_index, read_picture
from engine.evaluation.mistakes import mistakes_sheet
from engine.files import write_atomically
from engine.memory import keep_freed_memory

_HOME_SPLIT = "test"


@dataclass(frozen=True, eq=False)
class Evaluation:
    """``examples`` are the pictures that could be read, in the order of ``answers``; ``unreadable``
    pairs a file with the reason, ``left_out`` counts rows of classes that the model does not name.
    """

    examples: tuple[Example, ...]
    answers: Answers
    figures: Figures
    unreadable: tuple[tuple[str, str], ...]
    left_out: int


def evaluate(
    model: LoadedModel,
    folder: Path,
    examples: Sequence[Example],
    device: str = "cpu",
    silent: bool = True,
) -> Evaluation:
    """Ask ``model`` about every example of a class that it names. A file that cannot be read does
    not stop the others. Raises :class:`EngineError` where none is left."""
    classes = model.specification.classes
    chosen = [row for row in examples if row.label in classes]
    answering = Answering(model, choose_device(device))
    seen, unreadable = [], []
    for row in tqdm(chosen, unit="image", disable=silent, leave=False):
        try:
            answering.add(read_picture(folder / row.file))
        except EngineError as error:
            unreadable.append((row.file, str(error)))
        else:
            seen.append(row)
    if not seen:
        why = f"; the first: {unreadable[0][1]}" if unreadable else ""
        raise EngineError(
            f"{folder} has no picture to evaluate: {len(chosen)} of {len(examples)} rows are of a "
            f"class that the model names, and {len(unreadable)} of them cannot be read{why}"
        )
    answers = answering.finish()
    figures = figures_of(
        answers.probabilities,
        [classes.index(row.label) for row in seen],
        classes,
        answers.declined,
        [row.group for row in seen],
    )
    return Evaluation(tuple(seen), answers, figures, tuple(unreadable), len(examples) - len(chosen))


def chosen_rows(rows: Sequence[Example], split: str, source: str) -> tuple[list[Example], str]:
    """The rows of a split and a source ("" for any), and the split that was taken: without one, the
    test split of an index (or of the source) that has it, and otherwise every row."""
    for name, wanted, attribute in (("source", source, "source"), ("split", split, "split")):
        known = sorted({getattr(row, attribute) for row in rows})
        if wanted and wanted not in known:
            raise RequestError(f"there is no {name} {wanted!r}; there are {', '.join(known)}")
    of_source = [row for row in rows if source in ("", row.source)]
    if not split and any(row.split == _HOME_SPLIT for row in of_source):
        split = _HOME_SPLIT
    found = [row for row in of_source if split in ("", row.split)]
    if not found:
        raise RequestError(f"the source {source!r} has no row of the split {split!r}")
    return found, split


def _number(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)


def _interval(share: Share) -> list[float]:
    return [round(value, 6) for value in share.interval]


def _summary(figures: Figures) -> dict[str, Any]:
    return {
        "n": figures.total,
        "accuracy": _number(figures.accuracy.value),
        "accuracy_ci": _interval(figures.accuracy),
        "mean_recall": _number(figures.mean_recall),
        "mean_recall_ci": [_number(value) for value in figures.mean_recall_interval],
        "per_class": {
            name: {
                "n": share.total,
                "right": share.right,
                "recall": _number(share.value),
                "recall_ci": _interval(share),
            }
            for name, share in figures.per_class.items()
        },
        "ece": _number(figures.calibration_error),
    }


def as_json(done: Evaluation) -> dict[str, Any]:
    """Every figure by name. Top level: over all images, a declined one counting as not right (the
    calibration error is of the answers given); ``accepted``: over the images with an answer."""
    figures, reasons = done.figures, done.answers.reasons
    return {
        **_summary(figures),
        "declined": _number(figures.declined.value),
        "declined_ci": _interval(figures.declined),
        "declined_n": figures.declined.right,
        "accepted": _summary(figures.accepted()),
        "confusion": {
            "rows": list(figures.classes),
            "columns": [*figures.classes, "declined"],
            "counts": figures.confusion.tolist(),
        },
        "reliability": [
            {
                "low": part.low,
                "high": part.high,
                "confidence": round(part.confidence, 6),
                "accuracy": round(part.right / part.total, 6),
                "n": part.total,
            }
            for part in figures.reliability()
        ],
        "declined_because": _counted(reasons),
        "left_out": done.left_out,
        "unreadable": [{"file": file, "reason": why} for file, why in done.unreadable],
    }


def _counted(reasons: Sequence[str]) -> dict[str, int]:
    """How often each kind of reason was given (numbers in it apart)."""
    kinds = [reason.split(" (")[0] for reason in reasons if reason]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


def _share(share: Share) -> str:
    low, high = share.interval
    return f"{share.value:.3f} ({low:.3f} to {high:.3f})"


def as_text(done: Evaluation) -> str:
    """The same for reading."""
    figures = done.figures
    accepted, wide = figures.accepted(), max(map(len, figures.classes))
    low, high = figures.mean_recall_interval
    lines = [
        "in brackets 95 % intervals: Wilson's, and for mean recall a bootstrap over patients",
        "",
        f"accuracy            {_share(figures.accuracy)}, a declined image counting as not right",
        f"mean recall         {figures.mean_recall:.3f} ({low:.3f} to {high:.3f})",
        f"declined            {_share(figures.declined)}",
        *(f"  {count:4} × {reason}" for reason, count in _counted(done.answers.reasons).items()),
    ]
    if accepted.total:
        lines += [
            f"of the {accepted.total} answered: accuracy {_share(accepted.accuracy)}, mean recall "
            f"{accepted.mean_recall:.3f}, calibration error {accepted.calibration_error:.3f}",
        ]
    lines += ["", f"{'class':{wide}}  images  recall"]
    lines += [
        f"{name:{wide}}  {share.total:6}  {_share(share)}"
        for name, share in figures.per_class.items()
    ]
    lines += ["", *_confusion_text(figures)]
    if done.left_out:
        lines.append(f"{done.left_out} rows left out: of a class that the model does not name")
    lines += [
        f"unreadable: {why if file in why else f'{file}: {why}'}" for file, why in done.unreadable
    ]
    return "\n".join(lines)


def _confusion_text(figures: Figures) -> list[str]:
    """Rows: classes that have an image; columns: answers that were given, by number."""
    table = figures.confusion
    used = [column for column in range(table.shape[1]) if table[:, column].any()]
    names = [*figures.classes, "declined"]
    wide = max(map(len, names)) + 4
    lines = ["confusion (row: what it is; column: what was answered)"]
    lines.append(" " * wide + "".join(f"{number + 1:>5}" for number in used))
    lines += [
        f"{number + 1:2}  {name:{wide - 4}}"
        + "".join(f"{table[number, used_]:5}" for used_ in used)
        for number, name in enumerate(names[:-1])
        if table[number].any()
    ]
    keys = [f"{number + 1} {names[number]}" for number in used if number >= len(table)]
    keys += [
        f"{number + 1} {names[number]}"
        for number in used
        if number < len(table) and not table[number].any()
    ]
    return lines + ([f"columns without a row: {', '.join(keys)}"] if keys else [])


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engine evaluate",
        description="Accuracy, recall, calibration and declined share of a model on the images "
        "that an index.csv (columns file, source, class, split, perhaps group) names.",
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder with index.csv")
    parser.add_argument(
        "--split", default="", help="rows of this split; by default 'test' if there is one, or all"
    )
    parser.add_argument("--source", default="", help="rows of this source; by default any")
    parser.add_argument("--model", default="deep", help="a bundled model's name, or a model's path")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument(
        "--mistakes", type=Path, metavar="PNG", help="write a picture of every wrong answer"
    )
    options = parser.parse_args(arguments)
    keep_freed_memory()
    started = time.monotonic()
    model = model_at(options.model)
    rows, split = chosen_rows(read_index(options.data), options.split, options.source)
    silent = options.json or not sys.stderr.isatty()
    done = evaluate(model, options.data, rows, options.device, silent)
    seconds = time.monotonic() - started
    facts = model.specification
    if options.mistakes:
        sheet = mistakes_sheet(options.data, done.examples, done.figures)
        try:
            write_atomically(options.mistakes, sheet)
        except OSError as error:
            raise EngineError(
                f"{options.mistakes}: the sheet cannot be written ({error.strerror})"
            ) from error
    asked = {
        "model": {
            "name": facts.name,
            "version": facts.version,
            "weights_sha256": facts.weights_sha256,
        },
        "data": str(options.data),
        "split": split or None,
        "source": options.source or None,
        "seconds": round(seconds, 1),
    }
    if options.json:
        print(json.dumps(asked | as_json(done), indent=1))
        return 0
    words = f"split {split}" if split else "all splits"
    where = f"source {options.source}" if options.source else "all sources"
    print(
        f"{facts.name} {facts.version} on {options.data}: {done.figures.total} images, {words}, "
        f"{where} ({seconds:.0f} s)"
    )
    print(as_text(done))
    if options.mistakes:
        print(f"wrong answers: {options.mistakes}")
    return 0
