"""What an intervention on one image does to an answer, and whether that means "uses". Needs no
torch."""

from __future__ import annotations

from dataclasses import dataclass

PLACES = 39  # where as much is erased: to lie beyond all of them happens by chance 1 time in 20
MATERIAL = 0.05  # of probability: a smaller change is no use, however certain


@dataclass(frozen=True)
class Effect:
    """What erasing a candidate does to a class in one image.

    ``before`` is the class's probability, ``change`` what erasing adds to it, ``elsewhere`` what
    erasing as much at random places adds, ``moved`` what moving it to random places adds (of
    markers only). All are differences of probability.
    """

    kind: str
    box: tuple[int, int, int, int]
    target: str
    before: float
    change: float
    elsewhere: tuple[float, ...]
    moved: tuple[float, ...] = ()

    @property
    def span(self) -> tuple[float, float]:
        """The least and the greatest change elsewhere; NaN without any."""
        if not self.elsewhere:
            return float("nan"), float("nan")
        return min(self.elsewhere), max(self.elsewhere)

    @property
    def uses(self) -> bool | None:
        """Whether the model uses it: the change is material and beyond all of :data:`PLACES` other
        places. None where it is material and there were fewer."""
        if abs(self.change) < MATERIAL:
            return False
        low, high = self.span
        return None if len(self.elsewhere) < PLACES else not low <= self.change <= high
