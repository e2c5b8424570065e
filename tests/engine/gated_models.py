"""A small model, pictures for it, and gates by hand: what the tests of declining share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from engine.checkpoint import SPECIFICATION_FILE, load_model, save_model
from engine.files import write_atomically
from engine.gate import Gate, save_gate
from engine.models.specification import ModelSpecification
from tests.engine.small_networks import grey_image, specification

LAYERS = ("conv1", "conv2", "classes")
SIDE = 40
_WIDTH = 2 * (4 + 6)  # mean and spread of every kernel of the two convolutions


def small_facts() -> ModelSpecification:
    """Two convolutions, three classes."""
    return specification("plain", {"stages": [[4, 5, 2], [6, 3, 2]]}, LAYERS, SIDE)


def grey_bytes(seed: int, height: int = 90, width: int = 70) -> NDArray[np.uint8]:
    values = grey_image(height, width, seed) / 8 + 40 * np.sin(np.arange(width) * seed / 40)
    return np.asarray(np.clip(values, 0, 255), np.uint8)


def gate_by_hand(limit: float, catch_all: tuple[str, ...] = ()) -> Gate:
    draw = np.random.default_rng(0)
    return Gate(
        layers=LAYERS[:2],
        catch_all=catch_all,
        mean=draw.normal(size=_WIDTH).astype(np.float32),
        scale=draw.uniform(0.5, 2, _WIDTH).astype(np.float32),
        axes=draw.normal(size=(3, _WIDTH)).astype(np.float32),
        weights=draw.normal(size=6).astype(np.float32),
        limit=limit,
    )


def save_gated(network: nn.Module, gate: Gate, folder: Path) -> Path:
    """Write the small model and its gate into ``folder``."""
    save_model(network, small_facts(), folder)
    facts = replace(load_model(folder).specification, gate_sha256=save_gate(gate, folder))
    write_atomically(folder / SPECIFICATION_FILE, facts.to_json().encode())
    return folder
