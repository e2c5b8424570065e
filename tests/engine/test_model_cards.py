"""What a model card says is what the bundled weights do on the data that it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

import resources
from engine.checkpoint import load_model
from engine.training.dataset import load, read_index
from engine.training.measure import figures_of, logits_of

BARS = {"deep": (0.92, 0.88), "shallow": (0.78, 0.68)}  # the latter: HOG + logistic regression


@pytest.mark.parametrize("name", resources.MODEL_NAMES)
def test_the_card_states_the_test_split_as_it_is(data: Path, name: str) -> None:
    folder = resources.model_folder(name)
    model = load_model(folder)
    facts = model.specification
    rows = [
        row
        for row in read_index(data / "radiographs")
        if (row.source, row.split) == ("unifesp", "test")
    ]
    held = load(data / "radiographs", rows, facts.classes, facts.input_size, lambda line: None)
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    logits = logits_of(model.network, held.images, facts)
    torch.set_num_threads(threads)
    seen = figures_of(logits, held.labels, facts.classes)
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    stated = re.search(
        r"test split\n\n(\d+) images: accuracy ([\d.]+) .*mean\s+recall ([\d.]+)", card
    )
    assert stated is not None
    assert int(stated[1]) == seen.total
    assert float(stated[2]) == pytest.approx(seen.accuracy, abs=0.004)
    assert float(stated[3]) == pytest.approx(seen.mean_recall, abs=0.02)
    accuracy, recall = BARS[name]
    assert seen.accuracy >= accuracy
    assert seen.mean_recall >= recall
