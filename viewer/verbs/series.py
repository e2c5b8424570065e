"""Verbs for stacks: their ends, playing them, and the key images in them."""

from __future__ import annotations

from collections.abc import Callable

from viewer.commands import Context
from viewer.dicom.study import Series
from viewer.state.place import Place
from viewer.state.settings import CINE_ORDER

_FASTER = 1.25


# the ends
def first_image(context: Context) -> None:
    place = context.session.place
    if place is not None:
        context.session.set_place(place.moved(-place.number))


def last_image(context: Context) -> None:
    place = context.session.place
    if place is not None:
        context.session.set_place(place.moved(place.series.starts[-1]))


# playing
def toggle_cine(context: Context) -> None:
    context.workbench.cine.toggle()


def toggle_swing(context: Context) -> None:
    """To and fro, or from the end to the beginning."""
    swing = context.workbench.cine.swing
    context.session.settings.set(CINE_ORDER, "loop" if swing else "to and fro")


def cine_faster(context: Context) -> None:
    _change_rate(context, _FASTER)


def cine_slower(context: Context) -> None:
    _change_rate(context, 1 / _FASTER)


def _change_rate(context: Context, factor: float) -> None:
    """At least one image a second more or less."""
    cine = context.workbench.cine
    wanted = round(cine.rate * factor)
    if wanted == round(cine.rate):
        wanted += 1 if factor > 1 else -1
    cine.set_rate(wanted)


# key images
def toggle_key_image(context: Context) -> None:
    """Mark the shown image, or take its mark away."""
    place, marks = context.session.place, context.session.key_images
    if place is not None:
        marks.set(place.instance, place.frame, not marks.has(place.instance, place.frame))


def next_key_image(context: Context) -> None:
    _to_key_image(context, 1)


def previous_key_image(context: Context) -> None:
    _to_key_image(context, -1)


def _to_key_image(context: Context, direction: int) -> None:
    """The nearest one in the series, else in the series after it, round all that are open."""
    session, place = context.session, context.session.place
    if place is None:
        return
    found = _nearest(session.all_series(), place, session.key_images.numbers, direction)
    if found is None:
        session.say("There are no key images yet; the star in the toolbar marks the image shown.")
    elif found == place:
        session.say("There is no other key image.")
    else:
        session.set_place(found)


def _nearest(
    every: list[Series],
    place: Place,
    numbers: Callable[[Series], tuple[int, ...]],
    direction: int,
) -> Place | None:
    """Where the next key image is, None without any."""
    here = next((n for n, series in enumerate(every) if series is place.series), None)
    if here is None:
        return None
    own = [n for n in numbers(place.series) if (n - place.number) * direction > 0]
    if own:
        return Place(place.series, 0).moved(own[0] if direction > 0 else own[-1])
    for step in range(1, len(every) + 1):
        series = every[(here + step * direction) % len(every)]
        marked = numbers(series)
        if marked:
            return Place(series, 0).moved(marked[0] if direction > 0 else marked[-1])
    return None


def toggle_only_key_images(context: Context) -> None:
    marks = context.session.key_images
    marks.set_only(not marks.only)
