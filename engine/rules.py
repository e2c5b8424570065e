"""Rules: what passes a rectifier on the way back to the image.

| rule      | passes                                   | source                              |
|-----------|------------------------------------------|-------------------------------------|
| linear    | everything                               | CLEAR eqs. 2-3, arXiv 1704.04133    |
| gradient  | by the slope of the forward function     | Simonyan 2013, arXiv 1312.6034      |
| frozen    | by the forward gate, held constant       | gradient on ReLU; else see below    |
| deconvnet | the positive part of the signal          | Zeiler & Fergus 2014                |
| guided    | the positive part, by the forward gate   | Springenberg 2014, arXiv 1412.6806  |

For a rectifier the gate is 1 where the input was positive, and slope and gate are the same. A
smooth unit such as SiLU, x·σ(x), has the gate σ(x) (output over input) and a slope of its own;
``gradient`` takes the slope, and so equals autograd, the others hold the gate. In the
same way a squashing function that only weighs other maps (the sigmoid of squeeze-and-excitation)
is a gate: ``gradient`` goes through it, the other rules hold it constant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Rule:
    """``gates_forward``: what the forward pass cut off or weighed down is so on the way back;
    ``gates_signal``: the signal is cut off where it is negative itself; ``slopes``: gates are the
    slopes of their functions, and gating branches carry a signal (the gradient)."""

    gates_forward: bool
    gates_signal: bool
    slopes: bool = False

    @property
    def is_linear(self) -> bool:
        """True when maps are linear in the seed, so that the way back has an adjoint."""
        return not self.gates_signal


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "linear": Rule(gates_forward=False, gates_signal=False),
        "gradient": Rule(gates_forward=True, gates_signal=False, slopes=True),
        "frozen": Rule(gates_forward=True, gates_signal=False),
        "deconvnet": Rule(gates_forward=False, gates_signal=True),
        "guided": Rule(gates_forward=True, gates_signal=True),
    }
)
