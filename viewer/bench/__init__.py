"""``attentive-viewer bench start | read | audit | display``: what is fast, beside a peer in the
same run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence


def run(arguments: Sequence[str]) -> int:
    """Print the rows as a table or, with ``--json``, as JSON."""
    parser = argparse.ArgumentParser(prog="attentive-viewer bench", description=__doc__)
    parser.add_argument(
        "what",
        choices=("start", "read", "audit", "display"),
        help="start: window and first image; read: indexing, decoding, scrolling; audit: maps, "
        "kernels and interventions; display: how soon the picture follows the hand",
    )
    parser.add_argument("--runs", type=int, default=5, help="medians of so many (start)")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    from viewer.bench import audit, display, read, rows, start

    measures = {
        "start": lambda: start.measure(max(1, options.runs)),
        "read": read.measure,
        "audit": audit.measure,
        "display": display.measure,
    }
    found = measures[options.what]()
    print(json.dumps({"rows": found}, indent=2) if options.json else rows.table(found))
    return 0
