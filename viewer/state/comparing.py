"""Up to three other answers or images beside the main picture, and the difference to one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from engine.results import Explanation
from viewer.dicom.window import LookupTable, Window
from viewer.render.difference import Beside, Likeness, in_short
from viewer.state.beside import ImageBeside
from viewer.state.comparison import Comparison
from viewer.state.lane import Lane
from viewer.state.linking import Link, link_beside
from viewer.state.others import Other, Sides, layer_words, short_name
from viewer.state.place import Place
from viewer.state.priors import image_words, other_of, where_words
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
        self._order: list[int] = []  # which of them are used, in the order of the pictures
        for pair in zip(self._answers, self._images, strict=True):
            for changed in (pair[0].changed, pair[1].changed):
                changed.connect(self._show)
        for changed in (session.placeChanged, session.frameChanged):
            changed.connect(self._follow)

    def lanes(self) -> tuple[Lane, ...]:
        return tuple(lane for image in self._images for lane in image.lanes())

    # what is wanted
    @property
    def others(self) -> tuple[Other, ...]:
        """In the order of the pictures."""
        return tuple(slot.other for slot in self._slots if slot.other is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """What the others are called in short, in their order; nothing that tells who it is."""
        return tuple(
            short_name(slot.other)
            if slot.place is None
            else where_words(self._session, slot.place.series)
            for slot in self._slots
            if slot.other is not None
        )

    @property
    def _slots(self) -> tuple[Slot, ...]:
        """Those in use, each of them an answer about the same image, or another image."""
        return tuple(map(self._at, self._order))

    def _at(self, number: int) -> Slot:
        image = self._images[number]
        return self._answers[number] if image.other is None else image

    def set_others(self, others: tuple[Other, ...], chosen: int = 0) -> None:
        """These and no more, each of them once; the first three."""
        wanted = tuple(dict.fromkeys(others))[:MOST]
        chosen = max(0, min(chosen, len(wanted) - 1))
        if (wanted, chosen) == (self.others, self.chosen):
            return
        self.chosen = chosen
        if any(other.kind != "image" and other not in self.others for other in wanted):
            self._session.change_style(visible=True)  # what is compared is to be seen
        there = {self._at(number).other: number for number in reversed(self._order)}
        free = [n for n in range(MOST) if n not in [there.get(other) for other in wanted]]
        self._order = [there[other] if other in there else free.pop(0) for other in wanted]
        for number in free:
            self._put(number, None)
        for number, other in zip(self._order, wanted, strict=True):
            self._put(number, other)
        self._show()

    def _put(self, number: int, other: Other | None) -> None:
        is_image = other is not None and other.kind == "image"
        self._answers[number].set_other(None if is_image else other)
        self._images[number].set_other(other if is_image else None)

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
        number = max(0, min(number, len(self._order) - 1))
        if number != self.chosen:
            self.chosen = number
            self._show()

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

    def remove_images(self, places: Callable[[Place], bool]) -> None:
        """Take away the images whose places these are."""
        self.set_others(
            tuple(
                slot.other
                for slot in self._slots
                if slot.other is not None and not (slot.place is not None and places(slot.place))
            ),
            self.chosen,
        )

    @property
    def swapped(self) -> int | None:
        """The pane whose image would be swapped with the main one: the chosen one of several."""
        panes = [n for n, slot in enumerate(self._shown) if slot.place is not None]
        return next((n for n in panes if self._shown[n] is self._slot), next(iter(panes), None))

    @property
    def link(self) -> Link | None:
        """From the main image to the chosen one, once that is shown."""
        chosen = zip(self._shown, self._session.panes, strict=False)
        pane = next((pane for slot, pane in chosen if slot is self._slot), None)
        return None if pane is None else link_beside(self._session, pane)

    def swap(self, pane: int) -> None:
        """The image of a pane becomes the main one, and that the other; each in its window."""
        session, image = self._session, self.image_at(pane)
        main, there = session.place, None if image is None else image.place
        if image is None or main is None or there is None:
            return
        ours, theirs = session.window, image.window
        image.keep()
        session.set_place(there)
        image.set_other(other_of(main))
        if ours is not None:
            image.set_window(ours)
        if theirs is not None and session.open is not None:
            session.set_window(theirs)
        self.set_others(self.others, self.chosen)  # it may have been among the others already

    def step_image(self, pane: int, by: int) -> None:
        """That many images further in the series of a pane."""
        image = self.image_at(pane)
        there = None if image is None or image.place is None else image.place.moved(by)
        if image is None or there is None:
            return
        onwards: Place | None = there
        while onwards is not None and other_of(onwards) in self.others:  # what is there already
            onwards = onwards.moved(1 if by > 0 else -1, stop=False)
        if onwards is not None:
            image.set_other(other_of(onwards))

    def set_window(self, pane: int, window: Window | LookupTable) -> None:
        image = self.image_at(pane)
        if image is not None:
            image.set_window(window)

    def reset_windows(self) -> None:
        """Every other image in its usual window."""
        for slot in self._slots:
            if isinstance(slot, ImageBeside):
                slot.set_window()

    def set_difference(self, on: bool) -> None:
        if on != self.difference:
            self.difference = on
            self._show()

    # what is there, of the chosen one
    @property
    def _slot(self) -> Slot:
        """The chosen one; one that is not used where nothing is compared."""
        return self._slots[self.chosen] if self._order else self._answers[0]

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
    def _follow(self) -> None:
        """The main picture is another one, and so are its name and what is linked to it."""
        if self._order:
            self._show()

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
            place = self._session.place
            return "" if place is None or not shown else image_words(self._session, place)
        if main is None or layer is None or not any(slot.names_layers for slot in shown):
            return name
        return f"{name} · {layer_words(layer, len(main.layers))}"
