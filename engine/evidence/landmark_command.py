"""``python -m engine landmarks --data DIR``: do response maps lie on landmarks, more than chance,
more than an untrained network's?"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from engine import bundled
from engine.checkpoint import LoadedModel, choose_device
from engine.errors import EngineError, RequestError
from engine.evaluation.command import chosen_rows, evaluate
from engine.evaluation.index import read_index
from engine.evidence.agreement import MEASURES
from engine.evidence.bootstrap import in_facts, mean_of, number, ratio_of
from engine.evidence.cases import Case, read_cases
from engine.evidence.landmarks import Agreements, comparable_lifts, measure, sights
from engine.evidence.table import Landmark, read_table
from engine.explainer import Explainer
from engine.files import write_atomically
from engine.memory import keep_freed_memory
from engine.operations.convolution import Convolution
from engine.presets import DEFAULT_PRESET, PRESETS

Table = Mapping[str, tuple[Landmark, ...]]

_LIFT = MEASURES.index("lift")
_SEEDS = 3


def _mean(values: NDArray[np.float64]) -> float | None:
    known = values[np.isfinite(values)]
    return number(float(known.mean())) if len(known) else None


def _named(known: Table, target: str, annotated: str) -> dict[str, str]:
    """The name and the source of a landmark that annotations call otherwise."""
    for landmark in known.get(target, ()):
        if annotated in landmark.annotated_as:
            return {"name": landmark.name, "source": landmark.source}
    return {"name": annotated, "source": ""}


def rows_of(
    name: str, presets: Sequence[str], found: Agreements, known: Table
) -> Iterator[dict[str, Any]]:
    """One row a preset and layer: every measure with its interval and beside its nulls, the lift of
    each landmark, and the lift over the untrained network. ``known`` names the landmarks."""
    for row, preset in enumerate(presets):
        for depth, layer in enumerate(found.layers):
            at = (row, depth)
            yield {
                "model": name,
                "class": found.target,
                "preset": preset,
                "rule": PRESETS[preset].rule,
                "layer": layer,
                "depth": depth + 1,
                "n": int(np.isfinite(found.trained[at][:, _LIFT]).sum()),
                **{
                    measure_: {
                        **in_facts(mean_of(found.trained[at][:, column])),
                        "untrained": _mean(found.untrained[at][:, column]),
                        "shuffled": _mean(found.shuffled[at][:, column]),
                        "centre": _mean(found.centre[:, column]),
                        "edges": _mean(found.edges[:, column]),
                    }
                    for column, measure_ in enumerate(MEASURES)
                },
                "lift_over_untrained": in_facts(
                    ratio_of(found.trained[at][:, _LIFT], found.untrained[at][:, _LIFT])
                ),
                "landmarks": {
                    landmark: {
                        **_named(known, found.target, landmark),
                        "lift": in_facts(mean_of(found.lifts[at][:, place])),
                        "untrained": _mean(found.untrained_lifts[at][:, place]),
                    }
                    for place, landmark in enumerate(found.names)
                },
            }


def headline_of(name: str, presets: Sequence[str], found: Agreements) -> Iterator[dict[str, Any]]:
    """One row a preset: the mean lift over all layers, and that over the untrained network's."""
    for row, preset in enumerate(presets):
        mine, other = comparable_lifts(found, row)
        yield {
            "model": name,
            "class": found.target,
            "preset": preset,
            "images": len(found.images),
            "named_rightly": found.right,
            "lift": in_facts(mean_of(mine)),
            "untrained": _mean(other),
            "lift_over_untrained": in_facts(ratio_of(mine, other)),
        }


def _in_words(found: Mapping[str, Any]) -> str:
    if found["value"] is None:
        return "no response"
    low, high = ("∞" if value is None else f"{value:.2f}" for value in found["ci"])
    return f"{found['value']:.2f} ({low} to {high})"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def as_text(rows: Sequence[Mapping[str, Any]], headlines: Sequence[Mapping[str, Any]]) -> str:
    """The same for reading: one table a model, class and preset."""
    lines = [
        "lift: the share of the response that lies on the landmarks over their share of the area; "
        "1 is chance.",
        "In brackets 95 % intervals, by resampling images.",
    ]
    for head in headlines:
        key = tuple(head[name] for name in ("model", "class", "preset"))
        mine = [
            row for row in rows if tuple(row[name] for name in ("model", "class", "preset")) == key
        ]
        nulls, wide = mine[0]["lift"], max(len(row["layer"]) for row in mine) + 2
        lines += [
            "",
            f"{key[0]} · {key[1]} · {key[2]}: {head['images']} images, {head['named_rightly']} of "
            "them named rightly",
            f"  lift over the untrained network, all layers: "
            f"{_in_words(head['lift_over_untrained'])}",
            f"  lift of the centre map {_plain(nulls['centre'])}, of the edge map "
            f"{_plain(nulls['edges'])}",
            f"  {'layer':<{wide}}{'lift':<24}{'untrained':<11}{'shuffled':<10}"
            f"{'over untrained':<24}{'hit':<6}{'rank':<6}{'IoU':<6}",
        ]
        lines += [
            f"  {row['layer']:<{wide}}{_in_words(row['lift']):<24}"
            f"{_plain(row['lift']['untrained']):<11}"
            f"{_plain(row['lift']['shuffled']):<10}{_in_words(row['lift_over_untrained']):<24}"
            f"{_plain(row['hit']['value']):<6}{_plain(row['rank_accuracy']['value']):<6}"
            f"{_plain(row['overlap']['value']):<6}"
            for row in mine
        ]
    return "\n".join(lines)


def _groups(cases: Sequence[Case], model: LoadedModel) -> Iterator[list[Case]]:
    """Cases by class, of the classes that the model names."""
    for target in dict.fromkeys(case.target for case in cases):
        if target in model.specification.classes:
            yield [case for case in cases if case.target == target]


def _draw(
    path: Path,
    explainers: Mapping[str, Explainer],
    labelled: Path | None,
    preset: str,
    headlines: Sequence[Mapping[str, Any]],
    rows: Sequence[Mapping[str, Any]],
) -> None:
    """The claim figure, of the models in order of their depth."""
    from engine.evidence.plot import claim_figure

    depths = {
        name: sum(isinstance(step.operation, Convolution) for step in explainer.graph.steps)
        for name, explainer in explainers.items()
    }
    accuracies = {}
    if labelled:
        chosen, _ = chosen_rows(read_index(labelled), "", "")
        for name, explainer in explainers.items():
            found = evaluate(explainer.model, labelled, chosen).figures.accepted().accuracy
            accuracies[name] = {"value": found.value, "ci": found.interval}
    centre = {row["class"]: row["lift"]["centre"] for row in rows}
    names = sorted(depths, key=depths.__getitem__)
    families = {
        name: explainer.model.specification.architecture for name, explainer in explainers.items()
    }
    picture = claim_figure(names, depths, families, accuracies, headlines, centre, preset)
    try:
        write_atomically(path, picture)
    except OSError as error:
        raise EngineError(f"{path}: the plot cannot be written ({error.strerror})") from error


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engine landmarks",
        description="Agreement of response maps with annotated landmarks, per model, layer and "
        "preset, beside untrained networks, the landmarks of another image, a centre map and an "
        "edge map.",
    )
    parser.add_argument("--data", type=Path, required=True, help="the folder with annotations")
    parser.add_argument(
        "--model",
        nargs="+",
        default=list(bundled.NAMES),
        help="bundled models by name, or paths; by default all bundled ones",
    )
    parser.add_argument(
        "--preset", nargs="+", default=list(PRESETS), choices=list(PRESETS), metavar="PRESET"
    )
    parser.add_argument(
        "--untrained", type=int, default=_SEEDS, help="how many untrained networks are averaged"
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    parser.add_argument(
        "--plot", type=Path, metavar="PNG", help="draw depth, accuracy and lift (needs matplotlib)"
    )
    parser.add_argument(
        "--accuracy",
        type=Path,
        metavar="DIR",
        help="a folder with index.csv, whose test split gives the accuracy in the plot",
    )
    options = parser.parse_args(arguments)
    if options.untrained < 1:
        raise RequestError("at least one untrained network is needed: --untrained 1")
    keep_freed_memory()
    started = time.monotonic()
    cases, known = read_cases(options.data), read_table(bundled.LANDMARKS)
    device = choose_device(options.device)
    methods = [PRESETS[preset] for preset in options.preset]
    if options.plot and find_spec("matplotlib") is None:
        raise RequestError("the plot needs matplotlib: pip install matplotlib")
    if options.accuracy:
        if not options.plot:
            raise RequestError("--accuracy is for the plot: add --plot PNG")
        read_index(options.accuracy)  # what is wrong with it shows before the work, not after
    explainers: dict[str, Explainer] = {}
    rows: list[dict[str, Any]] = []
    headlines: list[dict[str, Any]] = []
    silent = options.json or not sys.stderr.isatty()
    for name in options.model:
        model = bundled.model_at(name)
        title = model.specification.name
        if title in explainers:
            raise RequestError(f"two of the models are called {title!r}; measure one at a time")
        explainers[title] = Explainer.prepare(model, device)
        for group in _groups(cases, model):
            seen = sights(group, model.specification.input_size)
            total = len(seen) * (options.untrained + 1)
            with tqdm(total=total, desc=f"{title}, {group[0].target}", disable=silent) as bar:
                found = measure(explainers[title], seen, methods, options.untrained, bar.update)
            rows += rows_of(title, options.preset, found, known)
            headlines += headline_of(title, options.preset, found)
    if not rows:
        raise EngineError(f"no model names a class of the annotated images in {options.data}")
    if options.json:
        done = {
            "data": str(options.data),
            "untrained_networks": options.untrained,
            "default_preset": DEFAULT_PRESET,
            "seconds": round(time.monotonic() - started, 1),
            "headline": headlines,
            "rows": rows,
        }
        print(json.dumps(done, indent=1))
    else:
        print(as_text(rows, headlines))
    if options.plot:
        shown = DEFAULT_PRESET if DEFAULT_PRESET in options.preset else options.preset[0]
        _draw(options.plot, explainers, options.accuracy, shown, headlines, rows)
    return 0
