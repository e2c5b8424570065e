"""Named methods: what the literature calls by a name, and the product's default."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.results import Method

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


def preset_name(method: Method) -> str:
    """The name of a method, or ``rule + seed`` for one that has none."""
    for name, known in PRESETS.items():
        if known == method:
            return name
    return f"{method.rule} + {method.seed}"
