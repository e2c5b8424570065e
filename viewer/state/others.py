"""What the main picture can be compared with, and the words for it. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from engine.presets import PRESETS, preset_name
from engine.questions import Explain
from engine.results import Explanation, LayerResponse, Method
from viewer.state.words import readable

UNTRAINED_SEED = 1
Kind = Literal["model", "untrained", "class", "method", "layer", "edited", "original", "image"]


@dataclass(frozen=True)
class Other:
    """``model``: the bundled one named ``value``; ``untrained``: the same shape, never trained;
    ``class``: ``value`` as target; ``method``: the preset ``value``; ``layer``: that layer of the
    same answer, whichever the main picture shows; ``edited``: the image with
    its interventions; ``original``: the scan with nothing over it; ``image``: the frame ``frame``
    of the file ``value``."""

    kind: Kind
    value: str = ""
    frame: int = 0

    @property
    def is_asked(self) -> bool:
        """Whether it takes a question about the same image to the engine."""
        return self.kind not in ("layer", "edited", "original", "image")

    @property
    def shares_range(self) -> bool:
        """Whether one value window makes sense for both: the same network and method."""
        return self.kind in ("class", "edited")


@dataclass(frozen=True)
class Sides:
    """What the two pictures are called."""

    main: str
    other: str


def short_name(other: Other) -> str:
    """``untrained``, ``blocks.2``."""
    words = {"edited": "edited", "original": "bare scan", "image": "image"}
    return words.get(other.kind) or readable(other.value) or other.kind


def is_same(other: Other, main: Explanation) -> bool:
    """Whether it would be the main picture once more."""
    return other in (
        Other("model", main.model.name),
        Other("class", main.target),
        Other("method", preset_name(main.method)),
    )


def question(other: Other, main: Explanation) -> tuple[str, int, Explain]:
    """(model, untrained, question) that yields the other answer; what is not other is as in the
    main one."""
    assert isinstance(main.method, Method)  # the session asks for no other
    model = other.value if other.kind == "model" else main.model.name
    method = PRESETS[other.value] if other.kind == "method" else main.method
    target = other.value if other.kind == "class" else main.target
    untrained = UNTRAINED_SEED if other.kind == "untrained" else 0
    return model, untrained, Explain(method, target)


def counterpart(index: int, count: int, other_count: int) -> int:
    """The layer (from 0) of a network with ``other_count`` layers at the relative depth of layer
    ``index`` of one with ``count``: the nearest one, of two as near the shallower. The same layer
    where the counts are equal."""
    depth = index + 1
    return min(
        range(other_count),
        key=lambda place: abs((place + 1) * count - depth * other_count),
    )


def sides(other: Other, model: str, method: Method, target: str) -> Sides:
    """``model``, ``method`` and ``target`` are those of the main picture."""
    return {
        "model": Sides(model, other.value),
        "untrained": Sides(f"{model} (trained)", f"{model}, untrained (seed {UNTRAINED_SEED})"),
        "class": Sides(f"class {readable(target)}", f"class {readable(other.value)}"),
        "method": Sides(preset_name(method), other.value),
        "layer": Sides(model, model),
        "edited": Sides("the scan as it is", "the edited scan"),
        "original": Sides(model, "the bare scan"),
    }[other.kind]


def layer_words(layer: LayerResponse, count: int) -> str:
    """``blocks.2, layer 3 of 7``."""
    return f"{layer.name}, layer {layer.depth} of {count}"


def same_and_other(other: Other, main: Explanation, theirs: Explanation, index: int) -> str:
    """What the two answers have in common, and what not, as two sentences; ``index`` is that of
    the main picture's layer."""
    if other.kind == "layer":
        place = [layer.name for layer in theirs.layers].index(other.value)
    else:
        place = counterpart(index, len(main.layers), len(theirs.layers))
    weights = "never trained" if other.kind == "untrained" else ""
    rows = (
        ("image", "", {"edited": "edited", "image": "another"}.get(other.kind, "")),
        ("network", main.model.name, weights or theirs.model.name),
        ("class", readable(main.target), readable(theirs.target)),
        ("method", preset_name(main.method), preset_name(theirs.method)),
        ("layer", _layer_in_words(main, index), _layer_in_words(theirs, place)),
    )
    same = [f"{what} ({ours})" if ours else what for what, ours, their in rows if ours == their]
    differs = [f"{what} ({their})" for what, ours, their in rows if ours != their]
    return f"Same {', '.join(same)}. Other {', '.join(differs)}."


def _layer_in_words(explanation: Explanation, index: int) -> str:
    return f"{explanation.layers[index].name}, {index + 1} of {len(explanation.layers)}"


def depths(main: Explanation, index: int, count: int = 3) -> tuple[Other, ...]:
    """``count`` layers, the shallowest first, that are spread over the depth of an answer together
    with the layer ``index`` (from 0)."""
    names = [layer.name for layer in main.layers]
    parts = count + 1
    even = [int((part + 0.5) * len(names) / parts) for part in range(parts)]
    nearest = min(even, key=lambda place: abs(place - index))
    chosen = dict.fromkeys(place for place in even if place not in (nearest, index))
    return tuple(Other("layer", names[place]) for place in chosen)
