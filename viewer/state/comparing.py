"""Up to three other answers or images beside the main picture, and the difference to one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.results import Explanation
from viewer.dicom.window import LookupTable, Window
from viewer.render.difference import Beside, Likeness, in_short
from viewer.state.beside import ImageBeside
from viewer.state.comparison import Comparison
from viewer.state.lane import Lane
from viewer.state.others import Other, Sides, layer_words
from viewer.state.place import Place
from viewer.state.priors import other_of
from viewer.state.session import Pane, Session

if TYPE_CHECKING:
    from viewer.state.workbench import Workbench

MOST = 3
"""So that there are four pictures at most, two by two."""
Slot = Comparison | ImageBeside


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
        self._answers = tuple(Comparison(session, workbench) for _ in range(MOST))
        self._images = tuple(ImageBeside(session, workbench) for _ in range(MOST))
        self._shown: list[Slot] = []
        for changed in (
            slot.changed for pair in zip(self._answers, self._images, strict=True) for slot in pair
        ):
            changed.connect(self._show)

    def lanes(self) -> tuple[Lane, ...]:
        return tuple(lane for image in self._images for lane in image.lanes())

    # what is wanted
    @property
    def others(self) -> tuple[Other, ...]:
        """In the order of the pictures."""
        return tuple(slot.other for slot in self._slots if slot.other is not None)

    @property
    def _slots(self) -> tuple[Slot, ...]:
        """Each of them an answer about the same image, or another image."""
        pairs = zip(self._answers, self._images, strict=True)
        return tuple(answer if image.other is None else image for answer, image in pairs)

    def set_others(self, others: tuple[Other, ...], chosen: int = 0) -> None:
        """These and no more, each of them once; the first three."""
        wanted = tuple(dict.fromkeys(others))[:MOST]
        chosen = max(0, min(chosen, len(wanted) - 1))
        if (wanted, chosen) == (self.others, self.chosen):
            return
        self.chosen = chosen
        if any(other.kind != "image" for other in wanted):
            self._session.change_style(visible=True)  # what is compared is to be seen
        padded = (*wanted, *(None for _ in range(MOST - len(wanted))))
        for answer, image, other in zip(self._answers, self._images, padded, strict=True):
            is_image = other is not None and other.kind == "image"
            answer.set_other(None if is_image else other)
            image.set_other(other if is_image else None)
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

    # other images
    def image_at(self, pane: int) -> ImageBeside | None:
        """The image that a pane of the session shows; None where it shows the same one."""
        slot = self._shown[pane] if 0 <= pane < len(self._shown) else None
        return slot if isinstance(slot, ImageBeside) else None

    def toggle_image(self, place: Place) -> None:
        """Put an image beside the main one, or take it away; where there is no room for one more,
        in the place of the chosen one."""
        other = other_of(place)
        if other in self.others:
            self.set_others(tuple(item for item in self.others if item != other))
        elif len(self.others) < MOST:
            self.add_other(other)
        else:
            self.set_other(other)

    def swap(self) -> None:
        """The other image, the chosen one of several, becomes the main one, and that the other."""
        images = [slot for slot in (self._slot, *self._slots) if isinstance(slot, ImageBeside)]
        main, there = self._session.place, images[0].place if images else None
        if main is not None and there is not None:
            images[0].set_other(other_of(main))
            self._session.set_place(there)

    def step_image(self, pane: int, by: int) -> None:
        """That many images further in the series of a pane."""
        image = self.image_at(pane)
        if image is not None:
            image.step(by)

    def set_window(self, pane: int, window: Window | LookupTable) -> None:
        image = self.image_at(pane)
        if image is not None:
            image.set_window(window)

    def set_difference(self, on: bool) -> None:
        if on != self.difference:
            self.difference = on
            self._show()

    # what is there, of the chosen one
    @property
    def _slot(self) -> Slot:
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
    def shares_range(self) -> bool:
        """Whether it is shown in the value window of the main map."""
        slot = self._slot
        if isinstance(slot, ImageBeside):
            return slot.shares_range
        return slot.other is not None and slot.other.shares_range

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
        found = [(slot, pane) for slot in self._slots if (pane := slot.pane) is not None]
        shown, panes = [slot for slot, _ in found], [pane for _, pane in found]
        self._shown = shown
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

    def _main_title(self, shown: list[Slot]) -> str:
        main, layer = self._session.explanation, self._session.layer
        names = {sides.main for slot in shown if (sides := slot.sides) is not None}
        if len(names) == 1:
            name = names.pop()
        elif main is not None and names:
            name = main.model.name
        else:
            return ""
        if main is None or layer is None or not any(slot.names_layers for slot in shown):
            return name
        return f"{name} · {layer_words(layer, len(main.layers))}"
