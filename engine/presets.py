"""Named methods: what the literature calls by a name, and the product's default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from engine.results import Method, Opinion

PRESETS: Mapping[str, Method] = MappingProxyType(
    {
        "CLEAR": Method("linear", "full"),
        "published ARM": Method("guided", "peak", "nearest", kernels=4, positive=True),
        "deconvnet": Method("deconvnet", "full"),
        "gradient": Method("gradient", "full"),
        "class gradient": Method("gradient", "class"),
    }
)

# Chosen by looking and by measuring on the bundled models: see ARCHITECTURE.md, decision 7.
DEFAULT_PRESET = "class gradient"


def preset_name(method: Method | Opinion) -> str:
    """The name of a method, or ``rule + seed`` for one that has none."""
    if isinstance(method, Opinion):
        return method.name
    for name, known in PRESETS.items():
        if known == method:
            return name
    return f"{method.rule} + {method.seed}"


def in_words(method: Method | Opinion) -> str:
    """How maps were made, for a line under a picture: ``class gradient: rule gradient · seed
    class``, ``integrated gradients: steps 32``."""
    name = preset_name(method)
    if isinstance(method, Opinion):
        shown = (
            f"{key} {value:g}"
            for key, value in method.settings
            if not isinstance(value, tuple) and key != "batch"  # how it is computed, not what
        )
        settings = " · ".join(shown)
        return f"{name}: {settings}" if settings else name
    how = f"rule {method.rule} · seed {method.seed}"
    return how if name == f"{method.rule} + {method.seed}" else f"{name}: {how}"


def in_facts(method: Method | Opinion) -> dict[str, Any]:
    """The same for a JSON file: every field of a method, or the name and settings of an opinion."""
    if isinstance(method, Opinion):
        return {"opinion": method.name, **dict(method.settings)}
    return asdict(method)
