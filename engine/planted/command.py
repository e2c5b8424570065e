"""``python -m engine planted``: does the audit find models that use a marker, and spare others?"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import ArrayLike
from tqdm import tqdm

from engine.errors import EngineError, RequestError
from engine.evaluation.figures import wilson_interval
from engine.evaluation.index import read_index
from engine.evidence.bootstrap import Estimate, number
from engine.evidence.effects import MATERIAL
from engine.evidence.reliance import Searched, answers_about, reliance
from engine.explainer import Explainer
from engine.files import write_atomically
from engine.memory import keep_freed_memory
from engine.planted.models import trained
from engine.planted.pictures import LETTERS, Pool, real, synthetic, views, with_letter

STRENGTHS = (0.5, 1.0)
_SEEDS = 10
_CLEAN = 2  # clean models for each planted one of a strength
_AUDITED = 160  # images
_ASKED = 60  # images, for what a model has learnt
_PLACES = 4
DATA_VARIABLE = "ATTENTIVE_VIEWER_DATA"


@dataclass(frozen=True)
class Job:
    """One model to make and to audit. ``folder`` holds the radiographs, None for synthetic ones."""

    folder: Path | None
    strength: float
    seed: int
    kept: Path | None

    @property
    def source(self) -> str:
        return "real" if self.folder else "synthetic"

    def pool(self, held_back: bool) -> Pool:
        return real(self.folder, held_back) if self.folder else synthetic(held_back)


def jobs(folder: Path | None, seeds: int, kept: Path | None, first: int = 0) -> list[Job]:
    """Clean models and planted ones of every strength; seeds from ``first`` on."""
    clean = [Job(folder, 0.0, first + seed, kept) for seed in range(_CLEAN * seeds)]
    return clean + [
        Job(folder, strength, first + seed, kept) for strength in STRENGTHS for seed in range(seeds)
    ]


def _alone() -> None:
    """A process has one core: as many of them run as there are."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    keep_freed_memory()


def audit(job: Job) -> dict[str, Any]:
    """Make one model, audit it without knowing what was planted, and say what it has learnt."""
    pool, held_back = job.pool(False), job.pool(True)
    planted = job.seed % len(pool.classes)
    model = trained(pool, job.strength, planted, job.seed, job.kept)
    explainer = Explainer.prepare(model, torch.device("cpu"))
    seen = views(held_back, _AUDITED, 0.0, planted, 90_000 + job.seed)  # alike for all models
    searched = [
        Searched.of(image, pool.classes[label])
        for image, label in zip(seen.images, seen.labels, strict=True)
    ]
    found = list(reliance(explainer, searched, ("marker",), _PLACES, job.seed))
    measured = [item for item in found if np.isfinite(item.score)]
    blamed = max(measured, key=lambda item: item.score, default=None)
    answers, _ = answers_about(explainer, list(seen.images))
    covered = [item.all_of("marker") is not None for item in searched]
    return {
        "source": job.source,
        "strength": job.strength,
        "seed": job.seed,
        "planted_class": pool.classes[planted] if job.strength else "",
        "accuracy": round(float((answers.argmax(1) == seen.labels).mean()), 3),
        "learnt": round(_learnt(explainer, held_back, planted, job.seed), 3),
        "markers_found": round(float(np.mean(np.array(covered)[seen.marked])), 3),
        "score": number(blamed.score) if blamed else None,
        "blamed_class": blamed.target if blamed else "",
        "uses": any(item.uses for item in found),
        "classes": [
            {
                "class": item.target,
                "uses": item.uses,
                **{
                    name: _rounded(getattr(item, name))
                    for name in ("drop", "gain", "odds_drop", "odds_gain")
                },
            }
            for item in found
        ],
    }


def _rounded(found: Estimate) -> list[float | None]:
    """Value and interval."""
    return [number(end) for end in (found.value, found.low, found.high)]


def _learnt(explainer: Explainer, pool: Pool, planted: int, seed: int) -> float:
    """What the letter adds to the probability of its class in images of others: known exactly,
    since the same views exist with and without it. The audit does not see this."""
    random = np.random.default_rng(seed)
    seen = views(pool, _ASKED, 0.0, planted, 80_000 + seed)
    others = seen.bare[seen.labels != planted]
    letter = LETTERS[planted % len(LETTERS)]
    lettered = [with_letter(image, letter, random) for image in others]
    (plain, _), (with_it, _) = (answers_about(explainer, list(some)) for some in (others, lettered))
    return float((with_it[:, planted] - plain[:, planted]).mean())


def area_under(positive: ArrayLike, negative: ArrayLike) -> float:
    """The chance that a planted model scores above a clean one, ties half (Mann-Whitney)."""
    pairs = np.asarray(positive)[:, None] - np.asarray(negative)[None]
    return float(np.mean((pairs > 0) + 0.5 * (pairs == 0)))


def _interval(positive: Sequence[float], negative: Sequence[float]) -> list[float]:
    """95 % of the area, by resampling models."""
    random = np.random.default_rng(0)
    one, other = np.array(positive), np.array(negative)
    drawn = [
        area_under(random.choice(one, len(one)), random.choice(other, len(other)))
        for _ in range(1000)
    ]
    return [round(float(end), 4) for end in np.percentile(drawn, (2.5, 97.5))]


def _proportion(count: int, total: int) -> list[float]:
    return [round(end, 4) for end in wilson_interval(count, total)]


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How well the audit tells planted from clean: of the models of each strength the area under
    the curve, the share that it accuses (sensitivity), and of the clean ones the same (false
    alarms); the figures on top are of full strength."""
    clean = [row for row in rows if row["strength"] == 0]
    strengths = {}
    for strength in STRENGTHS:
        planted = [row for row in rows if row["strength"] == strength]
        scores = [[row["score"] or 0.0 for row in some] for some in (planted, clean)]
        accused = [row for row in planted if row["uses"]]
        strengths[f"{strength:g}"] = {
            "models": len(planted),
            "auc": round(area_under(*scores), 4),
            "auc_ci": _interval(*scores),
            "sensitivity": round(len(accused) / len(planted), 4),
            "sensitivity_ci": _proportion(len(accused), len(planted)),
            "right_class": round(
                float(np.mean([row["blamed_class"] == row["planted_class"] for row in planted])), 4
            ),
            "learnt": round(float(np.mean([row["learnt"] for row in planted])), 4),
        }
    full = strengths[f"{STRENGTHS[-1]:g}"]
    return {
        "auc": full["auc"],
        "auc_ci": full["auc_ci"],
        "sensitivity": full["sensitivity"],
        "sensitivity_ci": full["sensitivity_ci"],
        "false_alarm_rate": round(float(np.mean([row["uses"] for row in clean])), 4),
        "false_alarm_ci": _proportion(sum(row["uses"] for row in clean), len(clean)),
        "not_measured": sum(row["score"] is None for row in rows),
        "clean_models": len(clean),
        "strengths": strengths,
    }


def as_text(result: Mapping[str, Any]) -> str:
    lines = [
        "Models trained with a letter tied to one class, and clean ones; the audit does not know "
        "which.",
        f"A model is said to use markers if erasing them, or laying them on images of other "
        f"classes, moves a class's probability by more than {MATERIAL:g} (lower end of the 95 % "
        "interval), beyond what the same does elsewhere.",
        "",
        f"{'images':<12}{'strength':<10}{'models':<8}{'AUC (95 %)':<24}{'accused':<9}"
        f"{'right class':<13}{'letter adds':<11}",
    ]
    for source, found in result["by_source"].items():
        rate = f"{found['false_alarm_rate']:.2f}"
        lines.append(f"{source:<12}{'clean':<10}{found['clean_models']:<8}{'':<24}{rate:<9}")
        for strength, row in found["strengths"].items():
            area = f"{row['auc']:.3f} ({row['auc_ci'][0]:.3f} to {row['auc_ci'][1]:.3f})"
            lines.append(
                f"{source:<12}{strength:<10}{row['models']:<8}{area:<24}{row['sensitivity']:<9.2f}"
                f"{row['right_class']:<13.2f}{row['learnt']:<+11.2f}"
            )
    lines += [
        "",
        f"all, full strength: AUC {result['auc']:.3f}, sensitivity {result['sensitivity']:.2f} at "
        f"a false-alarm rate of {result['false_alarm_rate']:.3f} ({result['clean_models']} clean "
        f"models; 95 % up to {result['false_alarm_ci'][1]:.3f})",
    ]
    return "\n".join(lines)


def _radiographs(given: Path | None) -> Path | None:
    """The folder named, or the one of the environment, if it is there."""
    if given is not None or not os.environ.get(DATA_VARIABLE):
        return given
    found = Path(os.environ[DATA_VARIABLE]) / "radiographs"
    return found if found.is_dir() else None


def _rows(todo: Sequence[Job], workers: int, silent: bool) -> Iterator[dict[str, Any]]:
    with (
        tqdm(total=len(todo), desc="models", disable=silent) as bar,
        ProcessPoolExecutor(workers, get_context("spawn"), _alone) as pool,
    ):
        try:
            for row in pool.map(audit, todo):
                bar.update()
                yield row
        except BrokenProcessPool as error:
            raise EngineError(
                "a process that trains the models was ended from outside; are there memory and "
                "time enough? --workers 1 takes less"
            ) from error


def _plot(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    from engine.planted.plot import planted_figure

    try:
        write_atomically(path, planted_figure(rows, MATERIAL))
    except OSError as error:
        raise EngineError(f"{path}: the plot cannot be written ({error.strerror})") from error


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engine planted",
        description="Train small models with a marker tied to one class at several strengths, and "
        "clean ones, audit all of them, and measure whether the audit tells them apart.",
    )
    parser.add_argument(
        "--data",
        type=Path,
        help="a folder with index.csv and radiographs, used beside the synthetic ones; by default "
        f"the folder radiographs in ${DATA_VARIABLE}, if that is set",
    )
    parser.add_argument(
        "--seeds", type=int, default=_SEEDS, help="planted models of each strength and source"
    )
    parser.add_argument(
        "--first", type=int, default=0, metavar="SEED", help="the first seed, for models never seen"
    )
    parser.add_argument(
        "--cache", type=Path, metavar="DIR", help="keep the models there, and take them from there"
    )
    parser.add_argument(
        "--workers", type=int, default=os.cpu_count() or 1, help="processes, one core each"
    )
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument(
        "--plot", type=Path, metavar="PNG", help="draw every model's score (needs matplotlib)"
    )
    options = parser.parse_args(arguments)
    if min(options.seeds, options.workers) < 1 or options.first < 0:
        raise RequestError("--seeds and --workers start at 1, --first at 0")
    if options.plot and find_spec("matplotlib") is None:
        raise RequestError("the plot needs matplotlib: pip install matplotlib")
    started = time.monotonic()
    folder = _radiographs(options.data)
    if folder is not None:
        read_index(folder)  # what is wrong with it shows before the work, not after
    sources = (None, folder) if folder else (None,)
    todo = [
        job
        for source in sources
        for job in jobs(source, options.seeds, options.cache, options.first)
    ]
    silent = options.json or not sys.stderr.isatty()
    rows = list(_rows(todo, options.workers, silent))
    result = {
        **summary(rows),
        "by_source": {
            source: summary([row for row in rows if row["source"] == source])
            for source in dict.fromkeys(row["source"] for row in rows)
        },
        "rule": f"95 % interval of a change in probability above {MATERIAL:g}",
        "seconds": round(time.monotonic() - started, 1),
        "rows": rows,
    }
    print(json.dumps(result, indent=1) if options.json else as_text(result))
    if options.plot:
        _plot(options.plot, rows)
    if not folder and not options.json:
        print("Synthetic images only: name a folder of radiographs with --data for real ones.")
    return 0
