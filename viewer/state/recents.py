"""Which studies were opened lately: where they lie, and what they are without saying whose.

Kept in the program's own folder, which only the user may read. The list shows modality, body part,
number of images and when the study was opened; no name, no date of the study, no path.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from viewer.dicom.study import Scan
from viewer.own_folder import own_folder, write_private
from viewer.state.words import several

_MOST = 10


@dataclass(frozen=True)
class Recent:
    """``paths`` as they were opened; ``when`` is ISO local time to the minute."""

    paths: tuple[str, ...]
    what: str
    when: str

    @property
    def title(self) -> str:
        """A line for a menu: "CR chest · 2 images · opened 26 Nov 2026, 14:02"."""
        told = datetime.fromisoformat(self.when)
        return f"{self.what} · opened {told.day} {told:%b %Y, %H:%M}"


def recents_file() -> Path:
    """Where the list is kept."""
    return own_folder() / "recent.json"


def read_recents() -> list[Recent]:
    """The list, newest first; empty where there is none or it is damaged."""
    try:
        rows = json.loads(recents_file().read_text(encoding="utf-8"))
        found = [Recent(tuple(map(str, r["paths"])), str(r["what"]), str(r["when"])) for r in rows]
        for recent in found:
            datetime.fromisoformat(recent.when)
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return []
    return found[:_MOST]


def add_recent(paths: Sequence[Path], scan: Scan) -> None:
    """Put what was just opened on top of the list. A list that cannot be written is none."""
    newest = Recent(
        tuple(str(path) for path in paths),
        describe(scan),
        datetime.now().isoformat(timespec="minutes"),
    )
    others = [recent for recent in read_recents() if recent.paths != newest.paths]
    with contextlib.suppress(OSError):
        rows = [asdict(recent) for recent in [newest, *others][:_MOST]]
        write_private(recents_file(), json.dumps(rows, indent=1).encode())


def forget_recents() -> None:
    """Empty the list."""
    with contextlib.suppress(OSError):
        recents_file().unlink(missing_ok=True)


def describe(scan: Scan) -> str:
    """What a scan holds, without saying whose: "CR chest · 2 images"."""
    series = [series for study in scan.studies for series in study.series]
    images = sum(instance.frames for one in series for instance in one.instances)
    kinds = list(dict.fromkeys(one.modality for one in series if one.modality))
    parts = list(
        dict.fromkeys(
            instance.attributes.body_part.casefold()[:24]
            for one in series
            for instance in one.instances[:1]
            if instance.attributes.body_part
        )
    )
    what = " ".join(filter(None, (", ".join(kinds[:3]), ", ".join(parts[:3]))))
    studies = several(len(scan.studies), "study", "studies") if len(scan.studies) > 1 else ""
    return " · ".join(filter(None, (what, studies, several(images, "image"))))
