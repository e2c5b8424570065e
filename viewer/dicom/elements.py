"""Tolerant access to the elements of a data set: what is missing or broken is empty, no error."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


_LONGEST = 10_240  # letters: what the standard allows for a long text


class Unparsed(Exception):
    """Raised by what stands in for a data set where only the parsed one can tell the value."""


Key = str | tuple[int, int]
"""A keyword, or the (group, element) of what stands in several groups (PS3.5 7.6)."""


def value(dataset: Dataset, keyword: Key) -> Any:
    """The value of an element as pydicom gives it, or None if it is absent, empty or broken."""
    try:
        found = dataset.get(keyword)
        if isinstance(keyword, tuple) and found is not None:
            found = found.value
    except Unparsed:
        raise
    except Exception:  # pydicom converts on access and raises whatever the broken value caused
        return None
    return None if found is None or found == "" else found


def values(dataset: Dataset, keyword: Key) -> tuple[Any, ...]:
    """The values of a multi-valued element; a single value counts as one."""
    found = value(dataset, keyword)
    if found is None:
        return ()
    if isinstance(found, str):
        return (found,)
    several = isinstance(found, Sequence) and not isinstance(found, bytes)
    return tuple(found) if several else (found,)


def text(dataset: Dataset, keyword: Key) -> str:
    """The text of an element, several values joined by a comma, up to a sensible length."""
    found = value(dataset, keyword)
    if isinstance(found, str):  # most are, and a disc has many
        return found[:_LONGEST].strip(" \0")
    found = values(dataset, keyword)
    joined = ", ".join(part for part in (str(v).strip(" \0") for v in found) if part)
    return joined[:_LONGEST]


def numbers(dataset: Dataset, keyword: Key) -> tuple[float, ...]:
    """The finite numbers of an element, none if one of them is broken."""
    try:
        found = tuple(float(v) for v in values(dataset, keyword))
    except (TypeError, ValueError):
        return ()
    return found if all(map(math.isfinite, found)) else ()


def integer(dataset: Dataset, keyword: Key) -> int | None:
    """The one whole number of an element, or None."""
    found = numbers(dataset, keyword)
    return int(found[0]) if len(found) == 1 and found[0] == int(found[0]) else None


def items(dataset: Dataset, keyword: str) -> tuple[Dataset, ...]:
    """The items of a sequence."""
    return tuple(item for item in values(dataset, keyword) if hasattr(item, "get"))


def holders(dataset: Dataset, macro: str, index: int) -> Iterator[Dataset]:
    """Where an attribute of one frame can stand, the most specific place first.

    That is the functional group ``macro`` of the frame, the shared one (PS3.3 C.7.6.16), then
    the data set itself, the only place in objects without functional groups.
    """
    frames = items(dataset, "PerFrameFunctionalGroupsSequence")
    for group in (*frames[index : index + 1], *items(dataset, "SharedFunctionalGroupsSequence")):
        yield from items(group, macro)[:1]
    yield dataset


def holder(dataset: Dataset, macro: str, index: int, keyword: str) -> Dataset:
    """The most specific place that has the element ``keyword``, else the data set itself."""
    places = holders(dataset, macro, index)
    return next((place for place in places if value(place, keyword) is not None), dataset)
