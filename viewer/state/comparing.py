"""Up to three other answers beside the main picture, and the difference to one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.results import Explanation
from viewer.render.difference import Beside, Likeness, in_short
from viewer.state.comparison import Comparison
from viewer.state.others import Other, Sides, layer_words
from viewer.state.session import Pane, Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

MOST = 3
"""So that there are four pictures at most, two by two."""


class Comparing(QObject):
    """Keeps the session's panes up to date. One of the others is ``chosen``: it is what the numbers
    and the difference are about. Setters ignore equal values; ``changed`` tells of everything."""

    changed = Signal()

    def __init__(self, session: Session, workbench: Workbench) -> None:
        super().__init__(workbench)
        self._session = session
        self.difference = False
        """Whether one more pane shows the difference to the chosen one."""
        self.chosen = 0
        self._slots = tuple(Comparison(session, workbench) for _ in range(MOST))
        for slot in self._slots:
            slot.changed.connect(self._show)

    # what is wanted
    @property
    def others(self) -> tuple[Other, ...]:
        """In the order of the pictures."""
        return tuple(slot.other for slot in self._slots if slot.other is not None)

    def set_others(self, others: tuple[Other, ...], chosen: int = 0) -> None:
        """These and no more, each of them once; the first three."""
        wanted = tuple(dict.fromkeys(others))[:MOST]
        chosen = max(0, min(chosen, len(wanted) - 1))
        if (wanted, chosen) == (self.others, self.chosen):
            return
        self.chosen = chosen
        if wanted:
            self._session.change_style(visible=True)  # what is compared is to be seen
        padded = (*wanted, *(None for _ in range(MOST - len(wanted))))
        for slot, other in zip(self._slots, padded, strict=True):
            slot.set_other(other)
        self._show()

    def set_other(self, other: Other | None) -> None:
        """This one in the place of the chosen one; without one, the chosen one goes."""
        rest = list(self.others)
        rest[self.chosen : self.chosen + 1] = [] if other is None else [other]
        self.set_others(tuple(rest), self.chosen)

    def add_other(self, other: Other) -> None:
        """One more beside what there is, and chosen."""
        if other not in self.others:
            self.set_others((*self.others, other), len(self.others))

    def choose(self, number: int) -> None:
        self.set_others(self.others, number)

    def set_difference(self, on: bool) -> None:
        if on != self.difference:
            self.difference = on
            self._show()

    # what is there, of the chosen one
    @property
    def _slot(self) -> Comparison:
        return self._slots[self.chosen]

    @property
    def other(self) -> Other | None:
        return self._slot.other

    @property
    def problem(self) -> str:
        """A sentence: why it is not beside the main picture although it was asked for."""
        return self._slot.problem

    @property
    def beside(self) -> Beside | None:
        """Its map, in the style of the main one; None until it is there."""
        return self._slot.beside

    @property
    def explanation(self) -> Explanation | None:
        """Its answer, None until it is there or where there is none."""
        return self._slot.explanation

    @property
    def likeness(self) -> Likeness | None:
        """How much its map and the main one look alike."""
        return None if self.beside is None else self.beside.likeness

    @property
    def waiting(self) -> bool:
        """Whether any of the pictures is being made."""
        return any(slot.waiting for slot in self._slots)

    @property
    def sides(self) -> Sides | None:
        """What it and the main picture are called; None when nothing is compared."""
        return self._slot.sides

    # panes
    def _show(self) -> None:
        shown = [slot for slot in self._slots if slot.pane is not None]
        panes = [pane for slot in shown if (pane := slot.pane) is not None]
        names, painted = self.sides, self.beside
        room = len(panes) < MOST and self._slot in shown
        if self.difference and painted is not None and names is not None and room:
            mine, theirs = names.main, names.other
            if mine == theirs:  # two layers of the same answer
                mine, theirs = painted.main.layer.name, painted.overlay.layer.name
            meaning = (
                f"solid: more in {mine}; dashed: more in {theirs}",
                in_short(painted.likeness),
            )
            panes.append(Pane("difference", None, painted.difference, footer=meaning))
        self._session.set_panes(self._main_title(shown), tuple(panes))
        self.changed.emit()

    def _main_title(self, shown: list[Comparison]) -> str:
        main, layer = self._session.explanation, self._session.layer
        if not shown or main is None:
            return ""
        names = {sides.main for slot in shown if (sides := slot.sides) is not None}
        name = names.pop() if len(names) == 1 else main.model.name
        if layer is None or not any(slot.names_layers for slot in shown):
            return name
        return f"{name} · {layer_words(layer, len(main.layers))}"
