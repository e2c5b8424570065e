"""What is known of a model's maps: findings by preset, kept beside its weights. Needs no torch.

``python -m engine verdict`` measures them (:mod:`engine.evidence.verdict`); whoever shows a map
shows them with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from engine.errors import EngineError
from engine.files import write_atomically
from engine.findings import TESTS, UNKNOWN, Finding
from engine.presets import PRESETS

EVIDENCE_FILE = "evidence.json"
_LARGEST_FILE = 4 << 20  # bytes
_UNFIT = (ArithmeticError, ValueError, LookupError, TypeError, AttributeError, RecursionError)


@dataclass(frozen=True)
class Verdicts:
    """Findings by preset; ``model`` is the digest of the specification (and with it of the
    weights) that they were measured on, ``made_with`` the command."""

    model: str
    made_with: str
    presets: Mapping[str, tuple[Finding, ...]]

    def of(self, preset: str) -> tuple[Finding, ...]:
        """A finding of every test, in order; unknown where none was made."""
        found = {item.test: item for item in self.presets.get(preset, ())}
        return tuple(found.get(test) or _unknown(test) for test in TESTS)


NOTHING_KNOWN = Verdicts("", "", MappingProxyType({}))


def _unknown(test: str) -> Finding:
    return Finding(test, UNKNOWN, "", "Not measured for this model and method.")


def write_verdicts(folder: Path, verdicts: Verdicts) -> None:
    """Put them beside the model in ``folder``. Raises :class:`EngineError` where that fails."""
    done = {
        "model_digest": verdicts.model,
        "made_with": verdicts.made_with,
        "presets": {
            preset: {
                "method": asdict(PRESETS[preset]),
                "findings": [asdict(item) for item in found],
            }
            for preset, found in verdicts.presets.items()
        },
    }
    text = json.dumps(done, indent=1, ensure_ascii=False) + "\n"
    path = folder / EVIDENCE_FILE
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise EngineError(f"{path}: the verdict cannot be written ({error.strerror})") from error


def read_verdicts(folder: Path, model: str) -> Verdicts:
    """What is kept in ``folder`` about the model with the digest ``model``.

    Nothing is known if there is no file, or one about another model; nothing of a preset that is
    another method now. Raises :class:`EngineError` for a file that cannot be used.
    """
    path = folder / EVIDENCE_FILE
    try:
        if not path.is_file():
            return NOTHING_KNOWN
        if path.stat().st_size > _LARGEST_FILE:
            raise ValueError(f"over {_LARGEST_FILE} bytes")
        verdicts = _parsed(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise EngineError(f"{path}: the evidence cannot be read ({error.strerror})") from error
    except _UNFIT as error:
        raise EngineError(f"{path}: no evidence that can be read ({error})") from error
    return verdicts if verdicts.model == model else NOTHING_KNOWN


def _parsed(found: Any) -> Verdicts:
    presets = {
        str(preset): tuple(_finding(row) for row in kept["findings"])
        for preset, kept in found["presets"].items()
        if preset in PRESETS and kept["method"] == asdict(PRESETS[preset])
    }
    return Verdicts(str(found["model_digest"]), str(found["made_with"]), MappingProxyType(presets))


def _finding(row: Mapping[str, Any]) -> Finding:
    value, low, high = (
        None if row[name] is None else float(row[name]) for name in ("value", "low", "high")
    )
    return Finding(
        str(row["test"]),
        str(row["outcome"]),
        str(row["criterion"]),
        str(row["sentence"]),
        value,
        low,
        high,
        int(row["images"]),
        tuple((str(what), str(figure)) for what, figure in row["numbers"]),
    )
