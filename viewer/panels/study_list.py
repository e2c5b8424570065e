"""Studies, series and images, and the files that could not be opened, with the reason."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from viewer.dicom.study import Rejected, Series, Study
from viewer.state.session import Place, Session

_PLACE = Qt.ItemDataRole.UserRole
_QUIET = QColor(148, 163, 184)


def _series_text(series: Series) -> str:
    first = series.instances[0].attributes
    name = series.description or first.body_part.title() or "series without a description"
    images = sum(instance.frames for instance in series.instances)
    count = f"{images} images" if images > 1 else ""
    return " · ".join(part for part in (series.modality, name, count) if part)


class StudyList(QWidget):
    """A tree: study → series → image. Choosing a row opens its image."""

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
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
        """Who, and below it what and when."""
        who = study.patient_name if self._session.identity_shown else "identity hidden"
        what = " · ".join(part for part in (study.date, study.description) if part)
        return "\n".join(part for part in (who or "no name", what) if part)

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
        del blocker
        self._mark()

    def _add_series(self, root: QTreeWidgetItem, series: Series) -> None:
        row = QTreeWidgetItem(root, [_series_text(series)])
        row.setData(0, _PLACE, Place(series, 0))
        row.setToolTip(0, _series_text(series))
        if len(series.instances) < 2 and series.instances[0].frames < 2:
            return
        for position, instance in enumerate(series.instances):
            for frame in range(instance.frames):
                number = f"image {position + 1}"
                text = f"{number}, frame {frame + 1}" if instance.frames > 1 else number
                item = QTreeWidgetItem(row, [text])
                item.setData(0, _PLACE, Place(series, position, frame))

    def _add_rejected(self, rejected: tuple[Rejected, ...]) -> None:
        root = QTreeWidgetItem(self.tree, [f"Not opened ({len(rejected)})"])
        root.setForeground(0, _QUIET)
        for row in rejected:
            item = QTreeWidgetItem(root, [row.reason])
            item.setToolTip(0, row.reason)
            item.setForeground(0, _QUIET)
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)

    def _retitle(self) -> None:
        for row, study in enumerate(self._session.studies):
            item = self.tree.topLevelItem(row)
            if item is not None:
                item.setText(0, self._study_text(study))

    def _mark(self) -> None:
        """Select the row of the open image without opening it again."""
        blocker = QSignalBlocker(self.tree)
        items = self.tree.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        for item in items:
            if item.data(0, _PLACE) == self._session.place is not None:
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
