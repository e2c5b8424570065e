"""Studies, series and images, and the files that could not be opened, with the reason."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from viewer.dicom.study import Rejected, Series, Study
from viewer.state.session import Place, Session

_PLACE = Qt.ItemDataRole.UserRole
_QUIET = QColor(148, 163, 184)


def _series_text(series: Series, identity_shown: bool) -> str:
    first = series.instances[0].attributes
    part = first.body_part.title()
    described = series.description if identity_shown else ""
    name = described or part or "series without a description"
    images = sum(instance.frames for instance in series.instances)
    count = f"{images} images" if images > 1 else ""
    return " · ".join(text for text in (series.modality, name, count) if text)


class StudyList(QWidget):
    """A tree: study → series → image. Choosing a row opens its image."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._filled_with = session.identity_shown
        self.tree = QTreeWidget(self)
        self.tree.setHeaderHidden(True)
        self.tree.setIndentation(14)
        self.tree.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.tree.setAccessibleName("Studies")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.tree)
        self.tree.currentItemChanged.connect(self._chosen)
        session.scanChanged.connect(self._fill)
        session.placeChanged.connect(self._mark)
        session.overlayChanged.connect(self._retitle)

    def _study_text(self, study: Study) -> str:
        """Who, and below it what and when; a number while the identity is hidden."""
        if not self._session.identity_shown:
            return f"Study {self._session.studies.index(study) + 1}\nidentity hidden"
        what = " · ".join(part for part in (study.date, study.description) if part)
        return "\n".join(part for part in (study.patient_name or "no name", what) if part)

    def _fill(self) -> None:
        blocker = QSignalBlocker(self.tree)
        self.tree.clear()
        for study in self._session.studies:
            root = QTreeWidgetItem(self.tree, [self._study_text(study)])
            for series in study.series:
                self._add_series(root, series)
        if self._session.rejected:
            self._add_rejected(self._session.rejected)
        self.tree.expandToDepth(0)
        self._filled_with = self._session.identity_shown
        del blocker
        self._mark()

    def _add_series(self, root: QTreeWidgetItem, series: Series) -> None:
        text = _series_text(series, self._session.identity_shown)
        row = QTreeWidgetItem(root, [text])
        row.setData(0, _PLACE, Place(series, 0))
        row.setToolTip(0, text)
        if len(series.instances) < 2:
            return
        for position, instance in enumerate(series.instances):
            frames = f", {instance.frames} frames" if instance.frames > 1 else ""
            item = QTreeWidgetItem(row, [f"image {position + 1}{frames}"])
            item.setData(0, _PLACE, Place(series, position))

    def _add_rejected(self, rejected: tuple[Rejected, ...]) -> None:
        root = QTreeWidgetItem(self.tree, [f"Not opened ({len(rejected)})"])
        root.setForeground(0, _QUIET)
        for row in rejected:
            item = QTreeWidgetItem(root, [row.reason])
            item.setToolTip(0, row.reason)
            item.setForeground(0, _QUIET)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)

    def _retitle(self) -> None:
        if self._session.identity_shown != self._filled_with:
            self._fill()

    def _mark(self) -> None:
        """Select the row of the open image without opening it again."""
        blocker = QSignalBlocker(self.tree)
        open_ = self._session.place
        wanted = None if open_ is None else Place(open_.series, open_.position)
        items = self.tree.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        for item in items:
            place = item.data(0, _PLACE)
            if wanted is not None and isinstance(place, Place) and place == wanted:
                self.tree.setCurrentItem(item)
                break
        del blocker

    def _chosen(self, item: QTreeWidgetItem | None) -> None:
        place = item.data(0, _PLACE) if item is not None else None
        if isinstance(place, Place):
            self._session.set_place(place)
        elif item is not None and item.parent() is None and item.childCount():
            first = item.child(0)
            place = None if first is None else first.data(0, _PLACE)
            if isinstance(place, Place):
                self._session.set_place(place)
