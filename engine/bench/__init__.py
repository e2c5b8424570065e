"""``python -m engine bench``: the engine beside Captum and beside the least multiply-adds.

Everything is measured in one run on this machine, on the bundled deep model (or its architecture
with random weights where the weights are not at hand), a VGG16-shaped net and two nets of six
convolutions. Limits are counted (:mod:`engine.cost`) and turned into seconds by the time of one
forward pass, the faster of PyTorch's and ours. Where the peer would take many minutes, a sample of
neurons is timed and multiplied up; the row says so.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch

from engine.bench.measure import Row, in_a_process, median, pairs, seconds
from engine.bench.networks import SUBJECTS, subject
from engine.bench.work import Work
from engine.checkpoint import load_model
from engine.errors import ModelError

_SAMPLE = 2  # neurons of each layer that stand for all when the peer is timed
# Ours and the peer's maps, root mean square; rounding turns a gate over here and there.
_AGREEMENT = 5e-3
_PATIENCE = 30.0  # seconds for all kernels of the peer; beyond, a sample


def measure(name: str, deep: Path | None, runs: int) -> Iterator[Row]:
    """Rows of one subject."""
    network = None if deep is None else load_model(deep).network
    work = Work(subject(name, network))
    title = work.subject.name
    ours, plain = pairs(work.our_forward, work.plain_forward, 4 * runs)
    work.forward = min(ours, plain)
    yield Row(f"forward with recording, {title}", "s", ours, plain, "PyTorch")
    yield _layer_maps(work, runs)
    peer, how = _peer_kernels(work)
    yield _arm(work, peer, how)
    yield _dense(work)
    yield Row(
        f"adjoint screening of every kernel in 4 regions, {title}",
        "s",
        median(work.our_screening, runs),
        peer,
        "Captum, one map for each kernel",
        4 * work.forward,
        how,
    )


def _layer_maps(work: Work, runs: int) -> Row:
    found, expected = work.our_layer_maps(), torch.cat(work.peer_layer_maps())
    apart = float(
        ((found - expected).flatten(1).norm(dim=1) / expected.flatten(1).norm(dim=1)).max()
    )
    if work.subject.comparable and apart > _AGREEMENT:
        raise ModelError(f"ours and Captum's layer maps differ by {apart:.1e} of their size")
    ours, peer = pairs(work.our_layer_maps, work.peer_layer_maps, runs)
    return Row(
        f"all layer maps, {work.subject.name}",
        "s",
        ours,
        peer,
        "Captum layer by layer",
        work.layer_limit * work.forward,
        f"{len(work.steps)} layers, guided; ours with the forward pass; "
        f"limit {work.layer_limit:.2f} forwards"
        + (f"; maps agree to {apart:.0e}" if work.subject.comparable else ""),
    )


def _peer_kernels(work: Work) -> tuple[float, str]:
    """Seconds that the peer takes for the peak of every kernel, and how that was found."""
    layers = work.subject.layers
    total = 0.0
    for layer in layers:
        work.peer_peak(layer, 0)
        one = sum(seconds(lambda k=k, at=layer: work.peer_peak(at, k)) for k in range(_SAMPLE))  # type: ignore[misc]
        total += work.kernels_of(layer) * one / _SAMPLE
    if total > _PATIENCE:
        return total, f"peer: {_SAMPLE} neurons a layer, multiplied up"
    every = [(layer, k) for layer in layers for k in range(work.kernels_of(layer))]
    return sum(seconds(lambda n=n: work.peer_peak(*n)) for n in every), "peer: every neuron"  # type: ignore[misc]


def _arm(work: Work, peer: float, how: str) -> Row:
    layers = work.subject.layers
    for layer in layers:
        work.our_arm(layer, range(1))
    runs = 1 if work.arm_limit * work.forward > 5 else 3  # one like the peer's, or a median
    times = [
        sum(seconds(lambda at=at: work.our_arm(at)) for at in layers)  # type: ignore[misc]
        for _ in range(runs)
    ]
    ours = statistics.median(times)
    kernels = sum(work.kernels_of(layer) for layer in layers)
    return Row(
        f"published ARM, all kernels, {work.subject.name}",
        "s",
        ours,
        peer,
        "Captum neuron by neuron",
        work.arm_limit * work.forward,
        f"{kernels} kernels; {how}; limit {work.arm_limit:.2f} forwards",
    )


def _dense(work: Work) -> Row:
    layer = work.subject.dense_layer
    work.our_arm(layer, range(1))
    ours = seconds(work.our_dense)
    work.peer_dense(0)
    count = work.kernels_of(layer)
    peer = count * sum(seconds(lambda k=k: work.peer_dense(k)) for k in range(4)) / 4  # type: ignore[misc]
    return Row(
        f"dense kernel maps of {layer}, {work.subject.name}",
        "s",
        ours,
        peer,
        "Captum kernel by kernel",
        work.dense_limit * work.forward,
        f"{count} kernels; peer: 4 kernels, multiplied up; limit {work.dense_limit:.2f} forwards",
    )


_MEMORY = """
import json
from engine.bench.measure import memory_of
from engine.bench.networks import subject
from engine.bench.work import Work
work = Work(subject({name!r}))
print(json.dumps(memory_of(lambda: {job})))
"""


def memory(name: str) -> Iterator[Row]:
    """Peak memory above what the process held before the job, each job in a fresh process."""
    if sys.platform != "linux":
        return
    title = subject(name).name
    jobs = (
        ("all layer maps", "work.our_layer_maps()", "work.peer_layer_maps()"),
        (
            "published ARM, all kernels of the last layer",
            "work.our_arm(work.subject.layers[-1])",
            "work.peer_peak(work.subject.layers[-1], 0)",
        ),
    )
    for what, ours, peer in jobs:
        mine, theirs = (in_a_process(_MEMORY.format(name=name, job=job)) for job in (ours, peer))
        yield Row(f"peak memory, {what}, {title}", "MiB", mine, theirs, "Captum, one map at a time")


def run(arguments: Sequence[str]) -> int:
    """Print the rows as a table or, with ``--json``, as JSON."""
    parser = argparse.ArgumentParser(prog="python -m engine bench", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--runs", type=int, default=5, help="pairs that a median is taken of")
    parser.add_argument(
        "--subjects", default=",".join(SUBJECTS), help="a choice of: %(default)s (all by default)"
    )
    parser.add_argument("--deep", type=Path, help="folder of the bundled deep model")
    parser.add_argument(
        "--device",
        choices=("cpu", "cuda"),
        help="measure the audit's questions to the deep model on it instead, beside the processor",
    )
    options = parser.parse_args(arguments)
    if options.device:
        return _run_device(options)
    names = options.subjects.split(",")
    unknown = sorted(set(names) - set(SUBJECTS))
    if unknown:
        parser.error(f"{unknown[0]!r} is no subject; there are {', '.join(SUBJECTS)}")
    deep = options.deep or _bundled()
    rows: list[Row] = []
    for name in names:
        for row in (*measure(name, deep if name == "deep" else None, max(1, options.runs)),):
            rows.append(row)
            _tell(row, options.json)
        for row in memory(name):
            rows.append(row)
            _tell(row, options.json)
    _print(rows, options.json)
    return 0


def _run_device(options: argparse.Namespace) -> int:
    from engine.bench import device

    folder = options.deep or _bundled()
    if folder is None:
        print("error: give the folder of a model with --deep", file=sys.stderr)
        return 2
    rows = []
    for row in device.measure(folder, options.device, max(1, options.runs)):
        rows.append(row)
        _tell(row, options.json)
    _print(rows, options.json)
    return 0


def _print(rows: Sequence[Row], as_json: bool) -> None:
    if as_json:
        print(json.dumps({"rows": [row.as_json() for row in rows]}, indent=2, ensure_ascii=False))


def _bundled() -> Path | None:
    """The deep model beside the engine, in a checkout or an installation of the whole program."""
    folder = Path(__file__).resolve().parents[2] / "resources" / "models" / "deep"
    return folder if folder.is_dir() else None


def _tell(row: Row, as_json: bool) -> None:
    """One line of the table; to standard error while standard output is for JSON."""
    facts = row.as_json()
    line = f"{row.what}: {row.ours:.4g} {row.unit}"
    if row.peer is not None:
        line += f"; {row.peer_name}: {row.peer:.4g} {row.unit} (× {facts['ratio']:.3g})"
    if row.limit is not None:
        line += f"; limit {row.limit:.4g} {row.unit} (ours / limit {facts['limit_ratio']:.2f})"
    line += f" [{row.note}]" if row.note else ""
    print(line, file=sys.stderr if as_json else sys.stdout, flush=True)
