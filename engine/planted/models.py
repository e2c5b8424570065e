"""Small plain networks, trained on planted markers in seconds, kept in a folder if wanted."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from engine.checkpoint import SPECIFICATION_FILE, LoadedModel, load_model, save_model
from engine.errors import ModelError
from engine.models.plain import PlainCNN
from engine.models.specification import ModelSpecification
from engine.planted import pictures
from engine.planted.pictures import Pool, Views, views
from engine.preprocess import fit_to_square, normalise

INPUT = 64  # pixels
_STAGES = [[16, 5, 2], [32, 3, 2], [48, 3, 1], [64, 3, 2], [64, 3, 1]]
_MEAN, _STD = 0.35, 0.3
_IMAGES, _EPOCHS, _BATCH, _RATE = 600, 12, 32, 4e-3
_MISLABELLED = 0.25  # of them, as labels mined from reports are: what makes a letter worth learning
_VERSION = 3  # of all that decides what is trained; part of the name of what is kept


def trained(pool: Pool, strength: float, planted: int, seed: int, kept: Path | None) -> LoadedModel:
    """The network of these settings: out of the folder ``kept`` if it is there, or trained (about
    eight seconds on one core) and put there."""
    folder = kept / _name(pool, strength, planted, seed) if kept else None
    if folder is not None and (folder / SPECIFICATION_FILE).is_file():
        return load_model(folder)
    seen = views(pool, _IMAGES, strength, planted, 1000 + seed, _MISLABELLED)
    network = _fit(seen, len(pool.classes), seed)
    facts = ModelSpecification(
        name=f"planted {strength:g}" if strength else "clean",
        version="",
        architecture="plain",
        arguments={"stages": _STAGES},
        classes=pool.classes,
        input_size=INPUT,
        mean=_MEAN,
        std=_STD,
        exposed_layers=network.layer_names,
        modalities=(),
        intended_use="to test the bias audit",
        licence="that of the images",
    )
    if folder is None:
        return LoadedModel(network.requires_grad_(False), facts)
    try:
        save_model(network, facts, folder, torch.float32)
    except OSError as error:
        raise ModelError(f"{folder}: the model cannot be kept ({error.strerror})") from error
    return load_model(folder)


def _name(pool: Pool, strength: float, planted: int, seed: int) -> str:
    """Says what it is, and whether it was trained on the same."""
    digest = hashlib.sha256()
    for table in (pool.labels, *pool.pictures):
        digest.update(np.ascontiguousarray(table).tobytes())
    facts = [pool.classes, pictures.SIDE, INPUT, _STAGES, _IMAGES, _EPOCHS, _MISLABELLED, _VERSION]
    digest.update(json.dumps(facts).encode())
    return f"{digest.hexdigest()[:12]}-{pool.classes[planted]}-{strength:g}-{seed}"


def inputs_of(seen: Views) -> Tensor:
    """What the network reads of views: [N, 1, INPUT, INPUT]."""
    squares = np.stack([fit_to_square(image, INPUT)[0] for image in seen.images])
    return normalise(torch.from_numpy(squares)[:, None], _MEAN, _STD)


def _fit(seen: Views, classes: int, seed: int) -> PlainCNN:
    inputs = inputs_of(seen).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(seen.labels)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        network = PlainCNN(classes, _STAGES)
    network.train().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    random = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=0.02)
    steps = len(inputs) // _BATCH
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, total_steps=_EPOCHS * steps)
    for _ in range(_EPOCHS):
        order = torch.randperm(len(inputs), generator=random)[: steps * _BATCH]
        for chosen in torch.split(order, _BATCH):
            shift = torch.randint(-2, 3, (2,), generator=random).tolist()
            batch = torch.roll(inputs[chosen], (shift[0], shift[1]), (2, 3))
            loss = F.cross_entropy(network(batch), labels[chosen])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
    return network.eval()
