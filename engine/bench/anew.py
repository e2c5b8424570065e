"""What an audit costs without the engine's caches and its way back: the peers of the viewer's
benchmark, timed in this process."""

from __future__ import annotations

import json
from collections.abc import Callable

import cv2
import numpy as np
import torch

from engine.bench.measure import median
from engine.bench.networks import subject
from engine.bench.peers import PeerMissingError, kernel_map, layer_map
from engine.bundled import model_at
from engine.preprocess import fit_to_square, normalise

_RUNS = 3
_SIZE = (4280, 3520)
_BOX = (slice(1200, 1600), slice(900, 1400))
_ROW = 4  # kernels


def child() -> None:
    """Print seconds as JSON, null where Captum is not installed: the maps of all layers, those of
    a row of kernels, and the answer to an edit of a film of 3520 × 4280 pixels."""
    model = model_at("deep")
    deep = subject("deep", model.network)
    grey = np.random.default_rng(0).integers(0, 256, _SIZE, dtype=np.uint8)
    facts = model.specification

    def edit() -> None:
        hole = np.zeros(_SIZE, np.uint8)
        hole[_BOX] = 1
        changed = cv2.inpaint(grey, hole, 3, cv2.INPAINT_NS)
        square, _ = fit_to_square(changed, facts.input_size)
        read = normalise(torch.from_numpy(square)[None, None], facts.mean, facts.std)
        with torch.inference_mode():
            model.network(read)

    def rows() -> None:
        for kernel in range(_ROW):
            kernel_map(deep, deep.dense_layer, kernel)

    def layers() -> None:
        for name in deep.layers:
            layer_map(deep, name)

    told = {"layers": _timed(layers), "kernels": _timed(rows), "edit": median(edit, _RUNS)}
    print(json.dumps(told), flush=True)


def _timed(work: Callable[[], None]) -> float | None:
    try:
        return median(work, _RUNS)
    except PeerMissingError:
        return None
