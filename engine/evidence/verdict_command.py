"""``python -m engine verdict``: measure what is known of a model's maps, and keep it with it."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import MappingProxyType

from tqdm import tqdm

from engine import bundled
from engine.checkpoint import choose_device
from engine.errors import EngineError, RequestError
from engine.evaluation.command import chosen_rows
from engine.evaluation.index import read_index
from engine.evidence.artefact_command import searched, some_of_each
from engine.evidence.artefacts import KINDS
from engine.evidence.cases import CHEST, HAND, Case, read_cases
from engine.evidence.landmarks import Agreements, measure, sights
from engine.evidence.reliance import Searched, reliance
from engine.evidence.sanity import View, sanity, steps_of
from engine.evidence.verdict import of_landmarks, of_sanity, of_uses
from engine.explainer import Explainer
from engine.findings import PASS, UNKNOWN, Finding, summary
from engine.memory import keep_freed_memory
from engine.preprocess import fit_to_square
from engine.presets import PRESETS
from engine.verdicts import Verdicts, read_verdicts, write_verdicts

_VIEWS, _EACH, _CASES = 2, 24, 24  # of each class: for maps, for artefacts, annotated
_PLACES, _UNTRAINED = 6, 2
_MARKED: Mapping[str, str] = MappingProxyType({HAND: "hand joints", CHEST: "lungs"})
_SIGNS = {PASS: "pass", UNKNOWN: "?   "}


@dataclass(frozen=True, eq=False)
class Material:
    """What models are judged on: images with their candidates, as many of them as ``views`` for
    the maps, and annotated cases."""

    images: tuple[Searched, ...]
    views: tuple[Searched, ...]
    cases: tuple[Case, ...]


def verdicts_of(
    explainer: Explainer,
    material: Material,
    presets: Sequence[str],
    made_with: str = "",
    silent: bool = True,
) -> Verdicts:
    """Every finding about the maps of the ``presets``."""
    facts = explainer.model.specification
    methods = [PRESETS[preset] for preset in presets]
    views = [View(*fit_to_square(item.grey, facts.input_size)) for item in material.views]
    groups = [
        [case for case in material.cases if case.target == name]
        for name in dict.fromkeys(case.target for case in material.cases)
        if name in facts.classes
    ]
    total = steps_of(len(views)) + len(material.images) * len(KINDS)
    total += sum(len(group) for group in groups) * (_UNTRAINED + 1)
    with tqdm(total=total, desc=facts.name, disable=silent) as bar:
        sane = sanity(explainer, views, methods, progress=bar.update) if views else []
        agreed: dict[str, Agreements] = {
            group[0].target: measure(
                explainer, sights(group, facts.input_size), methods, _UNTRAINED, bar.update
            )
            for group in groups
        }
        uses = list(reliance(explainer, material.images, KINDS, _PLACES, progress=bar.update))
    found: dict[str, tuple[Finding, ...]] = {}
    for row, preset in enumerate(presets):
        findings = list(of_sanity(methods[row], explainer.layers, sane[row])) if sane else []
        if agreed:
            findings.append(of_landmarks(row, agreed, _MARKED))
        if material.images:
            findings.append(of_uses(uses))
        found[preset] = tuple(findings)
    return Verdicts(facts.digest, made_with, MappingProxyType(found))


def as_text(title: str, verdicts: Verdicts) -> str:
    lines = []
    for preset in verdicts.presets:
        findings = verdicts.of(preset)
        lines += ["", f"{title} · {preset}: {summary(findings)}"]
        lines += [
            f"  {_SIGNS.get(item.outcome, 'FAIL')}  {item.test:<19}{item.sentence}"
            for item in findings
        ]
    return "\n".join(lines)


def _material(data: Path, cases: Sequence[Case], classes: Sequence[str]) -> Material:
    """Raises :class:`EngineError` where no picture of a class that the model names can be read."""
    rows, _ = chosen_rows(read_index(data), "", "")
    images = tuple(searched(data, some_of_each(rows, classes, _EACH)))
    views = tuple(searched(data, some_of_each(rows, classes, _VIEWS)))
    if not views:
        raise EngineError(f"{data} has no picture that can be read of a class that the model names")
    return Material(images, views, tuple(cases))


def _cases(folder: Path | None) -> list[Case]:
    """Some annotated images of every class."""
    if folder is None:
        return []
    every = read_cases(folder)
    return [
        case
        for target in dict.fromkeys(case.target for case in every)
        for case in [item for item in every if item.target == target][:_CASES]
    ]


def _merged(folder: Path, new: Verdicts) -> Verdicts:
    """What was just measured in place of what the folder holds of the same model and tests."""
    old = read_verdicts(folder, new.model).presets
    presets = {}
    for preset in dict.fromkeys((*old, *new.presets)):
        found = (*old.get(preset, ()), *new.presets.get(preset, ()))
        presets[preset] = tuple({item.test: item for item in found}.values())
    return replace(new, presets=MappingProxyType(presets))


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m engine verdict",
        description="Repeatability, randomisation, class sensitivity and stability of a model's "
        "maps, their agreement with landmarks, and whether answers rest on artefacts.",
    )
    parser.add_argument("--data", type=Path, required=True, help="a folder with index.csv")
    parser.add_argument("--landmarks", type=Path, help="a folder with annotated images")
    parser.add_argument(
        "--model", nargs="+", default=list(bundled.NAMES), help="bundled names or folders"
    )
    parser.add_argument(
        "--preset", nargs="+", default=list(PRESETS), choices=list(PRESETS), metavar="PRESET"
    )
    parser.add_argument(
        "--write", action="store_true", help="keep it in the model's folder, for the viewer"
    )
    parser.add_argument("--device", default="auto", choices=("auto", "cpu", "cuda"))
    parser.add_argument("--json", action="store_true", help="print JSON and nothing else")
    options = parser.parse_args(arguments)
    keep_freed_memory()
    device = choose_device(options.device)
    models = {name: bundled.model_at(name) for name in options.model}
    folders = {name: bundled.folder_of(name) for name in options.model}
    unkept = [name for name, folder in folders.items() if folder is None]
    if options.write and unkept:
        raise RequestError(f"{unkept[0]} is no folder with model.json; a verdict is kept in one")
    cases = _cases(options.landmarks)
    made_with = f"python -m engine verdict {shlex.join(_without_paths(options))}"
    done = []
    for name, model in models.items():
        explainer = Explainer.prepare(model, device)
        silent = options.json or not sys.stderr.isatty()
        material = _material(options.data, cases, model.specification.classes)
        verdicts = verdicts_of(explainer, material, options.preset, made_with, silent)
        folder = folders[name]
        if options.write and folder is not None:
            write_verdicts(folder, _merged(folder, verdicts))
        if options.json:
            done.append(
                {
                    "model": model.specification.name,
                    "weights_sha256": model.specification.weights_sha256,
                    "presets": {
                        preset: [asdict(item) for item in verdicts.of(preset)]
                        for preset in verdicts.presets
                    },
                }
            )
        else:
            print(as_text(model.specification.name, verdicts), flush=True)
    if options.json:
        print(json.dumps({"rows": done}, indent=1))
    return 0


def _without_paths(options: argparse.Namespace) -> list[str]:
    """What was asked, without where it lay on this machine."""
    landmarks = ["--landmarks", "DIR"] if options.landmarks else []
    return ["--data", "DIR", *landmarks, "--preset", *options.preset]
