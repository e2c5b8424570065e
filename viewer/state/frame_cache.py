"""Decoded frames within a budget of memory: the visible one is pinned, the rest go by last use."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from viewer.render.pyramid import Pyramid

Key = tuple[Path, int]
"""A file and the number of a frame in it, from 0."""


class FrameCache:
    """``bytes`` is what it holds; never more than ``budget`` except for the pinned frame alone.
    Not for several threads."""

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.bytes = 0
        self.pinned: Key | None = None
        self._frames: OrderedDict[Key, Pyramid] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._frames

    def __len__(self) -> int:
        return len(self._frames)

    def get(self, key: Key) -> Pyramid | None:
        """A frame, which counts as used now."""
        found = self._frames.get(key)
        if found is not None:
            self._frames.move_to_end(key)
        return found

    def put(self, key: Key, frame: Pyramid) -> None:
        """Keep a frame as the last used one; others go for it. One that is too large for the
        budget by itself is not kept, unless it is pinned."""
        self.drop(key)
        self._frames[key] = frame
        self.bytes += frame.nbytes
        while self.bytes > self.budget:
            old = next((other for other in self._frames if other != self.pinned), None)
            if old is None:
                break
            self.drop(old)

    def drop(self, key: Key) -> None:
        """Forget a frame."""
        found = self._frames.pop(key, None)
        if found is not None:
            self.bytes -= found.nbytes

    def drop_file(self, path: Path) -> None:
        """Forget every frame of a file, which may have changed."""
        for key in [key for key in self._frames if key[0] == path]:
            self.drop(key)
