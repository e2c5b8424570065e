"""The open image as the engine and the reader's records know it: by its grey values."""

from __future__ import annotations

import hashlib
import threading
from weakref import ReferenceType, WeakKeyDictionary, ref

import numpy as np
from numpy.typing import NDArray

from engine.questions import Subject
from viewer.dicom.frame import to_grey
from viewer.render.pyramid import Pyramid
from viewer.state.place import OpenFrame


class Picture:
    """Grey values of a frame in the window of its file, and a ``key`` that names them and what they
    were made of: equal keys, equal pictures and equal measures, wherever the file lies and
    whosever name is in its header. Both are made when they are first needed (a tenth of a second
    for a large radiograph), from any thread."""

    def __init__(
        self, pyramid: Pyramid, modality: str, keys: WeakKeyDictionary[Pyramid, str] | None = None
    ) -> None:
        """``keys`` are those of frames that are held; its own is put there."""
        self._keys = WeakKeyDictionary() if keys is None else keys
        self._pyramid = pyramid
        self._modality = modality
        self._turn = threading.Lock()
        self._grey: NDArray[np.uint8] | None = None
        self._key = self._keys.get(pyramid, "")

    @property
    def key(self) -> str:
        """32 hexadecimal digits: BLAKE2b of size, modality, aspect, spacing, rescale, grey and
        stored values. Two slices may look alike in a window, and not measure alike."""
        with self._turn:
            if not self._key:
                frame = self._pyramid.source
                facts = f"{frame.size} {self._modality} {frame.aspect_ratio:.6g} {frame.spacing} "
                facts += f"{frame.slope} {frame.intercept} {frame.pixels.dtype} "
                digest = hashlib.blake2b(facts.encode(), digest_size=16)
                digest.update(np.ascontiguousarray(self._shown()).data)
                digest.update(np.ascontiguousarray(frame.pixels).data)
                self._key = self._keys[self._pyramid] = digest.hexdigest()
            return self._key

    def subject(self) -> Subject:
        """What the engine is sent."""
        with self._turn:
            grey, self._grey = self._shown(), None  # it is sent once, and large
        return Subject(grey, self._modality, self._pyramid.source.aspect_ratio)

    def forget_grey(self) -> None:
        """Another picture is open now: what was made only to be sent is not needed, unless that is
        being done right now."""
        if self._turn.acquire(blocking=False):
            self._grey = None
            self._turn.release()

    def _shown(self) -> NDArray[np.uint8]:
        if self._grey is None:
            self._grey = to_grey(self._pyramid.source)
        return self._grey


class Pictures:
    """The picture of each open frame, as long as somebody works with it, and its key, as long as
    the frame is held. A picture holds its frame: kept here, none would ever be let go."""

    def __init__(self) -> None:
        self._known: WeakKeyDictionary[Pyramid, ReferenceType[Picture]] = WeakKeyDictionary()
        self._keys: WeakKeyDictionary[Pyramid, str] = WeakKeyDictionary()
        self._open: Picture | None = None

    def of(self, opened: OpenFrame) -> Picture:
        known = self._known.get(opened.pyramid)
        picture = None if known is None else known()
        if picture is None:
            modality = opened.place.instance.attributes.modality
            picture = Picture(opened.pyramid, modality, self._keys)
            self._known[opened.pyramid] = ref(picture)
        if picture is not self._open:
            if self._open is not None:
                self._open.forget_grey()
            self._open = picture
        return picture
