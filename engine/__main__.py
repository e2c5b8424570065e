"""``python -m engine COMMAND …``: what the engine does from the command line."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import MappingProxyType

from engine.errors import EngineError

# name → (module with ``run(arguments) -> exit status``, what it does); imported when it is called
COMMANDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "bench": ("engine.bench", "measure how long explanations take on this machine"),
        "evaluate": (
            "engine.evaluation.command",
            "measure how good a model's answers are on labelled images",
        ),
        "landmarks": (
            "engine.evidence.landmark_command",
            "measure how response maps agree with annotated landmarks, beside chance",
        ),
        "artefacts": (
            "engine.evidence.artefact_command",
            "find markers, edges and padding; attended to, or used?",
        ),
        "verdict": (
            "engine.evidence.verdict_command",
            "judge a model's maps: randomisation, classes, stability, landmarks, artefacts",
        ),
        "planted": (
            "engine.planted.command",
            "test the bias audit on models that use a marker by construction",
        ),
        "convert": ("engine.models.convert", "make a model folder of a PyTorch state dict"),
    }
)


def _usage() -> str:
    lines = [f"  {name:<10}{what}" for name, (_, what) in COMMANDS.items()]
    return "\n".join(("usage: python -m engine COMMAND [--help] …", "", *lines))


def main(arguments: Sequence[str]) -> int:
    """Run a command. Exit status: 0 done, 1 it could not be done, 2 called wrongly; in the latter
    two cases one sentence is on standard error."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_usage())
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in COMMANDS:
        known = ", ".join(COMMANDS)
        print(f"error: the command {name!r} is not known; known are: {known}", file=sys.stderr)
        return 2
    try:
        return int(import_module(COMMANDS[name][0]).run(rest))
    except EngineError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
