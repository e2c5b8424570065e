"""Landmarks from files and into files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from viewer.commands import Context
from viewer.exporters.landmark_file import (
    LandmarkFile,
    file_beside,
    merged,
    read_landmarks,
    write_landmarks,
)
from viewer.exporters.names import suggested_name
from viewer.messages import UserError, sentence
from viewer.panels.landmarks import LandmarksPanel
from viewer.state.document import Landmark
from viewer.state.lane import Lane
from viewer.state.records import record_file
from viewer.state.words import several

_KINDS = "Landmarks (*.json)"


class LandmarkFiles(QObject):
    """What the panel asks for that needs files: read and written in the background. An image that
    nobody has annotated yet is offered the landmarks that lie beside it."""

    def __init__(self, context: Context, panel: LandmarksPanel) -> None:
        super().__init__(panel)
        self._context, self._session, self._panel = context, context.session, panel
        self._image = ""
        self._offered: tuple[Landmark, ...] = ()
        self._looking = Lane("landmarks", self)
        self._reading = Lane("landmarks", self)
        self._writing = Lane("exporting", self, keep_all=True)
        self._looking.finished.connect(self._looked)
        self._looking.failed.connect(lambda image, error: self._session.say(sentence(error)))
        self._reading.finished.connect(self._read)
        self._reading.failed.connect(
            lambda key, error: self._session.say(f"No landmark was taken. {sentence(error)}")
        )
        self._writing.finished.connect(self._written)
        self._writing.failed.connect(
            lambda count, error: self._session.say(f"Nothing was saved. {sentence(error)}")
        )
        self._session.audit.documentChanged.connect(self._look)
        panel.importAsked.connect(self.ask_import)
        panel.exportAsked.connect(self.ask_export)
        panel.besideAsked.connect(self.save_beside)
        panel.takeAsked.connect(lambda: self._take(self._offered))

    # into the document
    def ask_import(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self._context.window, "Import landmarks", "", _KINDS)
        if name:
            self.import_from(Path(name))

    def import_from(self, path: Path) -> None:
        opened = self._session.open
        if opened is not None:
            size = opened.frame.size
            image = self._session.audit.image
            self._reading.submit(image, lambda: read_landmarks(path, size))

    def _read(self, image: str, found: tuple[Landmark, ...]) -> None:
        if image == self._session.audit.image:
            self._take(found)

    def _take(self, found: tuple[Landmark, ...]) -> None:
        audit = self._session.audit
        document = audit.document
        done = replace(document, landmarks=merged(document.landmarks, found))
        audit.change(f"import {_count(found)}", done)
        self._session.say(f"Took {_count(found)}; undo takes them away again.")

    # beside the study
    def _look(self) -> None:
        """Look for a file beside an image that was just opened."""
        audit, opened = self._session.audit, self._session.open
        if audit.image != self._image:
            self._image = audit.image
            self._offer(())
            if audit.image and opened is not None:
                image, size = audit.image, opened.frame.size
                place = opened.place
                self._looking.submit(
                    image, lambda: _beside(image, size, file_beside(place.instance, place.frame))
                )
        elif audit.document.landmarks:
            self._offer(())

    def _looked(self, image: str, found: tuple[Landmark, ...]) -> None:
        audit = self._session.audit
        if image == audit.image and not audit.document.landmarks:
            self._offer(found)

    def _offer(self, found: tuple[Landmark, ...]) -> None:
        self._offered = found
        self._panel.offer(len(found))

    def save_beside(self) -> None:
        """Write the landmarks beside the image's own file."""
        opened = self._session.open
        if opened is None:
            return
        place = opened.place

        def path() -> Path:
            found = file_beside(place.instance, place.frame)
            if found is None:
                raise UserError("The image lies in an archive; export the landmarks instead")
            return found

        self._write(path)

    # out of it
    def ask_export(self) -> None:
        opened = self._session.open
        if opened is None:
            return
        suggested = suggested_name(opened.place.instance.attributes, "landmarks", "json")
        name, _ = QFileDialog.getSaveFileName(
            self._context.window, "Export landmarks", suggested, _KINDS
        )
        if name:
            self.export_to(Path(name))

    def export_to(self, path: Path) -> None:
        self._write(lambda: path)

    def _write(self, path: Callable[[], Path]) -> None:
        """``path`` is called in the background: a folder may be far away."""
        opened = self._session.open
        if opened is None:
            return
        landmarks = self._session.audit.document.landmarks
        file = LandmarkFile(opened.frame.size, landmarks)

        def work() -> Path:
            target = path()
            write_landmarks(target, file)
            return target

        self._writing.submit(_count(landmarks), work)

    def _written(self, count: str, path: Any) -> None:
        self._session.say(f"Saved {count} as {path.name} in {path.parent}.")


def _count(landmarks: tuple[Landmark, ...]) -> str:
    return several(len(landmarks), "landmark")


def _beside(image: str, size: tuple[int, int], path: Path | None) -> tuple[Landmark, ...]:
    """The landmarks beside an image that has no record yet."""
    if path is None or record_file(image).exists() or not path.is_file():
        return ()
    return read_landmarks(path, size)
