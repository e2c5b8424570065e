"""Putting another answer beside the main picture, and taking it away again."""

from __future__ import annotations

from viewer.commands import Context
from viewer.state.others import Other, depths
from viewer.state.priors import others_like

_UNTRAINED = Other("untrained")


def _other_model(context: Context) -> Other:
    return Other("model", "deep" if context.session.model == "shallow" else "shallow")


def toggle_compare_untrained(context: Context) -> None:
    """A network of the same shape that never learnt anything."""
    _toggle(context, _UNTRAINED)


def compares_untrained(context: Context) -> bool:
    return _UNTRAINED in context.workbench.comparing.others


def toggle_compare_other_model(context: Context) -> None:
    """The shallow network beside any other, the deep one beside the shallow."""
    _toggle(context, _other_model(context))


def compares_other_model(context: Context) -> bool:
    return _other_model(context) in context.workbench.comparing.others


def toggle_compare_edited(context: Context) -> None:
    """The image with the interventions that are on."""
    _toggle(context, Other("edited"))


def toggle_compare_image(context: Context) -> None:
    """The image that a reader would look for beside this one: the same part in an earlier study
    above all."""
    session, comparing = context.session, context.workbench.comparing
    rest = tuple(other for other in comparing.others if other.kind != "image")
    if rest != comparing.others:
        comparing.set_others(rest)
        return
    likely = [] if session.place is None else others_like(session, session.place)
    if likely:
        comparing.toggle_image(likely[0])
    else:
        session.say("No other image is open; open the one to compare with first.")


def compares_image(context: Context) -> bool:
    return any(other.kind == "image" for other in context.workbench.comparing.others)


def swap_images(context: Context) -> None:
    pane = context.workbench.comparing.swapped
    if pane is not None:
        context.view.framing.swap(pane)


def toggle_difference(context: Context) -> None:
    """A third picture with what each of the two has more than the other."""
    comparing = context.workbench.comparing
    if comparing.other is None:
        context.session.say("Choose what to compare with first, in the Compare panel.")
        return
    comparing.set_difference(not comparing.difference)


def stop_comparing(context: Context) -> None:
    context.workbench.comparing.set_others(())


def toggle_depths(context: Context) -> None:
    """Two by two: the layer that is shown, and three spread over the depth of the network."""
    if compares_depths(context):
        stop_comparing(context)
        return
    main = context.session.explanation
    if main is not None:
        context.workbench.comparing.set_others(depths(main, context.session.layer_index))


def compares_depths(context: Context) -> bool:
    others = context.workbench.comparing.others
    return len(others) > 1 and all(other.kind == "layer" for other in others)


def toggle_what_is_learnt(context: Context) -> None:
    """Two by two: the answer, beside a network that never learnt anything, another one that did,
    and the second class."""
    if compares_what_is_learnt(context):
        stop_comparing(context)
        return
    main = context.session.explanation
    if main is None:
        return
    second = [item.name for item in main.predictions if item.name != main.target][:1]
    classes = [Other("class", name) for name in second]
    others = (_UNTRAINED, _other_model(context), *classes)
    context.workbench.comparing.set_others(others)


def compares_what_is_learnt(context: Context) -> bool:
    kinds = [other.kind for other in context.workbench.comparing.others]
    return kinds[:2] == ["untrained", "model"]


def _toggle(context: Context, other: Other) -> None:
    """Take it away if it is there, else put it in the place of the one that is chosen."""
    comparing = context.workbench.comparing
    if other in comparing.others:
        comparing.set_others(tuple(item for item in comparing.others if item != other))
    else:
        comparing.set_other(other)
