"""Why there is no answer of the model to look at, and what can be done: the words for every place
where one would be."""

from __future__ import annotations

from dataclasses import dataclass

from viewer.state.session import Session
from viewer.state.words import as_sentence


@dataclass(frozen=True)
class Standing:
    """``title`` and ``text`` say what is so, ``icon`` is a drawing for it. ``way`` is what can be
    done from here: "card" (read the model card), "again" (ask once more), "review" (say what is
    seen), or "" for nothing."""

    icon: str
    title: str
    text: str
    way: str = ""


_NOTHING = Standing(
    "image", "No image is open", "The classes of the model and its layers stand here once one is."
)
_NO_PICTURE = Standing(
    "no-image",
    "No answer",
    "What cannot be read cannot be explained. Choose another image.",
)
_READING = Standing("image", "The image is being read", "The model is asked as soon as it is here.")
_KEPT_BACK = Standing(
    "kept-back",
    "Kept back: you read first",
    "The output is shown once your first impression is committed, in the Review tab.",
    "review",
)
_PLAYING = Standing(
    "image", "The images are being played", "The model is asked about the one they stop at."
)
_STARTING = Standing(
    "engine",
    "The engine is warming up …",
    "It loads the model once after each start. The scan can be read meanwhile.",
)


def standing(session: Session) -> Standing | None:
    """Why there is no answer to what is asked now; None where there is one."""
    explanation, engine = session.explanation, session.engine
    if session.audit.concealed:
        return _KEPT_BACK
    if explanation is not None and explanation.withheld:
        return Standing(
            "declined",
            "No output",
            f"{as_sentence(explanation.withheld_because)} The {explanation.model.name} model "
            "declines what it was not made for; the image itself can be read and measured.",
            "card",
        )
    if explanation is not None:
        return None
    if session.open is None:
        return _without_image(session)
    if session.playing:
        return _PLAYING
    if engine.state == "failed":
        return Standing(
            "warning",
            "No output: the engine gave no answer",
            f"{as_sentence(engine.detail)} Images can still be viewed and measured.",
            "again",
        )
    if engine.state == "starting" or not engine.detail:
        return _STARTING
    return Standing(
        "engine",
        "Explaining …",
        f"The {session.model} model is asked what the image shows, and where each layer responds.",
    )


def _without_image(session: Session) -> Standing:
    if session.failure is not None:
        return _NO_PICTURE
    return _NOTHING if session.place is None else _READING
