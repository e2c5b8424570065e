"""Rules: what passes a rectifier on the way back to the image.

| rule      | passes                              | source                              |
|-----------|-------------------------------------|-------------------------------------|
| linear    | everything                          | CLEAR eqs. 2-3, arXiv 1704.04133    |
| gradient  | where the forward pass was linear   | Simonyan 2013, arXiv 1312.6034      |
| deconvnet | the positive part of the signal     | Zeiler & Fergus 2014                |
| guided    | both                                | Springenberg 2014, arXiv 1412.6806  |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from torch import Tensor


@dataclass(frozen=True)
class Rule:
    """``gates_forward``: zero where the forward input was cut off; ``gates_signal``: zero where
    the signal itself is negative."""

    gates_forward: bool
    gates_signal: bool

    def through(self, signal: Tensor, gate: Tensor) -> Tensor:
        """``signal`` [B, C, H, W] and the recorded ``gate`` bool [1, C, H, W] → [B, C, H, W]."""
        if self.gates_forward:
            signal = signal * gate
        return signal.clamp(min=0) if self.gates_signal else signal


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "linear": Rule(gates_forward=False, gates_signal=False),
        "gradient": Rule(gates_forward=True, gates_signal=False),
        "deconvnet": Rule(gates_forward=False, gates_signal=True),
        "guided": Rule(gates_forward=True, gates_signal=True),
    }
)
