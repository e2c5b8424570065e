"""``python -m engine artefacts``: markers, edges, padding, background: attended to, or used?"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from engine import bundled
from engine.checkpoint import choose_device
from engine.errors import EngineError, RequestError
from engine.evaluation.command import chosen_rows
from engine.evaluation.index import Example, read_index, read_picture
from engine.evidence.artefacts import KINDS, Artefact
from engine.evidence.attention import Attention, attention
from engine.evidence.bootstrap import Estimate, in_facts, mean_of, number
from engine.evidence.effects import MATERIAL, PLACES, Effect
from engine.evidence.reliance import Searched, Use, effect_of, reliance
from engine.explainer import Explainer, observe
from engine.memory import keep_freed_memory
from engine.outputs import probabilities_of
from engine.preprocess import fit_to_square
from engine.presets import DEFAULT_PRESET, PRESETS
from engine.results import Method

_EACH = 24  # images of a class, where a model is judged
_LARGEST = 1024  # pixels: the long side of these images


def estimate(found: Estimate) -> dict[str, Any]:
    """An estimate for JSON, with how many it is of."""
    return {**in_facts(found), "n": found.count}


def some_of_each(rows: Sequence[Example], classes: Sequence[str], most: int) -> list[Example]:
    """At most ``most`` rows of every class that is among ``classes``: of as many patients as there
    are, one after the other."""
    found: list[Example] = []
    for name in classes:
        turns: Counter[str] = Counter()
        mine: list[tuple[int, int, Example]] = []
        for row in rows:
            if row.label == name:
                mine.append((turns[row.group], len(mine), row))
                turns[row.group] += 1
        found += [row for _, _, row in sorted(mine, key=lambda item: item[:2])[:most]]
    return found


def of_image(
    explainer: Explainer, path: Path, method: Method, places: int, seed: int = 0
) -> dict[str, Any]:
    """Every candidate of one picture: where it is, how much of the response lies on it, and what
    erasing it changes."""
    item = Searched.of(read_picture(path).grey)
    square, geometry = fit_to_square(item.grey, explainer.model.specification.input_size)
    observed = observe(explainer, square, geometry)
    output = explainer.model.specification.output
    chances = probabilities_of(observed.recording.logits, output)[0]
    target = int(chances.argmax())
    masks = [candidate.mask for candidate in item.artefacts]
    attended = attention(explainer, observed, method, target, masks)
    marks = item.all_of("marker")
    rows = [
        _candidate(
            explainer,
            candidate,
            effect_of(explainer, item.grey, candidate, None, marks, places, seed),
            looked,
        )
        for candidate, looked in zip(item.artefacts, attended, strict=True)
    ]
    return {
        "file": path.name,
        "class": explainer.identity.classes[target],
        "probability": number(float(chances[target])),
        "candidates": rows,
    }


def _candidate(
    explainer: Explainer, candidate: Artefact, effect: Effect, looked: Attention
) -> dict[str, Any]:
    low, high = effect.span
    carried = mean_of(np.array(effect.moved))
    return {
        "kind": candidate.kind,
        "box": list(candidate.box),
        "share_of_area": number(candidate.share),
        "attends": [
            {"layer": layer, "mass": number(mass), "lift": number(lift)}
            for layer, mass, lift in zip(explainer.layers, looked.mass, looked.lift, strict=True)
        ],
        "kernels": [
            {"layer": item.layer, "kernel": item.kernel, "mass": float(f"{item.score:.4g}")}
            for item in looked.kernels
        ],
        "before": number(effect.before),
        "change": number(effect.change),
        "elsewhere": [number(low), number(high)],
        "places": len(effect.elsewhere),
        "moved": estimate(carried) if effect.moved else None,
        "uses": effect.uses,
    }


def of_model(
    explainer: Explainer,
    images: Sequence[Searched],
    method: Method,
    kinds: Sequence[str],
    places: int,
    seed: int = 0,
    silent: bool = True,
) -> list[dict[str, Any]]:
    """A row a kind and class: mean lift of the response on the candidates over all layers, and
    whether the answer rests on them."""
    title = explainer.identity.name
    with tqdm(total=len(images) * (len(kinds) + 1), desc=title, disable=silent) as bar:
        lifts = _lifts(explainer, images, method, kinds, bar)
        uses = list(reliance(explainer, images, kinds, places, seed, bar.update))
    return [_use(title, use, lifts.get((use.kind, use.target), [])) for use in uses]


def _lifts(
    explainer: Explainer,
    images: Sequence[Searched],
    method: Method,
    kinds: Sequence[str],
    bar: Any,
) -> dict[tuple[str, str], list[float]]:
    """By kind and class: of each image, the mean lift over its layers."""
    found: dict[tuple[str, str], list[float]] = {}
    for item in images:
        square, geometry = fit_to_square(item.grey, explainer.model.specification.input_size)
        observed = observe(explainer, square, geometry)
        classes = explainer.identity.classes
        target = int(observed.recording.logits[0].argmax())
        target = classes.index(item.label) if item.label in classes else target
        masks = {kind: item.all_of(kind) for kind in kinds}
        present = {kind: mask for kind, mask in masks.items() if mask is not None}
        looked = attention(explainer, observed, method, target, list(present.values()), False)
        for kind, seen in zip(present, looked, strict=True):
            known = [lift for lift in seen.lift if math.isfinite(lift)]
            if known:
                key = (kind, classes[target])
                found.setdefault(key, []).append(float(np.mean(known)))
        bar.update()
    return found


def _use(title: str, use: Use, lifts: Sequence[float]) -> dict[str, Any]:
    return {
        "model": title,
        "kind": use.kind,
        "class": use.target,
        "attends": estimate(mean_of(np.array(lifts, np.float64))),
        "drop": estimate(use.drop),
        "gain": estimate(use.gain),
        "odds_drop": estimate(use.odds_drop),
        "odds_gain": estimate(use.odds_gain),
        "uses": use.uses,
    }


def _in_words(found: Mapping[str, Any], sign: str = "") -> str:
    if found["value"] is None:
        return "–"
    low, high = (f"{value:{sign}.2f}" for value in found["ci"])
    return f"{found['value']:{sign}.2f} ({low} to {high})"


def _verdict(uses: bool | None) -> str:
    return {True: "USES it", False: "no use found", None: "not known"}[uses]


def model_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of :func:`of_model` for reading."""
    lines = [
        "attends: lift of the response shown, mean of all layers (1 is chance). drop: by how much "
        "erasing lowers the",
        "class's probability beyond erasing as much elsewhere; gain: by how much markers laid on "
        "images of other classes",
        f"raise it beyond patches from beside them. USES: one of the two above {MATERIAL:g} by its "
        "95 % interval; not known: not",
        "certain, too few patients, or erasing elsewhere costs as much.",
    ]
    for title in dict.fromkeys(row["model"] for row in rows):
        lines += [
            "",
            title,
            f"  {'kind':<12}{'class':<21}{'images':<8}{'attends':<24}{'drop':<26}{'gain':<26}",
        ]
        lines += [
            f"  {row['kind']:<12}{row['class']:<21}{row['drop']['n']:<8}"
            f"{_in_words(row['attends']):<24}{_in_words(row['drop'], '+'):<26}"
            f"{_in_words(row['gain'], '+'):<26}{_verdict(row['uses'])}"
            for row in rows
            if row["model"] == title
        ]
    return "\n".join(lines)


def image_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows of :func:`of_image` for reading."""
    lines = []
    for image in rows:
        lines += [f"{image['file']}: {image['class']}, p = {image['probability']:.3f}"]
        for row in image["candidates"]:
            lifts = [item["lift"] for item in row["attends"] if item["lift"] is not None]
            lift = f"lift {np.mean(lifts):.2f}" if lifts else "no response"
            text = f"  {row['kind']} at {tuple(row['box'])}: attends to it with {lift}; "
            text += f"erased, p changes by {row['change']:+.3f}"
            if row["places"]:
                low, high = row["elsewhere"]
                text += f" ({row['places']} times as much elsewhere: {low:+.3f} to {high:+.3f})"
            lines.append(f"{text}: {_verdict(row['uses'])}")
    return "\n".join(lines)


def searched(folder: Path, rows: Sequence[Example]) -> Iterator[Searched]:
    """The pictures of an index with their candidates, at most 1024 pixels wide or high; one that
    cannot be read is left out."""
    for row in rows:
        try:
            grey = read_picture(folder / row.file).grey
            scale = _LARGEST / max(grey.shape)
            if scale < 1:
                size = (round(grey.shape[1] * scale) or 1, round(grey.shape[0] * scale) or 1)
                small = cv2.resize(grey.astype(np.float32), size, interpolation=cv2.INTER_AREA)
                grey = np.asarray(small, np.float32)
            yield Searched.of(grey, row.label, row.group)
        except EngineError:
            continue


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engine artefacts",
        description="Find markers, edges of the field, padding, borders and background; say how "
        "much of the response lies on them (attends to), and whether the answer changes when they "
        "are erased, moved or laid on other images (uses).",
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="judge models: a folder with index.csv")
    source.add_argument("--image", type=Path, nargs="+", help="judge single pictures")
    parser.add_argument("--model", nargs="+", default=["deep"], help="bundled names or paths")
    parser.add_argument("--preset", default=DEFAULT_PRESET, choices=list(PRESETS))
    parser.add_argument("--kind", nargs="+", default=list(KINDS), choices=KINDS, metavar="KIND")
    parser.add_argument(
        "--each", type=int, default=_EACH, help="with --data: the most images of a class"
    )
    parser.add_argument("--places", type=int, help="random places to compare with")
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    options = parser.parse_args(arguments)
    if options.each < 1 or (options.places is not None and options.places < 1):
        raise RequestError("--each and --places start at 1")
    keep_freed_memory()
    started = time.monotonic()
    device, method = choose_device(options.device), PRESETS[options.preset]
    explainers = [Explainer.prepare(bundled.model_at(name), device) for name in options.model]
    rows: list[dict[str, Any]] = []
    if options.image:
        places = options.places or PLACES
        for explainer in explainers:
            for path in options.image:
                found = of_image(explainer, path, method, places)
                rows.append({"model": explainer.identity.name, **found})
    else:
        index, _ = chosen_rows(read_index(options.data), "", "")
        silent = options.json or not sys.stderr.isatty()
        for explainer in explainers:
            chosen = some_of_each(index, explainer.identity.classes, options.each)
            images = list(searched(options.data, chosen))
            rows += of_model(
                explainer, images, method, options.kind, options.places or 6, silent=silent
            )
        if not rows:
            raise EngineError(f"{options.data} has no image with such candidates")
    if options.json:
        done = {
            "preset": options.preset,
            "material_change": MATERIAL,
            "seconds": round(time.monotonic() - started, 1),
            "rows": rows,
        }
        print(json.dumps(done, indent=1))
    else:
        print(image_text(rows) if options.image else model_text(rows))
    return 0
