"""How the frame is turned for looking at it: quarter turns and mirroring. Display only."""

from __future__ import annotations

from dataclasses import dataclass

_CLOCKWISE = ((1, 0, 0, 1), (0, -1, 1, 0), (-1, 0, 0, -1), (0, 1, -1, 0))
_TURNED = ("", "turned 90° right", "turned 180°", "turned 90° left")


@dataclass(frozen=True)
class Turn:
    """First mirrored left to right, if ``mirrored``, then turned clockwise by ``quarters`` (0 to 3)
    of 90°."""

    quarters: int = 0
    mirrored: bool = False

    def __post_init__(self) -> None:
        if self.quarters not in (0, 1, 2, 3):
            raise ValueError(f"a frame is turned by 0 to 3 quarters, not {self.quarters}")

    @property
    def matrix(self) -> tuple[int, int, int, int]:
        """(a, b, c, d): a frame step (x, y) is the screen step (a x + b y, c x + d y), both with y
        down."""
        a, b, c, d = _CLOCKWISE[self.quarters]
        return (-a, b, -c, d) if self.mirrored else (a, b, c, d)

    @property
    def sideways(self) -> bool:
        """Whether the frame's rows run up or down the screen."""
        return self.quarters % 2 == 1

    @property
    def words(self) -> str:
        """What was done to the picture, in that order; "" for one that is as it is."""
        if not self.mirrored:
            return _TURNED[self.quarters]
        if self.quarters == 2:
            return "mirrored top to bottom"
        return ", then ".join(filter(None, ("mirrored left to right", _TURNED[self.quarters])))

    def rotated(self, quarters: int) -> Turn:
        """Turned further on the screen, clockwise."""
        return Turn((self.quarters + quarters) % 4, self.mirrored)

    def flipped(self, upright: bool = False) -> Turn:
        """Mirrored on the screen as it is now: left to right, or top to bottom if ``upright``."""
        return Turn(((2 if upright else 0) - self.quarters) % 4, not self.mirrored)


AS_IT_IS = Turn()
