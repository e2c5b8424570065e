"""Studies, series and images, and the files that could not be opened, with the reason."""

from __future__ import annotations

from collections import defaultdict

from PySide6.QtCore import QSignalBlocker, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from viewer.dicom.study import Rejected, Series, Study
from viewer.state.session import Place, Session

_MOST_ROWS = 100  # images of a series that have rows of their own; longer ones are scrolled
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


def _object_text(row: Rejected) -> str:
    modality = "" if row.attributes is None else row.attributes.modality
    return " · ".join(part for part in (modality, row.kind) if part)


def _study_of(row: Rejected) -> str:
    return "" if row.attributes is None else row.attributes.study_instance_uid


def _shows(item: QTreeWidgetItem, place: Place) -> bool:
    """Whether the row is that of the series or of the image."""
    of_row = item.data(0, _PLACE)
    if of_row.series.uid != place.series.uid:
        return False
    is_series = not isinstance((item.parent() or item).data(0, _PLACE), Place)
    return is_series or of_row.position == place.position


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
        self.tree.itemExpanded.connect(self._add_images)
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
        opened = {item.data(0, _PLACE).series.uid for item in self._items() if item.isExpanded()}
        self.tree.clear()
        objects: defaultdict[str, list[Rejected]] = defaultdict(list)
        for row in self._session.rejected:
            if row.kind:
                objects[_study_of(row)].append(row)
        for study in self._session.studies:
            root = QTreeWidgetItem(self.tree, [self._study_text(study)])
            for series in study.series:
                self._add_series(root, series, series.uid in opened)
            for row in objects.pop(study.uid, ()):
                self._add_refused(root, f"{_object_text(row)}, no image", row.reason)
            root.setExpanded(True)
        alone = [row for rows in objects.values() for row in rows]
        refused = [row for row in self._session.rejected if not row.kind]
        self._add_group("Without images", [(_object_text(row), row.reason) for row in alone])
        self._add_group("Not opened", [(row.reason, row.reason) for row in refused])
        self._filled_with = self._session.identity_shown
        del blocker
        self._mark()

    def _items(self) -> list[QTreeWidgetItem]:
        """The rows of series and images."""
        every = self.tree.findItems("", Qt.MatchFlag.MatchContains | Qt.MatchFlag.MatchRecursive)
        return [item for item in every if isinstance(item.data(0, _PLACE), Place)]

    def _add_series(self, root: QTreeWidgetItem, series: Series, opened: bool) -> None:
        text = _series_text(series, self._session.identity_shown)
        row = QTreeWidgetItem(root, [text])
        row.setData(0, _PLACE, Place(series, 0))
        row.setToolTip(0, text)
        if 2 <= len(series.instances) <= _MOST_ROWS:
            row.setChildIndicatorPolicy(QTreeWidgetItem.ChildIndicatorPolicy.ShowIndicator)
            if opened:
                self._add_images(row)
                row.setExpanded(True)

    def _add_images(self, row: QTreeWidgetItem) -> None:
        """The images of a series that is opened in the tree; not before, as there may be many."""
        place = row.data(0, _PLACE)
        if row.childCount() or not isinstance(place, Place):
            return
        for position, instance in enumerate(place.series.instances):
            frames = f", {instance.frames} frames" if instance.frames > 1 else ""
            item = QTreeWidgetItem(row, [f"image {position + 1}{frames}"])
            item.setData(0, _PLACE, Place(place.series, position))

    def _add_group(self, title: str, rows: list[tuple[str, str]]) -> None:
        """A heading with a row for each (text, reason); the first ones, of thousands."""
        if not rows:
            return
        root = QTreeWidgetItem(self.tree, [f"{title} ({len(rows)})"])
        root.setForeground(0, _QUIET)
        for text, reason in rows[:_MOST_ROWS]:
            self._add_refused(root, text, reason)
        if len(rows) > _MOST_ROWS:
            self._add_refused(root, f"and {len(rows) - _MOST_ROWS} more", "")

    def _add_refused(self, root: QTreeWidgetItem, text: str, reason: str) -> None:
        item = QTreeWidgetItem(root, [text])
        item.setToolTip(0, reason)
        item.setForeground(0, _QUIET)
        item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)

    def _retitle(self) -> None:
        if self._session.identity_shown != self._filled_with:
            self._fill()

    def _mark(self) -> None:
        """Select the row of the open image without opening it again."""
        blocker = QSignalBlocker(self.tree)
        open_ = self._session.place
        fitting = [row for row in self._items() if open_ is not None and _shows(row, open_)]
        if fitting:
            self.tree.setCurrentItem(fitting[-1])  # the image's own row, where it has one
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
